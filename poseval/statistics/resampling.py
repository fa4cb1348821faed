"""Intervals and tests by arithmetic on tallies: no person is looked at twice.

Units (images, or sequences for tracking) are resampled by integer weights through `reduce`: a bootstrap
sample is a weight vector, a permutation of two systems is a pair of complementary ones. Every resample has
its own random stream, seeded by (seed, index), so the result is the same with any number of threads.

Sources: Efron and Tibshirani 1993, chapters 13, 14 (percentile, BCa) and 11 (jackknife); Noreen 1989
(approximate randomisation); Phipson and Smyth 2010 (p of a randomisation test is never 0); Holm 1979.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from poseval.errors import UsageError, shown
from poseval.poses import Floats, Ints
from poseval.results.values import Interval
from poseval.threads import each

Summarise = Callable[[Ints], Sequence[Mapping[str, float]]]  # weights [B, U] -> B summaries

RESAMPLES = 1000
BLOCKS = 200  # most blocks that the jackknife leaves out, one at a time; enough for an acceleration
CHUNK = 50  # resamples that are reduced together: bounds memory at 50 weight vectors a thread
STREAM_BOOTSTRAP, STREAM_SHUFFLE = 1, 2


@dataclass(frozen=True)
class Samples:
    """A summary under many weight vectors: `keys` [S] and `values` [B, S]; NaN where undefined."""

    keys: tuple[str, ...]
    values: Floats

    def of(self, key: str) -> Floats:
        """All samples [B] of one number."""
        column: Floats = self.values[:, self.keys.index(key)]
        return column


def check_options(level: float, resamples: int, seed: int) -> None:
    """Refuse what no resampling can be done with.

    Raises:
        UsageError: P142 a level that is no share, fewer than two resamples, or a seed below 0.
    """
    real, whole = (int, float, np.floating), (int, np.integer)
    for name, value, fits, wanted in (
        ("level", level, isinstance(level, real) and 0 < level < 1, "a share between 0 and 1, such as 0.95"),
        ("resamples", resamples, isinstance(resamples, whole) and resamples >= 2, "a whole number from 2"),
        ("seed", seed, isinstance(seed, whole) and seed >= 0, "a whole number from 0"),
    ):
        if not fits:
            raise UsageError("P142", where=name, what=f"is {shown(repr(value), 40)}", wanted=wanted)


def _chunk(summarise: Summarise, weights: Ints, keys: Sequence[str]) -> list[list[float]]:
    return [[summary.get(key, math.nan) for key in keys] for summary in summarise(weights)]


def sample(
    summarise: Summarise, weights: Sequence[Ints], keys: Sequence[str], executor: Executor | None = None
) -> Samples:
    """The summary under each weight vector, in order.

    Without an `executor` threads do it: kernels release the GIL. One of processes needs a `summarise` that
    can be pickled, such as the method of an evaluation.
    """
    chunks = [np.stack(weights[first : first + CHUNK]) for first in range(0, len(weights), CHUNK)]
    if executor is not None:
        futures = [executor.submit(_chunk, summarise, chunk, keys) for chunk in chunks]
        found = [future.result() for future in futures]
    else:
        found = each(lambda chunk: _chunk(summarise, chunk, keys), chunks)
    rows = [row for part in found for row in part]
    return Samples(tuple(keys), np.array(rows, dtype=np.float64).reshape(len(weights), len(keys)))


def bootstrap_weights(units: int, resamples: int, seed: int) -> list[Ints]:
    """`resamples` multinomial weight vectors [units], each from its own stream."""
    if units < 2:
        raise UsageError(
            "P140", where="intervals", what=f"need at least 2 units to resample; there are {units}"
        )
    out = []
    for index in range(resamples):
        rng = np.random.default_rng([STREAM_BOOTSTRAP, seed, index])
        out.append(np.bincount(rng.integers(0, units, units), minlength=units).astype(np.int64))
    return out


def jackknife_weights(units: int, blocks: int = BLOCKS) -> list[Ints]:
    """Weight vectors that leave out one block of consecutive units each."""
    out = []
    for chunk in np.array_split(np.arange(units), min(units, blocks)):
        weight = np.ones(units, dtype=np.int64)
        weight[chunk] = 0
        out.append(weight)
    return out


def percentile_interval(samples: Floats, level: float) -> tuple[float, float]:
    """Central quantiles of the defined samples; NaN when fewer than two are defined."""
    defined = samples[~np.isnan(samples)]
    if len(defined) < 2:
        return math.nan, math.nan
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def bca_interval(samples: Floats, estimate: float, jack: Floats, level: float) -> tuple[float, float]:
    """Bias-corrected and accelerated interval; the acceleration comes from the block jackknife."""
    defined = np.sort(samples[~np.isnan(samples)])
    if len(defined) < 2 or math.isnan(estimate):
        return math.nan, math.nan
    if defined[0] == defined[-1]:
        return float(defined[0]), float(defined[-1])
    normal = NormalDist()
    # Half of the ties count as below, else a discrete statistic gets a spurious bias.
    below = (np.sum(defined < estimate) + np.sum(defined <= estimate)) / (2 * len(defined))
    bias = normal.inv_cdf(min(max(float(below), 0.5 / len(defined)), 1 - 0.5 / len(defined)))
    spread = np.nanmean(jack) - jack[~np.isnan(jack)]
    power = float(np.sum(spread**2)) ** 1.5
    acceleration = float(np.sum(spread**3)) / (6 * power) if power > 0 else 0.0
    ends = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        z = bias + normal.inv_cdf(tail)
        ends.append(normal.cdf(bias + z / (1 - acceleration * z)))
    low, high = np.quantile(defined, ends)
    return float(low), float(high)


def jackknife_error(jack: Floats) -> float:
    """Standard error from block leave-outs."""
    defined = jack[~np.isnan(jack)]
    count = len(defined)
    if count < 2:
        return math.nan
    return float(np.sqrt((count - 1) / count * np.sum((defined - defined.mean()) ** 2)))


def intervals(
    summarise: Summarise,
    units: int,
    *,
    level: float = 0.95,
    method: str = "percentile",
    resamples: int = RESAMPLES,
    seed: int = 0,
    executor: Executor | None = None,
) -> dict[str, Interval]:
    """An interval for every number of a summary.

    `method` is `percentile`, `bca` or `jackknife` (normal interval around the estimate from the jackknife's
    standard error: some hundred reductions instead of thousands). Undefined numbers get no interval.

    Raises:
        UsageError: P140 fewer than two units, P141 unknown method, P142 level, resamples or seed out of
            range.
    """
    if method not in ("percentile", "bca", "jackknife"):
        raise UsageError(
            "P141", where=f"method {method!r}", what="is not known", wanted="percentile, bca or jackknife"
        )
    check_options(level, resamples, seed)
    estimate = dict(summarise(np.ones((1, units), dtype=np.int64))[0])
    keys = [key for key, value in estimate.items() if not math.isnan(value)]
    out: dict[str, Interval] = {}
    jack = (
        sample(summarise, jackknife_weights(units), keys, executor)
        if method != "percentile" and units > 1
        else None
    )
    if method == "jackknife":
        if jack is None:
            raise UsageError("P140", where="intervals", what=f"need at least 2 units; there are {units}")
        z = NormalDist().inv_cdf((1 + level) / 2)
        for key in keys:
            half = z * jackknife_error(jack.of(key))
            out[key] = Interval(estimate[key] - half, estimate[key] + half, level, method)
        return out
    found = sample(summarise, bootstrap_weights(units, resamples, seed), keys, executor)
    for key in keys:
        if jack is None:
            low, high = percentile_interval(found.of(key), level)
        else:
            low, high = bca_interval(found.of(key), estimate[key], jack.of(key), level)
        if not math.isnan(low):
            out[key] = Interval(low, high, level, method)
    return out


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the given order; NaN stays NaN and does not count."""
    defined = [index for index, p in enumerate(p_values) if not math.isnan(p)]
    out = list(p_values)
    running = 0.0
    for rank, index in enumerate(sorted(defined, key=lambda i: p_values[i])):
        running = max(running, min(1.0, (len(defined) - rank) * p_values[index]))
        out[index] = running
    return out


def shuffle_signs(units: int, rounds: int, seed: int) -> list[Ints]:
    """`rounds` vectors [units] of 0 / 1: which units exchange their systems."""
    return [
        np.random.default_rng([STREAM_SHUFFLE, seed, index]).integers(0, 2, units).astype(np.int64)
        for index in range(rounds)
    ]


def randomisation_p(observed: float, shuffled: Floats) -> float:
    """Two-sided p of an observed difference among shuffled ones; never 0, the observed one counts."""
    defined = shuffled[~np.isnan(shuffled)]
    if math.isnan(observed) or not len(defined):
        return math.nan
    # A relative tolerance keeps shuffles that give the same difference in another order of additions.
    extreme = np.abs(defined) >= abs(observed) * (1 - 1e-12)
    return float((1 + extreme.sum()) / (1 + len(defined)))
