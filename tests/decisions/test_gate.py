from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

from poseval.decisions.gate import Demands, gate
from poseval.decisions.tolerances import Tolerance
from poseval.decisions.verdict import Verdict
from poseval.errors import MismatchError, UsageError
from poseval.report import gate as gate_output
from poseval.results.units import FRACTION, NumberStyle, Unit
from poseval.results.values import Direction, Number
from poseval.statistics.noninferiority import State, bounded
from tests import toy
from tests.statistics.ratios import run

TRUTH = toy.truth(60)
BASELINE = toy.run(1.0, 0, TRUTH)


def allowed(*texts: str, **asked: object) -> Demands:
    return Demands(tuple(map(Tolerance.parse, texts)), **asked)  # type: ignore[arg-type]


def test_the_same_model_passes() -> None:
    verdict = gate(toy.run(1.0, 0, TRUTH), BASELINE)
    assert verdict.passed
    assert {check.state for check in verdict.checks} == {State.KEEPS_UP}
    assert len(verdict.checks) == 2


def test_a_large_drop_fails_both_ways() -> None:
    worse = toy.run(1.6, 1, TRUTH)
    assert not gate(worse, BASELINE).passed
    assert not gate(worse, BASELINE, Demands(significant=True)).passed


def test_lower_is_better_is_known() -> None:
    better = gate(toy.run(0.5, 1, TRUTH), BASELINE, allowed("error=0"))
    assert better.passed
    assert better.checks[0].drop < 0
    assert gate(toy.run(0.5, 1, TRUTH), BASELINE, allowed("error=0", significant=True)).keeps_up


PERCENT_STYLE, FRACTION_STYLE = NumberStyle(), NumberStyle(FRACTION)


@pytest.mark.parametrize(
    ("text", "unit", "style", "drop"),
    [
        ("AP=0.5", Unit.SHARE, PERCENT_STYLE, 0.005),
        ("AP=0.005", Unit.SHARE, FRACTION_STYLE, 0.005),
        ("AP=0.5pt", Unit.SHARE, FRACTION_STYLE, 0.005),
        ("AP=0.5rel%", Unit.SHARE, PERCENT_STYLE, 0.002),
        ("face/AP=1rel%", Unit.SHARE, FRACTION_STYLE, 0.004),
        ("AP=0", Unit.SHARE, PERCENT_STYLE, 0.0),
        ("EPE=0.5", Unit.PIXELS, PERCENT_STYLE, 0.5),
        ("switches=2", Unit.COUNT, PERCENT_STYLE, 2.0),
    ],
)
def test_tolerances_are_in_the_unit_that_is_shown(
    text: str, unit: Unit, style: NumberStyle, drop: float
) -> None:
    assert Tolerance.parse(text).allowed("AP", 0.4, unit, style) == pytest.approx(drop)


@pytest.mark.parametrize(
    ("text", "baseline", "better", "bounds", "nothing"),
    [
        ("AP=100", 0.0, "higher", (0.0, 1.0), True),  # all that there can be
        ("AP=101pt", 0.0, "higher", (0.0, 1.0), True),
        ("AP=99.9", 0.0, "higher", (0.0, 1.0), False),  # nothing can be lost
        ("AP=44", 0.5, "higher", (0.0, 1.0), False),
        ("AP=46", 0.5, "higher", (0.0, 1.0), True),  # nine tenths of what there is
        ("AP=89rel%", 0.5, "higher", (0.0, 1.0), False),
        ("AP=91rel%", 0.5, "higher", (0.0, 1.0), True),
        ("AP=100rel%", 0.5, "higher", (-math.inf, 1.0), True),
        ("AP=100", -0.5, "higher", (-math.inf, 1.0), False),
        ("AP=80", 0.1, "lower", (0.0, 1.0), False),
        ("AP=82", 0.1, "lower", (0.0, 1.0), True),
        ("AP=190rel%", 0.5, "lower", (0.0, math.inf), False),
        ("AP=200rel%", 0.5, "lower", (0.0, math.inf), True),  # three times as large
    ],
)
def test_an_amount_that_lets_everything_be_lost_fails_nothing(
    text: str, baseline: float, better: str, bounds: tuple[float, float], nothing: bool
) -> None:
    number = Number(0.5, Direction(better), "AP", bounds=bounds)
    assert Tolerance.parse(text).fails_nothing("AP", baseline, number, PERCENT_STYLE) == nothing


