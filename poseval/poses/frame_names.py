"""Finding the frames of one set among those of another by their names.

Ways are tried in a fixed order: key, file name, file stem, number at the end of the stem. The first way on
which every frame finds exactly one partner is taken. Where a later way would pair other frames, the names
are ambiguous and the pairing is refused until one way is named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from poseval.errors import shown
from poseval.poses import Frames, Ints

WAYS = ("key", "file name", "stem", "number")
# Only these are cut off: the name `walk.v2` of a video has no extension.
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif")
VIDEOS = (".mp4", ".avi", ".mov", ".mkv")
EXTENSIONS = frozenset((*PICTURES, *VIDEOS, ".json", ".txt", ".xml", ".csv", ".pts"))
_DIGITS = re.compile(r"(\d+)\D*$")
_MOST_DIGITS = 18  # int64 holds all numbers of so many digits


@dataclass(frozen=True)
class Placement:
    """Row [F] of each frame among the others (-1: none), by which way, and which ways disagree with it.

    `way` is None when no way finds them all; `row` is then of the way that finds most, `missing` the frames
    that it does not find. `twice` is true when a way finds all frames, but two in one place or a name twice.
    `doubt` says of one frame what it could be, where others disagree or a name occurs twice.
    """

    row: Ints
    way: str | None
    others: tuple[str, ...] = ()
    twice: bool = False
    missing: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    doubt: str = ""


def file_name(path: str) -> str:
    """Last part of a path written with slashes of either kind."""
    return path.replace("\\", "/").rsplit("/", 1)[-1]


def stem(path: str) -> str:
    """File name without the extension of an image, video or annotation file."""
    name = file_name(path)
    cut = name.rfind(".")
    return name[:cut] if cut > 0 and name[cut:].lower() in EXTENSIONS else name


def has_extension(path: str) -> bool:
    """Whether a name ends like that of an image, video or annotation file."""
    return stem(path) != file_name(path)


def number(path: str) -> int:
    """The last number in a file's stem, -1 where there is none."""
    found = _DIGITS.search(stem(path))
    return int(found[1]) if found and len(found[1]) <= _MOST_DIGITS else -1


def named(frames: Frames) -> list[str]:
    """File name as the annotation gives it, the key where it gives none."""
    return [path or key for path, key in zip(frames.path.tolist(), frames.key.tolist(), strict=True)]


def labels(frames: Frames, way: str) -> list[str]:
    """What each frame is called on a way; empty where it has no such name."""
    if way == "key":
        return [str(key) for key in frames.key.tolist()]
    paths = named(frames)
    if way == "file name":
        return paths
    if way == "stem":
        return [stem(path) for path in paths]
    numbers = [number(path) for path in paths]
    return ["" if value < 0 else str(value) for value in numbers]


def place(theirs: Frames, ours: Frames, used: Ints, ways: Sequence[str] = WAYS) -> Placement:
    """Row of each of their frames among ours; only the frames `used` must be found."""
    best = np.full(len(theirs), -1, dtype=np.int64)
    missing = used
    taken: tuple[str, Ints] | None = None
    twice = False
    doubt = ""
    others: list[str] = []
    for way in ways:
        row, unique = _rows(labels(theirs, way), labels(ours, way))
        absent = used[row[used] < 0]
        if len(absent) or not len(used):
            if len(absent) < len(missing):
                best, missing = row, absent
            continue
        if not unique or len(np.unique(row[used])) < len(used):
            doubt = doubt or _doubled(theirs, ours, used, way)
            twice = twice or taken is None
            continue
        if taken is None:
            taken = (way, row)
        elif not np.array_equal(row[used], taken[1][used]):
            if not others:
                doubt = _disputed(theirs, ours, used, taken, (way, row))
            others.append(way)
    if taken is not None:
        return Placement(taken[1], taken[0], tuple(others), doubt=doubt if others else "")
    return Placement(best, None, (), twice, missing, doubt)


def _disputed(
    theirs: Frames, ours: Frames, used: Ints, first: tuple[str, Ints], second: tuple[str, Ints]
) -> str:
    """One frame that two ways, each with its rows, pair differently."""
    at = int(used[np.flatnonzero(first[1][used] != second[1][used])[0]])
    names = named(ours)
    places = " and ".join(f"{shown(names[rows[at]], 60)!r} by {way}" for way, rows in (first, second))
    return f"frame {shown(named(theirs)[at], 60)!r} is {places}"


def _doubled(theirs: Frames, ours: Frames, used: Ints, way: str) -> str:
    """One name that occurs twice on a way, and the two frames that have it."""
    wanted = [labels(theirs, way)[row] for row in used.tolist()]
    for table, rows in ((ours, range(len(ours))), (theirs, used.tolist())):
        first: dict[str, int] = {}
        names = labels(table, way)
        for row in rows:
            if names[row] in wanted and names[row] in first:
                pair = " and ".join(repr(shown(named(table)[at], 60)) for at in (first[names[row]], row))
                return f"{shown(names[row], 60)!r} by {way} is {pair}"
            first.setdefault(names[row], row)
    return ""


def _rows(theirs: list[str], ours: list[str]) -> tuple[Ints, bool]:
    """Row of each name, and whether none of the names found occurs twice among ours."""
    where: dict[str, int] = {}
    double: set[str] = set()
    for at, name in enumerate(ours):
        if name in where:
            double.add(name)
        where.setdefault(name, at)
    row = np.asarray([where.get(name, -1) if name else -1 for name in theirs], dtype=np.int64)
    return row, not double.intersection(name for name in theirs if name)
