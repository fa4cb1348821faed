"""Differences, verdicts and their p-values on tables small enough to do by hand, with SciPy's t."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy import stats

from poseval.errors import UsageError
from poseval.statistics import signflips
from poseval.statistics.clusters import units_of
from poseval.statistics.comparison import FLIPS, STUDENT, Comparison, Difference, compare
from poseval.statistics.influence import influence
from poseval.statistics.multiplicity import holm, over_pairs, primary_first
from poseval.statistics.options import MOST, MOST_SEED, count_of, level_of, seed_of
from poseval.statistics.pairs import TOO_FEW
from poseval.statistics.signflips import LEAST, Tests, flip_test, least_p, rounds_for
from poseval.statistics.training import Gap, Side
from tests.statistics.ratios import benchmark, run

UNITS = 12


def two(seed: int = 0, shift: float = 0.04, numbers: int = 1, units: int = UNITS):  # type: ignore[no-untyped-def]
    """The differences [U, K] of two runs, and the runs."""
    rng = np.random.default_rng(seed)
    first = rng.uniform(0.3, 0.7, (units, numbers))
    off = rng.normal(shift, 0.05, (units, numbers))
    return off, run(first), run(first + off)


def flips(off: np.ndarray) -> np.ndarray:
    """Two-sided p of each number by all signs, and step-down max-T."""
    parts = off / np.sqrt((off**2).sum(axis=0))
    seen = np.abs(parts.sum(axis=0))
    all_signs = np.abs(np.array(list(product((1, -1), repeat=len(off)))) @ parts)
    adjusted, least = np.empty(len(seen)), 0.0
    for rank, k in enumerate(order := np.argsort(-seen)):
        highest = all_signs[:, order[rank:]].max(axis=1)
        adjusted[k] = least = max(least, float((highest >= seen[k] - 1e-9).mean()))
    return adjusted


def test_one_number_of_one_pair() -> None:
    off, first, second = two()
    found = compare({"a": first, "b": second}, level=0.9)
    (row,) = found.differences
    error = off.std(ddof=1) / math.sqrt(UNITS)
    half = stats.t.ppf(0.95, UNITS - 1) * error
    assert row.difference == pytest.approx(off.mean())
    assert (row.low, row.high) == pytest.approx((off.mean() - half, off.mean() + half))
    assert (row.error, row.error_units) == pytest.approx((error, error))
    assert math.isnan(row.error_training)
    assert row.p == row.p_adjusted == pytest.approx(flips(off)[0])
    assert (row.value_first, row.value_second) == (first.summary()["n0"], second.summary()["n0"])
    assert (row.first, row.second, row.better, row.p_error, row.why) == ("a", "b", "higher", 0.0, "")
    assert (found.method, found.rounds, found.complete, found.units) == (FLIPS, 2**UNITS, True, UNITS)
    assert found.alpha == pytest.approx(0.1)


def test_a_primary_number_goes_before_a_family_and_pairs_are_corrected() -> None:
    off, first, second = two(numbers=3)
    found = compare({"a": first, "b": second}).differences
    lead, rest = flips(off[:, :1])[0], flips(off[:, 1:])
    ahead, others = primary_first(float(lead), rest)
    assert [row.p_adjusted for row in found] == pytest.approx([ahead, *others])
    two_keys = compare({"a": first, "b": second}, keys=["n2", "n1"]).differences
    assert [row.key for row in two_keys] == ["n2", "n1"]
    assert [row.p_adjusted for row in two_keys] == pytest.approx(flips(off[:, [2, 1]]))
    third = run(np.random.default_rng(5).uniform(0.3, 0.7, (UNITS, 3)))
    three = compare({"a": first, "b": second, "c": third}, keys=["n1"]).differences
    alone = [
        compare({x: r, y: s}, keys=["n1"]).differences[0].p
        for x, r, y, s in (("a", first, "b", second), ("a", first, "c", third), ("b", second, "c", third))
    ]
    assert [row.p_adjusted for row in three] == pytest.approx(holm(np.array(alone)))
    assert [(row.first, row.second) for row in three] == [("a", "b"), ("a", "c"), ("b", "c")]


def test_simultaneous_intervals_share_what_they_may_leave_out() -> None:
    off, first, second = two(numbers=2)
    third = run(np.random.default_rng(5).uniform(0.3, 0.7, (UNITS, 2)))
    runs = {"a": first, "b": second, "c": third}
    rows = compare(runs, simultaneous=True).differences
    half = stats.t.ppf(1 - 0.05 / 6 / 2, UNITS - 1) * off[:, 0].std(ddof=1) / math.sqrt(UNITS)
    assert (rows[0].low, rows[0].high) == pytest.approx((off[:, 0].mean() - half, off[:, 0].mean() + half))
    assert compare(runs, simultaneous=True).simultaneous


def difference(**more: object) -> Difference:
    base = Difference(
        "k", "a", "b", 0.5, 0.6, 0.1, 0.0, 0.2, 0.1, 0.1, math.nan, 0.01, 0.05, 0.0, "higher", ""
    )
    return replace(base, **more)  # type: ignore[arg-type]


def test_verdicts_in_words() -> None:
    assert difference().verdict(0.05) == "b is better"
    assert difference(difference=-0.1).verdict(0.05) == "a is better"
    assert difference(better="lower").verdict(0.05) == "a is better"
    assert difference(better="lower", difference=-0.1).verdict(0.05) == "b is better"
    assert difference(p_adjusted=0.051).verdict(0.05).startswith("cannot be ")
    assert difference(difference=0.0).verdict(0.05).startswith("cannot be ")
    assert difference(why="too few").verdict(0.05) == "too few"


def test_a_number_that_one_system_lacks_has_no_interval_and_disturbs_no_other() -> None:
    off, first, second = two(numbers=2)
    bottom = np.ones((UNITS, 2), dtype=np.int64)
    bottom[3:, 1] = 0
    top = np.random.default_rng(1).random((UNITS, 2)) * bottom
    runs = {"a": run(top, bottom), "b": run(top + 0.1 * bottom, bottom)}
    row = next(row for row in compare(runs).differences if row.key == "n1")
    assert row.why == "only 3 units (frame), and at least 5 are needed"
    assert math.isnan(row.low)
    assert math.isnan(row.p_adjusted)
    del off, first, second


@pytest.mark.parametrize("trained", [(3, 4), (2, 2)])
@pytest.mark.parametrize("seed_sd", [0.05, 0.0])
@pytest.mark.parametrize("seed", range(3))
def test_several_runs_a_side(seed: int, seed_sd: float, trained: tuple[int, int]) -> None:
    """Both parts of the variance, what they share, and Satterthwaite's degrees of freedom."""
    rng = np.random.default_rng(seed)
    recipe = [rng.uniform(0.3, 0.7, UNITS) for _ in range(2)]
    values = [
        [own + rng.normal(0, 0.02, UNITS) + rng.normal(0, seed_sd) for _ in range(runs)]
        for own, runs in zip(recipe, trained, strict=True)
    ]
    sides = [[run(x) for x in side] for side in values]
    found = compare({"a": sides[0], "b": sides[1]})
    (row,) = found.differences
    off = np.mean(values[1], axis=0) - np.mean(values[0], axis=0)
    units = off.var(ddof=1) / UNITS
    parts = [np.var([x.mean() for x in side], ddof=1) / len(side) for side in values]
    shared = 0.0
    for side in values:
        spread = np.array(side) - np.mean(side, axis=0)
        spread -= spread.mean(axis=1, keepdims=True)
        shared += (spread**2).sum() / UNITS**2 * UNITS / (UNITS - 1) / (len(side) * (len(side) - 1))
    total = max(units + sum(parts) - shared, units, sum(parts))
    pooled = sum(part**2 / (runs - 1) for part, runs in zip(parts, trained, strict=True))
    freedom = (units + sum(parts)) ** 2 / (units**2 / (UNITS - 1) + pooled)
    assert row.error_units == pytest.approx(math.sqrt(units))
    assert row.error_training == pytest.approx(math.sqrt(sum(parts)))
    assert row.error == pytest.approx(math.sqrt(total))
    half = stats.t.ppf(0.975, freedom) * math.sqrt(total)
    assert (row.low, row.high) == pytest.approx((off.mean() - half, off.mean() + half))
    assert row.p == pytest.approx(2 * stats.t.sf(abs(off.mean()) / math.sqrt(total), freedom))
    assert (found.method, found.rounds, found.trainings) == (STUDENT, 0, trained)
    assert found.complete


