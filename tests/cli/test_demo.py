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


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--plain", "--weights", "w.tgz"], "uses no network"),
        (["--images", "photographs"], "needs --weights"),
    ],
)
def test_weights_and_photographs_that_do_not_fit(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["demo", str(tmp_path / "demo"), *words]) == 2
    err = capsys.readouterr().err
    assert "P127" in err
    assert said in err
    assert not (tmp_path / "demo").exists()


def test_weights_that_are_not_there_are_refused_before_anything_is_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    assert invoke(["demo", str(tmp_path / "demo"), "--weights", str(tmp_path / "none.tgz")]) != 0
    assert "none.tgz" in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()
