"""The ends of intervals from a standard error, from bootstrap samples, or from a count.

Sources: Efron and Tibshirani 1993, chapters 13 and 14 (percentile, BCa); Hesterberg 2015 (the expanded
percentile interval); Clopper and Pearson 1934 (exact limits).
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from poseval.poses import Floats
from poseval.results.values import Bounds
from poseval.statistics.student import t_quantile

Ends = tuple[float, float]
NORMAL = NormalDist()


def t_interval(value: float, error: float, freedom: float, level: float, bounds: Bounds) -> Ends:
    """Student's interval on a scale that keeps its ends within the bounds: logit, log, or as it is.

    The standard error is carried to that scale by its slope (delta method).
    """
    half = t_quantile((1 + level) / 2, freedom) * error
    low, high = bounds
    if not low < value < high or (math.isinf(low) and math.isinf(high)):
        return value - half, value + half
    if math.isinf(high):
        factor = _exp(half / (value - low))
        return low + (value - low) / factor, low + (value - low) * factor
    if math.isinf(low):
        factor = _exp(half / (high - value))
        return high - (high - value) * factor, high - (high - value) / factor
    odds = (value - low) / (high - value)
    factor = _exp(half * (high - low) / ((value - low) * (high - value)))
    below, above = odds / factor, odds * factor
    return low + (high - low) * below / (1 + below), high - (high - low) / (1 + above)


def _exp(value: float) -> float:
    return math.exp(min(value, 700.0))


def percentile_interval(samples: Floats, level: float, units: float, freedom: float) -> Ends:
    """Central quantiles of bootstrap samples, widened for n units as Student's t requires."""
    tail = NORMAL.cdf(-math.sqrt(units / (units - 1)) * t_quantile((1 + level) / 2, freedom))
    low, high = np.quantile(samples[~np.isnan(samples)], [tail, 1 - tail])
    return float(low), float(high)


def bca_interval(samples: Floats, value: float, left_out: Floats, level: float) -> Ends:
    """Bias-corrected and accelerated interval; `left_out` [G] is the value minus that without each group."""
    known = np.sort(samples[~np.isnan(samples)])
    # Half of the ties count as below, else a discrete statistic gets a spurious bias.
    below = (np.sum(known < value) + np.sum(known <= value)) / (2 * len(known))
    bias = NORMAL.inv_cdf(min(max(float(below), 0.5 / len(known)), 1 - 0.5 / len(known)))
    spread = left_out - left_out.mean()
    power = float(np.sum(spread**2)) ** 1.5
    acceleration = float(np.sum(spread**3)) / (6 * power) if power > 0 else 0.0
    ends = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        z = bias + NORMAL.inv_cdf(tail)
        ends.append(NORMAL.cdf(bias + z / (1 - acceleration * z)))
    low, high = np.quantile(known, ends)
    return float(low), float(high)


def exact_limit(value: float, units: int, level: float) -> Ends:
    """One-sided exact interval of a fraction that is 0 or 1 in all of `units` independent units."""
    off = (1 - level) ** (1 / units)
    return (off, 1.0) if value == 1 else (0.0, 1 - off)