def test_one_side_of_several_runs() -> None:
    """The other side's training varies as much; both stand on the same degrees of freedom."""
    rng = np.random.default_rng(8)
    values = [rng.uniform(0.3, 0.7, UNITS) + rng.normal(0, 0.05) for _ in range(4)]
    clusters = units_of(run(values[0]))
    many, one = (Side.of([run(x) for x in side], [clusters], ["n0"]) for side in (values, values[:1]))
    between = np.var([x.mean() for x in values], ddof=1)
    for gap in (Gap.between(one, many), Gap.between(many, one)):
        training = between / 4 + between
        assert gap.training[0] == pytest.approx(training)
        units = float(gap.units[0])
        wanted = (units + training) ** 2 / (units**2 / (UNITS - 1) + training**2 / 3)
        assert gap.freedom[0] == pytest.approx(wanted)
        total = max(units + training - float(many.shared[0]), units, training)
        assert gap.error[0] == pytest.approx(math.sqrt(total))
    known = Gap.between(one, many, np.array([0.02]))
    assert known.training[0] == pytest.approx(0.02**2 * (1 + 1 / 4))
    total = float(known.units[0]) + 0.02**2 * 1.25
    assert known.error[0] == pytest.approx(math.sqrt(total))
    assert known.freedom[0] == pytest.approx(total**2 / (float(known.units[0]) ** 2 / (UNITS - 1)))
    pair = Side.of([run(x) for x in values[:2]], [clusters], ["n0"])
    two_runs = Gap.between(pair, one)
    assert two_runs.training[0] == pytest.approx(np.var([x.mean() for x in values[:2]], ddof=1) * 1.5)
    alone = Gap.between(one, one)
    assert not alone.measured
    assert known.measured