def test_a_pattern_that_is_too_wide_for_some_numbers_names_them() -> None:
    before = run(np.tile([0.8, 0.02, 0.5], (20, 1)), names=["AP", "AP75", "AR"])
    verdict = gate(before, before, allowed("*=10"))
    (notice,) = (notice for notice in verdict.notices if notice.code == "N498")
    assert "tolerance *=10 lets nearly all be lost of AP75 (2.00)" in notice.text
    for wide in ("AP75=10", "*=95rel%", "AP=100rel%"):
        with pytest.raises(UsageError) as caught:
            gate(before, before, allowed(wide))
        assert caught.value.code == "P810"


@pytest.mark.parametrize("significant", [False, True])
def test_a_baseline_at_its_worst_says_that_nothing_can_drop_below(significant: bool) -> None:
    before = run(np.tile([0.0, 0.4], (20, 1)), names=["AP", "AR"])
    verdict = gate(before, before, Demands(guard=["AP", "AR"], significant=significant))
    assert verdict.passed
    assert "; AP: nothing can drop below 0.00" in verdict.to_text().splitlines()[-1]
    assert "AR: nothing" not in verdict.to_text()


def test_deviations_that_hide_any_loss_are_refused() -> None:
    rng = np.random.default_rng(0)
    before = run(rng.uniform(0.6, 0.8, (40, 1)), names=["AP"])
    for deviation in (5.0, 17.0):
        assert gate(before, before, Demands(significant=True, seed_sd={"AP": deviation})).passed
    for deviation in (19.0, 1e6):
        with pytest.raises(UsageError) as caught:
            gate(before, before, Demands(significant=True, seed_sd={"AP": deviation}))
        assert caught.value.code == "P865"


def test_too_few_units_to_see_any_drop_are_said_so() -> None:
    """It printed a smallest drop that was larger than the number."""
    before, now = (
        run(np.array([row]).T, names=["AP"]) for row in ([0.9, 0, 0.1, 0.8, 0], [0, 0.9, 0.9, 0, 0.1])
    )
    verdict = gate(now, before, Demands(significant=True))
    (check,) = verdict.guarded
    assert check.smallest > check.baseline
    text = verdict.to_text()
    assert "AP: 5 units (frame) are too few to see any drop" in text
    assert "are found with 80 % power" not in text
    assert "twice what is allowed" not in text  # nothing is allowed
    assert "N499" in [notice.code for notice in verdict.notices]


@pytest.mark.parametrize(
    ("tested", "rounds", "method"),
    [
        (0, 0, "Student's t"),
        (1, 0, "Student's t"),
        (2, 0, "Student's t, Holm"),
        (2, 999, "sign flips, max-T"),
    ],
)
def test_the_method_names_a_correction_where_several_numbers_are_tested(
    tested: int, rounds: int, method: str
) -> None:
    verdict = gate(BASELINE, BASELINE, allowed("*=1"))
    checks = tuple(
        replace(verdict.checks[0], p_adjusted=0.5 if place < tested else math.nan) for place in range(3)
    )
    assert replace(verdict, checks=checks, significant=True, rounds=rounds).method == method
    assert replace(verdict, checks=checks, significant=False, rounds=rounds).method == "exact"


@pytest.mark.parametrize(
    "text", ["AP", "AP=", "=1", "AP=-1", "AP=nan", "AP=1%%", "AP=much", "AP=1rel", "AP=pt"]
)
def test_an_unreadable_tolerance_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Tolerance.parse(text)
    assert caught.value.code == "P170"


def test_a_tolerance_that_may_mean_two_things_is_refused_with_both() -> None:
    with pytest.raises(
        UsageError, match=r"AP=0.5pt \(points\) or AP=0.5rel% \(of the baseline's value\)"
    ) as caught:
        Tolerance.parse("AP=0.5%")
    assert caught.value.code == "P820"


