"""MPII's own release file: `mpii_human_pose_v1_u12_1.mat`, one struct `RELEASE`.

Frames are images, people are the annotated rectangles. Fields may be absent, arrays empty, `is_visible` a
number, the text '0' or '1', or empty; images of the test set hold scale and position only. `groups_v12.mat`
beside the file gives the groups of the multi-person benchmark.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from poseval.datasets.base import Dataset, ReadOptions, Role
from poseval.datasets.containers import mat as matlab
from poseval.datasets.containers import mat_arrays
from poseval.datasets.containers.mat import Cell, Struct
from poseval.datasets.containers.unread import Known
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.datasets.mpii.gt_valid import HEAD_SHARE
from poseval.datasets.single_person.pairing import origin_of
from poseval.errors import Fault, Faults, LimitError, error_of, shown
from poseval.limits import to_raise
from poseval.poses import Frames, Notice, People, PoseSet
from poseval.poses.texts import text_column
from poseval.skeletons import get_skeleton

GROUP_FILES = ("groups_v12.mat", "groups.mat")
JOINTS = 16

RECT = "annolist[].annorect[]"
KNOWN = Known(
    *("img_train", "single_person", "annolist[].image[].name"),
    *(f"{RECT}.{key}" for key in ("x1", "y1", "x2", "y2", "scale", "objpos[].x", "objpos[].y")),
    *(f"{RECT}.annopoints[].point[].{key}" for key in ("id", "x", "y", "is_visible")),
)


class MpiiMat(Dataset):
    """The release of MPII Human Pose."""

    name: ClassVar[str] = "mpii-mat"
    title: ClassVar[str] = "MPII release (mpii_human_pose_v1_u12_1.mat)"
    reads: ClassVar[frozenset[Role]] = frozenset({Role.TRUTH})
    holds: ClassVar[frozenset[str]] = frozenset(
        {
            "joints",
            "joint names",
            "frame names",
            "hidden joints",
            "head sizes",
            "empty frames",
            "further columns",
        }
    )
    local_only: ClassVar[bool] = True

    def sniff(self, source: Source, role: Role) -> float:
        """Recognised by the variable RELEASE."""
        return 1.0 if "RELEASE" in mat_arrays.shapes(source) else 0.0

    def read(self, source: Source, options: ReadOptions) -> PoseSet:
        """All images with all their rectangles.

        `people.extra`: `rect` (place in its image, from 0), `single` (sufficiently separated), `group` (-1
        none), `objpos` [N, 2] zero-based, `scale`, `expected` (has a position, so a prediction is wanted).
        `frames.extra["train"]`.

        Raises:
            FormatError: P203, P206 for a file of another form, P214 damaged.
            ValueRangeError: P301 numbers that are not finite, P303 joint ids outside 0..15.
        """
        document = source.document
        release = _release(matlab.load(document, frozenset({"RELEASE"})), document)
        KNOWN.count(release, document.unread)
        images = _rows(release.get("annolist"))
        if not images:
            raise error_of([Fault("P206", document.name, "has an empty annolist", "images")])
        if len(images) > source.limits.frames:
            raise LimitError(
                "P503",
                where=document.name,
                what=f"has {len(images):,} images",
                wanted=f"at most {source.limits.frames:,}",
                hint=to_raise("frames", len(images)),
            )
        singles = _indices_per_image(release.get("single_person"), len(images))
        groups = _groups(source.path.parent, len(images), source)
        train = np.ones(len(images), dtype=np.bool_)
        if isinstance(release.get("img_train"), np.ndarray) and release["img_train"].size == len(images):
            train = release["img_train"].ravel() != 0
        table = _Table(document)
        for index, image in enumerate(images):
            members = _members(groups[index], singles[index]) if groups else {}
            for rect, person in enumerate(_rows(image.get("annorect"))):
                table.add(index, rect, person, rect + 1 in singles[index], members.get(rect + 1, -1))
        table.faults.raise_if_any()
        names = [_name(image, index) for index, image in enumerate(images)]
        notices = [] if groups else [_NO_GROUPS]
        frames = Frames(_unique(names), path=text_column(names), extra={"train": train})
        origin = origin_of(document, self.name, len(table.frame), notices, base=1)
        return PoseSet(get_skeleton("mpii16"), frames, table.people(), origin=origin)


_NO_GROUPS = Notice(
    "N445", "there is no groups_v12.mat next to the release, so groups of people are not known"
)


class _Table:
    """Columns that grow person by person."""

    def __init__(self, document: Document) -> None:
        self.name = document.name
        self.faults = Faults()
        self.frame: list[int] = []
        self.xy: list[np.ndarray] = []
        self.seen: list[np.ndarray] = []
        self.numbers: dict[str, list[float]] = {key: [] for key in ("head", "scale", "x", "y")}
        self.places: dict[str, list[int]] = {key: [] for key in ("rect", "single", "group", "expected")}

    def add(self, image: int, rect: int, person: dict[str, Any], single: bool, group: int) -> None:
        """One rectangle of an image."""
        where = f"{self.name}: annolist({image + 1}).annorect({rect + 1})"
        xy, seen = np.zeros((JOINTS, 2)), np.zeros(JOINTS, dtype=np.int8)
        for point in points_of(person):
            joint, x, y = (number_of(point.get(key)) for key in ("id", "x", "y"))
            if not np.isfinite([joint, x, y]).all():
                self.faults.add("P301", where=where, what="has a joint without a finite id, x and y")
            elif joint not in range(JOINTS):
                self.faults.add("P303", where=where, what=f"has a joint of id {joint:g}", wanted="0 to 15")
            else:
                xy[int(joint)] = x, y
                seen[int(joint)] = _visible(point.get("is_visible"))
        corners = [number_of(person.get(key)) for key in ("x1", "y1", "x2", "y2")]
        objpos = _rows(person.get("objpos"))
        position = [number_of(objpos[0].get(key)) for key in "xy"] if objpos else [np.nan, np.nan]
        self.frame.append(image)
        self.xy.append(xy)
        self.seen.append(seen)
        head = HEAD_SHARE * float(np.hypot(corners[2] - corners[0], corners[3] - corners[1]))
        for key, value in zip(self.numbers, (head, number_of(person.get("scale")), *position), strict=True):
            self.numbers[key].append(value)
        for name, place in zip(self.places, (rect, single, group, bool(objpos)), strict=True):
            self.places[name].append(int(place))

    def people(self) -> People:
        """The people, coordinates zero-based."""
        count = len(self.frame)
        places = {key: np.asarray(value, dtype=np.int64) for key, value in self.places.items()}
        numbers = {key: np.asarray(value, dtype=np.float64) for key, value in self.numbers.items()}
        extra = {
            "rect": places["rect"],
            "group": places["group"],
            "single": places["single"] > 0,
            "expected": places["expected"] > 0,
            "scale": numbers["scale"],
            "objpos": np.stack([numbers["x"], numbers["y"]], axis=1) - 1,
        }
        xy = np.asarray(self.xy).reshape(count, JOINTS, 2) - 1
        seen = np.asarray(self.seen, dtype=np.int8).reshape(count, JOINTS)
        return People(xy, np.asarray(self.frame, dtype=np.int64), seen, head=numbers["head"], extra=extra)


def points_of(person: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Annotated or predicted points of a rectangle, in any of the nestings that files use."""
    for holder in _rows(person.get("annopoints")):
        yield from _rows(holder.get("point"))


