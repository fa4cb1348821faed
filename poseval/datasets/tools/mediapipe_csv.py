"""Tables of MediaPipe landmarks as people write them: which column holds what.

There is no official csv of frames. Three forms are common: a column for each landmark's number (`x_0`,
`x0`, `0_x`, `landmark_0_x`), one for its name (`NOSE_x`, `nose.x`), and a line for each landmark of a frame
(`frame,landmark,x,y,...`). The first two have one person per line. Numbers count from 0, or from 1 if no
column has a 0 and one has 33.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from poseval.datasets.containers.text_table import numbers_of
from poseval.datasets.files.document import Document
from poseval.errors import Faults, shown
from poseval.poses import Floats
from poseval.skeletons import get_skeleton

LANDMARKS = 33
_PART = r"(?P<part>x|y|z|v|visibility|presence|score|confidence)"
_NUMBERED = tuple(
    re.compile(form)
    for form in (rf"{_PART}[_.]?(?P<n>\d+)", rf"(?:landmark|lm|kp|point|joint)?[_.]?(?P<n>\d+)[_.]?{_PART}")
)
_NAMED = re.compile(rf"(?P<name>[a-z][a-z_ ]*)[_. ]{_PART}")
_SEEN = ("visibility", "v", "score", "confidence")
FRAME = (
    *("frame", "frame_id", "frame_idx", "frame_number", "frame_no", "frame_num", "image", "image_name"),
    *("file_name", "filename", "img", "timestamp", "time"),
)
LANDMARK = ("landmark_id", "landmark_index", "landmark_idx", "landmark_name", "landmark", "keypoint", "joint")
PERSON = ("person", "person_id", "pose_id", "track_id")


@dataclass(frozen=True)
class Wide:
    """One person per line: the column of each landmark's x, y and visibility (-1: none), and of the frame."""

    columns: tuple[tuple[int, int, int], ...]
    frame: int
    others: tuple[str, ...]


@dataclass(frozen=True)
class Long:
    """One landmark per line: columns of frame, person, landmark, x, y and visibility (-1: none)."""

    frame: int
    person: int
    landmark: int
    x: int
    y: int
    seen: int
    others: tuple[str, ...]


def layout(header: Sequence[str]) -> Wide | Long | None:
    """What the columns of a header hold; None if they are not landmarks."""
    names = [name.strip().strip("\ufeff").lower() for name in header]
    frame = next((names.index(name) for name in FRAME if name in names), -1)
    landmark = next((names.index(name) for name in LANDMARK if name in names), -1)
    if landmark >= 0 and "x" in names and "y" in names and frame >= 0:
        seen = next((names.index(name) for name in _SEEN if name in names), -1)
        person = next((names.index(name) for name in PERSON if name in names), -1)
        used = {frame, landmark, names.index("x"), names.index("y"), seen, person}
        others = _others(names, used, ("z", "presence", *LANDMARK))
        return Long(frame, person, landmark, names.index("x"), names.index("y"), seen, others)
    found = _wide(names)
    if found is None:
        return None
    used = {at for columns in found for at in columns} | {frame}
    return Wide(found, frame, _others(names, used, ()))


def landmark_of(text: str) -> int | None:
    """The number of a landmark from its number or name."""
    word = text.strip().lower().replace(" ", "_").removeprefix("poselandmark.")
    joints = get_skeleton("mediapipe33").joints
    if word.isdecimal() and len(word) < 4:
        return int(word) if int(word) < LANDMARKS else None
    return joints.index(word) if word in joints else None


def _wide(names: Sequence[str]) -> tuple[tuple[int, int, int], ...] | None:
    place: dict[tuple[int, str], int] = {}
    for at, name in enumerate(names):
        key = _landmark_column(name)
        if key is not None:
            place.setdefault(key, at)
    numbers = {number for number, _ in place}
    first = 1 if 0 not in numbers and LANDMARKS in numbers else 0
    wanted = range(first, first + LANDMARKS)
    if numbers - set(wanted) or not all((number, part) in place for number in wanted for part in "xy"):
        return None  # another number of points are another program's
    return tuple((place[n, "x"], place[n, "y"], place.get((n, "visibility"), -1)) for n in wanted)


