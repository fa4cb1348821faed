"""Several trained runs a side: units vary, and so does training."""

from __future__ import annotations

import math

import numpy as np
import pytest

from poseval.decisions.gate import Demands, gate
from poseval.errors import UsageError
from poseval.scoring.evaluation import Evaluation
from poseval.statistics.comparison import STUDENT, compare
from poseval.statistics.training import deviations, seed_deviations
from tests.statistics.ratios import run

UNITS = 60


def trained(rng: np.random.Generator, runs: int, seed_sd: float, shift: float = 0.0, names: int = 1):
    """Runs of one recipe: every training moves all units, and each unit by itself."""
    shared = np.random.default_rng(0).normal(0.5, 0.15, (UNITS, 1))
    recipe = shared + rng.normal(0, 0.03, (UNITS, 1)) + shift
    return [run(recipe + rng.normal(0, seed_sd) + rng.normal(0, 0.03, (UNITS, names))) for _ in range(runs)]


def test_two_parts_of_the_variance_are_told_apart() -> None:
    rng = np.random.default_rng(1)
    units, training, total, seen = [], [], [], []
    for _ in range(150):
        (row,) = compare({"a": trained(rng, 4, 0.02), "b": trained(rng, 4, 0.02)}).differences
        units.append(row.error_units**2)
        training.append(row.error_training**2)
        total.append(row.error**2)
        seen.append(row.difference)
    image = 2 * (0.03**2 + 0.03**2 / 4) / UNITS
    seeds = 2 * (0.02**2 + 0.03**2 / UNITS) / 4
    assert np.mean(units) == pytest.approx(image, rel=0.12)
    assert np.mean(training) == pytest.approx(seeds, rel=0.15)
    assert np.mean(total) == pytest.approx(np.var(seen), rel=0.35)


@pytest.mark.parametrize("runs", [3, 5])
def test_false_alarms_with_training_noise(runs: int) -> None:
    """One run a side calls the luck of training a difference; several do not."""
    rng = np.random.default_rng(runs)
    one, several, sets = 0, 0, 250
    for _ in range(sets):
        a, b = trained(rng, runs, 0.01), trained(rng, runs, 0.01)
        one += compare({"a": a[:1], "b": b[:1]}).differences[0].p < 0.05
        several += compare({"a": a, "b": b}).differences[0].p < 0.05
    assert one / sets > 0.2
    assert several / sets < 0.08


def test_one_run_a_side_says_that_training_is_not_measured() -> None:
    rng = np.random.default_rng(2)
    found = compare({"a": trained(rng, 1, 0.0), "b": trained(rng, 1, 0.0)})
    assert math.isnan(found.differences[0].error_training)
    assert "between-training variance not measured" in found.to_text()
    several = compare({"a": trained(rng, 3, 0.01), "b": trained(rng, 3, 0.01)})
    assert several.trainings == (3, 3)
    assert several.method == STUDENT
    assert "from units" in several.to_text()
    assert "from training" in several.to_text()


def test_several_runs_of_one_side_stand_for_the_other() -> None:
    rng = np.random.default_rng(3)
    a = trained(rng, 5, 0.02)
    (row,) = compare({"a": a, "b": trained(rng, 1, 0.02)}).differences
    wanted = np.var([r.summary()["n0"] for r in a], ddof=1) * (1 / 5 + 1)
    assert row.error_training**2 == pytest.approx(wanted)


def test_a_known_deviation_stands_in_for_runs() -> None:
    rng = np.random.default_rng(4)
    runs = {"a": trained(rng, 1, 0.0, names=2), "b": trained(rng, 1, 0.0, names=2)}
    found = compare(runs, seed_sd={"n0": 1, "n1": 2}).differences
    assert [row.error_training for row in found] == pytest.approx([0.01 * math.sqrt(2), 0.02 * math.sqrt(2)])
    assert [row.error**2 for row in found] == pytest.approx(
        [row.error_units**2 + row.error_training**2 for row in found]
    )


