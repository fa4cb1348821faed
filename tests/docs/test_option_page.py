"""docs/model_options.md is what its program gives."""

from __future__ import annotations

from typing import Any

import pytest

from tests.shared import ROOT


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import option_page

    return option_page


def test_the_page_is_current(program: Any) -> None:
    page = (ROOT / "docs" / "model_options.md").read_text("utf-8")
    assert page == program.render(), "run python docs/option_page.py > docs/model_options.md"
