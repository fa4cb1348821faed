"""docs/names.md has every public name."""

from __future__ import annotations

import pytest

from tests.shared import ROOT


def test_the_page_is_current(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import names_page

    assert (ROOT / "docs/names.md").read_text("utf-8") == names_page.render(), (
        "run python docs/names_page.py > docs/names.md"
    )
