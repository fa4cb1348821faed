"""The line about a step that takes long."""

from __future__ import annotations

import sys
import time

import pytest

from poseval.cli import progress
from poseval.cli.progress import working


def test_a_step_is_named_once_it_has_taken_its_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert progress.QUICK == 2.0
    monkeypatch.setattr(progress, "QUICK", 0.05)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with working("scoring", quiet=False):
        pass
    assert capsys.readouterr().err == ""
    with working("scoring", quiet=False):
        time.sleep(0.3)
    assert capsys.readouterr().err == "\r\x1b[Kscoring, 0 s\r\x1b[K"  # and it is taken away
    with working("scoring", quiet=True):
        time.sleep(0.1)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    with working("scoring", quiet=False):
        time.sleep(0.1)
    assert capsys.readouterr().err == ""


def test_an_error_takes_the_line_away(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "QUICK", 0.05)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)

    def fail() -> None:
        with working("scoring", quiet=False):
            time.sleep(0.2)
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert capsys.readouterr().err.endswith("\r\x1b[K")
