"""`poseval run` as a user types it."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from poseval.cli import invoke
from poseval.cli.progress import ProgressLine, duration, progress_text
from poseval.cli.run import config_of
from poseval.errors import UsageError
from tests.runners.conftest import Bench, made

__all__ = ["made"]


def arguments(made: Bench, out: Path) -> list[str]:
    return [
        *("run", "synth_small", "--weights", str(made.weights), "--gt", str(made.truth)),
        *("--images", str(made.images), "--out", str(out), "--device", "cpu"),
        *("--input-size", "64x48", "--option", "widths=[8, 8, 8, 8]"),
    ]


@pytest.mark.models
def test_run_and_score(made: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.json"
    assert invoke([*arguments(made, tmp_path / "p.json"), "--score", "--json", str(report)]) == 0
    out, err = capsys.readouterr()
    assert "AP50" in out
    assert "people in 9 images" in err
    assert json.loads(report.read_text())["benchmark"] == "coco-keypoints"
    assert json.loads((tmp_path / "report.json.run.json").read_text())["model"] == "synth_small"
    assert invoke(["score", str(tmp_path / "p.json"), "--gt", str(made.truth)]) == 0
    assert capsys.readouterr().out.splitlines()[:4] == out.splitlines()[:4]


@pytest.mark.models
def test_facts_reach_the_leaderboard(made: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.json"
    assert invoke([*arguments(made, tmp_path / "p.json"), "--json", str(report), "-q"]) == 0
    capsys.readouterr()
    assert invoke(["leaderboard", str(report), "--fact", "parameters"]) == 0
    parameters = json.loads((tmp_path / "report.json.run.json").read_text())["parameters"]
    assert str(parameters) in capsys.readouterr().out.replace(",", "")


@pytest.mark.models
def test_errors_end_with_their_exit(made: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ["--weights", str(made.weights), "--out", str(tmp_path / "p.json"), "--device", "cpu"]
    common += ["--option", "widths=[8, 8, 8, 8]"]
    assert invoke(["run", "synth_smal", *common, "--images", str(made.images)]) == 2
    assert "did you mean synth_small" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert invoke(["run", "synth_small", *common, "--images", str(tmp_path / "empty")]) == 3
    assert "P263" in capsys.readouterr().err
    assert invoke(["run", "synth_small", *common, "--images", str(made.images), "--score"]) == 2
    assert "--gt" in capsys.readouterr().err
    assert invoke(["run", "synth_small", *common, "--images", "x", "--input-size", "big"]) == 2
    assert "HEIGHTxWIDTH" in capsys.readouterr().err


def test_options_of_a_model() -> None:
    pairs = ("width=32", "tokens=stem", "depths=[1, 2]", "fixed=true", "name=a=b")
    assert config_of(pairs) == {"width": 32, "tokens": "stem", "depths": [1, 2], "fixed": True, "name": "a=b"}
    with pytest.raises(UsageError) as caught:
        config_of(("width",))
    assert caught.value.code == "P152"


def test_an_option_given_twice_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    said = ["--option", "tokens=stem", "--option", "tokens=maps"]
    for call in (
        ["run", "tokenpose_s_v1", *said, "--images", str(tmp_path), "--out", "out.json"],
        ["bench", "tokenpose_s_v1", *said],
        ["train", "tokenpose_s_v1", *said, "--data", "gt.json", "--images", str(tmp_path), "--out", "out"],
    ):
        assert invoke(call) == 2
        assert "option tokens: is given twice: stem and maps" in capsys.readouterr().err
    call = [
        "run",
        "prtr_r50",
        "--decoder-layer",
        "1",
        "--option",
        "decoder_layer=2",
        "--images",
        str(tmp_path),
    ]
    assert invoke([*call, "--out", "out.json"]) == 2
    assert "option decoder_layer: is given twice: 2 and 1" in capsys.readouterr().err


def test_progress_says_rate_and_rest() -> None:
    assert progress_text(0, 5000, 0, 0.0, "images") == "0/5,000 images"
    assert progress_text(1234, 5000, 1000, 100.0, "images") == "1,234/5,000 images  10.0/s  6 min left"
    assert [duration(s) for s in (3, 89.4, 600, 12000)] == ["3 s", "89 s", "10 min", "3 h 20 min"]


def test_the_line_counts_its_own_work_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with ProgressLine("images", quiet=False) as line:
        line(2, 10)  # two were done by an earlier run
        assert capsys.readouterr().err == ""  # a short job shows nothing
        now[0] = 4.0
        line(10, 10)
        assert capsys.readouterr().err == "\r\x1b[K10/10 images  2.0/s  0 s left"
        now[0] = 5.0
        line(1, 40)  # the next part of the job has a rate of its own
        assert capsys.readouterr().err == "\r\x1b[K1/40 images"
    assert capsys.readouterr().err == "\r\x1b[K"
    with ProgressLine("images", quiet=True) as line:
        now[0] = 9.0
        line(1, 2)
    assert capsys.readouterr().err == ""
