"""A gate scores predictions itself, and takes a saved run only where it is given as one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import poseval
from poseval.cli import invoke
from poseval.errors import UsageError
from poseval.scoring import saved_runs
from tests.hostile.made import results, truth


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ground truth, good predictions with their saved run, and predictions of nothing."""
    monkeypatch.chdir(tmp_path)
    Path("gt.json").write_text(json.dumps(truth()))
    Path("good.json").write_text(json.dumps(results()))
    bad = results()
    for person in bad:
        person["keypoints"] = [5, 5, 1] * 17
    Path("bad.json").write_text(json.dumps(bad))
    for name in ("good", "bad"):
        assert invoke(["score", f"{name}.json", "--gt", "gt.json", "--save", f"{name}.poseval", "-q"]) == 0
    return tmp_path


def test_a_saved_run_beside_ground_truth_is_not_taken_for_predictions(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was taken, and the ground truth ignored: a run of other predictions passed."""
    base = ["--baseline", "good.poseval"]
    assert invoke(["gate", "bad.json", "--gt", "gt.json", *base]) == 1
    capsys.readouterr()
    for given in (["good.poseval", "--gt", "gt.json"], ["good.poseval"]):
        assert invoke(["gate", *given, *base]) == 2
        assert "[P822]" in capsys.readouterr().err
    with pytest.raises(UsageError) as caught:
        poseval.gate("good.poseval", "good.poseval", "gt.json")
    assert caught.value.code == "P822"


def test_the_verdict_says_which_it_was(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = ["--baseline", "good.poseval"]
    assert invoke(["gate", "good.json", "--gt", "gt.json", *base]) == 0
    assert "the run is of predictions that were scored here" in capsys.readouterr().out
    assert invoke(["gate", "--run", "good.poseval", *base]) == 0
    assert "the run was saved before and is taken as it is" in capsys.readouterr().out
    assert invoke(["gate", "--run", "bad.poseval", *base, "--json", "-"]) == 1
    assert json.loads(capsys.readouterr().out)["saved"] is True
    assert poseval.gate("good.json", "good.poseval", "gt.json").saved is False


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--run", "good.poseval", "--gt", "gt.json"], "P823"),
        (["good.json", "--run", "good.poseval"], "P823"),
        ([], "P823"),
        (["--run", "good.json"], "P824"),
        (["--run", "gt.json"], "P824"),
        (["--run", "absent.poseval"], "P114"),
    ],
)
def test_what_does_not_go_together(
    files: Path, arguments: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["gate", *arguments, "--baseline", "good.poseval"]) == 2
    assert f"[{code}]" in capsys.readouterr().err


def test_a_run_against_another_ground_truth_is_refused(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where the eight digits in its signature are the same."""
    run = saved_runs.load("good.poseval")
    first, *others = run.inputs
    last = "1" if first.sha256.endswith("0") else "0"
    for change in ({"sha256": first.sha256[:-1] + last}, {"records": first.records + 1}):
        other = replace(run, inputs=(replace(first, **change), *others))
        saved_runs.save(other, "other.poseval")
        assert invoke(["gate", "--run", "other.poseval", "--baseline", "good.poseval"]) == 3
        assert "another ground truth" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["compare", "good.poseval", "bad.poseval"], ["plot", "good.poseval"]])
def test_commands_that_take_runs_hold_them_to_the_ground_truth(
    files: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Saved runs are taken there by design; the ground truth beside them was ignored."""
    assert invoke([*command, "--gt", "gt.json"]) == 0
    Path("other.json").write_text(json.dumps(truth()) + " ")
    capsys.readouterr()
    assert invoke([*command, "--gt", "other.json"]) == 3
    assert "[P420]" in capsys.readouterr().err


@pytest.mark.parametrize("kept", [0, 20, 400])
def test_a_damaged_training_in_a_folder_is_named(
    files: Path, kept: int, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = files / "trainings"
    folder.mkdir()
    whole = Path("good.poseval").read_bytes()
    for name, data in (("first", whole), ("second", whole[:kept])):
        (folder / f"{name}.poseval").write_bytes(data)
    ways = [("trainings", "good.poseval"), ("good.poseval", "trainings")]
    for run, baseline in ways:
        capsys.readouterr()
        assert invoke(["gate", "--run", run, "--baseline", baseline, "-q"]) == 3
        said = capsys.readouterr().err
        assert "second.poseval" in said
        assert "[P231]" in said


def test_a_baseline_with_a_history_is_replaced_by_the_gate_or_by_force(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    score = ["score", "good.json", "--gt", "gt.json", "-q", "--save", "base.poseval"]
    assert invoke(score) == 0
    assert invoke(score) == 0  # a run that nothing replaced yet holds nothing to lose
    accept = ["gate", "bad.json", "--gt", "gt.json", "--baseline", "base.poseval", "--accept", "a new truth"]
    capsys.readouterr()
    assert invoke([*accept, "-q"]) == 0
    said = capsys.readouterr()
    assert "baseline replaced (last run and anchor" in said.err  # --quiet does not hide it
    before = Path("base.poseval").read_bytes()
    report = ["score", "good.json", "--gt", "gt.json", "-q", "--json", "base.poseval"]
    for command in (score, report):
        assert invoke(command) == 2
        assert "[P864]" in capsys.readouterr().err
        assert Path("base.poseval").read_bytes() == before
    assert invoke([*score, "--force"]) == 0
    assert len(saved_runs.load("base.poseval").parts) == 1
    assert Path("base.poseval").read_bytes() != before
