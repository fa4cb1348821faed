"""What is said of results that are read in pieces: of all of them where it can be, else of how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from poseval.benchmarks.base import Part
from poseval.checks import examine_pair
from poseval.checks.rescoring import Rescoring
from poseval.checks.totals import Totals
from poseval.errors import number_of
from poseval.poses import Ints, Notice
from poseval.poses.notices import together


class PieceNotices:
    """Notices about predictions `name` of a ground truth with so many frames, piece by piece."""

    def __init__(self, name: str, frames: int) -> None:
        self._front = f"{name}: "
        self._frames = frames
        self._checked = 0
        self._first: list[Notice] = []
        self._totals = Totals()
        self._read: list[Notice] = []

    def add(self, said: Sequence[Notice], part: Part, rescoring: Rescoring, rows: Ints) -> None:
        """What reading said of the frames `rows`, and what checks say: all of them of the first piece."""
        if not self._checked:
            self._first = examine_pair(part, rescoring)
            self._checked = len(rows)
        if self._checked < self._frames:
            self._totals.add(part)
        self._read += said

    def all(self) -> list[Notice]:
        """Every notice; with one that says how many frames were checked, where these are not all."""
        found = together(self._read)
        if self._checked == self._frames:
            return [*found, *self._first]
        sums = self._totals.notices()
        known = Totals.SUMMED | {notice.code for notice in sums}
        front = f"in the first {number_of(self._checked, 'frame')} of {self._frames:,}: "
        first = [replace(one, text=front + one.text) for one in self._first if one.code not in known]
        looked = f"predictions were checked in the first {self._checked:,} of {self._frames:,} frames"
        partly = Notice("N943", f"{self._front}{looked}; --no-stream (stream=False) checks all")
        return [*found, *sums, *first, partly]
