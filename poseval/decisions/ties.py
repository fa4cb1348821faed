"""Which entries of a board the data order: by paired tests of saved runs, else by overlap of intervals.

To be distinguished by overlap, two systems must differ more than twice as much as for a paired test on the
same units. The best rank of an entry is one more than the number of entries that are certainly above it.

Sources: Westfall and Young 1993 (max-T over all pairs); Al Mohamad, Goeman and van Zwet 2022 (ranks).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from poseval.errors import number_of
from poseval.poses import Bools, Floats
from poseval.processes import each_apart
from poseval.results.values import Interval
from poseval.scoring.evaluation import Evaluation
from poseval.statistics.clusters import clusters_of, together
from poseval.statistics.comparison import check_paired
from poseval.statistics.multiplicity import holm
from poseval.statistics.pairs import TOO_FEW
from poseval.statistics.signflips import flip_test, least_p, rounds_for
from poseval.statistics.support import why_not
from poseval.statistics.training import Gap, Side

VALUES = "values only, because no entry has an interval"


@dataclass(frozen=True, eq=False)
class Ties:
    """`apart` [S, S] says which entries the data order, best first; `how` says by what.

    Entries that are not `known` [S] may have any rank.
    """

    how: str
    apart: Bools
    known: Bools

    def ranks(self, place: int) -> tuple[int, int]:
        """The best and the worst rank that the entry at a place may have."""
        count = len(self.apart)
        if not self.known[place]:
            return 1, count
        above, below = self.apart[:place, place].sum(), self.apart[place, place + 1 :].sum()
        return 1 + int(above), count - int(below)


def by_tests(runs: Sequence[Evaluation], key: str, level: float) -> Ties:
    """Paired tests of all pairs, best first, corrected for all of them.

    Raises:
        MismatchError: P421 runs on other units.
    """
    count, alpha = len(runs), 1 - level
    for run in runs[1:]:
        check_paired(runs[0], run, ("one entry", "another"), ignoring={"poseval"})
    ways = clusters_of(runs[0])
    clusters = together(ways)
    apart = np.zeros((count, count), dtype=np.bool_)
    if clusters.count < 2:
        how = f"values alone: one {clusters.name} says nothing about others"
        return Ties(how, apart, np.ones(count, dtype=np.bool_))
    sides = each_apart(lambda run: Side.of([run], ways, [key]), runs)
    known = np.array([not _why_not(side, clusters.name) for side in sides])
    pairs = [(i, j) for i, j in combinations(range(count), 2) if known[i] and known[j]]
    units = f"{number_of(clusters.count, 'unit')} ({clusters.name})"
    if not pairs:
        why = f"{number_of(int(known.sum()), 'entry', 'entries')} with a number that can be tested"
        reasons = dict.fromkeys(filter(None, (_why_not(side, clusters.name) for side in sides)))
        return Ties(f"nothing was tested on {units}: {why} ({'; '.join(reasons)})", apart, known)
    flips = Gap.between(sides[pairs[0][1]], sides[pairs[0][0]]).flips  # all sides are of one run
    test, corrected = ("sign-flip", "max-T") if flips else ("t", "Holm")
    how = f"paired {test} tests on {units}, {corrected} over {number_of(len(pairs), 'pair')}"
    p = _of_flips(sides, pairs, alpha) if flips else _of_student(sides, pairs)
    if p is None:
        return Ties(f"{how}: {TOO_FEW}", apart, known)
    for (i, j), found in zip(pairs, p.tolist(), strict=True):
        apart[i, j] = found <= alpha
    return Ties(f"{how}, {100 * level:g} %", apart, known)


def _of_student(sides: Sequence[Side], pairs: Sequence[tuple[int, int]]) -> Floats:
    """p of each pair, adjusted for all of them."""
    return holm(np.array([Gap.between(sides[j], sides[i]).student[0] for i, j in pairs]))


def _of_flips(sides: Sequence[Side], pairs: Sequence[tuple[int, int]], alpha: float) -> Floats | None:
    """The same by sign flips; None where no p could reach alpha."""
    found = [sides[i].influence.minus(sides[j].influence) for i, j in pairs]
    parts = np.stack([one.contributions[:, 0] for one in found], axis=1)
    if least_p(len(parts)) > alpha:
        return None
    # One verdict over all pairs: its p is that of the maximum, which so many flips show however many pairs.
    return flip_test(parts, alpha=alpha, rounds=rounds_for(1, alpha), seed=0).adjusted


def _why_not(side: Side, cluster: str) -> str:
    found = side.influence
    if math.isnan(found.value[0]):
        return "undefined"
    return why_not(int(side.support[0]), float(found.undefined[0]), cluster)


def by_overlap(values: Sequence[float], intervals: Sequence[Interval | None]) -> Ties:
    """Intervals, made in one way, that do not meet, best first; entries without one may have any rank."""
    count = len(values)
    given = [interval for interval in intervals if interval is not None]
    apart = np.zeros((count, count), dtype=np.bool_)
    known = np.array([interval is not None for interval in intervals])
    if not given:
        for i, j in combinations(range(count), 2):
            apart[i, j] = values[i] != values[j]
        return Ties(VALUES, apart, np.ones(count, dtype=np.bool_))
    for i, j in combinations(range(count), 2):
        a, b = intervals[i], intervals[j]
        apart[i, j] = a is not None and b is not None and (a.low > b.high or b.low > a.high)
    level = f"{100 * given[0].level:g} % {given[0].method}"
    return Ties(f"overlap of {level} intervals; paired tests need saved runs", apart, known)


def by_both(overlap: Ties, tests: Ties, tested: Sequence[int]) -> Ties:
    """Paired tests of the entries at the places `tested`, and overlap of intervals between all others.

    Values without intervals order nothing beside tests.
    """
    apart, known = overlap.apart.copy(), overlap.known.copy()
    if overlap.how == VALUES:
        apart[:], known[:] = False, False
        overlap = replace(overlap, how="nothing, because no entry has an interval")
    apart[np.ix_(tested, tested)] = tests.apart
    known[list(tested)] |= tests.known
    return Ties(f"{tests.how}; others by {overlap.how}", apart, known)
