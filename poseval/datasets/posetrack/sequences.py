"""What the PoseTrack formats share: one file per video, gathered into one pose set.

Every file is read into a `Clip`, whatever its form; clips of several forms make one set. Joints are brought
into the order of the poseval program by name, so that ground truth and predictions of mixed forms meet.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np

from poseval.datasets.files.document import Document
from poseval.errors import Faults, LimitError, shown
from poseval.files.packed import plain_name
from poseval.limits import Limits, to_raise
from poseval.poses import Array, Bools, Floats, Frames, IgnoreRegions, Ints, Notice, Origin, People, PoseSet
from poseval.poses.frame_names import natural
from poseval.poses.notices import Amount, together
from poseval.skeletons import Skeleton, get_skeleton

SKELETON = "posetrack15_poseval"
ABSENT = {"person_id": -1, "listed": True, "whole": False}  # further columns of people in files without them
HEAD_SHARE = 0.6  # head size is this fraction of the head box's diagonal (poseval, eval_helpers.py)
DEGENERATE = Amount("skipped ignore regions with fewer than 3 vertices: ")


def skeleton() -> Skeleton:
    """The 15 joints that PoseTrack evaluates, in the order of the poseval program."""
    return get_skeleton(SKELETON)


def stem_of(name: str) -> str:
    """Name of a sequence: the file's name without `.json` and the ending of a packing."""
    base = plain_name(PurePosixPath(name.replace(os.sep, "/")).name)
    return base[: -len(".json")] if base.lower().endswith(".json") else base


@dataclass(frozen=True, eq=False)
class Clip:
    """The content of one file: I images, N people, R polygons. A missing number is NaN.

    Columns of `people` are those of `People`, and `tracked` [N] says whether `track` was given, which may be
    negative here. `labelled` [I] is -1 where the file does not say. Polygon r of image `region_image[r]` is
    `vertices[region_start[r]:region_start[r + 1]]`.
    """

    document: Document
    key: Array  # [I] str
    path: Array  # [I] str
    labelled: Ints  # [I] 1, 0, -1
    size: Floats  # [I, 2]
    image: Ints  # [N]
    people: dict[str, Array]
    tracked: Bools  # [N]
    extra: dict[str, Array] = field(default_factory=dict)
    vertices: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    region_start: Ints = field(default_factory=lambda: np.zeros(1, dtype=np.int64))
    region_image: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    notices: Sequence[Notice] = ()


def head_size(box: Floats) -> Floats:
    """Head size [N] in pixels from head boxes [N, 4]: 0.6 of the diagonal; NaN without a box."""
    width, height = box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]
    size: Floats = HEAD_SHARE * np.sqrt(width * width + height * height)
    return size


def polygons_of_frames(
    vertices: Floats, start: Ints, image: Ints, limits: Limits, name: str
) -> tuple[Floats, Ints, Ints, int]:
    """Polygons without those of fewer than 3 vertices, and how many these were.

    Raises:
        LimitError: P505 for a polygon of too many vertices.
    """
    length = np.diff(start)
    if len(length) and int(length.max()) > limits.region_vertices:
        raise LimitError(
            "P505",
            where=name,
            what=f"has an ignore region of {int(length.max()):,} vertices",
            wanted=f"at most {limits.region_vertices:,}",
            hint=to_raise("region_vertices", int(length.max())),
        )
    keep = length >= 3
    rows = np.repeat(keep, length)
    # An empty list stands for "no region"; one or two vertices are a mistake worth a notice.
    degenerate = int(((length > 0) & ~keep).sum())
    kept = np.concatenate(([0], np.cumsum(length[keep]))).astype(np.int64)
    return vertices[rows], kept, image[keep], degenerate


def _videos(clip: Clip) -> list[str]:
    """Folder of each image: the name of its video."""
    return [path.rpartition("/")[0].rpartition("/")[2] for path in clip.path.tolist()]


