"""A destroyed model: so little of the primary number is left that no statistics are needed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from poseval.results.values import Direction, Number

LEFT = 0.1  # fraction of what the baseline had; less is a broken export, a wrong file, or no model at all
TIMES = 3.0  # an error that has no upper bound, over that of the baseline
LOST = "the number has almost disappeared"
ALONE = "almost nothing is left to compute the number from"


def nearly_all_lost(baseline: float, value: float, better: str, highest: float = math.inf) -> bool:
    """Whether a number lost nine tenths of what the baseline had, or an error without bound became threefold.

    What a baseline had is its value, or for an error the distance to its upper bound `highest`. Where that is
    nothing, nothing can be lost. An undefined value is not judged here.
    """
    if better == "higher":
        return baseline > 0 and value <= LEFT * baseline
    if math.isinf(highest):
        return baseline > 0 and value >= TIMES * baseline
    return baseline < highest and highest - value <= LEFT * (highest - baseline)


def loss_from(baseline: float, number: Number) -> float:
    """The smallest drop from a baseline that loses nearly all; infinite where nothing can be lost."""
    highest = number.bounds[1]
    if number.better is Direction.HIGHER:
        return (1 - LEFT) * baseline if baseline > 0 else math.inf
    if math.isinf(highest):
        return (TIMES - 1) * baseline if baseline > 0 else math.inf
    return (1 - LEFT) * (highest - baseline) if baseline < highest else math.inf


def at_worst(baseline: float, number: Number) -> bool:
    """Whether a baseline is the worst value that the number can have, below which nothing can drop."""
    low, high = number.bounds
    return baseline <= low if number.better is Direction.HIGHER else baseline >= high


def loss_of(baseline: float, counted: int, runs: Sequence[Number]) -> str:
    """The loss of the primary number, of one run or of several, that no tolerance allows; "" if none.

    Each run is looked at by itself: a good one beside it does not make up for a destroyed one, and makes the
    spread between the two so large that no test would fail. A number of those who were found, such as the
    mean error of matched people, is good where almost nobody is found; `counted` is what the baseline's was
    computed from.
    """
    for at, number in enumerate(runs):
        which = f" in run {at + 1} of {len(runs)}" if len(runs) > 1 else ""
        if nearly_all_lost(baseline, number.value, number.better.value, number.bounds[1]):
            return f"{LOST}{which}, which no tolerance allows"
        if number.n <= LEFT * counted and counted > 0 and not math.isnan(number.value):
            return f"{ALONE}{which}, which no tolerance allows"
    return ""
