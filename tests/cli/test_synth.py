"""`poseval synth`."""

from __future__ import annotations

from pathlib import Path

import pytest

from poseval.cli import invoke
from poseval.scoring.score import read


def test_world_of_given_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--images", "3", "--people", "2", "--width", "96", "--height", "80", "--smallest", "40"]
    words += ["--largest", "70", "--seed", "4"]
    assert invoke(["synth", str(tmp_path), *words]) == 0
    path = capsys.readouterr().out.strip()
    truth = read(path)
    assert len(truth.frames) == 3
    assert truth.frames.size.tolist() == [[96, 80]] * 3
    assert len(list((tmp_path / "images").iterdir())) == 3
    assert invoke(["synth", str(tmp_path), *words]) == 2
    assert "P131" in capsys.readouterr().err
    assert invoke(["synth", str(tmp_path / "b"), "--width", "3"]) == 2
    assert "P120" in capsys.readouterr().err


def test_clips(tmp_path: Path) -> None:
    words = ["--video", "--images", "4", "--sequence-length", "2", "--width", "96", "--height", "80"]
    assert invoke(["synth", str(tmp_path), *words, "--smallest", "40", "--largest", "70", "-q"]) == 0
    assert sorted(path.name for path in (tmp_path / "images").iterdir()) == ["000001_synth", "000002_synth"]
