"""The gap between groups and its interval: by definition, and where there is none."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import t as student

from poseval.scoring.evaluation import Evaluation
from poseval.scoring.slice_numbers import gaps_of
from poseval.statistics.gaps import gap_interval
from poseval.statistics.intervals import Spread, intervals, with_intervals
from tests.statistics.ratios import run

GROUPS = 3
UNITS = 40


def made(tops: list[float], units: int = UNITS, seed: int = 0, spread: float = 0.1) -> Evaluation:
    """Units in groups that take turns; the numbers of group g are around `tops[g]`."""
    rng = np.random.default_rng(seed)
    group = np.arange(units) % len(tops)
    values = np.clip(np.array(tops)[group] + rng.normal(0, spread, units), 0.01, 0.99)
    given = run(values)
    masks = {f"g={index}": group == index for index in range(len(tops))}
    (part,) = given.parts
    return replace(given, parts=(replace(part, slices=masks),))


def test_the_gap_is_the_largest_minus_the_smallest() -> None:
    found = made([0.3, 0.6, 0.5]).report()
    values = [found.summary[f"g={index}/n0"] for index in range(GROUPS)]
    assert found.summary["g:gap/n0"] == max(values) - min(values)
    assert found.better["g:gap/n0"] == "lower"
    (table,) = found.tables
    assert table.rows[-1] == ("gap", ("g:gap/n0",))


def test_the_interval_is_that_of_all_pairs_at_once() -> None:
    evaluation = made([0.3, 0.6, 0.5])
    values = evaluation.parts[0].tallies[next(iter(evaluation.parts[0].tallies))].column("top")[:, 0]
    low = high = 0.0
    for a, b in combinations(range(GROUPS), 2):
        one, two = values[a::GROUPS], values[b::GROUPS]
        parts = []
        for group in (one, two):
            # the jackknife of a mean, over all units: those of other groups change nothing
            errors = [group.mean() - np.delete(group, at).mean() for at in range(len(group))]
            parts.append(np.concatenate([errors, np.zeros(UNITS - len(group))]))
        off = np.concatenate(
            [parts[0][: len(one)], -parts[1][: len(two)], np.zeros(UNITS - len(one) - len(two))]
        )
        error = math.sqrt((UNITS - 1) / UNITS * ((off - off.mean()) ** 2).sum())
        variance = [(UNITS - 1) / UNITS * ((p - p.mean()) ** 2).sum() for p in parts]
        freedom = sum(variance) ** 2 / sum(
            v**2 / (n - 1) for v, n in zip(variance, (len(one), len(two)), strict=True)
        )
        half = student.ppf(1 - 0.025 / 3, freedom) * error
        apart = abs(one.mean() - two.mean())
        low, high = max(low, apart - half), max(high, apart + half)
    found = intervals(evaluation)["g:gap/n0"]
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-6)
    assert found.method == "simultaneous"


def test_groups_that_cannot_be_told_apart_have_a_gap_from_0() -> None:
    found = intervals(made([0.5, 0.5, 0.5]))["g:gap/n0"]
    assert found.low == 0
    assert found.high > 0


def test_a_group_without_an_interval_takes_it_from_the_gap() -> None:
    found = intervals(made([0.3, 0.6, 0.5], units=12))["g:gap/n0"]
    assert not found.given
    assert "only 4 units" in found.why


def test_a_group_that_is_always_right_has_no_gap() -> None:
    evaluation = made([0.3, 0.6])
    tally = evaluation.parts[0].tallies[next(iter(evaluation.parts[0].tallies))]
    tally.column("top")[::2] = 1.0
    found = intervals(evaluation)["g:gap/n0"]
    assert not found.given
    assert "end of what it can be" in found.why


def test_reports_show_it_with_its_reason() -> None:
    evaluation = made([0.3, 0.6, 0.5])
    report = with_intervals(evaluation.report(), evaluation)
    assert report.interval("g:gap/n0") is not None
    assert "gap" in report.to_text()


def test_equal_groups_are_seldom_told_apart() -> None:
    """Nominal 95 %; at 200 sets three standard errors are 0.046."""
    held = [intervals(made([0.5] * 4, units=60, seed=seed))["g:gap/n0"].low == 0 for seed in range(200)]
    assert np.mean(held) >= 0.95 - 0.046


def test_no_gap_is_wider_than_what_values_can_differ_by() -> None:
    """Shares of a few units, almost all of one group 0 and of the other 1."""
    found = intervals(made([0.05, 0.95], units=12, spread=0.3), level=0.99)["g:gap/n0"]
    assert 0 < found.low < 1
    assert found.high == 1


def test_an_interval_of_a_gap_names_no_unit_that_moves_it_most() -> None:
    """That is computed for a number of one group, and was said of the gap."""
    both = intervals(made([0.3, 0.6]))
    assert both["g=0/n0"].largest_unit
    found = both["g:gap/n0"]
    assert (math.isnan(found.largest), found.largest_unit) == (True, "")


def test_what_a_gap_takes_over_from_its_groups() -> None:
    """As undefined as the worst group; and none where two clusters cross, or a group has no interval."""
    evaluation = made([0.3, 0.6, 0.5])
    spread = Spread.of(evaluation)
    (whole,) = evaluation.summaries(np.ones((1, UNITS), dtype=np.int64))
    (gap,) = gaps_of(whole, evaluation.slices)
    members = intervals(evaluation)
    for place, (key, undefined) in enumerate(zip(gap.keys, (0.001, 0.003, 0.002), strict=True)):
        members[key] = replace(members[key], undefined=undefined)
        assert place == list(gap.keys).index(key)
    found = gap_interval(gap, spread.moves, members, 1)
    assert (found.undefined, found.level, found.units, found.cluster) == (0.003, 0.95, UNITS, "frame")
    assert (found.seed, found.resamples, found.given) == (None, UNITS, True)
    narrow = replace(gap, number=gap.number._replace(bounds=(-0.1, 0.2)))
    assert found.low < 0.3 < found.high
    assert gap_interval(narrow, spread.moves, members, 1).high == pytest.approx(0.3)
    both = gap_interval(gap, spread.moves, members, 2)
    assert (both.given, both.why) == (False, "two clusters that cross are not for gaps")
    members[gap.keys[1]] = replace(members[gap.keys[1]], low=math.nan, high=math.nan, why="a reason")
    none = gap_interval(gap, spread.moves, members, 1)
    assert (none.given, none.why) == (False, "g=1/n0: a reason")


def test_groups_that_share_units_are_compared_on_them() -> None:
    """All units, and every other one of them: what both lose without a unit cancels."""
    evaluation = made([0.3, 0.6])
    every, other = np.ones(UNITS, dtype=bool), np.arange(UNITS) % 2 == 1
    (part,) = evaluation.parts
    masks = {"g=0": every, "g=1": other}
    evaluation = replace(evaluation, parts=(replace(part, slices=masks),))
    x = next(iter(part.tallies.values())).column("top")[:, 0]
    lost = []
    for mask in masks.values():
        without = (x[mask].sum() - x) / (mask.sum() - 1)
        lost.append(np.where(mask, x[mask].mean() - without, 0.0))
    off = lost[0] - lost[1]
    error = math.sqrt((UNITS - 1) / UNITS * ((off - off.mean()) ** 2).sum())
    variance = [(UNITS - 1) / UNITS * (one**2).sum() for one in lost]
    freedom = sum(variance) ** 2 / (variance[0] ** 2 / (UNITS - 1) + variance[1] ** 2 / (UNITS / 2 - 1))
    half = student.ppf(0.975, freedom) * error
    apart = x[other].mean() - x.mean()
    found = intervals(evaluation)["g:gap/n0"]
    assert (found.low, found.high) == pytest.approx((apart - half, apart + half), rel=1e-6)
