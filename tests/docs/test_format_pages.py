"""docs/formats.md is what the code says."""

from __future__ import annotations

from tests.docs.scripts import script


def test_the_page_is_current() -> None:
    pages = script("format_pages")
    assert pages.PAGE.read_text("utf-8") == pages.render(), "run python docs/format_pages.py"
