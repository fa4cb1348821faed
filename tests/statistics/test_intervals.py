from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from poseval.errors import UsageError
from poseval.results.values import Interval
from poseval.statistics.clusters import clustered
from poseval.statistics.intervals import METHODS, Spread, intervals, with_intervals
from tests import toy
from tests.shared import threads_of
from tests.statistics.ratios import run
from tests.statistics.test_influence_by_hand import crossed

RNG = np.random.default_rng(0)


def test_the_interval_of_a_mean_is_students() -> None:
    x = RNG.normal(3, 1, 12)
    found = intervals(run(x, names=["other"]))["other"]
    made = replace(run(x), benchmark=run(x).benchmark)
    assert made.summary()
    wanted = stats.t.interval(0.95, 11, loc=x.mean(), scale=x.std(ddof=1) / np.sqrt(12))
    assert (found.low, found.high) == pytest.approx(wanted)  # 3 is no share: the plain scale
    assert (found.method, found.resamples, found.seed, found.units, found.cluster) == (
        "jackknife",
        12,
        None,
        12,
        "frame",
    )


@pytest.mark.parametrize("method", [method for method in METHODS if method != "half-samples"])
def test_an_interval_holds_its_estimate_and_says_how_it_was_made(method: str) -> None:
    made = toy.run(1.0, 0)
    for key, interval in intervals(made, method=method).items():
        assert interval.low < made.summary()[key] < interval.high
        assert interval.method == (method if method != "auto" else "jackknife")
        assert (interval.level, interval.units, interval.cluster) == (0.95, 40, "frame")
        assert interval.resamples == (1000 if method in ("percentile", "bca") else 40)
        assert interval.seed == (0 if method in ("percentile", "bca") else None)
        assert interval.error > 0
        assert 0 < interval.effective <= 40


def test_many_units_are_halved() -> None:
    found = intervals(toy.run(1.0, 0, toy.truth(200)))["hit_rate"]
    assert (found.method, found.resamples, found.groups, found.units) == ("half-samples", 126, 63, 200)


@pytest.mark.parametrize(
    ("units", "method", "fits"),
    [
        (19, "bca", False),
        (20, "bca", True),
        (63, "jackknife", True),
        (64, "jackknife", False),
        (63, "half-samples", False),
        (64, "half-samples", True),
        (40, "magic", False),
    ],
)
def test_a_method_is_offered_where_it_works(units: int, method: str, fits: bool) -> None:
    made = run(RNG.random(units))
    if fits:
        assert intervals(made, method=method)["n0"].method == method
        return
    with pytest.raises(UsageError, match="one of auto") as caught:
        intervals(made, method=method)
    assert caught.value.code == "P141"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"level": 1.0}, "P142"),
        ({"resamples": 1}, "P142"),
        ({"seed": -1}, "P142"),
        ({"method": "percentile", "resamples": 300}, "P167"),
        ({"method": "percentile", "level": "99.9", "resamples": 1000}, "P167"),
    ],
)
def test_impossible_requests_are_refused(asked: dict[str, object], code: str) -> None:
    with pytest.raises(UsageError) as caught:
        intervals(run(RNG.random(30)), **asked)  # type: ignore[arg-type]
    assert caught.value.code == code


def test_one_unit_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        intervals(run(RNG.random(1)))
    assert caught.value.code == "P140"


class TestWhatHardlyAnythingSupports:
    """A number of one unit had the interval [70, 70], and so had undefined resamples."""

    @pytest.mark.parametrize("method", ["auto", "percentile"])
    @pytest.mark.parametrize("units", [20, 300])
    def test_it_has_no_interval_and_a_reason(self, units: int, method: str) -> None:
        bottom = np.ones((units, 2), dtype=np.int64)
        bottom[4:, 1] = 0
        top = RNG.random((units, 2)) * bottom
        found = intervals(run(top, bottom), method=method)
        assert found["n0"].given
        assert not found["n1"].given
        assert found["n1"].why == "only 4 units (frame), and at least 5 are needed"
        assert (found["n1"].undefined > 0) is (method == "percentile" or units > 63)

    def test_five_units_are_enough(self) -> None:
        bottom = np.ones((20, 2), dtype=np.int64)
        bottom[12:, 1] = 0
        found = intervals(run(RNG.random((20, 2)) * bottom, bottom))
        assert found["n1"].given

    def test_undefined_numbers_are_left_out(self) -> None:
        bottom = np.stack([np.ones(20, dtype=np.int64), np.zeros(20, dtype=np.int64)], axis=1)
        assert list(intervals(run(RNG.random((20, 2)) * bottom, bottom))) == ["n0"]


