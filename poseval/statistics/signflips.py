"""Sign flips: how often a difference this large arises if each unit exchanges the two systems at random.

Each unit contributes a part to the difference (`influence.Influence.contributions`); if the systems were
equal, its sign would be random. Several numbers share the random signs: step-down max-T (Westfall and Young
1993, 2.6) keeps the probability of any false alarm at the level, and loses little power for correlated
numbers.

Sources: Fisher 1935; Westfall and Young 1993; Phipson and Smyth 2010 (a p of random flips is never 0).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from poseval.errors import UsageError
from poseval.poses import Array, Floats, Ints
from poseval.statistics.options import count_of
from poseval.statistics.weights import ENUMERATED, SIGNS_A_STREAM, every_sign, random_signs
from poseval.threads import each, thread_limit

LEAST, MOST = 1000, 20_000  # rounds to begin with, and up to which they are added where p is close to alpha
HIGHEST = 1_000_000  # rounds: what patience lasts for, and what can be asked for
CLOSE = 1e-9  # sums in another order are equal

Counts = tuple[int, Ints, Floats]


@dataclass(frozen=True, eq=False)
class Tests:
    """p-values [K] of K numbers: `raw` of each alone, `adjusted` for all, and the `error` of the latter.

    The error is that of random flips; 0 if all combinations were computed (`complete`) or no flips were
    needed.
    """

    raw: Floats
    adjusted: Floats
    error: Floats
    rounds: int
    complete: bool


def least_p(groups: int, *, one_sided: bool = False) -> float:
    """The smallest p that sign flips of this many groups can give."""
    return math.ldexp(1.0 if one_sided else 2.0, -groups)


def too_rare(groups: int, alpha: float) -> bool:
    """Whether sign flips of this many groups cannot reach alpha: too few groups, or too many flips needed."""
    return least_p(groups, one_sided=True) > alpha or 20 / alpha > HIGHEST


def rounds_for(tests: int, alpha: float, asked: int | None = None) -> int:
    """How many random flips this many tests need: their smallest p must be well below alpha / tests.

    A million at most, as the maximum over the tests needs no more (`too_rare`).

    Raises:
        UsageError: P142 not a number, P167 fewer than needed.
    """
    needed = min(max(LEAST, math.ceil(20 * tests / alpha)), HIGHEST)
    if asked is not None and count_of(asked) < needed:
        raise UsageError(
            "P167",
            where=f"{asked:,} resamples",
            what=f"are too few for m = {tests:,} tests at alpha = {alpha:g}",
            wanted=f"max({LEAST:,}, 20 m / alpha) = {needed:,} or more",
            hint="leave --resamples out, and as many as are needed are made",
        )
    return needed if asked is None else asked


def flip_test(
    contributions: Floats, *, alpha: float, rounds: int, seed: int, one_sided: bool = False
) -> Tests:
    """Test K differences [G, K] from the contributions of G groups; a column with NaN has no p.

    With up to 12 groups all signs are used. With more, `rounds` random ones, and up to 20,000 while the
    adjusted p of a number is so close to alpha that its Monte Carlo error could decide. `one_sided` tests for
    a sum above 0.
    """
    groups, width = contributions.shape
    complete = groups <= ENUMERATED
    known = np.flatnonzero(~np.isnan(contributions).any(axis=0))
    columns = _scaled(contributions[:, known])
    order = np.argsort(-_statistic(columns.sum(axis=0), one_sided), kind="stable")
    columns = columns[:, order]
    seen = _statistic(columns.sum(axis=0), one_sided) - CLOSE
    above, highest, done = np.zeros(len(known)), np.zeros(len(known)), 0
    count = partial(_counts, columns, seen, one_sided)
    for flips, own_above, own_highest in (
        [count(every_sign(groups))] if complete else _streams(count, groups, seed, rounds)
    ):
        above += own_above
        highest += own_highest
        done += flips
        if not complete and done >= rounds and (done >= MOST or not _close(highest, done, alpha)):
            break
    own = 0 if complete else 1  # the signs as they are belong to the flips, too
    raw, adjusted = (above + own) / (done + own), (highest + own) / (done + own)
    adjusted = np.maximum.accumulate(adjusted)
    error = np.zeros(len(known)) if complete else np.sqrt(adjusted * (1 - adjusted) / done)
    out = np.full((3, width), math.nan)
    out[:, known[order]] = raw, adjusted, error
    return Tests(out[0], out[1], out[2], done, complete)


def _counts(columns: Floats, seen: Floats, one_sided: bool, signs: Array) -> Counts:
    """Of signs [B, G]: how many, and how often each number [K] is as high as seen, alone and with others."""
    found = _statistic(columns.T @ signs.T.astype(np.float64), one_sided)
    return len(signs), np.count_nonzero(found >= seen[:, None], axis=1), _highest(found, seen)


def _highest(found: Floats, seen: Floats) -> Floats:
    """How often a number or one below it [K, B] is as high as seen [K]; numbers fall in their order."""
    highest, out = np.full(found.shape[1], -math.inf), np.zeros(len(seen))
    for place in range(len(seen))[::-1]:
        np.maximum(highest, found[place], out=highest)
        out[place] = np.count_nonzero(highest >= seen[place])
    return out


def _streams(count: Callable[[Array], Counts], groups: int, seed: int, rounds: int) -> Iterator[Counts]:
    """Counts of one stream of random signs after the other, several of them by threads."""
    first = 0
    few = min(thread_limit(), math.ceil(rounds / SIGNS_A_STREAM))  # more are hardly ever needed
    while True:
        yield from each(lambda stream: count(random_signs(groups, seed, stream)), range(first, first + few))
        first, few = first + few, thread_limit()


def _scaled(contributions: Floats) -> Floats:
    """Contributions over the root of their squares, so that numbers of any spread compare in a maximum."""
    size = np.sqrt((contributions**2).sum(axis=0))
    out: Floats = np.divide(contributions, size, out=np.zeros_like(contributions), where=size > 0)
    return out


def _statistic(sums: Floats, one_sided: bool) -> Floats:
    """What is compared; `sums` are overwritten."""
    return sums if one_sided else np.abs(sums, out=sums)


def _close(above: Floats, rounds: int, alpha: float) -> bool:
    p = (above + 1) / (rounds + 1)
    return bool((np.abs(p - alpha) <= 2 * np.sqrt(p * (1 - p) / rounds)).any())