def test_an_exact_gate_refuses_a_tolerance_that_nothing_can_exceed() -> None:
    with pytest.raises(UsageError) as caught:
        gate(BASELINE, BASELINE, allowed("hit_rate=100"))
    assert caught.value.code == "P810"


def test_points_of_what_is_no_share_are_refused() -> None:
    with pytest.raises(UsageError, match="error=1 or error=1rel%") as caught:
        gate(BASELINE, BASELINE, allowed("error=1pt"))
    assert caught.value.code == "P821"


def test_the_verdict_prints_the_allowance_as_it_prints_the_numbers() -> None:
    before, now = run(np.full(20, 0.713)), run(np.full(20, 0.7))
    text = gate(now, before, allowed("n0=0.5")).to_text()
    assert "n0 71.30 -> 70.00, 0.50 points allowed" in text
    assert "numbers in percent" in text
    assert text == gate(now, before, allowed("n0=0.5pt")).to_text()
    fractions = gate(now, before, allowed("n0=0.005", shown_as=FRACTION)).to_text()
    assert "n0 0.7130 -> 0.7000, 0.0050 allowed" in fractions
    assert "numbers in fractions of 1" in fractions
    node = json.loads(gate(now, before, allowed("n0=0.5")).to_json())
    assert (node["unit"], node["checks"][0]["unit"]) == ("fraction", "fraction")
    assert node["checks"][0]["allowed"] == pytest.approx(0.005)


def test_pixels_stay_pixels() -> None:
    text = gate(toy.run(1.6, 1, TRUTH), BASELINE, allowed("error=0.25")).to_text()
    assert "0.25 px allowed" in text
    assert "numbers in percent, pixels" in gate(toy.run(1.6, 1, TRUTH), BASELINE).to_text()


def test_what_the_run_does_not_define_is_said_even_where_it_does_not_decide() -> None:
    bottom = np.ones((20, 2), dtype=np.int64)
    nothing = bottom * [1, 0]
    before, now = run(np.full((20, 2), 0.5), bottom), run(np.full((20, 2), 0.5) * nothing, nothing)
    verdict = gate(now, before, Demands(significant=True))
    assert verdict.passed
    assert verdict.to_text().endswith("; not tested: n1 (undefined in this run)\n")


def test_what_was_not_tested_is_skipped_in_junit() -> None:
    bottom = np.ones((20, 2), dtype=np.int64) * [1, 0]
    made = run(np.full((20, 2), 0.5) * bottom, bottom)
    suite = ET.fromstring(gate_output.to_junit(gate(made, made)))
    assert (suite.get("tests"), suite.get("skipped")) == ("2", "1")
    assert [case.find("skipped") is not None for case in suite] == [False, True]


@pytest.mark.parametrize("demands", [allowed("PA=0"), Demands(guard=["PA"])])
def test_a_pattern_that_matches_nothing_is_refused(demands: Demands) -> None:
    with pytest.raises(UsageError) as caught:
        gate(BASELINE, BASELINE, demands)
    assert caught.value.code == "P146"


def test_a_baseline_of_another_truth_is_refused() -> None:
    with pytest.raises(MismatchError) as caught:
        gate(toy.run(1.0, 0, toy.truth(59)), BASELINE)
    assert caught.value.code == "P420"


