"""Finding the frames of one set among those of another by their names.

Ways are tried in a fixed order: key, file name, file stem, base name, path end (the shorter of two paths is
the end of the longer, extensions aside), spelling (the stem in one case, one form of Unicode, and without the
query of an address), number at the end of the stem. The first way on which every frame finds exactly one
partner is taken, else the way that finds most. Where a later way would pair other frames, the names are
ambiguous and the pairing is refused until one way is named. A backslash separates folders, too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

import numpy as np

from poseval.errors import shown
from poseval.poses import Frames, Ints, PoseSet

WAYS = ("key", "file name", "stem", "base name", "path end", "spelling", "number")
FINER = frozenset({"base name", "path end", "spelling"})  # no other frames where an earlier way finds all
# Only these are cut off: the name `walk.v2` of a video has no extension.
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif")
VIDEOS = (".mp4", ".avi", ".mov", ".mkv")
EXTENSIONS = frozenset((*PICTURES, *VIDEOS, ".json", ".txt", ".xml", ".csv", ".pts"))
_DIGITS = re.compile(r"(?<!\d)(\d+)\D*$")  # looked for once in each run of digits
_PARTS = re.compile(r"(\d+)")
# Fraction of the ground truth's labelled frames that predictions of a whole video must be on. Two folds of
# ten share 8 of 9 of their training frames, which is less; a detector that finds nobody here and there leaves
# more.
COVERED = 0.9
_MOST_DIGITS = 18  # int64 holds all numbers of so many digits


@dataclass(frozen=True)
class Placement:
    """Row [F] of each frame among the others (-1: none), by which way, and which ways disagree with it.

    `way` is None if no way finds all frames. Then `row` is by the way `most`, which finds most of them
    (preferably without repetition), and `missing` are the frames that it does not find. `twice` is true if a
    way finds all frames, but two frames have the same partner or name. `doubt` names one frame and its
    possible partners if ways disagree or a name occurs twice.
    """

    row: Ints
    way: str | None
    others: tuple[str, ...] = ()
    twice: bool = False
    missing: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    doubt: str = ""
    most: str | None = None


def file_name(path: str) -> str:
    """Last part of a path written with slashes of either kind."""
    return path.replace("\\", "/").rpartition("/")[2]


def natural(path: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key for names: numbers in them count by value, so that `frame2` comes before `frame10`."""
    parts = _PARTS.split(path.replace("\\", "/"))
    digits = [part.lstrip("0") for part in parts]  # of any length: longer is larger, and int() has a bound
    key = [
        (0, len(digits[at]), digits[at]) if at % 2 else (1, 0, part) for at, part in enumerate(parts) if part
    ]
    return (*key, (-1, 0, path))  # `1` and `01` are not the same


def stem(path: str) -> str:
    """File name without the extension of an image, video or annotation file."""
    name = file_name(path)
    cut = name.rfind(".")
    return name[:cut] if cut > 0 and name[cut:].lower() in EXTENSIONS else name


def spelled(path: str) -> str:
    """Stem in one spelling: without the query of an address, its `%20`, upper case, or accents set apart."""
    name = unicodedata.normalize("NFC", unquote(path.partition("?")[0]))
    return stem(name.strip()).casefold()


def has_extension(path: str) -> bool:
    """Whether a name ends like that of an image, video or annotation file."""
    return stem(path) != file_name(path)


def number(path: str) -> int:
    """The last number in a file's stem, -1 where there is none."""
    found = _DIGITS.search(stem(path))
    digits = found[1] if found else ""
    return int(digits) if 0 < len(digits) <= _MOST_DIGITS else -1


def named(frames: Frames) -> list[str]:
    """File name as in the annotation, else the key."""
    return [path or key for path, key in zip(frames.path.tolist(), frames.key.tolist(), strict=True)]


def numbers(frames: Frames) -> Ints:
    """The last number [F] in the name of each frame, -1 where it has none."""
    return np.asarray([number(name) for name in named(frames)], dtype=np.int64)


def labels(frames: Frames, way: str) -> list[str]:
    """The name of each frame that a way compares; empty if it has no such name."""
    if way == "key":
        return [str(key) for key in frames.key.tolist()]
    paths = [path.replace("\\", "/") for path in named(frames)]
    if way in ("file name", "path end"):
        return paths
    if way == "base name":
        return [file_name(path) for path in paths]
    if way == "stem":
        return [stem(path) for path in paths]
    if way == "spelling":
        return [spelled(path) for path in paths]
    return ["" if value < 0 else str(value) for value in numbers(frames).tolist()]


