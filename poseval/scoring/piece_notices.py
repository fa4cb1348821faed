"""What is said of results that are read in pieces: of all of them where it can be, else of how many."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from poseval.benchmarks.base import Part
from poseval.checks import examine_pair
from poseval.checks.rescoring import Rescoring
from poseval.checks.totals import Totals
from poseval.errors import number_of
from poseval.poses import Ints, Notice

_NUMBER = r"(?<![\w.,-])\d[\d,]*(?![\w-]|[.,]\w)"
_KIND = re.compile(rf"\([^)]*\)|({_NUMBER})(?: (\w+?)s?\b)?")
_COUNTED = re.compile(rf"({_NUMBER})(?: of ({_NUMBER}))?( \w+)?")


class PieceNotices:
    """Notices about predictions `name` of a ground truth with so many frames, piece by piece."""

    def __init__(self, name: str, frames: int) -> None:
        self._front = f"{name}: "
        self._frames = frames
        self._checked = 0
        self._first: list[Notice] = []
        self._totals = Totals()
        self._read: list[Sequence[Notice]] = []

    def add(self, said: Sequence[Notice], part: Part, rescoring: Rescoring, rows: Ints) -> None:
        """What reading said of the frames `rows`, and what checks say: all of them of the first piece."""
        if not self._read:
            self._first = examine_pair(part, rescoring)
            self._checked = len(rows)
        if self._checked < self._frames:
            self._totals.add(part)
        self._read.append(said)

    def all(self) -> list[Notice]:
        """Every notice; with one that says how many frames were checked, where these are not all."""
        found = folded(self._read, self._front)
        if self._checked == self._frames:
            return [*found, *self._first]
        sums = self._totals.notices()
        known = Totals.SUMMED | {notice.code for notice in sums}
        front = f"in the first {number_of(self._checked, 'frame')} of {self._frames:,}: "
        first = [replace(one, text=front + one.text) for one in self._first if one.code not in known]
        looked = f"predictions were checked in the first {self._checked:,} of {self._frames:,} frames"
        partly = Notice("N943", f"{self._front}{looked}; --no-stream (stream=False) checks all")
        return [*found, *sums, *first, partly]


def folded(pieces: Iterable[Sequence[Notice]], front: str = "") -> list[Notice]:
    """Notices of consecutive pieces: what several of them say with other numbers is said once, with sums.

    `front` is what texts begin with, in which no number is looked for.
    """
    same: dict[tuple[str, str, int], list[Notice]] = {}
    for notices in pieces:
        seen: Counter[tuple[str, str]] = Counter()
        for notice in notices:
            kind = notice.code, _KIND.sub(_without_number, notice.text.removeprefix(front))
            same.setdefault((*kind, seen[kind]), []).append(notice)
            seen[kind] += 1
    return [several[0] if len(several) == 1 else _summed(several, front) for several in same.values()]


def _without_number(found: re.Match[str]) -> str:
    """Numbers count, but those in brackets, which are names."""
    return found.group() if found.group(1) is None else f"# {found.group(2)}"


def _summed(several: Sequence[Notice], front: str) -> Notice:
    """One notice for all, with the sum of the number that each of them shows."""
    first = several[0]
    shown = [_shown(notice, front) for notice in several]
    begin = shown[0]
    if begin is None:
        return replace(first, count=max(notice.count for notice in several))
    total = sum(notice.count for notice in several)
    of = [_whole(found.group(2)) for found in shown if found is not None and found.group(2)]
    noun = begin.group(3) or ""
    if of:
        text = f"{total} of {sum(of)}{noun}"
    else:
        text = f"{total:,}{noun}" + ("s" if noun and first.count == 1 and not noun.endswith("s") else "")
    body = first.text.removeprefix(front)
    start = first.text[: len(first.text) - len(body)]
    return replace(first, text=start + body[: begin.start()] + text + body[begin.end() :], count=total)


def _shown(notice: Notice, front: str) -> re.Match[str] | None:
    """Where the text has the count."""
    body = notice.text.removeprefix(front)
    return next((found for found in _COUNTED.finditer(body) if _whole(found.group(1)) == notice.count), None)


def _whole(text: str) -> int:
    return int(text.replace(",", ""))