@pytest.mark.parametrize("units", [20, 200])
def test_a_hundred_percent_have_a_one_sided_exact_limit(units: int) -> None:
    found = intervals(run(np.ones(units)))["n0"]
    assert (found.low, found.high) == (pytest.approx(0.05 ** (1 / units)), 1.0)
    assert (found.method, found.why) == ("exact", f"one-sided, from {units} units")
    found = intervals(run(np.zeros(units)))["n0"]
    assert (found.low, found.high) == (0.0, pytest.approx(1 - 0.05 ** (1 / units)))


def test_a_number_that_never_moves_has_no_interval() -> None:
    found = intervals(run(np.full(20, 0.5)))["n0"]
    assert not found.given
    assert found.why == "every unit gives the same number"


class TestClusters:
    """Frames of one video are alike: drawing them one by one covered 36 % instead of 95 %."""

    VIDEOS, FRAMES = 20, 15

    def frames(self, seed: int = 0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        video = np.repeat(rng.normal(0, 0.15, self.VIDEOS), self.FRAMES)
        return np.clip(0.6 + video + rng.normal(0, 0.05, len(video)), 0.01, 0.99)

    def of(self, x: np.ndarray, cluster: str = "sequence"):
        groups = {"sequence": np.repeat(np.arange(self.VIDEOS), self.FRAMES).astype(str)}
        return run(x, groups=groups, cluster=cluster)

    def test_the_benchmarks_cluster_is_drawn_as_a_whole(self) -> None:
        found = intervals(self.of(self.frames()))["n0"]
        assert (found.units, found.cluster, found.method) == (20, "sequence", "jackknife")
        means = self.frames().reshape(self.VIDEOS, -1).mean(axis=1)
        assert found.error == pytest.approx(means.std(ddof=1) / np.sqrt(self.VIDEOS))
        assert found.design_effect > 5

    def test_coverage(self) -> None:
        covered = {"sequence": 0, "frame": 0}
        for seed in range(100):
            made = self.of(self.frames(seed))
            for name in covered:
                found = intervals(clustered(made, name), method="percentile", resamples=400)["n0"]
                covered[name] += found.low <= 0.6 <= found.high
        assert 0.90 <= covered["sequence"] / 100 <= 0.99
        assert covered["frame"] / 100 < 0.6

    def test_a_cluster_named_by_hand_is_in_the_signature(self) -> None:
        made = clustered(self.of(self.frames()), "frame")
        assert made.signature["cluster"] == "frame"
        assert list(made.signature)[-1] == "poseval"
        assert "cluster" not in self.of(self.frames()).signature
        found = intervals(made)["n0"]
        assert (found.units, found.cluster) == (300, "frame")
        assert math.isnan(found.design_effect)

    def test_two_ways_at_once_are_added_and_what_they_share_is_taken_off(self) -> None:
        """Two crossed effects: the variance of the mean is the sum of theirs."""
        rng = np.random.default_rng(1)
        a, b = np.repeat(np.arange(20), 20), np.tile(np.arange(20), 20)
        found, wanted = [], []
        for _ in range(60):
            effects = rng.normal(0, 0.1, 20)[a] + rng.normal(0, 0.05, 20)[b]
            x = 0.5 + effects + rng.normal(0, 0.1, 400)
            made = run(x, groups={"person": a.astype(str), "sequence": b.astype(str)})
            interval = intervals(clustered(made, "person+sequence"))["n0"]
            found.append(interval.error**2)
            wanted.append(x.mean())
        assert interval.cluster == "person+sequence"
        assert np.mean(found) == pytest.approx(0.1**2 / 20 + 0.05**2 / 20 + 0.1**2 / 400, rel=0.15)
        assert np.mean(found) == pytest.approx(np.var(wanted), rel=0.5)


def test_one_unit_that_moves_everything_is_named() -> None:
    x = np.full(30, 0.04) + RNG.normal(0, 0.005, 30)
    x[17] = 3.0
    made = run(x, names=["error"])
    found = intervals(made)["error"]
    assert found.largest_unit == "17"
    assert found.largest > 10
    assert found.effective < 5
    calm = intervals(run(np.full(30, 0.04) + RNG.normal(0, 0.005, 30), names=["error"]))["error"]
    assert calm.largest < 0.8
    assert calm.effective > 10


@pytest.mark.parametrize("units", [30, 700])
def test_a_unit_that_moves_the_headline_by_a_standard_error_is_a_notice(units: int) -> None:
    x = np.full(units, 0.04) + RNG.normal(0, 0.005, units)
    x[17] = 3.0
    made = run(x, names=["error"])
    found = with_intervals(made.report(), made)
    assert [notice.code for notice in found.notices if notice.code == "N963"]
    assert "unit 17 alone moves error" in str(found.notices)


def test_few_units_are_a_notice() -> None:
    made = run(RNG.random(9))
    assert "N960" in {notice.code for notice in with_intervals(made.report(), made).notices}
    made = run(RNG.random(10))
    assert "N960" not in {notice.code for notice in with_intervals(made.report(), made).notices}


def test_an_unknown_cluster_of_the_benchmark_is_a_notice() -> None:
    made = run(RNG.random(30), cluster="sequence")
    (notice,) = with_intervals(made.report(), made).notices
    assert notice.code == "N964"


@pytest.mark.parametrize("method", ["auto", "percentile"])
def test_seeds_and_threads_decide_nothing_else(method: str) -> None:
    made = toy.run(1.0, 0)
    first = intervals(made, method=method, seed=4)
    with threads_of("3"):
        assert repr(intervals(made, method=method, seed=4)) == repr(first)
    other = intervals(made, method=method, seed=5)
    assert (repr(other) == repr(first)) is (method == "auto")


def test_relabelling_units_changes_nothing() -> None:
    x = RNG.random(40)
    found, other = intervals(run(x))["n0"], intervals(run(x[::-1]))["n0"]
    assert (other.low, other.high) == pytest.approx((found.low, found.high))


@pytest.mark.parametrize("units", [5, 20, 74])
def test_intervals_of_few_unequal_units_cover_as_often_as_they_say(units: int) -> None:
    """A ratio over sequences of very different sizes: percentile intervals covered .74 to .91."""
    rng = np.random.default_rng(units)
    covered, sets = 0, 400
    for _ in range(sets):
        bottom = np.exp(rng.normal(6, 0.7, units)).astype(np.int64)
        own = 1 / (1 + np.exp(-rng.normal(0.8, 0.7, units)))
        found = intervals(run(own * bottom, bottom))["n0"]
        covered += found.low <= 0.6731 <= found.high
    assert 0.925 <= covered / sets <= 0.985


def test_an_interval_without_ends_is_none() -> None:
    made = replace(toy.run(1.0, 0).report(), intervals={"hit_rate": Interval(math.nan, math.nan, why="why")})
    assert made.interval("hit_rate") is None


def test_only_a_number_at_its_end_has_its_support_counted_one_by_one() -> None:
    units = 200
    spread = Spread.of(run(np.stack([RNG.random(units), np.ones(units)], axis=1)))
    blocks = len(spread.moves.moves)
    assert blocks < units
    assert spread.support.tolist() == [blocks, units]


def test_an_exact_limit_is_not_resampled() -> None:
    found = intervals(run(np.ones(20)), method="percentile", resamples=400)["n0"]
    assert (found.method, found.resamples, found.seed) == ("exact", 0, None)


@pytest.mark.parametrize(("rows", "columns"), [(8, 5), (5, 8)])
def test_freedom_is_that_of_the_fewer(rows: int, columns: int) -> None:
    spread = Spread.of(clustered(crossed(rows, columns)[1], "person+video"))
    assert (spread.freedom[0], spread.clusters.count) == (pytest.approx(4), 5)
    assert (len(spread.moves.moves), spread.ways) == (5, 2)
