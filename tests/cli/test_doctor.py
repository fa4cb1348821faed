"""What `poseval doctor` says, and what it keeps to itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from poseval import __version__
from poseval.cli import invoke


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    assert invoke(["doctor"]) == 0
    return {line[:17].strip(): line[17:].strip() for line in capsys.readouterr().out.splitlines()}


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


def test_no_folder_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert not [text for text in said(capsys).values() if str(Path.home()) in text or str(Path.cwd()) in text]