class TestThreeStates:
    """That noise could explain a drop was taken for evidence that there is none."""

    @staticmethod
    def state(drop: float, noise: float, units: int, margin: str = "n0=2", **asked: object) -> Verdict:
        rng = np.random.default_rng(0)
        before = rng.uniform(0.4, 0.6, units)
        off = rng.normal(0, noise, units)
        return gate(
            run(before - drop + off - off.mean()), run(before), allowed(margin, significant=True, **asked)
        )

    def test_shown_to_keep_up(self) -> None:
        verdict = self.state(0.005, 0.02, 100)
        (check,) = verdict.checks
        assert (check.state, verdict.passed, verdict.keeps_up) == (State.KEEPS_UP, True, True)
        assert check.upper <= 0.02

    def test_fails(self) -> None:
        verdict = self.state(0.06, 0.05, 100)
        (check,) = verdict.checks
        assert (check.state, verdict.passed) == (State.FAILS, False)
        assert check.lower > 0.02

    def test_not_shown(self) -> None:
        """A drop of three points on 60 images: neither fails nor keeps up."""
        verdict = self.state(0.03, 0.1, 60)
        (check,) = verdict.checks
        assert (check.state, verdict.passed, verdict.keeps_up) == (State.NOT_SHOWN, True, False)
        assert check.lower < 0.02 < check.upper
        text = gate_output.to_text(verdict)
        assert f"the drop may be up to {100 * check.upper:.2f} points" in text
        assert "noise" not in text

    def test_keeping_up_may_be_required(self) -> None:
        verdict = self.state(0.03, 0.1, 60, must_keep_up=True)
        assert not verdict.passed
        assert gate_output.to_text(verdict).count("gate failed") == 1
        assert self.state(0.005, 0.02, 100, must_keep_up=True).passed

    def test_what_the_gate_can_find_is_always_printed(self) -> None:
        verdict = self.state(0.03, 0.1, 60)
        (check,) = verdict.checks
        error = (check.upper - check.drop) / 1.6711  # t of 59 degrees
        assert check.smallest == pytest.approx(0.02 + (1.6711 + 0.8482) * error, rel=1e-3)
        assert check.needed == pytest.approx(60 * ((1.6711 + 0.8482) * error / 0.02) ** 2, abs=1)
        sentence = f"drops of {100 * check.smallest:.2f} points or more are found with 80 % power"
        assert sentence in gate_output.to_text(verdict)
        assert "N961" in {notice.code for notice in verdict.notices}
        assert "N961" not in {notice.code for notice in self.state(0.005, 0.02, 100).notices}

    def test_as_many_units_as_named_find_twice_the_allowed_drop(self) -> None:
        found = bounded(0.0, 0.02, units_variance=0.013**2, error=0.013, freedom=59, units=60, alpha=0.05)
        more = bounded(
            0.0,
            0.02,
            units_variance=0.013**2 * 60 / found.needed,
            error=0.013 * (60 / found.needed) ** 0.5,
            freedom=59,
            units=int(found.needed),
            alpha=0.05,
        )
        assert more.smallest == pytest.approx(0.04, rel=1e-3)
        assert bounded(0.0, 0.0, units_variance=1, error=1, freedom=9, units=9, alpha=0.05).needed == np.inf


class TestOneNumberOrAFamily:
    """All numbers were tested at once, each at the level: false alarms of .2 to .6."""

    UNITS, NUMBERS = 40, 20

    def pair(self, rng: np.random.Generator, drop: float = 0.0):
        shared = rng.uniform(0.4, 0.6, (self.UNITS, 1))
        noise = rng.normal(0, 0.1, (2, self.UNITS, self.NUMBERS))
        return run(shared + noise[0] - drop), run(shared + noise[1])

    def test_the_primary_number_decides_and_the_others_are_printed(self) -> None:
        now, before = self.pair(np.random.default_rng(0))
        verdict = gate(now, before, Demands(significant=True))
        assert [check.key for check in verdict.guarded] == ["n0"]
        assert len(verdict.checks) == self.NUMBERS
        assert {check.state for check in verdict.checks[1:]} == {State.NOT_TESTED}
        assert verdict.rounds == 0

    def test_false_alarms(self) -> None:
        rng = np.random.default_rng(1)
        alarms = {"primary": 0, "family": 0, "each alone": 0}
        for _ in range(300):
            now, before = self.pair(rng)
            alarms["primary"] += not gate(now, before, Demands(significant=True)).passed
            family = gate(now, before, Demands(guard=["*"], significant=True))
            alarms["family"] += not family.passed
            alarms["each alone"] += any(check.p <= 0.05 for check in family.checks)
        assert alarms["primary"] / 300 <= 0.08
        assert alarms["family"] / 300 <= 0.08
        assert alarms["each alone"] / 300 > 0.4

    def test_a_family_is_named_by_patterns(self) -> None:
        now, before = self.pair(np.random.default_rng(2), 0.3)
        verdict = gate(now, before, Demands(guard=["n0,n1*"], significant=True))
        assert [check.key for check in verdict.guarded] == ["n0", "n1", *(f"n1{i}" for i in range(10))]
        assert not verdict.passed
        assert all(check.p_adjusted >= check.p for check in verdict.guarded)
        assert verdict.rounds >= 20 * 12 / 0.05
        assert "max-T over" in gate_output.to_text(verdict)

    def test_resolution_comes_first(self) -> None:
        now, before = self.pair(np.random.default_rng(2))
        with pytest.raises(UsageError, match="m = 20 tests") as caught:
            gate(now, before, Demands(guard=["*"], significant=True, resamples=1000))
        assert caught.value.code == "P167"


