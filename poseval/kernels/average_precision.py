"""The ranking kernel: area under precision over recall for many ranked lists at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from poseval.kernels import _kernels

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# How rows of equal score are ordered.
LATER_FIRST, TOGETHER, HITS_FIRST = _kernels.LATER_FIRST, _kernels.TOGETHER, _kernels.HITS_FIRST


@dataclass(frozen=True, eq=False)
class Ranked:
    """Rows [R] grouped into cells and sorted by falling score; of equal scores the later row comes first."""

    score: Floats
    hit: Bools
    order: Ints
    start: Ints  # [C + 1]

    @staticmethod
    def of(cell: Ints, score: Floats, hit: Bools, cells: int) -> Ranked:
        """Rank rows [R]; `cell` in 0 .. cells-1."""
        order, start = _kernels.rank_rows(cell, score, cells)
        return Ranked(score, hit, order, start)

    def regrouped(self, cell: Ints, cells: int) -> Ranked:
        """The same ranking in finer or other cells [R]: rows keep their order, so nothing is sorted again."""
        order, start = _kernels.regroup_rows(self.order, np.ascontiguousarray(cell), cells)
        return Ranked(self.score, self.hit, order, start)

    def tied(self) -> Ints:
        """Rows per cell [C] that have the same score as an earlier row of the cell."""
        if not len(self.order):
            return np.zeros(len(self.start) - 1, dtype=np.int64)
        sorted_score = self.score[self.order]
        same = np.concatenate(([False], sorted_score[1:] == sorted_score[:-1]))
        same[self.start[:-1][self.start[:-1] < len(same)]] = False
        total = np.concatenate(([0], np.cumsum(same)))
        out: Ints = (total[self.start[1:]] - total[self.start[:-1]]).astype(np.int64)
        return out

    def area(self, weight: Ints, positives: Floats, ties: int) -> tuple[Floats, Ints, Ints]:
        """Area, hits and rows per cell [C] when row r stands for `weight[r]` rows.

        Precision is made monotone from the right and summed where recall steps (PASCAL VOC 2010). `positives`
        [C] is the number of things to find; the area is NaN where it is 0. TOGETHER takes rows of one score
        as one step, which is also the worst that any order of them can give; HITS_FIRST is the best.
        """
        return _kernels.average_precision(
            self.order, self.start, self.score, self.hit, weight, positives, ties
        )