def place(theirs: Frames, ours: Frames, used: Ints, ways: Sequence[str] = WAYS) -> Placement:
    """Find the row of each frame of `theirs` among `ours`; only the frames `used` must be found."""
    best = np.full(len(theirs), -1, dtype=np.int64)
    missing = used
    partial: list[tuple[str, Ints]] = []
    taken: tuple[str, Ints] | None = None
    twice = False
    doubt = ""
    others: list[str] = []
    for way in ways:
        if taken is not None and way in FINER:
            continue
        row, unique = (_ends if way == "path end" else _rows)(labels(theirs, way), labels(ours, way))
        absent = used[row[used] < 0]
        found = row[used][row[used] >= 0]
        sound = unique and len(np.unique(found)) == len(found)
        if len(absent) or not len(used):
            if sound and len(found):
                partial.append((way, row))
            if len(absent) < len(missing):
                best, missing = row, absent
            continue
        if not sound:
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
    if twice or not partial:
        return Placement(best, None, (), twice, missing, doubt)
    return _of_most(theirs, ours, used, partial)


def _of_most(theirs: Frames, ours: Frames, used: Ints, ways: list[tuple[str, Ints]]) -> Placement:
    """The first of the ways that find most frames, and those that find as many in other places."""
    counts = [int((row[used] >= 0).sum()) for _, row in ways]
    most = [found for found, count in zip(ways, counts, strict=True) if count == max(counts)]
    way, row = most[0]
    rivals = [found for found in most[1:] if not np.array_equal(found[1][used], row[used])]
    doubt = _disputed(theirs, ours, used, most[0], rivals[0]) if rivals else ""
    missing = used[row[used] < 0]
    return Placement(row, None, tuple(name for name, _ in rivals), False, missing, doubt, way)


def labelled_frames(truth: PoseSet) -> Ints:
    """Rows of the frames with a labelled joint; of all frames where nobody has one."""
    people = truth.people
    found = np.unique(people.frame[people.is_labelled])
    return found if len(found) else np.arange(len(truth.frames))


def covered(row: Ints, wanted: Ints) -> float:
    """Fraction of the rows `wanted` that occur in `row`; 0 if none are wanted."""
    return float(np.isin(wanted, row).mean()) if len(wanted) else 0.0


def of_whole_video(row: Ints, wanted: Ints, own: Ints, theirs: Ints, *, exact: bool) -> bool:
    """Whether predicted frames that the ground truth lacks are clearly further frames of the same videos.

    `row` [P] is the place of each predicted frame among the true ones (-1 none), `wanted` those labelled,
    `own` [F] and `theirs` [P] the numbers in the names of both (-1 none). Nearly all labelled frames must be
    predicted on, and the others be more, or lie among them as frames of one video do. Without
    `exact`, all labelled frames predicted on are enough; official programs refuse a single frame too many.
    """
    share = covered(row, wanted)
    missing = row < 0
    if share < COVERED or not missing.any():
        return False
    if 2 * int(missing.sum()) > len(row) or (share == 1 and not exact):
        return True
    first, last = own[wanted].min(), own[wanted].max()
    among = ((theirs > first) & (theirs < last))[missing]
    if first < 0 or (theirs < 0).any() or not (among.any() if share == 1 else among.all()):
        return False  # a few at an end, where labelled frames lack predictions, are a shift by a frame
    return bool(len(np.unique(theirs)) >= COVERED * (theirs.max() - theirs.min() + 1))


def _disputed(
    theirs: Frames, ours: Frames, used: Ints, first: tuple[str, Ints], second: tuple[str, Ints]
) -> str:
    """One frame that two ways, each with its rows, pair differently."""
    at = int(used[np.flatnonzero(first[1][used] != second[1][used])[0]])
    names = named(ours)
    places = " and ".join(
        f"{shown(names[rows[at]], 60)!r} by {way}" if rows[at] >= 0 else f"none by {way}"
        for way, rows in (first, second)
    )
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


def _ends(theirs: list[str], ours: list[str]) -> tuple[Ints, bool]:
    """Row of each path among ours where the shorter of both ends the other; and whether it is one alone."""
    whole: dict[str, list[int]] = {}
    tails: dict[str, list[int]] = {}
    for at, path in enumerate(ours):
        found = _tails(path)
        whole.setdefault(found[0], []).append(at)
        for tail in found:
            tails.setdefault(tail, []).append(at)
    row = np.full(len(theirs), -1, dtype=np.int64)
    unique = True
    for at, path in enumerate(theirs):
        mine = _tails(path)
        found_at = tails.get(mine[0]) or next((whole[tail] for tail in mine if tail in whole), [])
        if path and found_at:
            row[at] = found_at[0]
            unique &= len(found_at) == 1
    return row, unique


def _tails(path: str) -> list[str]:
    """The path without its extension, and what stays of it without each of its first folders."""
    parts = path.strip("/").split("/")
    parts[-1] = stem(parts[-1])
    return ["/".join(parts[at:]) for at in range(len(parts))]
