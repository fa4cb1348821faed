"""Student's t: its tail and its quantiles, for any number of degrees of freedom.

The tail is an incomplete beta function, by its continued fraction (Press et al., Numerical Recipes, 6.4). To
import SciPy for these two numbers takes longer than to score COCO's val2017.
"""

from __future__ import annotations

import math
from functools import lru_cache

MANY = 1000  # degrees of freedom, above which the normal distribution stands in, corrected
MOST_TERMS = 10_000  # of the continued fraction; some 100 are enough
STEPS = 200  # of the search for a quantile; 5 to 10 are enough but far out in the tail
CLOSE = 1e-15  # relative changes below this are rounding


def t_tail(t: float, freedom: float) -> float:
    """The probability that Student's t is `t` or more; `freedom` need not be whole."""
    if math.isnan(t) or not freedom > 0:
        return math.nan
    if t < 0:
        return 1 - t_tail(-t, freedom)
    if freedom > MANY:
        return math.erfc(_normal(t, freedom) / math.sqrt(2)) / 2
    a, square = freedom / 2, t * t / freedom
    if math.isinf(square):
        return 0.0
    x, rest = 1 / (1 + square), square / (1 + square)
    # x^a (1 - x)^(1/2) / B(a, 1/2)
    front = math.exp(-a * math.log1p(square)) * math.sqrt(rest / math.pi) * _gamma_ratio(a)
    if x < (a + 1) / (a + 2.5):
        return front * _fraction(x, a, 0.5) / a / 2
    return 0.5 - front * _fraction(rest, 0.5, a)


@lru_cache(maxsize=1024)
def t_quantile(p: float, freedom: float) -> float:
    """The p-quantile of Student's t; `freedom` need not be whole."""
    if math.isnan(p) or not 0 <= p <= 1 or not freedom > 0:
        return math.nan
    if p in (0, 0.5, 1):
        return {0: -math.inf, 0.5: 0.0, 1: math.inf}[p]
    if p < 0.5:
        return -_upper(p, freedom)
    return _upper(1 - p, freedom)


def _upper(tail: float, freedom: float) -> float:
    """The t that is exceeded with probability `tail`, at most 1/2: Newton's steps inside a bracket."""
    low, high = 0.0, 1.0
    while t_tail(high, freedom) > tail:
        low, high = high, 2 * high
        if math.isinf(high):
            return high
    t = (low + high) / 2
    for _ in range(STEPS):
        off = t_tail(t, freedom) - tail
        low, high = (t, high) if off > 0 else (low, t)
        step = off / _density(t, freedom)
        new = t + step
        if not low < new < high:
            new = (low + high) / 2
        if abs(new - t) <= CLOSE * t:
            return new
        t = new
    return t


def _density(t: float, freedom: float) -> float:
    if math.isinf(freedom):
        return max(math.exp(-t * t / 2) / math.sqrt(2 * math.pi), 1e-300)
    power = math.exp(-(freedom + 1) / 2 * math.log1p(t * t / freedom))
    return max(_gamma_ratio(freedom / 2) / math.sqrt(freedom * math.pi) * power, 1e-300)


def _normal(t: float, freedom: float) -> float:
    """The normal deviate that is as rare as `t` (Hill 1970, algorithm 395)."""
    if math.isinf(freedom) or math.isinf(t):
        return t
    a = freedom - 0.5
    b, w = 48 * a * a, math.sqrt(a * math.log1p(t * t / freedom))
    more = (4 * w**7 + 33 * w**5 + 240 * w**3 + 855 * w) / (10 * b * (b + 0.8 * w**4 + 100))
    return w + (w**3 + 3 * w) / b - more


def _gamma_ratio(a: float) -> float:
    """Gamma(a + 1/2) / Gamma(a)."""
    if a < 20:
        return math.gamma(a + 0.5) / math.gamma(a)
    # The ratio's own series in 1/a: logarithms of large gammas differ by less than their rounding.
    terms = (1, -1 / 8, 1 / 128, 5 / 1024, -21 / 32768, -399 / 262144, 869 / 4194304, 39325 / 33554432)
    return math.sqrt(a) * sum(term / a**power for power, term in enumerate(terms))


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, by the method of Lentz."""
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    found = d
    for m in range(1, MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 + term * d
            c = 1 + term / c
            d = 1 / (d if abs(d) > tiny else tiny)
            c = c if abs(c) > tiny else tiny
            found *= c * d
        if abs(c * d - 1) < CLOSE:
            break
    return found
