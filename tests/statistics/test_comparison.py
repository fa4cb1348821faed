from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from poseval.decisions.gate import Demands, gate
from poseval.errors import MismatchError, UsageError
from poseval.results.report import Input
from poseval.scoring.evaluation import Evaluation
from poseval.scoring.score import evaluate
from poseval.statistics.clusters import clustered
from poseval.statistics.comparison import Comparison, compare
from poseval.synth import perturb, scene_set
from tests import toy
from tests.shared import threads_of
from tests.statistics.ratios import run

TRUTH = toy.truth()


def verdicts(found: Comparison) -> dict[tuple[str, str, str], str]:
    return {(d.first, d.second, d.key): d.verdict(found.alpha) for d in found.differences}


def test_a_better_system_is_named_and_equal_ones_cannot_be_told_apart() -> None:
    runs = {"good": toy.run(0.5, 0, TRUTH), "bad": toy.run(2.0, 1, TRUTH), "twin": toy.run(0.5, 2, TRUTH)}
    found = compare(runs)
    said = verdicts(found)
    assert said["good", "bad", "hit_rate"] == "good is better"
    assert said["good", "bad", "error"] == "good is better"
    assert said["good", "twin", "hit_rate"] == "cannot be distinguished"
    assert "cannot be distinguished" in found.to_text()
    assert json.loads(found.to_json())["systems"] == ["good", "bad", "twin"]


def test_a_run_against_itself_has_no_difference() -> None:
    made = toy.run(1.0, 0, TRUTH)
    (first, *_) = compare({"a": made, "b": made}).differences
    assert (first.difference, first.low, first.high, first.p) == (0, 0, 0, 1.0)


def test_other_truth_is_refused_and_named() -> None:
    with pytest.raises(MismatchError, match="ground truth") as caught:
        compare({"a": toy.run(1.0, 0, TRUTH), "b": toy.run(1.0, 0, toy.truth(30))})
    assert caught.value.code == "P420"


def test_other_units_are_refused_and_named() -> None:
    made = run(np.full(40, 0.5))
    other = replace(run(np.full(39, 0.5)), signature=made.signature)
    with pytest.raises(MismatchError, match="b: was scored on other frames or sequences than a") as caught:
        compare({"a": made, "b": other})
    assert caught.value.code == "P421"


@pytest.mark.parametrize(("keys", "code"), [(("nonsense",), "P144"), ((), "P143")])
def test_wrong_calls_are_refused(keys: tuple[str, ...], code: str) -> None:
    made = toy.run(1.0, 0, TRUTH)
    runs = {"a": made, "b": made} if keys else {"a": made}
    with pytest.raises(UsageError) as caught:
        compare(runs, keys=keys)
    assert caught.value.code == code


def test_seeds_and_threads_decide_nothing_else() -> None:
    runs = {"a": toy.run(1.0, 0, TRUTH), "b": toy.run(1.1, 1, TRUTH)}
    first = compare(runs).to_dict()
    with threads_of("3"):
        assert compare(runs).to_dict() == first


def system(units: int, numbers: int, shift: float, seed: int):
    """Numbers of units that two systems share, and the noise of one of them."""
    shared = np.random.default_rng(99).normal(0.5, 0.1, (units, 1))
    own = np.random.default_rng(seed).normal(0, 0.05, (units, numbers))
    return run(shared + own + shift)


class TestManyNumbers:
    """Numbers times pairs beyond 50 could find nothing: the least p was 1 / 1001 before it was multiplied."""

    def test_eighty_numbers_of_one_pair(self) -> None:
        found = compare({"a": system(74, 80, 0.3, 0), "b": system(74, 80, -0.28, 1)})
        assert set(verdicts(found).values()) == {"a is better"}
        assert found.rounds >= 20 * 80 / 0.05

    def test_ten_numbers_of_six_pairs(self) -> None:
        runs = {
            name: system(60, 10, shift, i)
            for i, (name, shift) in enumerate(zip("abcd", (0.4, 0.3, 0.2, -0.4), strict=True))
        }
        assert "cannot be distinguished" not in verdicts(compare(runs)).values()

    def test_a_resolution_that_cannot_do_is_refused(self) -> None:
        with pytest.raises(UsageError, match="m = 80 tests") as caught:
            compare({"a": system(74, 80, 0, 0), "b": system(74, 80, 0, 1)}, resamples=1000)
        assert caught.value.code == "P167"

    def test_few_units_are_gone_through_in_every_combination(self) -> None:
        found = compare({"a": system(8, 3, 0.3, 0), "b": system(8, 3, 0, 1)})
        assert (found.complete, found.rounds) == (True, 256)
        assert found.differences[0].p == 2 / 256
        assert verdicts(found)["a", "b", "n0"] == "a is better"

    def test_units_too_few_to_reach_the_level_are_told(self) -> None:
        found = compare({"a": system(5, 3, 0.4, 0), "b": system(5, 3, 0, 1)})
        assert set(verdicts(found).values()) == {"too few units for any verdict"}
        runs = {name: system(7, 3, i / 4, i) for i, name in enumerate("abcd")}
        assert set(verdicts(compare(runs)).values()) == {"too few units for any verdict"}
        one_pair = compare({name: runs[name] for name in "ab"})
        assert "too few units for any verdict" not in verdicts(one_pair).values()


