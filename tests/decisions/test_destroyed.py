"""Models that found nobody, through the command line: beside good ones, and by numbers of the found alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from poseval.cli import invoke
from poseval.synth import perturb, scene_set
from poseval.synth.demo_files import write_pair


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ground truth, good predictions with their saved runs, and destroyed ones."""
    monkeypatch.chdir(tmp_path)
    truth = scene_set(2, 60, 3)
    write_pair(tmp_path, truth, perturb(truth, 1, jitter=0.2), force=True)
    good = json.loads(Path("predictions.json").read_text("utf-8"))
    Path("empty.json").write_text("[]", "utf-8")
    Path("one.json").write_text(json.dumps(good[:1]), "utf-8")
    for name, metric in (("ap", "oks_ap"), ("epe", "epe(people=matched)"), ("calibration", "calibration")):
        words = ["score", "predictions.json", "--gt", "truth.json", "-q", "--metric", metric]
        assert invoke([*words, "--save", f"{name}.poseval"]) == 0
    return tmp_path


def gate(*words: str) -> int:
    return invoke(["gate", *words, "--gt", "truth.json", "-q"])


@pytest.mark.parametrize("more", [["--significant"], ["--max-drop", "AP=60"]])
@pytest.mark.parametrize(
    "files", [["predictions.json", "empty.json"], ["empty.json", *["predictions.json"] * 3]]
)
def test_a_destroyed_training_is_not_hidden_by_good_ones(
    place: Path, files: list[str], more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    status = gate(*files, "--baseline", "ap.poseval", "--metric", "oks_ap", *more)
    assert status == 1
    at = files.index("empty.json") + 1
    assert f"disappeared in run {at} of {len(files)}" in capsys.readouterr().out


@pytest.mark.parametrize("more", [["--significant"], ["--max-drop", "*=5"]])
@pytest.mark.parametrize(("name", "metric"), [("epe", "epe(people=matched)"), ("calibration", "calibration")])
def test_a_number_of_the_found_alone_needs_somebody_found(
    place: Path, name: str, metric: str, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate("one.json", "--baseline", f"{name}.poseval", "--metric", metric, *more) == 1
    assert "almost nothing is left" in capsys.readouterr().out
    assert gate("predictions.json", "--baseline", f"{name}.poseval", "--metric", metric, *more) == 0
