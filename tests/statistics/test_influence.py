from __future__ import annotations

import numpy as np
import pytest

from poseval.errors import UsageError
from poseval.poses import Ints
from poseval.results.values import ERROR, Direction, Number
from poseval.statistics.clusters import Clusters, units_of
from poseval.statistics.influence import HALVED, LEFT_OUT, influence
from poseval.statistics.support import support
from tests.statistics.ratios import run


def of(top: np.ndarray, bottom: np.ndarray | None = None):
    made = run(top, bottom)
    return influence(made.summaries, units_of(made), list(made.summary()))


@pytest.mark.parametrize("units", [5, 60, 63, 64, 500])
def test_the_error_of_a_mean_is_the_textbooks(units: int) -> None:
    x = np.random.default_rng(0).normal(10, 2, units)
    found = of(x)
    assert found.method == (LEFT_OUT if units <= 63 else HALVED)
    wanted = x.std(ddof=1) / np.sqrt(units)
    # Blocks know the variance from 62 degrees of freedom.
    assert found.error[0] == pytest.approx(wanted, rel=1e-9 if units <= 63 else 0.3)
    assert found.freedom[0] == pytest.approx(min(units, 63) - 1, rel=0.02)


@pytest.mark.parametrize("units", [9, 200])
def test_contributions_of_a_ratio_are_its_terms(units: int) -> None:
    """A ratio of sums is the sum of share times own ratio, whatever the sizes of the units."""
    rng = np.random.default_rng(1)
    bottom = rng.integers(1, 40, units)
    top = rng.random(units) * bottom
    found = of(top, bottom)
    if units == 9:
        assert found.contributions[:, 0] == pytest.approx(top / bottom.sum())
        assert found.share[:, 0] == pytest.approx(bottom / bottom.sum())
        assert found.effective[0] == pytest.approx(bottom.sum() ** 2 / (bottom**2).sum())
    assert found.contributions.sum(axis=0) == pytest.approx(found.value)
    assert found.moves.sum(axis=0) == pytest.approx(0, abs=1e-12)
    assert found.share.sum(axis=0) == pytest.approx(1)


def test_shares_of_blocks_are_counted_exactly() -> None:
    bottom = np.random.default_rng(2).integers(0, 9, 1000)
    found = of(bottom * 0.5, bottom)
    wanted = np.bincount(found.group, weights=bottom) / bottom.sum()
    assert found.share[:, 0] == pytest.approx(wanted)


def test_a_number_that_jumps_has_an_error_from_half_samples_that_leave_outs_miss() -> None:
    """The median: leave-outs of one are known to be inconsistent, half-samples are not."""
    rng = np.random.default_rng(3)
    off = []
    for _ in range(60):
        x = rng.normal(size=400)
        order = np.argsort(x)

        def medians(weights, x=x, order=order):
            from poseval.results.values import Direction, Number

            cut = np.cumsum(weights[:, order], axis=1)
            places = np.argmax(cut * 2 >= cut[:, -1:], axis=1)
            return [
                {"m": Number(float(x[order][p]), Direction.HIGHER, "m", n=int(w.sum()))}
                for p, w in zip(places, weights, strict=True)
            ]

        clusters = units_of(run(x))
        off.append(influence(medians, clusters, ["m"]).error[0])
    wanted = np.sqrt(np.pi / 2 / 400)
    assert np.mean(off) == pytest.approx(wanted, rel=0.15)


def test_units_that_a_number_rests_on_are_counted() -> None:
    top, bottom = np.zeros((300, 3)), np.zeros((300, 3), dtype=np.int64)
    bottom[:, 0], bottom[[5, 6, 200], 1], bottom[::2, 2] = 1, 1, 1
    made = run(top, bottom)
    keys = list(made.summary())
    found = influence(made.summaries, units_of(made), keys)
    count = support(made.summaries, units_of(made), found)
    assert count[1] == 3
    assert count[0] >= 5
    assert support(made.summaries, units_of(made), found, exact=keys).tolist() == [300, 3, 150]


def test_one_unit_cannot_be_resampled() -> None:
    with pytest.raises(UsageError) as caught:
        of(np.ones(1))
    assert caught.value.code == "P140"


def test_duplicating_all_units_leaves_the_value_and_halves_the_variance() -> None:
    """Copies count as new units: nothing but a cluster can tell that they are not."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=20)
    once, twice = of(x), of(np.concatenate([x, x]))
    assert twice.value == pytest.approx(once.value)
    assert twice.error**2 == pytest.approx(once.error**2 / 2 * 19 * 2 / 39)


@pytest.mark.parametrize(("smooth", "low", "high"), [(False, 0.9, 1.0), (True, 0.6, 0.83)])
def test_a_median_of_few_units_is_halved_as_leaving_out_one_says_little(
    smooth: bool, low: float, high: float
) -> None:
    """How often the median lies within two standard errors."""
    rng, units, within, sets = np.random.default_rng(0), 31, 0, 150
    for _ in range(sets):
        x = rng.normal(5, 1, units)

        def summaries(weights: Ints, x: np.ndarray = x) -> list[dict[str, Number]]:
            return [
                {
                    "m": Number(
                        float(np.median(np.repeat(x, row))) if row.any() else np.nan,
                        Direction.LOWER,
                        "m",
                        n=int(row.sum()),
                        bounds=ERROR,
                        smooth=smooth,
                    )
                }
                for row in weights
            ]

        names = np.arange(units).astype(np.str_)
        found = influence(summaries, Clusters("frame", np.arange(units), names), ["m"])
        within += abs(found.value[0] - 5) <= 2.04 * found.error[0]
        assert found.undefined[0] == 0
    assert low <= within / sets <= high


@pytest.mark.parametrize("units", [8, 126])
def test_units_share_equally_in_what_nobody_counts_for(units: int) -> None:
    found = of(np.zeros(units), np.zeros(units, dtype=np.int64))
    assert found.share[:, 0] == pytest.approx(1 / min(units, 63))


def test_of_five_blocks_or_more_the_units_are_not_counted_one_by_one() -> None:
    """Blocks are a lower bound, which is enough to know that there are not few."""
    bottom = np.zeros((630, 2), dtype=np.int64)
    bottom[:50, 0] = bottom[:40, 1] = 1
    made = run(np.zeros((630, 2)), bottom)
    found = influence(made.summaries, units_of(made), ["n0", "n1"])
    assert support(made.summaries, units_of(made), found).tolist() == [5, 40]


def test_a_number_that_jumps_is_undefined_in_half_samples() -> None:
    """It needs the first of twelve units, which 63 of 126 halves lack; three of these have no unit at all."""

    def summaries(weights: Ints) -> list[dict[str, Number]]:
        return [
            {"m": Number(1.0 if row[0] else np.nan, Direction.HIGHER, "m", n=int(row.sum()), smooth=False)}
            for row in weights
        ]

    found = influence(summaries, Clusters("frame", np.arange(12), np.arange(12).astype(np.str_)), ["m"])
    assert found.undefined.tolist() == [60 / 123]
    assert found.moves[:, 0].tolist() == [0.0] * 12  # no pair of halves is defined