def test_a_side_without_any_spread() -> None:
    same = run(np.full(UNITS, 0.5))
    (row,) = compare({"a": [same, same], "b": [same, same]}).differences
    assert (row.difference, row.error, row.p, row.low, row.high) == (0, 0, 1, 0, 0)


def test_the_difference_of_two_influences() -> None:
    _, first, second = two(numbers=2, units=70)
    bottom = np.ones((70, 2), dtype=np.int64)
    bottom[:, 1] = np.arange(70) % 3
    first, second = (
        run(np.random.default_rng(seed).random((70, 2)) * bottom, bottom if seed else None) for seed in (0, 1)
    )
    one, other = (influence(r.summaries, units_of(r), ["n0", "n1"]) for r in (first, second))
    found = other.minus(one)
    assert found.value == pytest.approx(other.value - one.value)
    assert found.moves == pytest.approx(other.moves - one.moves)
    assert found.share == pytest.approx((other.share + one.share) / 2)
    assert found.contributions.sum(axis=0) == pytest.approx(found.value)
    gone = replace(one, undefined=np.array([0.5, 0.0]))
    assert replace(other, undefined=np.array([0.1, 0.2])).minus(gone).undefined.tolist() == [0.5, 0.2]


def test_a_number_that_few_units_of_one_system_support_has_no_verdict() -> None:
    bottom = np.ones((UNITS, 1), dtype=np.int64)
    bottom[3:] = 0
    top = np.random.default_rng(1).random((UNITS, 1))
    for runs in (
        {"a": run(top * bottom, bottom), "b": run(top)},
        {"a": run(top), "b": run(top * bottom, bottom)},
    ):
        (row,) = compare(runs).differences
        assert row.why == "only 3 units (frame), and at least 5 are needed"


