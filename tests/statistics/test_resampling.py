from __future__ import annotations

import math

import numpy as np
import pytest

from poseval.errors import UsageError
from poseval.statistics.resampling import (
    bca_interval,
    bootstrap_weights,
    holm,
    intervals,
    jackknife_error,
    jackknife_weights,
    percentile_interval,
    randomisation_p,
    sample,
    shuffle_signs,
)
from tests import toy
from tests.shared import threads_of


def test_weights_sum_to_the_number_of_units_and_depend_only_on_seed_and_index() -> None:
    weights = bootstrap_weights(50, 20, seed=3)
    assert {int(w.sum()) for w in weights} == {50}
    again = bootstrap_weights(50, 10, seed=3)
    assert all((a == b).all() for a, b in zip(weights[:10], again, strict=True))
    assert not all((a == b).all() for a, b in zip(weights, bootstrap_weights(50, 20, seed=4), strict=True))


def test_threads_do_not_change_the_samples() -> None:
    run = toy.run(1.0, 0)
    weights = bootstrap_weights(len(run.unit_keys), 30, 0)
    results = []
    for threads in ("1", "5"):
        with threads_of(threads):
            results.append(sample(run.summaries, weights, ["hit_rate", "error"]).values)
    assert results[0].tobytes() == results[1].tobytes()


def test_jackknife_of_a_mean_is_its_textbook_error() -> None:
    values = np.random.default_rng(0).normal(size=60)
    jack = [float((values * w).sum() / w.sum()) for w in jackknife_weights(60)]
    expected = values.std(ddof=1) / math.sqrt(60)
    assert jackknife_error(np.array(jack)) == pytest.approx(expected, rel=1e-12)


def test_jackknife_blocks_cover_each_unit_once() -> None:
    left_out = np.sum([1 - w for w in jackknife_weights(1234, blocks=100)], axis=0)
    assert (left_out == 1).all()


@pytest.mark.parametrize("method", ["percentile", "bca", "jackknife"])
def test_an_interval_holds_its_estimate(method: str) -> None:
    run = toy.run(1.0, 0)
    found = intervals(run.summaries, len(run.unit_keys), method=method, resamples=200)
    for key, value in run.summary().items():
        assert found[key].low < value < found[key].high
        assert found[key].method == method


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_intervals_cover_the_truth_as_often_as_they_say(method: str) -> None:
    rng = np.random.default_rng(7)
    rate, units, sets = 0.7, 80, 1000
    covered = 0
    weights = np.array(bootstrap_weights(units, 400, seed=1))
    jack_weights = np.array(jackknife_weights(units))
    for _ in range(sets):
        hits = rng.binomial(4, rate, units) / 4
        samples = weights @ hits / units
        if method == "percentile":
            low, high = percentile_interval(samples, 0.95)
        else:
            jack = jack_weights @ hits / (units - 1)
            low, high = bca_interval(samples, float(hits.mean()), jack, 0.95)
        covered += low <= rate <= high
    assert 0.93 <= covered / sets <= 0.97


def test_the_randomisation_test_holds_its_level() -> None:
    rng = np.random.default_rng(11)
    units, sets = 60, 1000
    signs = 1 - 2 * np.array(shuffle_signs(units, 199, seed=2))
    rejected = 0
    for _ in range(sets):
        gap = rng.normal(size=units)  # no difference between the systems
        rejected += randomisation_p(float(gap.mean()), signs @ gap / units) <= 0.05
    assert 0.03 <= rejected / sets <= 0.07


def test_a_randomisation_p_is_never_zero() -> None:
    assert randomisation_p(5.0, np.zeros(99)) == 1 / 100
    assert math.isnan(randomisation_p(math.nan, np.zeros(9)))


def test_holm_against_a_hand_computed_example() -> None:
    adjusted = holm([0.01, 0.04, math.nan, 0.03, 0.005])
    assert adjusted[:2] == pytest.approx([0.03, 0.06])
    assert math.isnan(adjusted[2])
    assert adjusted[3:] == pytest.approx([0.06, 0.02])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"units": 1}, "P140"),
        ({"method": "magic"}, "P141"),
        ({"level": 1.0}, "P142"),
        ({"level": 95}, "P142"),
        ({"resamples": 1}, "P142"),
        ({"seed": -1}, "P142"),
    ],
)
def test_impossible_requests_are_refused(arguments: dict[str, object], code: str) -> None:
    call: dict[str, object] = {"units": 5, **arguments}
    units = call.pop("units")
    with pytest.raises(UsageError) as caught:
        intervals(lambda ws: [{"rate": 1.0} for _ in ws], units, **call)  # type: ignore[arg-type]
    assert caught.value.code == code


def test_a_constant_has_a_point_interval() -> None:
    found = intervals(lambda ws: [{"one": 1.0} for _ in ws], 10, method="bca", resamples=50)
    assert (found["one"].low, found["one"].high) == (1.0, 1.0)


def test_undefined_numbers_get_no_interval() -> None:
    assert "nothing" not in intervals(
        lambda ws: [{"nothing": math.nan, "x": float(w[0])} for w in ws], 10, resamples=20
    )
