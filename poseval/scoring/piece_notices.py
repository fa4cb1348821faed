"""What is said of results that are read in pieces: of all of them where it can be, else of how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from poseval.checks import Examined, examine_set, examined_pair, examined_scored, listed
from poseval.checks.totals import Totals
from poseval.datasets.base import Role
from poseval.errors import number_of
from poseval.poses import Ints, Notice
from poseval.poses.notices import together
from poseval.scoring.plan import Matched


class PieceNotices:
    """Notices about predictions `name`, piece by piece; `whole` is their ground truth beside nobody."""

    def __init__(self, name: str, whole: Matched) -> None:
        self._front = f"{name}: "
        self._whole = whole
        self._frames = len(whole.rescoring.truth.frames)
        self._checked = 0
        self._first: Examined = {}
        self._totals = Totals(whole.parts[0])
        self._read: list[Notice] = []
        self._paired: list[Notice] = []

    def add(self, read: Sequence[Notice], matched: Matched, rows: Ints) -> None:
        """What reading said of the frames `rows`, and what checks say: all of them of the first piece."""
        part = matched.parts[0]
        if not self._checked:
            self._first = examined_pair(part, matched.rescoring)
            self._checked = len(rows)
        if self._checked < self._frames:
            self._totals.add(part)
        self._read += read
        self._paired += matched.notices

    def of_reading(self) -> list[Notice]:
        """What was said of reading the results, and of bringing them together with the ground truth."""
        return [*together(self._read), *together(self._paired)]

    def of_checks(self, whole_by: str) -> list[Notice]:
        """What checks found in both files, in their order.

        Where they did not look at all frames, a notice says so, with the options `whole_by` which they do.
        """
        found = examine_set(self._whole.rescoring.truth, Role.TRUTH, paired=True)
        if self._checked == self._frames:
            return found + listed(self._first)
        front = f"in the first {number_of(self._checked, 'frame')} of {self._frames:,}: "
        known = self._totals.examined() | examined_scored(self._whole.parts[0], self._whole.rescoring)
        first = {
            name: known.get(name, [replace(one, text=front + one.text) for one in told])
            for name, told in self._first.items()
        }
        looked = f"predictions were checked in the first {self._checked:,} of {self._frames:,} frames"
        return [*found, *listed(first), Notice("N943", f"{self._front}{looked}; {whole_by} checks all")]
