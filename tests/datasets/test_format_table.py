"""docs/formats.md is what the code says."""

from __future__ import annotations

from poseval.datasets.format_table import render
from tests.shared import ROOT


def test_the_page_is_current() -> None:
    assert (ROOT / "docs" / "formats.md").read_text("utf-8") == render()
