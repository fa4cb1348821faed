"""What `poseval doctor` says, and what it keeps to itself."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from poseval import __version__
from poseval.cli import invoke


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    assert invoke(["doctor"]) == 0
    rows = (line.partition("  ") for line in capsys.readouterr().out.splitlines())
    return {name: text.strip() for name, _, text in rows}


def test_versions_and_settings_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    rows = said(capsys)
    assert rows["poseval"] == __version__
    assert f"numpy {np.__version__}" in rows["needed"]
    assert rows["kernels"].startswith("compiled, _kernels")
    assert "pytest" in rows["extra test"]


def test_a_wrong_setting_is_said_and_does_not_end_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("poseval.toml").write_text("gt =\n", "utf-8")
    monkeypatch.setenv("POSEVAL_LIMITS", "people=5")
    rows = said(capsys)
    assert rows["limits"] == "people=5"
    assert rows["settings"].startswith("wrong: ")
    assert "POSEVAL_LIMITS" in rows["variables"]


@pytest.mark.parametrize("name", ["POSEVAL_NUM_THREADS", "POSEVAL_LIMITS"])
def test_a_wrong_variable_keeps_nobody_from_help(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "x")
    assert "wrong: " in "".join(said(capsys).values())
    assert invoke(["help", "score"]) == invoke(["score", "--help"]) == invoke(["--help"]) == 0
    assert invoke(["score", "a.json", "--gt", "b.json"]) == 2
    assert "P19" in capsys.readouterr().err


def test_a_wrong_settings_file_keeps_nobody_from_help(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("poseval.toml").write_text("gt =\n", "utf-8")
    assert invoke(["help", "score"]) == invoke(["score", "--help"]) == invoke(["--help"]) == 0
    assert str(tmp_path) not in said(capsys)["settings"]


def test_no_folder_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert not [text for text in said(capsys).values() if str(Path.home()) in text or str(Path.cwd()) in text]


def test_sources_that_are_not_installed_are_no_fault(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> list[str]:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", absent)
    assert said(capsys)["packages"].startswith("not known: poseval is not installed")