@pytest.mark.parametrize("units", [5, 20])
def test_false_alarms_with_few_sequences(units: int) -> None:
    """The bootstrap failed .13 and .08 of equal models at 5 and 20 sequences."""
    rng = np.random.default_rng(units)
    alarms, sets = 0, 500
    for _ in range(sets):
        bottom = np.exp(rng.normal(5, 0.7, units)).astype(np.int64)
        own = [(0.6 + rng.normal(0, 0.05, units)) * bottom for _ in range(2)]
        alarms += not gate(run(own[0], bottom), run(own[1], bottom), Demands(significant=True)).passed
    assert alarms / sets <= 0.075


def test_what_one_unit_supports_is_never_failed() -> None:
    """AP_M from one image of 20 was failed at p = .0015."""
    bottom = np.ones((20, 2), dtype=np.int64)
    bottom[1:, 1] = 0
    before, now = np.full((20, 2), 0.8) * bottom, np.full((20, 2), 0.7) * bottom
    verdict = gate(run(now, bottom), run(before, bottom), Demands(guard=["n1"], significant=True))
    check = next(check for check in verdict.checks if check.key == "n1")
    assert (check.state, check.why) == (
        State.NOT_SHOWN,
        "only 1 unit (frame), and at least 5 are needed",
    )
    assert verdict.passed
    assert np.isnan(check.p)


def test_a_number_that_the_run_cannot_give_fails() -> None:
    bottom = np.ones((20, 1), dtype=np.int64)
    for demands in (Demands(), Demands(significant=True)):
        verdict = gate(run(np.zeros((20, 1)), 0 * bottom), run(np.full((20, 1), 0.5), bottom), demands)
        assert not verdict.passed
        assert verdict.checks[0].why == "undefined in this run"


def test_several_trainings_a_side() -> None:
    rng = np.random.default_rng(0)
    shared = rng.uniform(0.4, 0.6, 60)

    def side(seed_sd: float):
        return [run(shared + rng.normal(0, seed_sd) + rng.normal(0, 0.02, 60)) for _ in range(4)]

    verdict = gate(side(0.02), side(0.02), Demands(significant=True))
    assert verdict.trainings == (4, 4)
    assert verdict.checks[0].error_training > verdict.checks[0].error_units
    assert "N962" not in {notice.code for notice in verdict.notices}
    one = gate(side(0.02)[0], side(0.02)[0], Demands(significant=True))
    assert "between-training variance not measured" in gate_output.to_text(one)
    assert "N962" in {notice.code for notice in one.notices}
    known = gate(side(0.02)[0], side(0.02)[0], Demands(significant=True, seed_sd={"*": 2}))
    assert known.checks[0].error_training == pytest.approx(0.02 * 2**0.5)
    assert known.checks[0].upper - known.checks[0].lower > one.checks[0].upper - one.checks[0].lower


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
    assert "FAILS" in gate_output.to_text(verdict)
    node = json.loads(verdict.to_json())
    assert node["schema"] == "poseval.gate/2"
    assert node["checks"][0]["state"] == "fails"
    significant = gate(toy.run(1.6, 1, TRUTH), BASELINE, Demands(significant=True))
    node = json.loads(significant.to_json())
    assert node["checks"][0]["needed"] is None  # with nothing allowed no number of units is enough
    assert {"alpha", "units", "cluster", "seed", "rounds", "trainings"} <= node.keys()