def test_the_primary_number_hardly_pays_for_the_others() -> None:
    a, b = system(40, 60, 0.0, 0), system(40, 60, 0.035, 1)
    alone = compare({"a": a, "b": b}, keys=["n0"], resamples=24_576).differences[0].p_adjusted
    first, *others = compare({"a": a, "b": b}).differences
    assert first.p_adjusted == pytest.approx(alone / 0.9, rel=0.02)
    assert all(d.p_adjusted >= min(first.p_adjusted, d.p) for d in others)


def test_scaling_the_scores_of_one_system_changes_nothing() -> None:
    """Exchanging detections between systems mixed two scales of scores into one ranking."""
    truth = scene_set(seed=11, images=30, people=3)
    one, two = perturb(truth, 1, jitter=0.45), perturb(truth, 7, jitter=0.45)
    scaled = replace(two, people=two.people.with_columns(score=two.people.score * 1000))
    runs = [evaluate(truth, poses, "coco-keypoints") for poses in (one, two, scaled)]
    plain = compare({"a": runs[0], "b": runs[1]}).to_dict()["differences"]
    assert compare({"a": runs[0], "b": runs[2]}).to_dict()["differences"] == plain


def test_relabelling_the_systems_turns_the_differences_round() -> None:
    a, b = system(20, 3, 0.02, 0), system(20, 3, 0, 1)
    there, back = compare({"a": a, "b": b}).differences, compare({"b": b, "a": a}).differences
    for one, other in zip(there, back, strict=True):
        assert (one.difference, one.low, one.high) == pytest.approx(
            (-other.difference, -other.high, -other.low)
        )
        assert (one.p, one.p_adjusted) == (other.p, other.p_adjusted)


def test_duplicating_units_is_no_new_evidence_when_the_copies_are_clusters() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.random((12, 2)), rng.random((12, 2))
    copies = np.array([str(i) for i in range(12)] * 3)
    twice = {
        name: clustered(run(np.tile(top, (3, 1)), groups={"copy": copies}), "copy")
        for name, top in (("a", x), ("b", y))
    }
    found, wanted = compare(twice), compare({"a": run(x), "b": run(y)})
    for one, other in zip(found.differences, wanted.differences, strict=True):
        assert (one.p, one.p_adjusted, one.error) == pytest.approx((other.p, other.p_adjusted, other.error))


def test_what_four_units_support_has_no_verdict() -> None:
    bottom = np.ones((30, 2), dtype=np.int64)
    bottom[4:, 1] = 0
    rng = np.random.default_rng(0)
    runs = {name: run(rng.random((30, 2)) * bottom, bottom) for name in "ab"}
    row = compare(runs).differences[1]
    assert row.verdict(0.05) == "only 4 units (frame), and at least 5 are needed"
    assert math.isnan(row.p_adjusted)
    assert math.isnan(row.low)


def test_simultaneous_intervals_are_wider_and_say_so() -> None:
    runs = {"a": system(20, 5, 0, 0), "b": system(20, 5, 0, 1)}
    one, all_ = compare(runs), compare(runs, simultaneous=True)
    assert all(
        w.high - w.low > n.high - n.low for n, w in zip(one.differences, all_.differences, strict=True)
    )
    assert "simultaneous interval" in all_.to_text()


def test_a_level_may_be_a_percentage() -> None:
    runs = {"a": system(20, 2, 0, 0), "b": system(20, 2, 0, 1)}
    assert compare(runs, level="95%").to_dict() == compare(runs, level=0.95).to_dict()


