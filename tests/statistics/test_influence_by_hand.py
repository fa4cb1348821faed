"""Standard errors, intervals and what makes them rough, on tables small enough to do by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from poseval.errors import UsageError
from poseval.results.values import Interval
from poseval.statistics.clusters import Clusters, cells_of, clustered, clusters_of, joined, units_of
from poseval.statistics.formulas import bca_interval, percentile_interval
from poseval.statistics.influence import Influence, influence
from poseval.statistics.intervals import (
    Spread,
    _effective,
    _largest,
    _require_samples,
    intervals,
    with_intervals,
)
from poseval.statistics.options import level_of
from poseval.statistics.support import LEAST as FEWEST
from poseval.statistics.support import why_not
from poseval.statistics.training import Gap, Side
from poseval.statistics.weights import blocks, multinomial
from tests.statistics.ratios import Ratios, run


def test_the_error_without_one_group() -> None:
    x = np.random.default_rng(0).normal(size=9)
    found = influence(run(x).summaries, units_of(run(x)), ["n0"])
    left = x.mean() - (x.sum() - x) / 8
    assert found.left_out[:, 0] == pytest.approx(left)
    rest = np.delete(left, 4)
    assert found.error_without(4)[0] == pytest.approx(math.sqrt(((rest - rest.mean()) ** 2).sum()))
    assert found.freedom[0] == pytest.approx(8)


def test_the_error_of_a_ratio_of_unequal_units() -> None:
    rng = np.random.default_rng(2)
    bottom = rng.integers(1, 40, 9)
    top = rng.random(9) * bottom
    found = influence((made := run(top, bottom)).summaries, units_of(made), ["n0"])
    left = top.sum() / bottom.sum() - (top.sum() - top) / (bottom.sum() - bottom)
    assert found.left_out[:, 0] == pytest.approx(left)
    assert found.error[0] == pytest.approx(math.sqrt(8 / 9 * ((left - left.mean()) ** 2).sum()))


def test_blocks_of_neighbours_and_what_each_adds() -> None:
    x = np.random.default_rng(0).normal(size=630) + np.arange(630) / 100
    made = run(x, names=["other"])
    found = influence(made.summaries, units_of(made), ["other"])
    sums = x.reshape(63, 10).sum(axis=1)
    assert found.group.tolist() == np.repeat(np.arange(63), 10).tolist()
    assert found.moves[:, 0] == pytest.approx((sums - sums.mean()) / 630, rel=1e-3)
    apart = influence(made.summaries, units_of(made), ["other"], scattered=True)
    assert apart.group.tolist() != found.group.tolist()
    assert apart.error[0] < found.error[0] / 2


def test_a_number_that_rests_on_one_count() -> None:
    bottom = np.zeros(6, dtype=np.int64)
    bottom[2] = 1
    made = run(bottom * 0.5, bottom)
    found = influence(made.summaries, units_of(made), ["n0"])
    assert found.share[:, 0].tolist() == [0, 0, 1, 0, 0, 0]


def test_samples_that_an_interval_needs() -> None:
    made = run(np.random.default_rng(0).random(30))
    assert intervals(made, method="percentile", level=0.93, resamples=286)["n0"].given
    with pytest.raises(UsageError) as caught:
        intervals(made, method="percentile", level=0.93, resamples=285)
    assert caught.value.code == "P167"


def crossed(rows: int = 8, columns: int = 11):  # type: ignore[no-untyped-def]
    """One unit of each row and column, which both move it; effects [rows], [columns] and noise."""
    rng = np.random.default_rng(3)
    table = (
        rng.normal(0, 1, (rows, 1)) + rng.normal(0, 0.5, (1, columns)) + rng.normal(0, 0.2, (rows, columns))
    )
    labels = np.indices((rows, columns)).reshape(2, -1).astype(np.str_)
    groups = {"person": labels[0], "video": labels[1]}
    return table, run(table.reshape(-1), names=["other"], groups=groups)


def test_two_clusters_that_cross_add_their_variances() -> None:
    table, made = crossed()
    spread = Spread.of(clustered(made, "person+video"))
    by_row = table.mean(axis=1).var(ddof=1) / 8
    by_column = table.mean(axis=0).var(ddof=1) / 11
    cells = (
        influence(
            made.summaries,
            joined("both", [way.of for way in clusters_of(clustered(made, "person+video"))]),
            ["other"],
            scattered=True,
        ).error[0]
        ** 2
    )
    assert spread.error[0] ** 2 == pytest.approx(by_row + by_column - cells)
    assert (spread.clusters.name, spread.clusters.count) == ("person+video", 8)
    assert spread.freedom[0] == pytest.approx(7)
    assert spread.support[0] == 8
    alone = Spread.of(clustered(made, "video"))
    assert alone.error[0] ** 2 == pytest.approx(by_column)
    found = intervals(clustered(made, "person"))["other"]
    assert found.design_effect == pytest.approx(
        by_row / (influence(made.summaries, units_of(made), ["other"], scattered=True).error[0] ** 2)
    )
    for method in ("percentile", "bca"):
        with pytest.raises(UsageError, match="of two clusters"):
            intervals(clustered(made, "person+video"), method=method)


def test_two_clusters_are_never_less_than_either_alone() -> None:
    rng = np.random.default_rng(5)
    labels = np.indices((6, 6)).reshape(2, -1).astype(np.str_)
    for _ in range(10):
        made = run(rng.normal(0, 1, 36), names=["other"], groups={"p": labels[0], "v": labels[1]})
        both = Spread.of(clustered(made, "p+v")).error[0]
        assert both >= max(Spread.of(clustered(made, name)).error[0] for name in "pv") - 1e-12


def test_notices_say_what_makes_intervals_rough() -> None:
    def codes(x: np.ndarray, **more: object) -> list[str]:
        made = run(x, names=["other"], **more)  # type: ignore[arg-type]
        return [notice.code for notice in with_intervals(made.report(), made).notices]

    even = np.tile([1.0, 2.0], 10)
    assert codes(even) == []
    assert codes(even[:10]) == []
    assert codes(even[:9]) == ["N960"]
    heavy = even.copy()
    heavy[3] = 90.0
    assert codes(heavy) == ["N963"]
    assert codes(even, cluster="video") == ["N964"]
    assert codes(even, cluster="video", groups={"video": np.arange(20).astype(np.str_)}) == []
    assert codes(even, cluster="image") == []
    named = clustered(run(even, names=["other"], cluster="video"), "frame")
    assert [notice.code for notice in with_intervals(named.report(), named).notices] == []


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_unit_in_standard_errors_of_the_others(sign: int) -> None:
    x = sign * np.array([1.0, 2.0, 1.5, 0.5, 1.2, 9.0, 1.1])
    found = intervals(run(x, names=["other"]))["other"]
    left = x.mean() - (x.sum() - x) / 6
    rest = np.delete(left, 5)
    wanted = abs(left[5]) / math.sqrt(((rest - rest.mean()) ** 2).sum())
    assert (found.largest, found.largest_unit) == (pytest.approx(wanted), "5")


def test_effective_units_of_heavy_tails() -> None:
    """Two over the excess of the fourth moment, or the effective number by size where that is less."""
    x = np.array([1.0, 2.0, 1.5, 0.5, 1.2, 9.0, 1.1])
    moves = (x - x.mean()) / 7
    heavy = (moves**4).sum() / (moves**2).sum() ** 2 - 1 / 7
    assert intervals(run(x, names=["other"]))["other"].effective == pytest.approx(min(7, 2 / heavy))
    even = np.tile([1.0, 2.0], 5)
    assert intervals(run(even, names=["other"]))["other"].effective == pytest.approx(10)
    sizes = np.array([1, 1, 1, 1, 1, 20])
    own = np.array([0.2, 0.3, 0.25, 0.35, 0.3, 0.28])
    found = intervals(run(own * sizes, sizes))["n0"]
    assert found.effective <= sizes.sum() ** 2 / (sizes**2).sum() + 1e-9


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_bootstrap_intervals_are_those_of_their_samples(method: str) -> None:
    x = np.random.default_rng(0).gamma(1.0, size=30)
    found = intervals(run(x, names=["other"]), method=method, level=0.9, seed=5)["other"]
    samples = multinomial(30, 1000, 5) @ x / 30
    left_out = x.mean() - (x.sum() - x) / 29
    wanted = {
        "percentile": percentile_interval(samples, 0.9, 30, 29),
        "bca": bca_interval(samples, float(x.mean()), left_out, 0.9),
    }
    assert (found.low, found.high) == pytest.approx(wanted[method])
    assert wanted["percentile"] != pytest.approx(wanted["bca"])


def test_a_number_that_jumps_is_said_to_be_from_half_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ratios, "jumping", frozenset({"n0"}))
    top = np.random.default_rng(0).random((30, 2))
    found = intervals(run(top))
    assert (found["n0"].method, found["n0"].resamples) == ("half-samples", 126)
    assert (found["n1"].method, found["n1"].resamples) == ("jackknife", 30)


def test_why_a_number_has_no_interval() -> None:
    assert why_not(FEWEST, 0.01, "frame") == ""
    assert why_not(1, 0.0, "video") == f"only 1 unit (video), and at least {FEWEST} are needed"
    assert why_not(FEWEST - 1, 0.0, "video").startswith(f"only {FEWEST - 1} units (video)")
    assert why_not(99, 0.02, "frame") == "2.0% of the resamples have no such number"
    found = intervals(run(np.full(20, 2.5), names=["other"]))["other"]
    assert (found.given, found.why) == (False, "every unit gives the same number")
    assert found.largest_unit == ""
    ones = intervals(run(np.ones(20)))["n0"]
    assert (ones.method, ones.low, ones.high) == ("exact", pytest.approx(0.05 ** (1 / 20)), 1.0)
    assert ones.why == "one-sided, from 20 units"
    assert isinstance(ones, Interval)


def test_a_side_is_as_undefined_as_the_worst_of_its_runs() -> None:
    fine = run(np.ones(4))
    rare = run(np.array([2.0, 0, 0, 0]), np.array([4, 0, 0, 0]))
    for runs in ([fine, rare], [rare, fine]):
        assert Side.of(runs, clusters_of(fine), ["n0"]).influence.undefined.tolist() == [0.25]


def test_a_block_that_is_left_out_is_one_of_as_many_equal_ones() -> None:
    """What a block adds beyond its share is 62 / 63 of what the number would lose without it."""
    x = np.random.default_rng(0).normal(size=126)
    found = influence((made := run(x, names=["other"])).summaries, units_of(made), ["other"])
    assert found.left_out == pytest.approx(found.moves * 63 / 62, rel=1e-12)


def test_freedom_is_never_below_one() -> None:
    """One unit of a thousand times the size is worth little more than one unit."""
    bottom = np.array([1, 1, 1, 1, 1, 1000])
    made = run(bottom * np.linspace(0.1, 0.6, 6), bottom)
    found = influence(made.summaries, units_of(made), ["n0"])
    assert found.effective[0] == pytest.approx(1005**2 / (1000**2 + 5))
    assert found.freedom.tolist() == [1.0]


def test_two_units_are_enough_to_resample() -> None:
    found = influence((made := run(np.array([0.2, 0.6]))).summaries, units_of(made), ["n0"])
    assert found.error.tolist() == pytest.approx([0.2])  # the standard deviation of 0.28 over the root of 2


@pytest.mark.parametrize(("high", "size"), [(3.0, None), (4.0, "1.1"), (6.0, "2.0")])
def test_a_unit_that_moves_the_headline_by_more_than_an_error_is_named(high: float, size: str | None) -> None:
    x = np.tile([1.0, 2.0], 10)
    x[3] = high
    made = run(x, names=["other"])
    found = [notice.text for notice in with_intervals(made.report(), made).notices]
    assert found == ([f"unit 3 alone moves other by {size} standard errors"] if size else [])


def test_a_long_name_of_a_unit_is_cut_in_the_notice() -> None:
    x = np.tile([1.0, 2.0], 10)
    x[3] = 90.0
    made = run(x, names=["other"], groups={"film": np.array([f"{place:0100}" for place in range(20)])})
    made = clustered(made, "film")
    (notice,) = with_intervals(made.report(), made).notices
    assert f"unit {'0' * 60}… alone" in notice.text


def test_a_unit_that_alone_differs_moves_the_number_without_bound() -> None:
    """Leaving out any other of them changes nothing among the rest, which have no spread."""
    found = intervals(run(np.array([1.0] * 7 + [2.0]), names=["other"]))["other"]
    assert (found.largest, found.largest_unit) == (math.inf, "7")


def test_without_a_spread_of_units_there_is_no_design_effect() -> None:
    """The 126 units make 63 scattered blocks, each of one 0 and one 1; of clusters some have more ones."""
    group = blocks(126, scattered=True)
    first = np.zeros(126, dtype=bool)
    first[np.unique(group, return_index=True)[1]] = True
    top = np.where(first, 0.0, 1.0)
    film = np.where(np.arange(126) < 60, np.cumsum(first) // 8, 9).astype(np.str_)
    found = intervals(clustered(run(top, groups={"film": film}), "film"))["n0"]
    assert found.error > 0
    assert math.isnan(found.design_effect)


@pytest.mark.parametrize(
    ("level", "resamples"), [(0.95, 400), (0.99, 2000), (1 - 20 / 300.0000003, 300), ("99.9", 20_000)]
)
def test_samples_that_rounding_does_not_add_to(level: float | str, resamples: int) -> None:
    """20 / (1 - 0.95) is a little more than 400 in floating point."""
    made = run(np.random.default_rng(0).random(30))
    with pytest.raises(UsageError, match=f"= {resamples:,} or more") as caught:
        intervals(made, method="percentile", level=level, resamples=resamples - 1)
    assert caught.value.code == "P167"
    _require_samples(resamples, level_of(level))


@pytest.mark.parametrize(
    ("method", "said", "hint"),
    [
        ("bca", "does not fit 19 units", "bca needs 20 units, half-samples more than 63"),
        ("half-samples", "does not fit 19 units", "pass --ci-method auto"),
        ("jacknife", "is not known", "jackknife"),
    ],
)
def test_why_a_method_is_refused(method: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        intervals(run(np.random.default_rng(0).random(19)), method=method)
    fault = caught.value.fault
    assert (caught.value.code, fault.what, fault.wanted) == (
        "P141",
        said,
        "one of auto, jackknife, percentile",
    )
    assert hint in (fault.hint or "")


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_unit_of_many_is_sought_in_the_two_blocks_that_move_most(sign: int) -> None:
    """Blocks have two units. The third block holds the unit that is farthest off, and moves less in all."""
    x = np.tile([1.0, 1.1], 63)
    x[[10, 11, 40, 41]] += sign * np.array([5.0, 6.0, 5.5, 5.2])
    x[80] += sign * 8.0
    made = run(x, names=["other"])
    found = intervals(made)["other"]
    assert (found.largest_unit, found.method) == ("11", "half-samples")
    moves = influence(made.summaries, units_of(made), ["other"])
    off = abs(x.mean() - (x.sum() - x[11]) / 125)
    assert found.largest == pytest.approx(off / moves.error_without(5)[0])


def test_a_number_that_is_undefined_without_one_unit_is_moved_most_by_another() -> None:
    made = run(np.array([1.0, 2.0, 1.5, 0.5, 1.2, 9.0]), names=["other"])
    clusters = units_of(made)
    moves = influence(made.summaries, clusters, ["other"])
    asked = moves, np.array([np.nan, 0.3, 0.1]), np.array([5, 2, 1]), clusters, "other"
    found = _largest(Interval(0, 1), *asked)
    assert (found.largest_unit, found.largest) == ("2", pytest.approx(0.3 / moves.error_without(2)[0]))
    nothing = _largest(Interval(0, 1), moves, np.full(3, np.nan), *asked[2:])
    assert nothing == Interval(0, 1)


def test_moves_of_one_size_are_as_many_as_their_groups() -> None:
    """Their fourth moment has no excess over one in eight, by which two would be divided."""
    moves = SimpleNamespace(moves=np.array([[1.0], [-1.0]] * 4), effective=np.array([7.5]))
    assert _effective(SimpleNamespace(moves=moves), 0) == 7.5  # type: ignore[arg-type]


@pytest.mark.parametrize("names", ["person+video", "video+person"])
def test_a_side_of_two_clusters_is_that_of_the_fewer(names: str) -> None:
    made = clustered(crossed()[1], names)
    side = Side.of([made], clusters_of(made), ["other"])
    other, cells = side.across
    assert [len(part.influence.moves) for part in (side, other, cells)] == [8, 11, 63]
    assert cells.influence.group.tolist() == blocks(88, scattered=True).tolist()
    alone = Side.of([made], [units_of(made)], ["other"])
    assert alone.influence.group.tolist() == blocks(88).tolist()
    assert alone.across == ()


def test_a_side_of_two_clusters_rests_on_the_fewer_that_support_it() -> None:
    """Eight people, of whom all are in two videos of eleven."""
    labels = np.indices((8, 11)).reshape(2, -1)
    bottom = (labels[1] < 2).astype(np.int64)
    groups = {"person": labels[0].astype(np.str_), "video": labels[1].astype(np.str_)}
    made = clustered(run(np.random.default_rng(0).random(88) * bottom, bottom, groups=groups), "person+video")
    side = Side.of([made], clusters_of(made), ["n0"])
    assert (side.support.tolist(), side.across[0].support.tolist()) == ([2], [2])


def test_a_gap_of_two_clusters_adds_their_variances_and_has_the_lesser_freedom() -> None:
    """Five people in eight videos, of which one has most of what is counted, and so the least freedom."""
    rng = np.random.default_rng(0)
    labels = np.indices((5, 8)).reshape(2, -1)
    bottom = np.where(labels[1] == 3, 40, 1 + labels[1])
    groups = {"person": labels[0].astype(np.str_), "video": labels[1].astype(np.str_)}
    effect = rng.normal(0, 0.1, 5)[labels[0]] + rng.normal(0, 0.1, 8)[labels[1]]
    tops = [own + rng.normal(0, 0.01, 40) for own in (0.5 + 0 * effect, 0.5 + effect)]
    one, two = (clustered(run(top * bottom, bottom, groups=groups), "person+video") for top in tops)
    ways = clusters_of(one)
    gap = Gap.between(*(Side.of([made], ways, ["n0"]) for made in (one, two)))

    def off(clusters: Clusters, scattered: bool = False) -> Influence:
        first, second = (influence(m.summaries, clusters, ["n0"], scattered=scattered) for m in (one, two))
        return second.minus(first)

    person, video, cells = (*(off(way) for way in ways), off(cells_of(ways), True))
    units = person.error**2 + video.error**2 - cells.error**2
    assert units > max(person.error**2, video.error**2)
    assert gap.units == pytest.approx(units)
    assert video.freedom < person.freedom
    assert gap.freedom == pytest.approx(video.freedom)
