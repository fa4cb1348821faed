"""The interval of a gap: the largest minus the smallest number over groups of units or people.

The gap of a sample is too large on average, because noise makes some group the best. So every difference of
two groups gets Student's interval at a level that holds for all of them at once (Bonferroni). Together they
bound the largest difference, which gives an interval of the gap that covers at least as often as it claims.
Groups are compared on the same units, so that common variation cancels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

from poseval.errors import shown
from poseval.results.values import Interval
from poseval.scoring.slice_numbers import Gap
from poseval.statistics.influence import Influence
from poseval.statistics.student import t_quantile

METHOD = "simultaneous"


def gap_interval(gap: Gap, moves: Influence, found: Mapping[str, Interval], ways: int) -> Interval:
    """The interval of a gap from the influences of its groups; `ways` are clusterings that cross."""
    members = [found[key] for key in gap.keys]
    basis = replace(
        members[0],
        low=math.nan,
        high=math.nan,
        method=METHOD,
        seed=None,
        resamples=moves.replicates,
        undefined=max(member.undefined for member in members),
        error=math.nan,
        effective=math.nan,
        design_effect=math.nan,
        largest=math.nan,
        largest_unit="",
        why="",
    )
    if ways > 1:
        return replace(basis, why="two clusters that cross are not for gaps")
    for key, member in zip(gap.keys, members, strict=True):
        if not member.given:
            return replace(basis, why=f"{shown(key)}: {member.why}")
        if member.method == "exact":
            return replace(basis, why=f"{shown(key)} is at the end of what it can be")
    low, high = _ends(gap, moves, members[0].level)
    return replace(basis, low=low, high=min(high, gap.number.bounds[1] - gap.number.bounds[0]))


def _ends(gap: Gap, moves: Influence, level: float) -> tuple[float, float]:
    pairs = list(combinations([moves.at(key) for key in gap.keys], 2))
    tail = (1 - level) / 2 / len(pairs)
    low = high = 0.0
    for one, two in pairs:
        off = moves.left_out[:, one] - moves.left_out[:, two]
        count = len(off)
        error = math.sqrt((count - 1) / count * float(((off - off.mean()) ** 2).sum()))
        half = t_quantile(1 - tail, _freedom(moves, one, two)) * error
        apart = abs(float(moves.value[one] - moves.value[two]))
        low, high = max(low, apart - half), max(high, apart + half)
    return low, high


def _freedom(moves: Influence, one: int, two: int) -> float:
    """Welch's degrees of freedom of a difference of two numbers that have intervals, so errors above 0."""
    first, second = float(moves.error[one] ** 2), float(moves.error[two] ** 2)
    spread = first**2 / float(moves.freedom[one]) + second**2 / float(moves.freedom[two])
    return (first + second) ** 2 / spread
