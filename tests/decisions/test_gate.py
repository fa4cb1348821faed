from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from poseval.decisions.gate import Tolerance, gate
from poseval.errors import MismatchError, UsageError
from poseval.report import gate as gate_output
from tests import toy

TRUTH = toy.truth(60)
BASELINE = toy.run(1.0, 0, TRUTH)


def test_the_same_model_passes() -> None:
    verdict = gate(toy.run(1.0, 0, TRUTH), BASELINE)
    assert verdict.passed
    assert all(check.why == "within tolerance" for check in verdict.checks)


def test_a_large_drop_fails_both_ways() -> None:
    worse = toy.run(1.6, 1, TRUTH)
    assert not gate(worse, BASELINE).passed
    assert not gate(worse, BASELINE, significant=True, resamples=300).passed


def test_a_drop_of_the_size_of_noise_fails_exact_and_passes_significant() -> None:
    noisy = next(
        run
        for run in (toy.run(1.0, seed, TRUTH) for seed in range(1, 20))
        if 0 < BASELINE.summary()["hit_rate"] - run.summary()["hit_rate"] < 0.02
    )
    tolerance = [Tolerance.parse("hit_rate=0")]
    assert not gate(noisy, BASELINE, tolerance).passed
    verdict = gate(noisy, BASELINE, tolerance, significant=True, resamples=300)
    assert verdict.passed
    assert "noise explains it" in verdict.checks[0].why


def test_lower_is_better_is_known() -> None:
    better = gate(toy.run(0.5, 1, TRUTH), BASELINE, [Tolerance.parse("error=0")])
    assert better.passed
    assert better.checks[0].drop < 0


@pytest.mark.parametrize(
    ("text", "allowed"), [("AP=0.005", 0.005), ("AP=0.5%", 0.002), ("face/AP=1%", 0.004), ("AP=0", 0.0)]
)
def test_tolerances_are_absolute_or_relative(text: str, allowed: float) -> None:
    assert Tolerance.parse(text).allowed(0.4) == pytest.approx(allowed)


@pytest.mark.parametrize("text", ["AP", "AP=", "=1", "AP=-1", "AP=nan", "AP=1%%", "AP=much"])
def test_an_unreadable_tolerance_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Tolerance.parse(text)
    assert caught.value.code == "P145"


def test_a_pattern_that_matches_nothing_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        gate(BASELINE, BASELINE, [Tolerance.parse("PA=0")])
    assert caught.value.code == "P146"


def test_a_baseline_of_another_truth_is_refused() -> None:
    with pytest.raises(MismatchError) as caught:
        gate(toy.run(1.0, 0, toy.truth(59)), BASELINE)
    assert caught.value.code == "P420"


def test_outputs_parse_back_and_are_escaped() -> None:
    verdict = gate(toy.run(1.6, 1, TRUTH), BASELINE)
    suite = ET.fromstring(gate_output.to_junit(verdict))
    assert int(suite.get("failures", "0")) == sum(not check.passed for check in verdict.checks) > 0
    assert [case.get("name") for case in suite] == [check.key for check in verdict.checks]
    annotation = gate_output.to_annotation(verdict)
    assert annotation.startswith("::error title=poseval gate::gate failed")
    assert annotation.count("\n") == 1
    assert gate_output.escape_command("a%\n::error::b") == "a%25%0A::error::b"
    assert "| hit\\_rate |" in gate_output.to_job_summary(verdict)
    assert "FAIL" in gate_output.to_text(verdict)
