"""COCO-style files of single-person benchmarks: face landmarks (mmpose) and JHMDB.

Faces: categories do not name their keypoints; annotations carry `center`, `scale` and for AFLW `box_size`.
JHMDB: images carry `vid_id` and `nframes`; boxes and points are one-based, and boxes are clipped to the image
as mmpose does. Frames follow the annotations, so that bare arrays of predictions can be paired by order; an
image with several faces makes several frames.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from poseval.datasets.base import Dataset, ReadOptions, Role
from poseval.datasets.coco.categories import KEYS
from poseval.datasets.faces.landmarks import crop_box, face_skeleton
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.datasets.single_person.pairing import frame_keys, origin_of
from poseval.errors import Fault, Faults, PosevalError, error_of, like_others
from poseval.kernels import json as kj
from poseval.poses import Array, Floats, Frames, People, PoseSet
from poseval.skeletons import Skeleton, get_skeleton
from poseval.skeletons.by_count import skeleton_for

IMAGES = (
    kj.identifier("id"),
    kj.text("file_name"),
    kj.number("width"),
    kj.number("height"),
    kj.identifier("vid_id"),
)
ANNOTATIONS = (
    kj.identifier("image_id"),
    kj.integer("id"),
    kj.points("keypoints"),
    kj.fixed("bbox", 4),
    kj.number("area"),
    kj.fixed("center", 2),
    kj.number("scale"),
    kj.number("box_size"),
)
VIDEO_FIELDS = frozenset({"vid_id", "nframes"})
CODES = {"nonfinite": "P301", "null": "P302", "length": "P204", "repeated": "P205"}


class _CocoSingle(Dataset):
    """COCO's three tables, one person per frame."""

    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH})
    holds: ClassVar[frozenset[str]] = frozenset(
        {
            "joints",
            "joint names",
            "frame names",
            "hidden joints",
            "boxes",
            "areas",
            "frame sizes",
            "sequences",
            "further columns",
        }
    )
    base: ClassVar[int] = 0

    @abstractmethod
    def skeleton(self, points: int, options: ReadOptions, document: Document) -> Skeleton:
        """The skeleton that the annotations follow."""

    @abstractmethod
    def boxes(self, table: kj.Columns, size: Floats) -> Floats:
        """Boxes [N, 4] of the people; `size` [N, 2] is their image's."""

    def sequences(self, images: kj.Columns) -> Array | None:
        """The sequence's name of each image; None when images stand alone."""
        return None

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """The ground truth.

        Raises:
            FormatError: P203 to P206 for records of another form.
            ValueRangeError: P301 for numbers that are not finite.
            MismatchError: P402 for an annotation of an unknown image.
        """
        document = source.document
        images = document.columns(IMAGES, "images")
        table = document.columns(ANNOTATIONS, "annotations")
        faults = Faults()
        _tell(document, images, "images", faults)
        _tell(document, table, "annotations", faults)
        faults.raise_if_any()
        points = table["keypoints"].lengths
        for row in np.flatnonzero(points != points[0] if len(points) else points)[:20].tolist():
            where = f"{document.name}: annotations[{row}].keypoints"
            faults.add(
                "P204",
                where=where,
                what=f"has {points[row]} points",
                wanted=f"{points[0]}, as the first one has",
            )
        faults.raise_if_any()
        if not table.count:
            raise error_of([Fault("P200", document.name, "has no annotation", "at least one")])
        image = _image_of(document, images, table)
        skeleton = self.skeleton(int(points[0]), options, document)
        xy = table["keypoints"].values.reshape(table.count, -1, 2) - self.base
        flags = table["keypoints"].tail.reshape(table.count, -1)
        size = np.stack([images["width"].values, images["height"].values], axis=1)[image]
        extra = {}
        if table["box_size"].given.all():
            extra["face_size"] = table["box_size"].values
        people = People(
            xy,
            np.arange(table.count),
            np.clip(flags, 0, 2),
            area=table["area"].values,
            box=self.boxes(table, size),
            source_id=table["id"].values,
            extra=extra,
        )
        frames = self._frames(images, image, size)
        origin = origin_of(document, self.name, table.count, base=self.base)
        return PoseSet(skeleton, frames, people, origin=origin)

    def _frames(self, images: kj.Columns, image: Array, size: Floats) -> Frames:
        """One frame per person, keyed by the image's id."""
        ids = images["id"]
        text = np.where(ids.mark == kj.TEXT, ids.strings(), ids.values.astype(np.str_))
        keys = frame_keys(text[image].tolist())
        columns: dict[str, Any] = {}
        videos = self.sequences(images)
        if videos is not None:
            names, sequence = np.unique(videos[image], return_inverse=True)
            columns = {"sequence": sequence, "sequences": tuple(names.tolist())}
        if len(set(image.tolist())) == len(image) and (ids.mark == kj.GIVEN).all():
            columns["extra"] = {"image_id": ids.values[image]}
        return Frames(keys, size=size, path=images["file_name"].strings()[image], **columns)