def test_p_values_of_families() -> None:
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]
    first, rest = primary_first(0.95, np.array([0.5, 0.99]))
    assert (first, rest.tolist()) == (1.0, [1.0, 1.0])
    found = over_pairs([np.array([np.nan, np.nan]), np.array([0.02, 0.4])])
    assert np.isnan(found[0]).all()
    assert found[1] == pytest.approx([0.04, 0.8])
    assert over_pairs([np.array([0.6]), np.array([0.7])])[1].tolist() == [1.0]


def test_what_people_may_ask_for() -> None:
    assert (count_of(2), count_of(MOST)) == (2, MOST)
    assert (seed_of(0), seed_of(MOST_SEED)) == (0, MOST_SEED)
    assert (level_of(0.5), level_of(0.9999), level_of("50")) == (0.5, 0.9999, 0.5)
    assert count_of(3, least=3) == 3
    for wrong in (MOST + 1, 1):
        with pytest.raises(UsageError):
            count_of(wrong)
    for level in (0.49, 0.99991):
        with pytest.raises(UsageError, match="level"):
            level_of(level)


def test_how_many_flips() -> None:
    assert rounds_for(3, 0.0499) == math.ceil(60 / 0.0499)
    assert rounds_for(1, 0.5) == LEAST
    assert (least_p(6), least_p(6, one_sided=True)) == (2 / 64, 1 / 64)
    found = flip_test(np.ones((40, 1)), alpha=0.05, rounds=1000, seed=0)
    assert isinstance(found, Tests)
    assert found.raw[0] == 1 / (found.rounds + 1)
    assert found.adjusted[0] == found.raw[0]
    p = float(found.adjusted[0])
    assert found.error[0] == pytest.approx(math.sqrt(p * (1 - p) / found.rounds))


def test_p_is_close_to_alpha_within_two_errors() -> None:
    """Of 9 flips 0 above: p is 1 of 10 and its error 0.1; of 4 above, 5 of 10 and 0.167."""
    for above, alpha, close in ((0, 0.29, True), (0, 0.305, False), (4, 0.8, True), (4, 0.9, False)):
        assert signflips._close(np.array([above]), 9, alpha) is close
    assert signflips._close(np.array([0, 4]), 9, 0.9) is False
    assert signflips._close(np.array([0, 4]), 9, 0.8) is True


def test_a_primary_number_has_its_part_of_alpha() -> None:
    """Six units reach a p of 1 / 32: enough for 0.033 alone, too much for nine tenths of it."""
    _, first, second = two(numbers=2, units=6)
    (alone,) = compare({"a": first, "b": second}, keys=["n0"], level=0.967).differences
    assert alone.why == ""
    rows = compare({"a": first, "b": second}, level=0.967).differences
    assert {row.why for row in rows} == {TOO_FEW}
    assert not math.isnan(rows[0].low)


def test_the_most_flips_of_a_pair_are_named() -> None:
    """The primary number is far from alpha, the other close to it, so that flips were added."""
    rng = np.random.default_rng(4)
    off = np.stack([rng.normal(0.5, 0.1, 40), rng.normal(0, 0.05, 40)], axis=1)
    off[:, 1] += 1.96 * np.sqrt((off[:, 1] ** 2).sum()) / 40 - off[:, 1].mean()
    first = rng.uniform(0.3, 0.7, (40, 2))
    found = compare({"a": run(first), "b": run(first + off)})
    assert found.differences[0].p < 0.01
    assert found.rounds > 1024


