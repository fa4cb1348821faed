"""Ultralytics YOLO-pose: one text file of normalised numbers per image, and a yaml that describes the joints.

Source: Ultralytics' documentation of pose data sets and `Results.save_txt`. A label is
`class cx cy w h (x y [v])*K`; a prediction `class cx cy w h (x y conf)*K [box_conf] [track]`. All lengths are
fractions of the image's width and height, so sizes of images are needed: they come from `image_sizes.csv`
beside the labels, from the images (`images/` beside `labels/`), or from the ground truth. `kpt_shape` in the
yaml decides what the columns are; without it their count does. `kpt_names` names the joints,
`kpt_oks_sigmas` are their sigmas. A ground truth is given as its yaml, as the root folder, of which the split
`val` is read, or as `labels/val`. A joint at 0 0 is not labelled; predictions
put those of low confidence there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from poseval.datasets.assembly import (
    by_image,
    digest_of,
    frames_of,
    joints_by_count,
    left_out,
    pose_set,
    sizes_of,
)
from poseval.datasets.base import Dataset, Losses, ReadOptions, Role, WriteOptions
from poseval.datasets.files.document import Document
from poseval.datasets.files.image_size import PICTURES, picture_size
from poseval.datasets.files.names import require_plain_names
from poseval.datasets.files.source import Source
from poseval.datasets.yolo.data_yaml import SIZES, Description, is_description
from poseval.datasets.yolo.layout import (
    LISTS,
    YAML,
    Labels,
    label_files,
    labels_of,
    listed_sizes,
    pictures_of,
)
from poseval.datasets.yolo.lines import read_lines
from poseval.errors import FormatError, InputError, ValueRangeError, shown
from poseval.poses import Array, Floats, Frames, Origin, PoseSet
from poseval.poses.texts import text_column
from poseval.skeletons import Skeleton
from poseval.skeletons.by_count import skeleton_for

# What lies beside labels and is no label: images, lists of them, and Ultralytics' own files.
BESIDE = (*YAML, SIZES, ".cache", *LISTS, *PICTURES)
BOX = 5  # class, centre and size of the box stand before the joints


@dataclass(frozen=True)
class Columns:
    """How a line is split: number of joints, numbers per joint, and which columns follow."""

    joints: int
    dims: int
    conf: bool
    track: bool


class Yolo(Dataset):
    """A folder of label or prediction files, or one of them."""

    name: ClassVar[str] = "yolo"
    title: ClassVar[str] = "Ultralytics YOLO-pose, one .txt per image with a .yaml"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    writes: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH, Role.PREDICTIONS})
    normalised: ClassVar[bool] = True
    holds: ClassVar[frozenset[str]] = frozenset(
        (
            "joints",
            "frame names",
            "joint names",
            "sigmas",
            "hidden joints",
            "joint scores",
            "scores",
            "boxes",
            "tracks",
            "categories",
            "frame sizes",
            "empty frames",
            "sequences",
        )
    )

    lacks: ClassVar[Mapping[Role, frozenset[str]]] = {
        Role.TRUTH: frozenset({"joint scores", "scores", "tracks"}),
        Role.PREDICTIONS: frozenset({"hidden joints"}),
    }

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the first line with numbers: a class, and fractions between 0 and 1."""
        try:
            if source.is_folder:
                listed = label_files(source)
                if not listed:
                    return 0.0
                for path in listed[:20]:
                    line = _first_line(source.open(path))
                    if line is not None:
                        return _likely(line, role)
                # All are empty: images without people only where nothing else lies in the folder.
                return 0.0 if left_out(source, len(listed), BESIDE) else 0.6
            if source.suffix in YAML:
                described = role is Role.TRUTH and is_description(source.document)
                return 0.9 if described else 0.0
            if source.suffix != ".txt":
                return 0.0
            line = _first_line(source.document)
        except InputError:
            return 0.0
        return 0.0 if line is None else _likely(line, role)

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """People of all files; pixels are normalised coordinates times the image's size.

        Raises:
            InputError: what is wrong with the files, all faults gathered; P308 images of unknown size.
        """
        labels = labels_of(source, options)
        description, source = labels.description, labels.source
        names, digests, table, row = read_lines(labels, options)
        where = shown(source.path.name)
        cut = _columns(table.shape[1], description, options, where) if len(table) else None
        skeleton = _skeleton(description, cut, options, where)
        pictures = pictures_of(labels.base, names)
        frames = frames_of(names, options.limits, where)
        size = _sizes(labels, frames, pictures, options, where)
        paths = [name + (found.suffix if found else "") for name, found in zip(names, pictures, strict=True)]
        frames = replace(frames, size=size, path=text_column(paths, where))
        unknown = np.asarray(np.isnan(size).any(axis=1), dtype=np.bool_)
        lacking = np.flatnonzero(unknown[np.asarray(row, dtype=np.int64)])
        if len(lacking):
            raise ValueRangeError(
                "P308",
                where=f"{where}: {shown(names[row[lacking[0]]], 60)}",
                what="is an image of unknown size, but YOLO's coordinates are normalised by it",
                wanted=f"the images next to the labels, a file {SIZES} (name,width,height), or --gt",
            )
        columns = (
            _people(table, cut, size, row, options.role, where)
            if cut
            else {"xy": np.zeros((0, len(skeleton), 2))}
        )
        origin = Origin(str(source.path), digest_of(zip(names, digests, strict=True)), "yolo", len(table))
        kinds = {number + 1: name for number, name in description.classes.items()} or {1: "person"}
        for number in np.unique(columns.get("category", np.zeros(0, dtype=np.int64))).tolist():
            kinds.setdefault(number, f"class {number - 1}")
        found = pose_set(
            skeleton, frames, np.asarray(row, dtype=np.int64), columns, origin, options.limits, kinds
        )
        others = sum(notice.count for notice in labels.notices)
        return found.with_notices([*labels.notices, *left_out(source, len(names) + others, BESIDE)])

    def write(self, poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
        """`labels/*.txt`, `data.yaml` and the sizes of the images.

        Raises:
            UsageError: P812 names that cannot be held,
                P131 it exists, P172 frames without file names, P174 images of unknown size,
                P138 predictions without a score.
        """
        require_plain_names(poses, self.name, only="file")
        poses = by_image(poses)
        from poseval.datasets.yolo.write import write_labels

        return write_labels(poses, path, options, self.holds_as(options.role))


def _first_line(document: Document) -> list[str] | None:
    head = document.data[:4096].decode("utf-8", "replace")
    return next((line.split() for line in head.splitlines() if line.strip()), None)


def _likely(words: list[str], role: Role) -> float:
    """How much a line looks like one of YOLO's; predictions have fractions of confidence among the joints."""
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        return 0.0
    if (
        len(numbers) < BOX + 2
        or not numbers[0].is_integer()
        or not all(-0.5 <= n <= 1.5 for n in numbers[1:5])
    ):
        return 0.0
    flags = numbers[BOX + 2 :: 3]
    labels = len(numbers) % 3 == BOX % 3 and all(value in (0, 1, 2) for value in flags)
    if role is Role.TRUTH:
        return 0.9 if labels else 0.55 if (len(numbers) - BOX) % 2 == 0 else 0.3
    return 0.55 if labels else 0.9


def _columns(width: int, description: Description, options: ReadOptions, where: str) -> Columns:
    """The meaning of the numbers of a line.

    Raises:
        FormatError: P204 when they fit no number of joints, or P202 more than one.
    """
    asked = description.joints
    if asked is None and options.skeleton is not None:
        asked = len(options.skeleton)
    if asked is None and options.truth is not None:
        asked = len(options.truth.skeleton)
    dims = (description.dims,) if description.dims else (3, 2)
    fits = _cuts(width, dims, LABELS if options.role is Role.TRUTH else PREDICTED)
    chosen = [cut for cut in fits if asked is None or cut.joints == asked]
    if asked is None and len(chosen) > 1:
        chosen = [cut for cut in chosen if skeleton_for(cut.joints, "estimators")] or chosen
    if len(chosen) == 1:
        return chosen[0]
    predicted = [cut for cut in _cuts(width, dims, PREDICTED[1:]) if cut.joints == asked]
    if not chosen and predicted and options.role is Role.TRUTH:
        raise FormatError(
            "P201",
            where=where,
            what=f"has lines of {width} numbers, as predictions have: the joints, a confidence and a track",
            wanted="labels",
            hint="Are the two files exchanged?",
        )
    listed = " or ".join(f"{cut.joints} joints of {cut.dims}" for cut in chosen or fits)
    each = " or ".join(map(str, sorted(dims)))
    hint = "name the joints with --skeleton"
    if description.joints is not None:
        hint = f"correct kpt_shape in the data set's yaml, which says [{asked}, {description.dims}]"
    elif chosen and asked:  # what differs is how many numbers a joint has, which no skeleton says
        shapes = dict.fromkeys(f"kpt_shape: [{cut.joints}, {cut.dims}]" for cut in chosen)
        hint = f"give a folder with a data.yaml that says {' or '.join(shapes)}"
    elif asked:
        hint = "give a --skeleton of as many joints as the lines have"
    raise FormatError(
        "P202" if chosen else "P204",
        where=where,
        what=f"has lines of {width} numbers" + (f", which could be {listed}" if listed else ""),
        wanted=f"5 and {each} for each of {asked} joints" if asked else "a yaml with kpt_shape",
        hint=hint,
    )


def _cuts(width: int, dims: tuple[int, ...], ends: tuple[tuple[bool, bool], ...]) -> list[Columns]:
    """The ways to cut a line of so many numbers into joints, a confidence and a track."""
    return [
        Columns((width - BOX - conf - track) // each, each, conf, track)
        for each in dims
        for conf, track in ends
        if width - BOX - conf - track > 0 and (width - BOX - conf - track) % each == 0
    ]


LABELS = ((False, False),)  # no confidence, no track
PREDICTED = (*LABELS, (True, False), (True, True))


def _skeleton(description: Description, cut: Columns | None, options: ReadOptions, where: str) -> Skeleton:
    """Joints by the yaml, as asked, by the ground truth, or by their number; else without names."""
    found = description.skeleton or _unnamed_skeleton(description, cut, options, where)
    own = description.sigmas
    return found if own is None or options.skeleton is not None else found.with_sigmas(own)


def _unnamed_skeleton(
    description: Description, cut: Columns | None, options: ReadOptions, where: str
) -> Skeleton:
    count = cut.joints if cut else (description.joints or 17)
    nameless = description.nameless()
    truth = options.truth is not None and len(options.truth.skeleton) == count
    if nameless is not None and options.skeleton is None and not truth:
        known = skeleton_for(count, "estimators")
        if known is None or (description.flip is not None and known.flip != nameless.flip):
            return nameless
    return joints_by_count(count, options, where)


def _sizes(
    labels: Labels, frames: Frames, pictures: list[Path | None], options: ReadOptions, where: str
) -> Floats:
    """Sizes [F, 2]: from the list beside the labels, the images or the ground truth; NaN where unknown."""
    names = frames.key.tolist()
    listed = listed_sizes(labels)
    if all(name in listed for name in names):
        return np.asarray([listed[name] for name in names], dtype=np.float64).reshape(-1, 2)
    size = sizes_of(frames, options, where)
    for row, (name, picture) in enumerate(zip(names, pictures, strict=True)):
        if name in listed:
            size[row] = listed[name]
        elif picture is not None and np.isnan(size[row]).any():
            size[row] = picture_size(picture) or (np.nan, np.nan)
    return size


def _no_counts(values: Floats) -> bool:
    """Whether any value is not a whole number from 0, or too large for an id."""
    return bool(((values != np.floor(values)) | (values < 0) | (values >= 2**53)).any())


def _people(table: Floats, cut: Columns, size: Floats, row: Any, role: Role, where: str) -> dict[str, Array]:
    """Columns of the people in pixels."""
    scale = size[np.asarray(row, dtype=np.int64)]  # [N, 2]
    joints = table[:, BOX : BOX + cut.joints * cut.dims].reshape(len(table), cut.joints, cut.dims)
    xy = joints[:, :, :2] * scale[:, None, :]
    centre, half = table[:, 1:3] * scale, table[:, 3:5] * scale / 2
    if np.isinf(xy).any():
        raise ValueRangeError(
            "P301", where=where, what="has a normalised coordinate that is infinite in pixels"
        )
    at_origin = (joints[:, :, :2] == 0).all(axis=2)
    kinds = table[:, 0]
    if _no_counts(kinds) or (table[:, 3:5] < 0).any():
        raise FormatError(
            "P203", where=where, what="has a class that is not a whole number, or a box with a negative size"
        )
    columns: dict[str, Array] = {
        "xy": xy,
        "box": np.concatenate([centre - half, centre + half], axis=1),
        "category": kinds.astype(np.int64) + 1,
    }
    third = joints[:, :, 2] if cut.dims == 3 else np.where(at_origin, 0.0, 2.0)
    if role is Role.TRUTH:
        if not np.isin(third, (0, 1, 2)).all():
            raise ValueRangeError(
                "P306",
                where=where,
                what=f"has a visibility of {third[~np.isin(third, (0, 1, 2))][0]:g}",
                wanted="0, 1 or 2",
                hint="this looks like predictions. Are the two files exchanged?",
            )
        columns["seen"] = np.where(at_origin, 0, third).astype(np.int8)
        return columns
    columns["seen"] = np.where(at_origin, 0, 2).astype(np.int8)
    columns["joint_score"] = third if cut.dims == 3 else np.full(third.shape, np.nan)
    if cut.conf:
        columns["score"] = table[:, BOX + cut.joints * cut.dims]
    if cut.track:
        if _no_counts(table[:, -1] + 1):
            raise FormatError(
                "P203", where=where, what="has a track that is not a whole number of at least -1"
            )
        columns["track"] = table[:, -1].astype(np.int64)
    return columns