class FaceCoco(_CocoSingle):
    """Face landmarks as mmpose's converted files have them."""

    name: ClassVar[str] = "face-coco"
    title: ClassVar[str] = "face landmarks in COCO form (mmpose: 300W, WFLW, COFW, AFLW, LaPa)"

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by a known number of landmarks, in a category `face` or one without named keypoints."""
        found = _first_annotation(source)
        if found is None or skeleton_for(found[0], "faces") is None:
            return 0.0
        category = found[1]
        return 1.0 if not category.get("keypoints") or category.get("name") == "face" else 0.0

    def skeleton(self, points: int, options: ReadOptions, document: Document) -> Skeleton:
        """By the number of landmarks."""
        return face_skeleton(points, options, document.name)

    def boxes(self, table: kj.Columns, size: Floats) -> Floats:
        """The crops that centre and scale describe, else the file's boxes."""
        box = table["bbox"].values.reshape(-1, 4)
        corners = np.concatenate([box[:, :2], box[:, :2] + box[:, 2:]], axis=1)
        crops = crop_box(table["center"].values.reshape(-1, 2), table["scale"].values)
        return np.where(np.isfinite(crops), crops, corners)


class JhmdbCoco(_CocoSingle):
    """JHMDB as mmpose's converted files have it."""

    name: ClassVar[str] = "jhmdb-coco"
    title: ClassVar[str] = "JHMDB in COCO form (mmpose: test_jhmdb_sub1.json)"
    base: ClassVar[int] = 1

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by JHMDB's joint names in the category, and its videos among the images.

        The same joints without the videos' fields are plain COCO, which counts pixels from 0.
        """
        found = _first_annotation(source)
        if not found or found[1].get("keypoints") != list(get_skeleton("jhmdb15").joints):
            return 0.0
        images = source.document.outline.by_key()["images"]
        return 1.0 if VIDEO_FIELDS & images.first_kinds().keys() else 0.0

    def skeleton(self, points: int, options: ReadOptions, document: Document) -> Skeleton:
        """JHMDB's fifteen joints."""
        skeleton = get_skeleton("jhmdb15")
        if points != len(skeleton):
            where = f"{document.name}: annotations[0].keypoints"
            raise error_of(
                [Fault("P204", where, f"has {points} points", f"{len(skeleton)} ({skeleton.name})")]
            )
        return skeleton

    def boxes(self, table: kj.Columns, size: Floats) -> Floats:
        """The file's boxes, made zero-based and clipped to the image."""
        box = table["bbox"].values.reshape(-1, 4)
        low = box[:, :2] - self.base
        last = size - 1
        return np.concatenate([np.clip(low, 0, last), np.clip(low + box[:, 2:], 0, last)], axis=1)

    def sequences(self, images: kj.Columns) -> Array | None:
        """Videos by their id, else by the folder of the file name."""
        ids = images["vid_id"]
        if ids.given.all():
            return np.where(ids.mark == kj.TEXT, ids.strings(), ids.values.astype(np.str_))
        return np.asarray([name.rpartition("/")[0] for name in images["file_name"].strings().tolist()])


def _first_annotation(source: Source) -> tuple[int, Mapping[str, Any]] | None:
    """Number of points of the first annotation, and the first category, of a COCO file."""
    try:
        if source.is_folder or not source.document.is_json or source.document.outline.kind != "object":
            return None
        entries = source.document.outline.by_key()
        if not {"images", "annotations"} <= entries.keys() or not isinstance(
            entries["annotations"].first, tuple
        ):
            return None
        points = {entry.key: entry.items for entry in entries["annotations"].first}.get("keypoints", 0) // 3
        place = entries.get("categories")
        if place is None or place.end - place.start > 1 << 16:
            return None
        categories = source.document.tree(place.start, place.end, KEYS, "categories")
    except PosevalError:
        return None
    first = categories[0] if isinstance(categories, list) and categories else {}
    return points, first if isinstance(first, dict) else {}


def _image_of(document: Document, images: kj.Columns, table: kj.Columns) -> Array:
    """Row of each annotation's image."""
    rows: dict[int | str, int] = {}
    for row in range(images.count):
        rows.setdefault(_identity(images["id"], row), row)
    found = [rows.get(_identity(table["image_id"], row), -1) for row in range(table.count)]
    lost = [row for row, place in enumerate(found) if place < 0]
    if lost:
        where = f"{document.name}: annotations[{lost[0]}].image_id"
        what = f"belongs to an image that is not listed{like_others(len(lost) - 1)}"
        raise error_of([Fault("P402", where, what, "an image of the list")])
    return np.asarray(found)


def _identity(column: kj.Column, row: int) -> int | str:
    code = int(column.codes[row])
    return column.words[code] if code >= 0 else int(column.values[row])


def _tell(document: Document, table: kj.Columns, name: str, faults: Faults) -> None:
    for fault in table.faults:
        faults.add(
            CODES.get(fault.kind, "P203"),
            where=f"{document.name}: {name}[{fault.record}].{fault.field}",
            what=f"is invalid ({fault.kind.replace('_', ' ')}{f', {fault.found}' if fault.found else ''})",
        )