def test_flips_are_complete_only_where_those_of_every_pair_are() -> None:
    """Pairs with several runs need none; the pair of single runs is too large to go through."""
    rng = np.random.default_rng(0)
    a, b, c = ([run(rng.uniform(0.3, 0.7, 40)) for _ in range(count)] for count in (3, 1, 1))
    found = compare({"a": a, "b": b, "c": c})
    assert (found.complete, found.method) == (False, FLIPS)
    assert found.rounds >= LEAST


def test_a_comparison_as_a_dictionary() -> None:
    _, first, second = two()
    found = compare({"a": first, "b": second})
    out = found.to_dict()
    assert out["schema"] == "poseval.comparison/2"
    assert out["differences"][0]["verdict"] == found.differences[0].verdict(found.alpha)
    assert out["differences"][0]["error_training"] is None
    assert (out["cluster"], out["seed"], out["primary"]) == ("frame", 0, "n0")
    assert isinstance(found, Comparison)
    assert benchmark("n0").primary == "n0"


def test_training_alone_is_an_error_where_units_cancel_out() -> None:
    """Two runs a side go up and down by the same units, so that no unit of the means differs."""
    base = np.linspace(0.3, 0.7, UNITS)
    swing = np.where(np.arange(UNITS) < 9, 0.1, -0.2)  # 0.3 in all, or 0.025 of the mean
    sides = [[run(base + sign * swing) for sign in signs] for signs in ((1, -1), (-1, 1))]
    (row,) = compare({"a": sides[0], "b": sides[1]}).differences
    assert (row.difference, row.error_units) == (pytest.approx(0), pytest.approx(0))
    training = 2 * np.var([0.025, -0.025], ddof=1) / 2
    assert row.error_training == pytest.approx(math.sqrt(training))
    assert row.error == pytest.approx(math.sqrt(training))


def test_numbers_and_pairs_share_alpha(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of three pairs has a third; the primary number nine tenths of it, the others all of it."""
    asked = []

    def noted(parts: np.ndarray, **given: float) -> Tests:
        asked.append((parts.shape[1], given["alpha"]))
        return flip_test(parts, **given)  # type: ignore[arg-type]

    monkeypatch.setattr("poseval.statistics.pairs.flip_test", noted)
    _, first, second = two(numbers=3)
    third = two(seed=5, numbers=3)[1]
    runs = {"a": first, "b": second, "c": third}
    compare(runs)
    assert asked == [(1, pytest.approx(0.9 * 0.05 / 3)), (2, pytest.approx(0.05 / 3))] * 3
    asked.clear()
    compare(runs, keys=["n2", "n1"])
    assert asked == [(2, pytest.approx(0.05 / 3))] * 3


def test_a_least_p_of_alpha_itself_is_enough_for_a_verdict() -> None:
    """Five units have 32 signs: 2 / 32 is the least p."""
    _, first, second = two(units=5)
    for level, why in ((0.9375, ""), (0.938, TOO_FEW)):
        (row,) = compare({"a": first, "b": second}, level=level).differences
        assert row.why == why


def test_several_numbers_of_several_trainings_are_holms() -> None:
    """Student's p of each number alone; the primary one before the others, which Holm corrects."""
    rng = np.random.default_rng(2)
    one, two_ = ([run(rng.uniform(0.3, 0.7, (UNITS, 3)) + off) for _ in range(2)] for off in (0.0, 0.1))
    rows = compare({"a": one, "b": two_}).differences
    p = np.array([row.p for row in rows])
    clusters = units_of(one[0])
    sides = [Side.of(side, [clusters], ["n0", "n1", "n2"]) for side in (one, two_)]
    assert p == pytest.approx(Gap.between(*sides).student)
    first, others = primary_first(float(p[0]), holm(p[1:]))
    assert [row.p_adjusted for row in rows] == pytest.approx([first, *others])
    assert others[others < 1].tolist() != p[1:][others < 1].tolist()
