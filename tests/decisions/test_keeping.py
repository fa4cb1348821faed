"""Baselines that do not slip, and looks that are counted."""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path

import numpy as np
import pytest

import poseval
from poseval.decisions.baselines import (
    Baseline,
    Ledger,
    load_baseline,
    load_ledger,
    save_baseline,
    save_ledger,
)
from poseval.errors import FormatError, UsageError
from poseval.scoring import saved_runs
from poseval.scoring.evaluation import Evaluation
from poseval.scoring.run_columns import CHECKSUMS
from poseval.scoring.saved_runs import archived
from tests import toy
from tests.statistics.ratios import register, run

UNITS = 400
SHARED = np.random.default_rng(0).uniform(0.3, 0.7, UNITS)


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The numbers of these tests under names that saved runs can be read by."""
    register(monkeypatch)


def model(level: float, seed: int = 0, noise: float = 0.01) -> Evaluation:
    off = np.random.default_rng(seed).normal(0, noise, UNITS)
    return run(SHARED + level + off - off.mean())


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    saved_runs.save(model(0.0), tmp_path / "base.poseval")
    return tmp_path / "base.poseval"


def hold(now: Evaluation, path: Path, **asked: object):
    return poseval.gate(now, path, update_baseline=True, **asked)  # type: ignore[arg-type]


class TestTheRatchet:
    """29 commits of tolerance 1 % took AP from .531 to .469, each passed."""

    @pytest.mark.parametrize("significant", [False, True])
    def test_small_drops_do_not_add_up(self, baseline: Path, significant: bool) -> None:
        lost, kept = 0.0, 0
        for commit in range(29):
            level = lost - 0.003
            verdict = hold(model(level, commit), baseline, max_drop={"n0": 1}, significant=significant)
            if verdict.replaced:
                lost, kept = level, kept + 1
        assert -0.011 < lost < 0
        assert kept < 29
        last = load_baseline(baseline)
        assert last.anchor.summary()["n0"] == pytest.approx(SHARED.mean())

    def test_a_run_that_is_not_shown_to_keep_up_replaces_nothing(self, baseline: Path) -> None:
        before = baseline.read_bytes()
        verdict = hold(model(-0.012, 1, noise=0.2), baseline, max_drop={"n0": 1}, significant=True)
        assert verdict.passed
        assert not verdict.keeps_up
        assert not verdict.replaced
        assert baseline.read_bytes() == before

    def test_both_the_last_run_and_the_anchor_are_tested(self, baseline: Path) -> None:
        hold(model(-0.008, 1), baseline, max_drop={"n0": 1}, significant=True)
        verdict = hold(model(-0.016, 2), baseline, max_drop={"n0": 1}, significant=True)
        states = {check.against: check.state.value for check in verdict.checks}
        assert states == {"baseline": "keeps up", "anchor": "fails"}
        assert "n0 (to anchor)" in verdict.to_text()

    def test_a_better_run_becomes_the_anchor(self, baseline: Path) -> None:
        hold(model(0.05, 1), baseline, significant=True)
        found = load_baseline(baseline)
        assert found.anchor.summary() == found.last.summary() == model(0.05, 1).summary()
        assert found.lineage[-1].why == "better than the anchor"
        hold(model(0.0499, 2), baseline, max_drop={"n0": 1}, significant=True)
        found = load_baseline(baseline)
        assert found.anchor.summary() == model(0.05, 1).summary()
        assert found.last.summary() == model(0.0499, 2).summary()

    def test_a_person_may_accept_any_run_and_says_why(self, baseline: Path) -> None:
        verdict = poseval.gate(model(-0.2, 1), baseline, accept="half the parameters", significant=True)
        assert verdict.passed
        assert verdict.replaced
        assert "accepted by hand (half the parameters)" in verdict.to_text()
        found = load_baseline(baseline)
        assert found.anchor.summary() == found.last.summary() == model(-0.2, 1).summary()
        assert [(step.why, step.anchor) for step in found.lineage] == [
            ("first run", True),
            ("accepted: half the parameters", True),
        ]
        assert found.lineage[0].value == pytest.approx(SHARED.mean())

    def test_the_file_is_the_same_for_the_same_steps_and_read_back(
        self, baseline: Path, tmp_path: Path
    ) -> None:
        made = Baseline.of(model(0.0)).replaced_by(model(0.01, 1), "keeps up", anchor=False)
        for name in ("a", "b"):
            save_baseline(made, tmp_path / name)
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
        again = load_baseline(tmp_path / "a")
        assert again.lineage == made.lineage
        assert (again.anchor.summary(), again.last.summary()) == (made.anchor.summary(), made.last.summary())
        (tmp_path / "c").write_bytes((tmp_path / "a").read_bytes()[:-90])
        with pytest.raises(FormatError) as caught:
            load_baseline(tmp_path / "c")
        assert caught.value.code == "P231"


class TestLedger:
    """The same baseline and no true change: a false fail within 50 commits with probability .47."""

    def test_each_look_has_less_of_alpha_and_all_together_alpha(self, baseline: Path, tmp_path: Path) -> None:
        ledger = tmp_path / "looks.json"
        alphas = []
        for commit in range(4):
            verdict = poseval.gate(model(0.0, commit + 1), baseline, significant=True, ledger=ledger)
            assert verdict.look == commit + 1
            alphas.append(verdict.alpha)
        assert alphas == pytest.approx([0.05 * 6 / (math.pi * k) ** 2 for k in (1, 2, 3, 4)])
        assert sum(0.05 * 6 / (math.pi * k) ** 2 for k in range(1, 10_000)) < 0.05
        assert "look 4 at this anchor" in verdict.to_text()

    def test_the_same_run_is_no_new_look(self, baseline: Path, tmp_path: Path) -> None:
        ledger = tmp_path / "looks.json"
        asked = {"significant": True, "ledger": ledger}
        looks = [poseval.gate(model(0.0, seed), baseline, **asked).look for seed in (1, 2, 1)]  # type: ignore[arg-type]
        assert looks == [1, 2, 1]
        assert json.loads(ledger.read_text())["schema"] == "poseval.ledger/1"

    def test_another_anchor_begins_anew(self, baseline: Path, tmp_path: Path) -> None:
        ledger = tmp_path / "looks.json"
        for seed in (1, 2):
            poseval.gate(model(0.0, seed), baseline, significant=True, ledger=ledger)
        poseval.gate(model(0.1, 3), baseline, accept="better data")
        assert poseval.gate(model(0.1, 4), baseline, significant=True, ledger=ledger).look == 1

    def test_false_fails_over_many_looks(self) -> None:
        """200 looks without any change: 65 % fail once without a ledger, at most 5 % with it."""
        rng = np.random.default_rng(0)
        t = rng.normal(size=(2000, 200)) / np.sqrt(2) + rng.normal(size=(2000, 1)) / np.sqrt(2)
        from statistics import NormalDist

        z = NormalDist()
        plain = z.inv_cdf(0.95)
        spent = np.array([z.inv_cdf(1 - 0.05 * 6 / (math.pi * k) ** 2) for k in range(1, 201)])
        assert (t > plain).any(axis=1).mean() > 0.5
        assert (t > spent).any(axis=1).mean() <= 0.05

    def test_what_is_no_ledger_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "x.json").write_text("[]")
        with pytest.raises(FormatError) as caught:
            load_ledger(tmp_path / "x.json", "a")
        assert caught.value.code == "P232"


@pytest.mark.parametrize(
    "asked",
    [
        {"ledger": "looks.json"},
        {"accept": " "},
        {"run": [1, 2], "update_baseline": True},
        {"run": [1, 2], "accept": "a reason"},
        {"baseline": [1, 2], "accept": "a reason"},
        {"baseline": [1, 2], "update_baseline": True},
    ],
)
def test_what_does_not_go_together_is_refused(baseline: Path, asked: dict[str, object]) -> None:
    given: dict[str, object] = {"run": model(0.0), "baseline": baseline, **asked}
    for side in ("run", "baseline"):
        if isinstance(given[side], list):
            given[side] = [model(0.0, 1), model(0.0, 2)]
    with pytest.raises(UsageError) as caught:
        poseval.gate(**given)  # type: ignore[arg-type]
    assert caught.value.code == "P169"


def test_a_file_of_another_schema_is_refused(baseline: Path, tmp_path: Path) -> None:
    save_baseline(load_baseline(baseline), baseline)
    other = tmp_path / "other.poseval"
    with zipfile.ZipFile(baseline) as before:
        members = {name: before.read(name) for name in before.namelist() if name != CHECKSUMS}
    members["baseline.json"] = members["baseline.json"].replace(b"poseval.baseline/1", b"poseval.baseline/9")
    other.write_bytes(archived(members))
    with pytest.raises(FormatError, match="baseline/9") as caught:
        load_baseline(other)
    assert caught.value.code == "P231"
    ledger = tmp_path / "looks.json"
    save_ledger(Ledger("a", {"x": 1}), ledger)
    assert load_ledger(ledger, "a") == Ledger("a", {"x": 1})
    assert load_ledger(ledger, "b") == Ledger("b", {})
    ledger.write_text(ledger.read_text().replace("ledger/1", "ledger/9"))
    with pytest.raises(FormatError, match="ledger/9") as caught:
        load_ledger(ledger, "a")
    assert caught.value.code == "P232"


def test_an_undefined_step_is_no_nan_in_the_file(tmp_path: Path) -> None:
    bottom = np.zeros(UNITS, dtype=np.int64)
    path = tmp_path / "empty.poseval"
    save_baseline(Baseline.of(run(np.zeros(UNITS), bottom)), path)
    (step,) = load_baseline(path).lineage
    assert math.isnan(step.value)
    with zipfile.ZipFile(path) as archive:
        assert b"NaN" not in archive.read("baseline.json")


def test_the_order_of_several_runs_is_no_new_look(tmp_path: Path) -> None:
    ledger, base = tmp_path / "looks.json", [model(0.0, 1), model(0.0, 2)]
    one, two, three = (model(0.0, seed) for seed in (3, 4, 5))
    looks = [
        poseval.gate(runs, base, significant=True, ledger=ledger).look
        for runs in ([one, two], [two, one], [one, three])
    ]
    assert looks == [1, 1, 2]
    assert poseval.gate([one, two], base[::-1], significant=True, ledger=ledger).look == 1


def test_a_saved_run_beside_ground_truth_is_refused(baseline: Path) -> None:
    """It is taken as it is, so that nothing would be scored against the ground truth."""
    with pytest.raises(UsageError) as caught:
        poseval.gate(baseline, baseline, toy.truth(6))
    assert (caught.value.code, caught.value.fault.where) == ("P822", baseline.name)
    found = poseval.gate(baseline, baseline)
    assert (found.passed, found.saved) == (True, True)
    assert not poseval.gate(model(0.0), baseline).saved
