"""One side of a batch as arrays, checked when it comes.

Arrays stay columns until a report is asked for, because making a pose set for each batch would be slow.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from poseval.datasets.objects.arrays import from_arrays
from poseval.datasets.objects.columns import array_of, names_of, numbers, odd_shape, whole
from poseval.errors import UsageError, did_you_mean, shown
from poseval.poses import Array, Floats, PoseSet
from poseval.skeletons import Skeleton

SHARED = ("third", "box_form")  # arguments of `from_arrays` that hold for everyone
PER_PERSON = ("score", "area", "head", "crowd")
PER_JOINT = ("visibility", "joint_score")
KNOWN = ("keypoints", "frame", "frames", "track", "box", "size", *SHARED, *PER_PERSON, *PER_JOINT)


@dataclass(frozen=True, eq=False)
class Arrays:
    """One side of a batch as arrays."""

    columns: Mapping[str, Array]  # argument of `from_arrays` -> [N, ...]; none where N is 0
    frame: Array  # [N] int64 or text
    frames: Array  # [F] int64 or text, also those without people
    shared: Mapping[str, str]
    size: Mapping[str, Any]  # frame -> width and height

    def keys(self) -> list[Any]:
        """The frames, without repetition."""
        return list(dict.fromkeys([*self.frames.tolist(), *self.frame.tolist()]))

    def without(self, frames: Collection[Any]) -> Arrays:
        """The same side without some frames."""
        out = list(frames)
        keep, listed = ~np.isin(self.frame, out), ~np.isin(self.frames, out)
        columns = {name: column[keep] for name, column in self.columns.items()}
        return replace(self, columns=columns, frame=self.frame[keep], frames=self.frames[listed])

    def form(self) -> str:
        """The form of the arrays in words, which must be the same in all batches with people."""
        columns = [f"{name} {['N', *column.shape[1:]]}" for name, column in sorted(self.columns.items())]
        return ", ".join([*columns, *(f"{name}={word}" for name, word in sorted(self.shared.items()))])


def arrays_of(side: str, value: Any, start: int) -> Arrays:
    """One side of a batch as arrays. Without frames each person is alone in a frame, numbered from `start`.

    Raises:
        UsageError: P101, P851, P853, P854 as `from_arrays`, P858 an unknown column.
        ValueRangeError: P301 as `from_arrays`.
    """
    given = dict(value) if isinstance(value, Mapping) else {"keypoints": value}
    given = {name: column for name, column in given.items() if column is not None}
    unknown = [str(name) for name in given if name not in KNOWN]
    if unknown or "keypoints" not in given:
        raise UsageError(
            "P858",
            where=side,
            what=f"has an unknown column {shown(unknown[0])!r}" if unknown else "has no keypoints",
            wanted=f"columns among {', '.join(KNOWN)}",
            hint=did_you_mean(unknown[0], KNOWN) if unknown else None,
        )
    shared = {name: given[name] for name in SHARED if name in given}
    points = _points(given["keypoints"], shared)
    rows = len(points)
    columns = _columns(given, points) if rows else {}
    frame = names_of("frame", given["frame"]) if "frame" in given else np.arange(start, start + rows)
    if len(frame) != rows:
        raise odd_shape("frame", frame.shape, f"[{rows}], one for each person")
    frames, size = frame, {}
    if "frames" in given or "size" in given:
        frames = names_of("frames", given.get("frames", frame))
        asked = {name: given[name] for name in ("frames", "size") if name in given}
        table = from_arrays(np.zeros((rows, 1, 2)), frame=frame, skeleton=["joint"], **asked).frames
        size = dict(zip(table.key.tolist(), table.size.tolist(), strict=True)) if "size" in given else {}
    return Arrays(columns, frame, frames, shared, size)


def _points(value: Any, shared: Mapping[str, Any]) -> Floats:
    points = array_of(value)
    if points.ndim != 3 or points.dtype.kind not in "biuf" or points.shape[2] != 2 + ("third" in shared):
        # Refuses what it does not take, in words; an empty list it takes.
        points = from_arrays(value, **shared, skeleton=_joints(points)).people.xy
    return np.array(points, dtype=np.float64)


def _joints(points: Array) -> list[str] | None:
    return [f"joint {number}" for number in range(points.shape[1])] if points.ndim == 3 else None


def _columns(given: Mapping[str, Any], points: Floats) -> dict[str, Array]:
    rows, joints = points.shape[:2]
    columns: dict[str, Array] = {"keypoints": points}
    for name in PER_PERSON:
        if name in given:
            columns[name] = numbers(name, given[name], (rows,), f"[{rows}], one for each person")
    for name in PER_JOINT:
        if name in given:
            columns[name] = numbers(name, given[name], (rows, joints), f"[{rows}, {joints}]")
    if "track" in given:
        columns["track"] = whole("track", given["track"], rows)
    if "box" in given:
        columns["box"] = numbers("box", given["box"], (rows, 4), f"[{rows}, 4], one for each person")
    if "box" in given or not math.isfinite(points.sum()):
        asked: dict[str, Any] = {**columns, **{name: given[name] for name in SHARED if name in given}}
        from_arrays(**asked, skeleton=_joints(points))  # refuses boxes of negative size and infinite numbers
    return columns


def joined(parts: Sequence[Arrays]) -> Arrays:
    """Several batches concatenated."""
    full = [part for part in parts if part.columns] or parts[:1]
    columns = {name: np.concatenate([part.columns[name] for part in full]) for name in full[0].columns}
    size = {frame: pair for part in parts for frame, pair in part.size.items()}
    frame, frames = (_ids([getattr(part, name) for part in parts]) for name in ("frame", "frames"))
    return Arrays(columns, frame, frames, full[0].shared, size)


def _ids(parts: Sequence[Array]) -> Array:
    full = [part for part in parts if len(part)]
    return np.concatenate(full) if full else np.zeros(0, dtype=np.int64)


def set_of(arrays: Arrays, frames: Sequence[Any], skeleton: Skeleton | None, joints: int) -> PoseSet:
    """The pose set of one side, over the frames of both sides."""
    columns: dict[str, Any] = dict(arrays.columns) or {"keypoints": np.zeros((0, joints, 2))}
    shared = dict(arrays.shared) if arrays.columns else {}
    size = arrays.size or None
    return from_arrays(**columns, frame=arrays.frame, frames=frames, size=size, skeleton=skeleton, **shared)
