"""`poseval demo --plain`: nothing but the package and two COCO files."""

from __future__ import annotations

from pathlib import Path

import pytest

from poseval.cli import invoke


def test_demo_makes_files_and_prints_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["demo", str(tmp_path / "demo"), "--plain", "--seed", "2"]) == 0
    out, err = capsys.readouterr()
    assert "AP50" in out
    assert "coco-keypoints" in out
    assert "predictions.json" in err
    assert (
        invoke(["score", str(tmp_path / "demo/predictions.json"), "--gt", str(tmp_path / "demo/truth.json")])
        == 0
    )
    assert capsys.readouterr().out.splitlines()[:4] == out.splitlines()[:4]
    assert invoke(["demo", str(tmp_path / "demo"), "--plain"]) == 2
    assert "P131" in capsys.readouterr().err