def test_deviations_are_read_from_texts_and_patterns() -> None:
    assert deviations(("0.003",)) == {"*": 0.003}
    assert deviations(["AP=0.003", "*/AP=0.01"]) == {"AP": 0.003, "*/AP": 0.01}
    assert deviations(0.002) == {"*": 0.002}
    assert deviations(()) is None
    found = seed_deviations({"*": 10, "b*": 20}, ["a", "b1", "b2"], [100.0, 100.0, 1.0], ["a"])
    assert found is not None
    assert found.tolist() == [0.1, 0.2, 20.0]


@pytest.mark.parametrize(("asked", "code"), [({"x": 0.1}, "P146"), ({"a": 0.1}, "P103")])
def test_deviations_of_no_number_are_refused(asked: dict[str, float], code: str) -> None:
    with pytest.raises(UsageError) as caught:
        seed_deviations(asked, ["a", "b"], [1.0, 1.0], ["a", "b"])
    assert caught.value.code == code


@pytest.mark.parametrize("asked", [-0.1, {"*": math.inf}, ["AP=much"], ["AP=-1"], {"AP": True}])
def test_deviations_that_cannot_be_are_refused(asked: object) -> None:
    with pytest.raises(UsageError) as caught:
        deviations(asked)  # type: ignore[arg-type]
    assert caught.value.code == "P142"


def test_the_largest_deviation() -> None:
    assert deviations(1e6) == {"*": 1e6}
    assert deviations(0) == {"*": 0.0}
    with pytest.raises(UsageError):
        deviations(1.001e6)


def test_a_pattern_of_no_number_is_refused_though_others_name_them_all() -> None:
    with pytest.raises(UsageError, match="zzz") as caught:
        seed_deviations({"*": 0.01, "zzz": 0.01}, ["n0", "n1"], [1.0, 1.0], ["n0"])
    assert caught.value.code == "P146"
    found = seed_deviations({"*": 0.01, "n1": 0.02}, ["n0", "n1"], [1.0, 1.0], ["n0"])
    assert found is not None
    assert found.tolist() == [0.01, 0.02]


@pytest.mark.parametrize("asked", [[0.1, 0.2], ["0.1", 0.2], object()])
def test_deviations_of_another_type_are_refused(asked: object) -> None:
    with pytest.raises(UsageError) as caught:
        deviations(asked)  # type: ignore[arg-type]
    assert caught.value.code == "P101"


def with_a_gap(rng: np.random.Generator, sides: int = 2) -> list[list[Evaluation]]:
    """Two runs a side, whose second number nobody can give."""
    bottom = np.ones((20, 2), dtype=np.int64)
    bottom[:, 1] = 0
    return [[run(rng.uniform(0.4, 0.6, (20, 2)) * bottom, bottom) for _ in range(2)] for _ in range(sides)]


def test_a_number_that_nobody_can_give_does_not_hide_what_training_does() -> None:
    """COCO without large people: AP_L was undefined, and the trainings of AP were left out."""
    one, two = with_a_gap(np.random.default_rng(3))
    found = compare({"a": one, "b": two})
    assert found.method == STUDENT
    first, second = found.differences
    assert first.error_training > 0
    assert second.why == "undefined"
    verdict = gate(one, two, Demands(significant=True))
    assert "N962" not in {notice.code for notice in verdict.notices}
    assert verdict.checks[0].error_training == pytest.approx(first.error_training)


def test_a_gate_needs_the_deviation_of_the_numbers_that_decide_alone() -> None:
    rng = np.random.default_rng(4)
    now, before = (run(rng.uniform(0.4, 0.6, (20, 3))) for _ in range(2))
    verdict = gate(now, before, Demands(significant=True, seed_sd={"n0": 2.0}))
    assert [check.error_training for check in verdict.checks] == [
        pytest.approx(0.02 * math.sqrt(2)),
        pytest.approx(math.nan, nan_ok=True),
        pytest.approx(math.nan, nan_ok=True),
    ]
    assert not math.isnan(verdict.checks[1].p)
    assert "N962" not in {notice.code for notice in verdict.notices}
    with pytest.raises(UsageError, match="lack n1") as caught:
        gate(now, before, Demands(significant=True, seed_sd={"n0": 2.0}, guard=["n0", "n1"]))
    assert caught.value.code == "P103"
