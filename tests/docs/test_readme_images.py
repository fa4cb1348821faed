"""The images of README.md show what poseval prints and writes today."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.shared import ROOT

IMAGES = ROOT / "docs" / "images"


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    monkeypatch.setenv("NO_COLOR", "1")
    sys.modules.pop("readme_images", None)
    import readme_images

    return readme_images


def test_the_terminal_is_current(program: ModuleType) -> None:
    shown = (IMAGES / "terminal.svg").read_text("utf-8")
    assert shown == program.terminal(), "make docs"
    assert "with x and y exchanged AP would be" in shown


def test_the_report_is_current(program: ModuleType, tmp_path: Path) -> None:
    assert program.digest(program.page(tmp_path)) == (IMAGES / "report.sha256").read_text("utf-8").strip(), (
        "python docs/readme_images.py --report"
    )


def test_every_image_of_the_readme_is_made_by_the_program() -> None:
    named = set(re.findall(r"docs/images/[\w.]+", (ROOT / "README.md").read_text("utf-8")))
    assert named == {"docs/images/terminal.svg", "docs/images/report.png"}