def _sequence_names(clip: Clip) -> tuple[list[str], Ints]:
    """Sequences of a file and the index of each image among them: one per folder of images."""
    stem = stem_of(clip.document.name.rpartition(": ")[2])
    videos = _videos(clip)
    if len(set(videos)) <= 1:
        return [stem], np.zeros(len(videos), dtype=np.int64)
    names = sorted(set(videos), key=natural)
    place = {name: index for index, name in enumerate(names)}
    return names, np.asarray([place[video] for video in videos], dtype=np.int64)


def assemble(
    clips: Sequence[Clip],
    format: str,
    path: str,
    limits: Limits,
    faults: Faults,
    kind: Skeleton | None = None,
) -> PoseSet:
    """One pose set of all clips; sequences are sorted by name, frames keep the order of their file.

    Joints are those of PoseTrack, or of another `kind`.

    Raises:
        InputError: everything gathered in `faults`, and a sequence or frame that occurs twice.
        LimitError: P505 for too many frames, people, or people in a frame.
    """
    named = [_sequence_names(clip) for clip in clips]
    _refuse_twice(clips, named, faults)
    faults.raise_if_any()
    names = sorted((name for found, _ in named for name in found), key=natural)
    place = {name: index for index, name in enumerate(names)}
    sequence = np.concatenate(
        [np.zeros(0, dtype=np.int64)]
        + [np.asarray([place[n] for n in found], dtype=np.int64)[index] for found, index in named]
    )
    images = np.asarray([len(clip.key) for clip in clips], dtype=np.int64)
    shift = np.concatenate(([0], np.cumsum(images)))
    image = np.concatenate(
        [np.zeros(0, dtype=np.int64)] + [c.image + s for c, s in zip(clips, shift, strict=False)]
    )
    people_in = np.bincount(image, minlength=len(sequence))
    _check_limits(len(sequence), people_in, limits, path)
    order = np.argsort(sequence, kind="stable")
    where = np.empty(len(order), dtype=np.int64)
    where[order] = np.arange(len(order))
    labelled = _joined([clip.labelled for clip in clips], np.int64)
    labelled = np.where(labelled < 0, people_in > 0, labelled > 0)
    start = np.searchsorted(sequence[order], np.arange(len(names)))
    frames = Frames(
        key=_unique_keys(_texts([clip.key for clip in clips])[order], sequence[order], names),
        sequence=sequence[order],
        number=np.arange(len(order)) - start[sequence[order]],
        size=_joined([clip.size for clip in clips], np.float64, (0, 2))[order],
        labelled=labelled[order],
        path=_texts([clip.path for clip in clips])[order],
        sequences=tuple(names),
    )
    kind = kind or skeleton()
    people, relabelled = _people(clips, where[image], len(kind))
    notices = _notices(clips, relabelled)
    return PoseSet(kind, frames, people, _regions(clips, shift, where), _origin(clips, format, path, notices))


def _joined(parts: Sequence[Array], dtype: object, empty: tuple[int, ...] = (0,)) -> Array:
    return np.concatenate([np.zeros(empty, dtype=dtype), *parts])  # type: ignore[call-overload]


def _texts(parts: Sequence[Array]) -> Array:
    return np.concatenate(parts) if parts else np.zeros(0, dtype="U1")


def _refuse_twice(clips: Sequence[Clip], named: Sequence[tuple[list[str], Ints]], faults: Faults) -> None:
    owner: dict[str, str] = {}
    for clip, (names, index) in zip(clips, named, strict=True):
        for name in names:
            if name in owner:
                faults.add(
                    "P372",
                    where=clip.document.name,
                    what=f"holds the sequence {shown(name)}, which is also in {owner[name]}",
                    wanted="one file per sequence",
                )
            owner[name] = clip.document.name
        twice = [
            key
            for key, count in Counter(zip(clip.key.tolist(), index.tolist(), strict=True)).items()
            if count > 1
        ]
        for key, _ in twice:
            faults.add("P373", where=f"{clip.document.name}: image {shown(key)}", what="occurs twice")


def _check_limits(frames: int, people_in: Ints, limits: Limits, path: str) -> None:
    for count, most, what in (
        (frames, limits.frames, "frames"),
        (int(people_in.sum()), limits.people, "people"),
        (int(people_in.max(initial=0)), limits.people_per_frame, "people in one frame"),
    ):
        if count > most:
            raise LimitError(
                "P505", where=shown(path), what=f"has {count:,} {what}", wanted=f"at most {most:,}"
            )