@pytest.mark.parametrize(
    "units", [6, pytest.param(12, marks=pytest.mark.slow), pytest.param(40, marks=pytest.mark.slow)]
)
def test_false_alarms_of_a_whole_family_stay_at_the_level(units: int) -> None:
    """Forty numbers, no true difference, units of very different sizes."""
    rng = np.random.default_rng(units)
    alarms, sets = 0, 300
    for _ in range(sets):
        bottom = np.exp(rng.normal(5, 0.7, (units, 1))).astype(np.int64) * np.ones((1, 40), dtype=np.int64)
        own = [0.5 + rng.normal(0, 0.05, (units, 1)) + rng.normal(0, 0.05, (units, 40)) for _ in range(2)]
        runs = {name: run(part * bottom, bottom) for name, part in zip("ab", own, strict=True)}
        found = compare(runs)
        alarms += any("better" in verdict for verdict in verdicts(found).values())
    assert alarms / sets <= 0.08


def test_a_difference_is_none_that_cannot_be() -> None:
    """Shares differ by 1 at most; errors have no bound. The gate's bounds of a drop are alike."""
    right = np.where(np.arange(20) == 0, 0.0, 1.0)
    (row,) = compare({"a": run(np.zeros(20)), "b": run(right)}, level=0.999).differences
    assert (row.difference, row.high) == (pytest.approx(0.95), 1.0)
    assert row.low == pytest.approx(0.95 - stats.t.ppf(0.9995, 19) * 0.05)
    (check,) = gate(run(np.full(20, 0.11)), run(right), Demands(significant=True, level=0.9999)).checks
    assert (check.drop, check.upper) == (pytest.approx(0.84), 1.0)
    errors = {"a": run(0 * right, names=["error"]), "b": run(9 * right, names=["error"])}
    assert compare(errors).differences[0].high > 9


def test_a_difference_below_is_none_that_cannot_be_either() -> None:
    right = np.where(np.arange(20) == 0, 0.0, 1.0)
    (row,) = compare({"a": run(right), "b": run(np.zeros(20))}, level=0.999).differences
    assert (row.difference, row.low) == (pytest.approx(-0.95), -1.0)
    assert row.high == pytest.approx(-0.95 + stats.t.ppf(0.9995, 19) * 0.05)


def test_flips_are_as_many_as_numbers_times_pairs_need() -> None:
    """Two numbers of three pairs are six tests, of which each needs twenty flips at 0.05 / 6."""
    runs = {
        name: system(20, 2, shift, i) for i, (name, shift) in enumerate(zip("abc", (0, 1, 2), strict=True))
    }
    with pytest.raises(UsageError, match=r"m = 6 tests at alpha = 0\.05") as caught:
        compare(runs, resamples=2399)
    assert caught.value.code == "P167"
    assert compare(runs, resamples=2400).rounds >= 2400


def test_every_form_is_written() -> None:
    found = compare({"a": system(20, 2, 0, 0), "b": system(20, 2, 0, 1)})
    assert found.to_csv().startswith('"key","first","second",')
    assert found.to_markdown().startswith("| ")
    assert "\\begin{tabular}" in found.to_latex()
    assert len(found.to_text(digits=6)) > len(found.to_text(digits=1))


class TestTheGroundTruthOfTwoRuns:
    """Runs saved by a person may say the same in their signatures and still rest on two files."""

    ONE = Input("truth", "gt.json", "ab" * 32, 1_200)

    def pair(self, *inputs: Input) -> dict[str, Evaluation]:
        made = run(np.linspace(0.2, 0.8, 20))
        predictions = Input("predictions", "a.json", "00" * 32, 7)
        return {
            "a": replace(made, inputs=(predictions, self.ONE)),
            "b": replace(made, inputs=(replace(predictions, sha256="11" * 32), *inputs)),
        }

    @pytest.mark.parametrize("change", [{"sha256": "cd" * 32}, {"records": 1_201}])
    def test_another_file_is_refused(self, change: dict[str, Any]) -> None:
        other = replace(self.ONE, **change)
        with pytest.raises(MismatchError) as caught:
            compare(self.pair(other))
        assert caught.value.code == "P420"
        assert caught.value.fault.where == "b"
        assert caught.value.fault.what == (
            "was scored against another ground truth than a: "
            f"{other.records:,} people, SHA-256 {other.sha256[:12]}, not 1,200, abababababab"
        )

    @pytest.mark.parametrize(
        "inputs", [(ONE,), (replace(ONE, path="copy.json"),), (), (replace(ONE, sha256=""),)]
    )
    def test_the_same_file_and_none_that_is_known_are_compared(self, inputs: tuple[Input, ...]) -> None:
        (row,) = compare(self.pair(*inputs)).differences
        assert row.difference == 0
