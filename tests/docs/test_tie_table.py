"""The table of ties in docs/quirks.md is what its program gives."""

from __future__ import annotations

from typing import Any

import pytest

from tests.shared import ROOT


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import tie_table

    return tie_table


def test_the_table_is_what_the_program_gives(program: Any) -> None:
    page = (ROOT / "docs" / "quirks.md").read_text("utf-8").splitlines()
    found = program.rows()
    assert len(found) == 6
    assert set(found) <= set(page)
