"""SciPy is the oracle of every formula."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from poseval.results.values import AT_MOST_ONE, ERROR, SHARE
from poseval.statistics.formulas import (
    bca_interval,
    exact_limit,
    percentile_interval,
    t_interval,
)
from poseval.statistics.student import t_quantile, t_tail
from poseval.statistics.weights import leave_outs, multinomial


@pytest.mark.parametrize("freedom", [0.5, 1, 1.5, 4, 19.9, 40.3, 62, 999, 4999, 1e5, math.inf])
def test_students_t(freedom: float) -> None:
    for p in (1e-9, 0.025, 0.3, 0.501, 0.75, 0.975, 0.9995, 1 - 1e-6):
        assert t_quantile(p, freedom) == pytest.approx(stats.t.ppf(p, freedom), rel=1e-11)
    for t in (-5, -0.1, 0, 0.4, 1.7, 2.1, 8, 30):
        assert t_tail(t, freedom) == pytest.approx(stats.t.sf(t, freedom), rel=1e-11, abs=1e-300)


def test_students_t_at_its_ends() -> None:
    assert t_tail(1e-9, 1) == pytest.approx(0.5 - 1e-9 / math.pi, rel=1e-15)
    assert (t_quantile(0, 3), t_quantile(0.5, 3), t_quantile(1, 3)) == (-math.inf, 0, math.inf)
    assert t_tail(math.inf, 3) == 0
    nowhere = [t_tail(math.nan, 3), t_tail(1, math.nan), t_quantile(0.9, 0), t_quantile(1.1, 3)]
    assert all(map(math.isnan, nowhere))


def test_the_interval_of_a_mean_is_the_textbooks() -> None:
    wanted = stats.t.interval(0.9, 11, loc=3.0, scale=0.4)
    unbounded = (-math.inf, math.inf)
    assert t_interval(3.0, 0.4, 11, 0.9, unbounded) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("value", "bounds"), [(0.97, SHARE), (0.02, SHARE), (0.05, ERROR), (0.6, AT_MOST_ONE)]
)
def test_ends_stay_within_the_bounds(value: float, bounds: tuple[float, float]) -> None:
    low, high = t_interval(value, 0.04, 6, 0.95, bounds)
    assert bounds[0] < low < value < high < bounds[1]
    narrow = t_interval(value, 1e-6, 6, 0.95, bounds)
    half = stats.t.ppf(0.975, 6) * 1e-6
    assert narrow == pytest.approx((value - half, value + half), abs=1e-9)


def test_logit_scale_by_hand() -> None:
    half = stats.t.ppf(0.975, 6) * 0.04 / (0.9 * 0.1)
    ends = [1 / (1 + math.exp(-(math.log(9) + sign * half))) for sign in (-1, 1)]
    assert t_interval(0.9, 0.04, 6, 0.95, SHARE) == pytest.approx(ends)


def test_an_impossible_value_keeps_the_plain_scale() -> None:
    low, high = t_interval(-1.0, 0.1, 6, 0.95, SHARE)
    assert (low + high) / 2 == pytest.approx(-1.0)


def test_bca_is_scipys() -> None:
    x = np.random.default_rng(0).gamma(1.0, size=40)
    samples = multinomial(40, 4000, 1) @ x / 40
    left_out = x.mean() - leave_outs(40) @ x / 39
    given = SimpleNamespace(bootstrap_distribution=samples)
    wanted = stats.bootstrap((x,), np.mean, n_resamples=0, bootstrap_result=given, method="BCa")
    found = bca_interval(samples, float(x.mean()), left_out, 0.95)
    assert found == pytest.approx(tuple(wanted.confidence_interval), rel=1e-9)


def test_the_percentile_interval_is_expanded() -> None:
    samples = np.random.default_rng(0).normal(size=100_000)
    plain = percentile_interval(samples, 0.95, 1e12, 1e12)
    assert plain == pytest.approx(tuple(np.quantile(samples, [0.025, 0.975])), abs=1e-6)
    # The mean of n normal values: the bootstrap's spread is short by (n - 1) / n, and t has n - 1 degrees.
    n = 8
    low, high = percentile_interval(samples * math.sqrt((n - 1) / n), 0.95, n, n - 1)
    assert (low, high) == pytest.approx((-stats.t.ppf(0.975, n - 1), stats.t.ppf(0.975, n - 1)), abs=0.03)


@pytest.mark.parametrize("units", [5, 20, 300])
def test_exact_limits_are_clopper_pearsons(units: int) -> None:
    wanted = stats.binomtest(units, units, alternative="greater").proportion_ci(0.95, "exact").low
    assert exact_limit(1.0, units, 0.95) == (pytest.approx(wanted), 1.0)
    wanted = stats.binomtest(0, units, alternative="less").proportion_ci(0.95, "exact").high
    assert exact_limit(0.0, units, 0.95) == (0.0, pytest.approx(wanted))


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_bca_halves_ties_as_scipy_does(level: float) -> None:
    """A third of the samples equal the value: all of them above or below would move both ends."""
    x = np.random.default_rng(0).gamma(1.0, size=40)
    samples = multinomial(40, 3000, 1) @ x / 40
    samples[::3] = x.mean()
    left_out = x.mean() - leave_outs(40) @ x / 39
    given = SimpleNamespace(bootstrap_distribution=samples)
    wanted = stats.bootstrap(
        (x,), np.mean, n_resamples=0, bootstrap_result=given, method="BCa", confidence_level=level
    )
    found = bca_interval(samples, float(x.mean()), left_out, level)
    assert found == pytest.approx(tuple(wanted.confidence_interval), rel=1e-9)


def test_bca_without_acceleration_or_known_samples() -> None:
    """Equal leave-outs accelerate nothing: the interval is the bias-corrected one. NaN samples drop out."""
    samples = np.append(np.random.default_rng(0).normal(size=2000), np.nan)
    bias = stats.norm.ppf((samples < 0.3).sum() / 2000)
    ends = stats.norm.cdf(2 * bias + stats.norm.ppf([0.05, 0.95]))
    found = bca_interval(samples, 0.3, np.full(9, 0.1), 0.9)
    assert found == pytest.approx(tuple(np.quantile(samples[:-1], ends)))


@pytest.mark.parametrize("value", [-9.0, 9.0])
def test_bca_of_a_value_beyond_every_sample_stays_among_them(value: float) -> None:
    samples = np.random.default_rng(0).normal(size=200)
    bias = stats.norm.ppf(0.5 / 200) if value < 0 else stats.norm.ppf(1 - 0.5 / 200)
    ends = stats.norm.cdf(2 * bias + stats.norm.ppf([0.05, 0.95]))
    assert bca_interval(samples, value, np.zeros(9), 0.9) == pytest.approx(tuple(np.quantile(samples, ends)))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_share_at_its_bound_keeps_the_plain_scale(value: float) -> None:
    low, high = t_interval(value, 0.1, 6, 0.95, SHARE)
    assert (low, high) == pytest.approx(
        (value - 0.1 * stats.t.ppf(0.975, 6), value + 0.1 * stats.t.ppf(0.975, 6))
    )


def test_log_scales_by_hand() -> None:
    half = stats.t.ppf(0.975, 6) * 0.02
    assert t_interval(0.05, 0.02, 6, 0.95, ERROR) == pytest.approx(
        (0.05 * math.exp(-half / 0.05), 0.05 * math.exp(half / 0.05))
    )
    assert t_interval(0.6, 0.02, 6, 0.95, AT_MOST_ONE) == pytest.approx(
        (1 - 0.4 * math.exp(half / 0.4), 1 - 0.4 * math.exp(-half / 0.4))
    )
    shifted = t_interval(2.05, 0.02, 6, 0.95, (2.0, math.inf))
    assert shifted == pytest.approx((2 + 0.05 * math.exp(-half / 0.05), 2 + 0.05 * math.exp(half / 0.05)))
    wide = t_interval(3.6, 0.02 * 4, 6, 0.95, (0.0, 4.0))
    assert wide == pytest.approx(tuple(4 * end for end in t_interval(0.9, 0.02, 6, 0.95, SHARE)))


def test_a_scale_between_any_bounds_is_the_logits() -> None:
    low, high = t_interval(0.8, 0.04, 6, 0.95, SHARE)
    moved = t_interval(-1 + 4 * 0.8, 4 * 0.04, 6, 0.95, (-1.0, 3.0))
    assert moved == pytest.approx((-1 + 4 * low, -1 + 4 * high))


def test_an_error_beyond_measure_makes_an_interval_of_everything() -> None:
    low, high = t_interval(0.5, 1e9, 6, 0.95, SHARE)
    assert (low, high) == pytest.approx((0.0, 1.0), abs=1e-9)
    assert t_interval(0.5, 1e9, 6, 0.95, ERROR)[1] < math.inf