def _unique_keys(key: Array, sequence: Ints, names: Sequence[str]) -> Array:
    """The keys themselves where they tell all frames apart, else `sequence:key`."""
    if len(set(key.tolist())) == len(key):
        return key
    return np.asarray([f"{names[s]}:{k}" for s, k in zip(sequence.tolist(), key.tolist(), strict=True)])


def _people(clips: Sequence[Clip], frame: Ints, joints: int) -> tuple[People, int]:
    """All people sorted by frame, and how many had a negative track id, which is replaced by a free one."""
    shapes: dict[str, tuple[tuple[int, ...], object]] = {
        "xy": ((0, joints, 2), np.float64),
        "seen": ((0, joints), np.int8),
        "joint_score": ((0, joints), np.float64),
        "track": ((0,), np.int64),
        "box": ((0, 4), np.float64),
        "score": ((0,), np.float64),
        "source_id": ((0,), np.int64),
    }
    order = np.argsort(frame, kind="stable")
    columns = {
        name: _joined([clip.people[name] for clip in clips], dtype, shape)[order]
        for name, (shape, dtype) in shapes.items()
    }
    tracked = _joined([clip.tracked for clip in clips], np.bool_)[order]
    extra = {"head_box": _joined([clip.extra["head_box"] for clip in clips], np.float64, (0, 4))[order]}
    others = {name: math.nan for clip in clips for name in clip.extra if name != "head_box"}
    for name, missing in {**ABSENT, **others, **ABSENT}.items():
        if name in others:
            parts = [clip.extra.get(name, np.full(len(clip.image), missing)) for clip in clips]
            extra[name] = np.concatenate(parts)[order]
    raw = columns["track"]
    columns["track"] = np.where(tracked, raw, -1)
    negative = tracked & (raw < 0)
    if negative.any():
        ids, inverse = np.unique(raw[negative], return_inverse=True)
        free = max(int(raw[tracked].max()), -1) + 1
        columns["track"][negative] = free + inverse
        extra["raw_track"] = raw
        return _made(columns, frame[order], extra), len(ids)
    return _made(columns, frame[order], extra), 0


def _made(columns: dict[str, Array], frame: Ints, extra: dict[str, Array]) -> People:
    return People(frame=frame, head=head_size(extra["head_box"]), extra=extra, **columns)


def _regions(clips: Sequence[Clip], shift: Ints, where: Ints) -> IgnoreRegions:
    frame = where[_joined([c.region_image + s for c, s in zip(clips, shift, strict=False)], np.int64)]
    length = _joined([np.diff(clip.region_start) for clip in clips], np.int64)
    vertices = _joined([clip.vertices for clip in clips], np.float64, (0, 2))
    order = np.argsort(frame, kind="stable")
    if bool((np.diff(frame) < 0).any()):
        begin = np.concatenate(([0], np.cumsum(length)))[:-1]
        rows = [np.arange(begin[r], begin[r] + length[r]) for r in order]
        vertices = vertices[np.concatenate(rows)]
    start = np.concatenate(([0], np.cumsum(length[order]))).astype(np.int64)
    return IgnoreRegions(vertices, start, frame[order])


def _notices(clips: Sequence[Clip], relabelled: int) -> list[Notice]:
    found = together(notice for clip in clips for notice in clip.notices)
    if relabelled:
        found.append(Notice("N472", f"negative track ids replaced by free ones: {relabelled}", relabelled))
    return found


def _origin(clips: Sequence[Clip], format: str, path: str, notices: list[Notice]) -> Origin:
    if len(clips) == 1:
        digest = clips[0].document.sha256
    else:
        total = hashlib.sha256()
        for clip in clips:
            total.update(f"{stem_of(clip.document.name)}\0{clip.document.sha256}\n".encode())
        digest = total.hexdigest()
    return Origin(path, digest, format, sum(len(clip.image) for clip in clips), tuple(notices))
