"""`poseval train` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from poseval.cli import invoke
from tests.training.conftest import sixteen

__all__ = ["sixteen"]
pytestmark = pytest.mark.models


def test_train_then_run(sixteen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth, images = str(sixteen / "truth.json"), str(sixteen / "images")
    shape = ["--input-size", "64x48", "--option", "widths=[4, 4, 4, 4]", "--device", "cpu"]
    command = [
        "train",
        "synth_small",
        "--data",
        truth,
        "--images",
        images,
        "--out",
        str(tmp_path / "t"),
        *shape,
    ]
    command += ["--val", truth, "--val-images", images, "--epochs", "2", "--set", "batch=4"]
    assert invoke(command) == 0
    out, err = capsys.readouterr()
    assert out.strip() == str(tmp_path / "t/best.pt")
    assert "epoch 2" in err
    assert "best AP" in err
    assert len(json.loads((tmp_path / "t/history.json").read_text())) == 2
    found = ["run", "synth_small", "--weights", out.strip(), "--gt", truth, "--images", images, *shape]
    assert invoke([*found, "--out", str(tmp_path / "p.json")]) == 0


def test_wrong_words(sixteen: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = [
        "--data",
        str(sixteen / "truth.json"),
        "--images",
        str(sixteen / "images"),
        "--out",
        str(tmp_path),
    ]
    assert invoke(["train", "movenet_thunder", *data]) == 2
    assert "P159" in capsys.readouterr().err
    assert invoke(["train", "synth_small", *data, "--set", "haste=1"]) == 2
    assert "haste" in capsys.readouterr().err
    assert (
        invoke(["train", "synth_small", "--data", "nowhere.json", "--images", ".", "--out", str(tmp_path)])
        == 2
    )
    assert "P114" in capsys.readouterr().err