def _landmark_column(name: str) -> tuple[int, str] | None:
    for form in _NUMBERED:
        match = form.fullmatch(name)
        if match and len(match["n"]) < 4:
            return int(match["n"]), _part(match["part"])
    match = _NAMED.fullmatch(name)
    number = landmark_of(match["name"]) if match else None
    return None if match is None or number is None else (number, _part(match["part"]))


def _part(text: str) -> str:
    return "visibility" if text in _SEEN else text


def _others(names: Sequence[str], used: set[int], known: Sequence[str]) -> tuple[str, ...]:
    """Columns that are not read; z and presence are passed over without being counted."""
    depth = re.compile(r"(.*[_. ])?(z|presence)([_.]?\d+)?")
    return tuple(
        name
        for at, name in enumerate(names)
        if at not in used and name not in known and not depth.fullmatch(name)
    )


def points_of(document: Document, rows: list[list[str]], found: Wide | Long) -> tuple[list[str], Floats]:
    """Frame and points [33, 3] (x, y, visibility) of each person; NaN for an empty cell.

    Raises:
        FormatError: P204 lines of other lengths, P203 and P301 cells that are not numbers, P311 an unknown
            landmark, P205 a landmark that occurs twice.
    """
    return (
        _points_of_lines(document, rows, found)
        if isinstance(found, Wide)
        else _points_of_landmarks(document, rows, found)
    )


def _points_of_lines(document: Document, rows: list[list[str]], found: Wide) -> tuple[list[str], Floats]:
    """Name and points [33, 3] of each line."""
    faults = Faults()
    names, points = [], []
    for number, cells in enumerate(rows[1:], start=2):
        where = f"{document.name}: line {number}"
        if len(cells) != len(rows[0]):
            faults.add("P204", where=where, what=f"has {len(cells)} cells", wanted=f"{len(rows[0])} cells")
            continue
        flat = [cells[at] if at >= 0 else "" for columns in found.columns for at in columns]
        values = numbers_of(flat, where, faults, missing=True)
        if values is not None:
            names.append(cells[found.frame] if found.frame >= 0 else str(number - 2))
            points.append(values)
    faults.raise_if_any()
    return names, np.asarray(points, dtype=np.float64).reshape(-1, LANDMARKS, 3)


def _points_of_landmarks(document: Document, rows: list[list[str]], found: Long) -> tuple[list[str], Floats]:
    """Frame and points [33, 3] of each person whose landmarks stand line by line."""
    faults = Faults()
    people: dict[tuple[str, str], dict[int, list[float]]] = {}
    for number, cells in enumerate(rows[1:], start=2):
        where = f"{document.name}: line {number}"
        if len(cells) != len(rows[0]):
            faults.add("P204", where=where, what=f"has {len(cells)} cells", wanted=f"{len(rows[0])} cells")
            continue
        landmark = landmark_of(cells[found.landmark])
        flat = [cells[found.x], cells[found.y], cells[found.seen] if found.seen >= 0 else ""]
        values = numbers_of(flat, where, faults, missing=True)
        if landmark is None:
            what = f"has the landmark {shown(cells[found.landmark], 30)!r}"
            faults.add("P311", where=where, what=what, wanted="a number from 0 to 32, or a name")
        elif values is not None:
            person = people.setdefault(
                (cells[found.frame], cells[found.person] if found.person >= 0 else ""), {}
            )
            if landmark in person:
                what = "has a landmark of its frame a second time"
                faults.add(
                    "P205", where=where, what=what, wanted="a column `person` where a frame has several"
                )
            person[landmark] = values
    faults.raise_if_any()
    points = np.full((len(people), LANDMARKS, 3), np.nan)
    for row, found_points in enumerate(people.values()):
        for landmark, values in found_points.items():
            points[row, landmark] = values
    return [frame for frame, _ in people], points