def _rows(value: Any) -> list[dict[str, Any]]:
    """Elements of a struct array, or of a cell of structs; nothing for what is empty or absent."""
    if isinstance(value, Struct):
        return value.rows
    if isinstance(value, Cell):
        return [row for item in value.items for row in _rows(item)]
    return []


def number_of(value: Any) -> float:
    """A number that may stand as a number, a text or a 1 x 1 array; NaN when absent or empty."""
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return float("nan")
    if isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind in "iufb":
        return float(value.item())
    return float("nan")


def _visible(value: Any) -> int:
    """2 visible, 1 hidden; joints of the head have no flag, and count as visible."""
    return 1 if number_of(value) == 0 else 2


def _release(found: dict[str, Any], document: Document) -> dict[str, Any]:
    rows = _rows(found.get("RELEASE"))
    if len(rows) != 1 or "annolist" not in rows[0]:
        raise error_of([Fault("P206", document.name, "has no RELEASE.annolist", "MPII's release struct")])
    return rows[0]


def _name(image: dict[str, Any], index: int) -> str:
    rows = _rows(image.get("image"))
    name = rows[0].get("name") if rows else None
    return name if isinstance(name, str) and name else f"image {index + 1}"


def _unique(names: list[str]) -> np.ndarray:
    """Keys of images: their names, with their place behind where a name occurs twice."""
    seen: set[str] = set()
    keys = []
    for index, name in enumerate(names):
        keys.append(f"{name}#{index + 1}" if name in seen else name)
        seen.add(name)
    return text_column(keys)


def indices(value: Any) -> frozenset[int]:
    """One-based indices in an array or a single number; what is not whole is none."""
    found = np.asarray(value) if isinstance(value, (int, float, np.ndarray)) else np.zeros(0)
    if found.dtype.kind not in "iuf":
        return frozenset()
    return frozenset(int(item) for item in found.ravel().tolist() if float(item).is_integer())


def _indices_per_image(value: Any, count: int) -> list[frozenset[int]]:
    if isinstance(value, Cell) and len(value.items) == count:
        return [indices(item) for item in value.items]
    return [frozenset()] * count


def _groups(folder: Path, count: int, source: Source) -> list[list[frozenset[int]]]:
    """Groups of rectangles per image from the file beside the release; empty when there is none.

    Raises:
        FormatError: P204 when the file has another number of images.
    """
    for name in GROUP_FILES:
        path = folder / name
        if not os.path.isfile(path):
            continue
        document = Document.open(path, source.limits)
        cells = mat_arrays.load(document, frozenset({"groups"})).get("groups")
        if not isinstance(cells, Cell) or len(cells.items) != count:
            have = len(cells.items) if isinstance(cells, Cell) else 0
            raise error_of(
                [Fault("P204", shown(path), f"has groups of {have} images", f"{count}, as the release has")]
            )
        return [
            [indices(group) for group in item.items] if isinstance(item, Cell) else [indices(item)]
            for item in cells.items
        ]
    return []


def _members(groups: list[frozenset[int]], single: frozenset[int]) -> dict[int, int]:
    """Group of each rectangle (one-based) of an image: groups with a separated person are left out."""
    out: dict[int, int] = {}
    kept = [group for group in groups if group and not group & single]
    for number, group in enumerate(kept):
        out.update((rect, number) for rect in group)
    return out
