"""Row 39, standard output: a result that cannot be given is an error of every command, whatever its form."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import poseval
from poseval.cli import invoke
from poseval.scoring.saved_runs import save
from tests.hostile.made import results, truth, write

SCORED = ["dt.json", "--gt", "gt.json"]
PRINTING: dict[str, list[str]] = {
    **{f"list {kind}": ["list", kind] for kind in ("benchmarks", "formats", "limits", "skeletons")},
    **{f"score as {form}": ["score", *SCORED, "--format", form] for form in ("text", "json", "csv", "latex")},
    "board": ["leaderboard", "good.poseval"],
    "board as JSON": ["leaderboard", "good.poseval", "--json", "-"],
    "comparison": ["compare", "good.poseval", "good.poseval"],
    "completion": ["completion", "bash"],
    "cross-check": ["crosscheck", *SCORED],
    "defaults": ["config"],
    "diagnosis": ["diagnose", *SCORED],
    "diagnosis as JSON": ["diagnose", *SCORED, "--json", "-"],
    "doctor": ["doctor"],
    "explanation": ["explain", "P114"],
    "help": ["help", "score"],
    "model": ["models", "hrnet_w32"],
    "models": ["models"],
    "models as JSON": ["models", "--json"],
    "validation": ["validate", *SCORED],
    "validation as JSON": ["validate", *SCORED, "--json"],
    "verdict": ["gate", "--run", "good.poseval", "--baseline", "good.poseval"],
    "verdict as JUnit": ["gate", "--run", "good.poseval", "--baseline", "good.poseval", "--junit", "-"],
    "world": ["synth", "world", "--images", "1", "--width", "64", "--height", "64"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("closed")
    gt, dt = write(folder / "gt.json", truth()), write(folder / "dt.json", results())
    save(poseval.evaluate(gt, dt), folder / "good.poseval")
    return folder


@pytest.mark.parametrize("arguments", PRINTING.values(), ids=PRINTING)
def test_39_a_closed_output(
    arguments: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "stdout", None)
    assert invoke(arguments) == 2
    assert "standard output: is closed [P137]" in capsys.readouterr().err
