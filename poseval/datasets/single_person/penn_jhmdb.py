"""Penn Action and JHMDB: folders with one .mat per video, one person per frame.

- Penn Action `NNNN.mat`: x, y, visibility [T, 13], bbox [T, 4] (x1 y1 x2 y2; it can be shorter than the
  video), train (1 or -1), dimensions (height, width, frames), action.
- JHMDB `joint_positions/ACTION/VIDEO/joint_positions.mat`: pos_img [2, 15, T]; `puppet_mask.mat` beside it
  gives the boxes; `splits/ACTION_test_splitN.txt` list the videos (2: test) of the three splits.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from poseval.datasets.base import Dataset, ReadOptions, Role
from poseval.datasets.containers import mat as matlab
from poseval.datasets.containers import mat_arrays
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.datasets.mpii.release_mat import number_of
from poseval.datasets.single_person.pairing import one_based, require_finite
from poseval.errors import Fault, Faults, FormatError, error_of, shown
from poseval.files.packed import plain_name
from poseval.poses import Array, Floats, Frames, Notice, Origin, People, PoseSet
from poseval.poses.texts import text_column
from poseval.skeletons import get_skeleton

PENN_NAME = re.compile(r"\d{4}\.mat$")
JHMDB_NAME = "joint_positions.mat"
SPLIT_NAME = re.compile(r"(?P<action>.+)_test_split(?P<split>[123])\.txt$")


class PennAction(Dataset):
    """Penn Action's labels."""

    name: ClassVar[str] = "penn-action"
    title: ClassVar[str] = "Penn Action labels (a folder of NNNN.mat, or one)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH})
    holds: ClassVar[frozenset[str]] = frozenset(
        {
            "joints",
            "joint names",
            "frame names",
            "hidden joints",
            "boxes",
            "frame sizes",
            "empty frames",
            "sequences",
            "further columns",
        }
    )
    local_only: ClassVar[bool] = True

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the names of the files, or of the variables of a single one."""
        if source.is_folder:
            return 0.9 if any(PENN_NAME.search(path.name) for path in source.files) else 0.0
        return 0.95 if {"x", "y", "visibility", "bbox"} <= mat_arrays.shapes(source).keys() else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """The ground truth; invisible joints are not labelled. `frames.extra["test"]` where `train` is -1.

        Frames at the end of a video that have no box are left out, `frames.extra["left_out"]` of them.

        Raises:
            FormatError: P203, P204, P206 for a file of another form, P214 damaged.
        """
        videos, digests = [], []
        for name, document in _documents(source, PENN_NAME):
            videos.append(self._video(name.removesuffix(".mat"), document))
            digests.append(document.sha256)
        return _joined("penn_action13", videos, _origin(source, self.name, digests, videos))

    def _video(self, name: str, document: Document) -> dict[str, Any]:
        found = matlab.load(document)
        length = len(mat_arrays.numbers(found, "x", (None, 13), document))
        x, y, visible = (
            mat_arrays.numbers(found, key, (length, 13), document) for key in ("x", "y", "visibility")
        )
        box = mat_arrays.numbers(found, "bbox", (None, 4), document)
        frames = min(length, len(box))
        xy = np.stack([x, y], axis=2)[:frames]
        size = np.ravel(found.get("dimensions", np.full(2, np.nan))).astype(np.float64)[1::-1]
        return {
            "name": name,
            "xy": _finite(xy, visible[:frames] > 0, document),
            "seen": np.where(visible[:frames] == 1, 2, 0),
            "box": box[:frames],
            "test": number_of(found.get("train")) == -1,
            "size": size if len(size) == 2 else np.full(2, np.nan),
            "cut": length - frames,
        }


class JhmdbMat(Dataset):
    """JHMDB's joint positions."""

    name: ClassVar[str] = "jhmdb-mat"
    title: ClassVar[str] = "JHMDB joint positions (a folder of joint_positions.mat, with splits)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH})
    holds: ClassVar[frozenset[str]] = frozenset(
        {"joints", "joint names", "frame names", "empty frames", "sequences", "further columns"}
    )
    local_only: ClassVar[bool] = True

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the names of the files, or of the variables of a single one."""
        if source.is_folder:
            return 0.95 if any(path.name == JHMDB_NAME for path in source.files) else 0.0
        return 0.95 if {"pos_img", "scale"} <= mat_arrays.shapes(source).keys() else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """The ground truth; `frames.extra["split1"]` to `["split3"]` mark the test videos of each split.

        Raises:
            FormatError: P203, P204, P206 for a file of another form, P214 damaged.
        """
        splits = _splits(source)
        videos, digests = [], []
        for name, document in _documents(source, re.compile(re.escape(JHMDB_NAME) + "$")):
            video = Path(name).parent.name or "video"
            videos.append(self._video(video, document, _mask_beside(source, name)))
            digests.append(document.sha256)
            for split, tested in splits.items():
                videos[-1][split] = video in tested
        return _joined("jhmdb15", videos, _origin(source, self.name, digests, videos), tuple(splits))

    def _video(self, name: str, document: Document, box: Floats | None) -> dict[str, Any]:
        found = matlab.load(document, frozenset({"pos_img"}))
        xy = mat_arrays.numbers(found, "pos_img", (2, 15, None), document).transpose(2, 1, 0)
        if box is not None and len(box) != len(xy):
            what = f"has {len(box)} masks for {len(xy)} frames"
            raise error_of([Fault("P204", f"{document.name}: puppet_mask.mat beside it", what, "one each")])
        return {
            "name": name,
            "xy": _finite(xy, np.ones(xy.shape[:2], dtype=np.bool_), document),
            "seen": np.full(xy.shape[:2], 2),
            "box": np.full((len(xy), 4), np.nan) if box is None else box,
            "size": np.full(2, np.nan),
            "cut": 0,
        }


def _documents(source: Source, pattern: re.Pattern[str]) -> list[tuple[str, Document]]:
    """Matching files of a folder by relative name, or the one file."""
    if not source.is_folder:
        return [(plain_name(source.path.name), source.document)]
    found = [path for path in source.files if pattern.search(path.name)]
    if not found:
        raise FormatError("P201", where=shown(source.path), what="holds no labels", wanted=pattern.pattern)
    return [(path.as_posix(), source.open(path)) for path in found]


def _mask_beside(source: Source, name: str) -> Floats | None:
    """Boxes [T, 4] around the puppet's mask, one-based as the masks' pixels; None without the file."""
    base = source.path if source.is_folder else source.path.parent
    folder = (base / name).parent if source.is_folder else base
    for path in (
        folder / "puppet_mask.mat",
        Path(str(folder).replace("joint_positions", "puppet_mask")) / "puppet_mask.mat",
    ):
        if os.path.isfile(path):
            document = Document.open(path, source.limits)
            mask = mat_arrays.numbers(
                mat_arrays.load(document, frozenset({"part_mask"})), "part_mask", (None,) * 3, document
            )
            return np.stack([_box_of(mask[..., index] > 0) for index in range(mask.shape[2])])
    return None


def _box_of(mask: Array) -> Floats:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return np.full(4, np.nan)
    return np.asarray([columns[0], rows[0], columns[-1], rows[-1]], dtype=np.float64) + 1


def _splits(source: Source) -> dict[str, frozenset[str]]:
    """Videos tested in each split, by the lists below the folder or below its parent."""
    if not source.is_folder:
        return {}
    found: dict[str, set[str]] = {}
    for base in (source.path, source.path.parent):
        for path in sorted(
            base.glob("**/*_test_split?.txt") if base == source.path else base.glob("splits/*.txt")
        ):
            match = SPLIT_NAME.search(path.name)
            if match is None:
                continue
            text = Document.open(path, source.limits).data.decode("utf-8", "replace")
            videos = found.setdefault(f"split{match['split']}", set())
            for line in text.splitlines():
                name, _, half = line.strip().rpartition(" ")
                if half == "2":
                    videos.add(name.strip().removesuffix(".avi"))
        if found:
            break
    return {name: frozenset(videos) for name, videos in sorted(found.items())}


def _finite(xy: Floats, labelled: Array, document: Document) -> Floats:
    """The coordinates [T, K, 2], refused where a labelled joint [T, K] has none.

    Raises:
        ValueRangeError: P301 with frame and joint.
    """
    faults = Faults()
    require_finite(faults, xy, labelled, document, row="frame")
    faults.raise_if_any()
    return xy


def _origin(source: Source, name: str, digests: list[str], videos: list[dict[str, Any]]) -> Origin:
    import hashlib

    digest = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    notices = [one_based(source.path.name)]
    cut = sum(video["cut"] for video in videos)
    if cut:
        text = f"{cut} frames at the ends of videos have no box and are left out"
        notices.append(Notice("N447", text, cut))
    return Origin(str(source.path), digest, name, len(videos), tuple(notices), 1)


def _joined(
    skeleton: str, videos: list[dict[str, Any]], origin: Origin, flags: tuple[str, ...] = ("test",)
) -> PoseSet:
    """Videos as sequences, frame t of video v under the key `v/t` (t from 1, as the images are called)."""
    if not videos:
        raise FormatError("P201", where=origin.name, what="holds no video")
    length = [len(video["xy"]) for video in videos]
    number = np.concatenate([np.arange(count) for count in length])
    sequence = np.repeat(np.arange(len(videos)), length)
    names = tuple(video["name"] for video in videos)
    keys = [f"{names[video]}/{frame + 1:06d}" for video, frame in zip(sequence, number, strict=True)]
    frames = Frames(
        text_column(keys),
        sequence,
        number,
        np.repeat([video["size"] for video in videos], length, axis=0),
        path=text_column([f"{key}.jpg" for key in keys]),
        sequences=names,
        extra={flag: np.repeat([bool(v.get(flag)) for v in videos], length) for flag in flags},
    )
    cut = np.repeat([video["cut"] for video in videos], length)
    if cut.any():
        frames = replace(frames, extra={**frames.extra, "left_out": cut})
    people = People(
        np.concatenate([video["xy"] for video in videos]) - 1,
        np.arange(len(keys)),
        np.concatenate([video["seen"] for video in videos]),
        box=np.concatenate([video["box"] for video in videos]) - 1,
    )
    return PoseSet(get_skeleton(skeleton), frames, people, origin=origin)
