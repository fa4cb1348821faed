"""Collects people one by one from nested files, and makes a pose set once all have been read.

Shared by readers of annotation tools and of programs that write one object per person: frames by name, joints
by name or in an order, numbers that are checked where they stand.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from poseval.datasets.assembly import (
    frames_of,
    in_order_of_names,
    joints_by_count,
    mean_score,
    pose_set,
    predicted,
    scores_from_joints,
    sizes_of,
)
from poseval.datasets.base import ReadOptions, Role
from poseval.datasets.containers.unread import Known
from poseval.datasets.files.document import Document
from poseval.errors import Faults, FormatError, LimitError, shown
from poseval.limits import to_raise
from poseval.poses import Array, Floats, Notice, Origin, PoseSet
from poseval.poses.frame_names import natural
from poseval.skeletons import Skeleton, get_skeleton, match_names, names, skeleton_from_names

NAN = float("nan")
MOST = 1e12  # beyond it a coordinate is none
Point = tuple[float, float, float]  # x, y, and a confidence or a flag of visibility; NaN where not given
Box = tuple[float, float, float, float]


@dataclass
class Found:
    """A person: joints by name, or `points` in the order of the skeleton with None for missing joints."""

    frame: int
    joints: dict[str, Point] = field(default_factory=dict)
    points: Sequence[Point | None] | None = None
    score: float = NAN
    box: Box | None = None
    track: int = -1
    category: str = "person"


@dataclass(frozen=True)
class Joints:
    """Where joint names come from: `declared` by the file in their order, or the `skeleton` of the format.

    `ids` are the names by the ids that annotations call them.
    """

    declared: Sequence[str] = ()
    ids: Mapping[str, str] = field(default_factory=dict)
    skeleton: Skeleton | None = None
    family: str = "estimators"


COUNTED = Joints()  # of so many joints as the people have


class Gathering:
    """Frames and people in the order of the file, faults of single values, and counts of unread things."""

    def __init__(self, where: str, options: ReadOptions) -> None:
        self.where = where
        self.options = options
        self.faults = Faults()
        self.people: list[Found] = []
        self.others: dict[str, int] = {}  # shapes without joints: what they are, and how many
        self._frames: dict[str, int] = {}
        self._sizes: list[tuple[float, float]] = []
        self._numbers: list[int] | None = None

    def frame(self, name: str, size: tuple[Any, Any] = (None, None), number: int | None = None) -> int:
        """The frame of a name, new where it has none yet; width and height where they are given."""
        if name not in self._frames:
            self._frames[name] = len(self._sizes)
            self._sizes.append((NAN, NAN))
            if number is not None and len(self._sizes) == len(self._numbers or ()) + 1:
                self._numbers = [*(self._numbers or ()), number]
        row = self._frames[name]
        width, height = (number_of(side) for side in size)
        if width is not None and height is not None:
            self._sizes[row] = (width, height)
        return row

    def other(self, what: str, count: int = 1) -> None:
        """Count what holds no joints and is not read."""
        if count:
            self.others[what] = self.others.get(what, 0) + count

    def point(self, values: Sequence[Any], where: str) -> Point | None:
        """x, y and, where given, a third number; None with a fault (P203, P301) for anything else."""
        if not 2 <= len(values) <= 3:
            self.faults.add("P204", where=where, what=f"has {len(values)} numbers", wanted="x, y")
            return None
        found = [NAN if at == 2 and value is None else number_of(value) for at, value in enumerate(values)]
        for value, number in zip(values, found, strict=True):
            if number is None:
                self.faults.add(
                    "P301" if type(value) in (int, float) else "P203",
                    where=where,
                    what=f"is {shown(repr(value), 30)}",
                    wanted="a finite number",
                )
                return None
        x, y, third = [*found, NAN][:3]
        return float(x or 0), float(y or 0), float(NAN if third is None else third)

    def triples(self, flat: Any, where: str) -> list[Point | None] | None:
        """x0 y0 v0 x1 y1 v1 ... as points; None with a fault for anything else."""
        if not isinstance(flat, list) or len(flat) % 3 or not flat:
            count = f"{len(flat)} numbers" if isinstance(flat, list) else "no list"
            self.faults.add("P204", where=where, what=f"has {count}", wanted="three numbers for each joint")
            return None
        out: list[Point | None] = []
        for at in range(0, len(flat), 3):
            point = self.point(flat[at : at + 3], f"{where}[{at}]")
            if point is None:
                return None
            out.append(point)
        return out

    def poses(self, origin: Origin, joints: Joints = COUNTED) -> PoseSet:
        """What was gathered.

        Raises:
            FormatError: the faults found; P204 people of several numbers of joints, or of an unusual one.
            LimitError: P502 more joints or people than allowed.
        """
        self.faults.raise_if_any()
        if len(self.people) > self.options.limits.people:
            raise LimitError(
                "P502",
                where=self.where,
                what=f"has {len(self.people):,} people",
                wanted=f"at most {self.options.limits.people:,}",
                hint=to_raise("people", len(self.people)),
            )
        named = any(person.joints for person in self.people) or bool(joints.declared)
        skeleton, notices = self._named(joints) if named else (self._counted(joints), [])
        cube = self._cube(skeleton)
        frames = frames_of(
            list(self._frames),
            self.options.limits,
            self.where,
            np.asarray(self._sizes, dtype=np.float64).reshape(-1, 2),
            self._numbers if self._numbers and len(self._numbers) == len(self._sizes) else None,
        )
        row = np.asarray([person.frame for person in self.people], dtype=np.int64)
        if np.isnan(frames.size).any():
            known = sizes_of(frames, self.options, self.where)
            frames = replace(frames, size=np.where(np.isnan(frames.size), known, frames.size))
        columns, more = self._columns(cube)
        notices += more
        kinds = list(dict.fromkeys(person.category for person in self.people)) or ["person"]
        columns["category"] = np.asarray([kinds.index(p.category) + 1 for p in self.people], dtype=np.int64)
        for what, count in self.others.items():
            origin = replace(origin, unread={**origin.unread, what: count})
            notices.append(
                Notice("N509", f"{self.where}: {count} {what} hold no joints and were not read", count)
            )
        origin = replace(origin, records=len(self.people), notices=(*origin.notices, *notices))
        categories = {at + 1: kind for at, kind in enumerate(kinds)}
        return pose_set(skeleton, frames, row, columns, origin, self.options.limits, categories)

    def _columns(self, cube: Floats) -> tuple[dict[str, Array], list[Notice]]:
        xy, third = cube[:, :, :2], cube[:, :, 2]
        there = np.asarray(np.isfinite(xy).all(axis=2))
        columns: dict[str, Array] = {
            "xy": xy,
            "track": np.asarray([person.track for person in self.people], dtype=np.int64),
            "box": np.asarray([person.box or (NAN,) * 4 for person in self.people]).reshape(-1, 4),
        }
        if self.options.role is Role.TRUTH:
            flags = np.where(np.isnan(third), 2, np.clip(third, 0, 2))
            columns["seen"] = np.where(there, flags, 0).astype(np.int8)
            return columns, []
        seen = np.where(there, predicted(np.where(there[:, :, None], xy, 0.0), third), 0).astype(np.int8)
        if np.isnan(third).all():
            seen = np.where(there, 2, 0).astype(np.int8)
        own = np.asarray([person.score for person in self.people], dtype=np.float64)
        known = np.isfinite(third).any(axis=1) if len(third) else np.zeros(0, dtype=np.bool_)
        mean = np.where(known, mean_score(third, seen), NAN)
        columns |= {"seen": seen, "joint_score": third, "score": np.where(np.isnan(own), mean, own)}
        lacking = int((np.isnan(own) & known).sum())
        return columns, [scores_from_joints(self.where, lacking)] if lacking else []

    def _cube(self, skeleton: Skeleton) -> Floats:
        """x, y and the third number [N, K, 3] of everyone, NaN for a joint that is not there."""
        place = {name: at for at, name in enumerate(skeleton.joints)}
        cube = np.full((len(self.people), len(skeleton), 3), NAN)
        for row, person in enumerate(self.people):
            for name, point in person.joints.items():
                cube[row, place[name]] = point
            for at, found in enumerate(person.points or ()):
                if found is not None:
                    cube[row, at] = found
        return cube

    def _counted(self, joints: Joints) -> Skeleton:
        counts = sorted({len(person.points or ()) for person in self.people})
        if len(counts) > 1:
            raise FormatError(
                "P204", where=self.where, what=f"mixes people of {counts} joints", wanted="one skeleton"
            )
        if joints.skeleton is not None:
            if counts and counts[0] != len(joints.skeleton):
                raise FormatError(
                    "P204",
                    where=self.where,
                    what=f"has people of {counts[0]} joints",
                    wanted=f"{len(joints.skeleton)}, as {joints.skeleton.name} has",
                )
            return joints.skeleton
        if not counts:
            return self.options.skeleton or _skeleton_of_truth(self.options) or get_skeleton("coco17")
        return joints_by_count(counts[0], self.options, self.where)

    def _named(self, joints: Joints) -> tuple[Skeleton, list[Notice]]:
        """The skeleton of the declared names, or of those that occur; a known one of the same names first."""
        occurring = dict.fromkeys(name for person in self.people for name in person.joints)
        undeclared = [name for name in occurring if name not in joints.declared] if joints.declared else []
        if undeclared:
            raise FormatError(
                "P275",
                where=self.where,
                what=f"has undeclared joints: {', '.join(shown(name, 30) for name in undeclared[:5])}",
                wanted="the declared joints",
            )
        listed = list(joints.declared) or sorted(occurring, key=natural)
        if len(listed) > self.options.limits.joints:
            raise LimitError(
                "P502",
                where=self.where,
                what=f"has {len(listed):,} joints",
                wanted=f"at most {self.options.limits.joints:,}",
                hint=to_raise("joints", len(listed)),
            )
        for known in (self.options.skeleton, _skeleton_of_truth(self.options)):
            if known is not None and set(listed) <= set(known.joints) and not joints.declared:
                return known, []
        same = match_names(listed)
        if same is not None and set(same.joints) == set(listed):
            return same, []
        equal = [name for name in names() if set(get_skeleton(name).joints) == set(listed)]
        if equal and not joints.declared:
            return get_skeleton(equal[0]), []
        skeleton = skeleton_from_names(listed or ["point"])
        notices: list[Notice] = []
        if not joints.declared:
            notices = in_order_of_names(self.where, skeleton, listed)
        return skeleton, notices


def _skeleton_of_truth(options: ReadOptions) -> Skeleton | None:
    return None if options.truth is None else options.truth.skeleton


def number_of(value: Any) -> float | None:
    """A finite number that can be a coordinate; None for anything else, True and False included."""
    return float(value) if type(value) in (int, float) and abs(value) < MOST else None


def items_of(document: Document, known: Known) -> Iterator[tuple[str, Any]]:
    """The values of a top-level object by key, or of a list by place, one at a time as Python objects.

    Keys inside them that are not `known` are counted.

    Raises:
        FormatError: P270 for anything else.
        LimitError: P501 for a value that is too large.
    """
    outline = document.outline
    if outline.kind == "object":
        for key, entry in outline.by_key().items():
            yield key, document.tree(entry.start, entry.end, known)
        return
    if outline.kind != "array":
        raise FormatError(
            "P270", where=document.name, what=f"is {outline.kind}", wanted="a list or an object"
        )
    if not isinstance(outline.entries, tuple):
        yield from ((str(at), node) for at, node in enumerate(tree_of(document, list, "list", known)))
        return
    edges = [*document.columns(()).offset.tolist(), len(document.data)]
    document.unread.clear()  # what is in the items is counted one by one
    for at, (start, stop) in enumerate(itertools.pairwise(edges)):
        last = stop == edges[-1]
        text = document.data[start:stop].rstrip(b" \t\r\n").removesuffix(b"]" if last else b",")
        yield str(at), document.tree(start, start + len(text), known)


def tree_of(document: Document, kind: type, wanted: str, known: Known) -> Any:
    """The whole document as Python objects.

    Raises:
        FormatError: P270 where it is of another kind.
        LimitError: P501 where it is too large for that.
    """
    outline = document.outline
    end = outline.end if outline.end >= 0 else len(document.data)
    node = document.tree(outline.start, end, known)
    if not isinstance(node, kind):
        raise FormatError("P270", where=document.name, what="has another form", wanted=wanted)
    return node
