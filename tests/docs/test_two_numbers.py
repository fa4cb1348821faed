"""docs/two_numbers.md: the rows of every program that is installed are those that it gives."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.shared import ROOT

PAGE = (ROOT / "docs" / "two_numbers.md").read_text("utf-8")
SHOWN = dict(re.findall(r"^\| (.+?) \| (0\.\d{4}) \|$", PAGE, re.MULTILINE))


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import two_numbers

    return two_numbers


def test_every_row_has_a_measure(program: Any) -> None:
    assert SHOWN.keys() == program.ROWS.keys()


@pytest.mark.parametrize("name", SHOWN)
def test_the_row_is_what_the_program_gives(name: str, program: Any, tmp_path: Path) -> None:
    try:
        found = program.ROWS[name](program.made(tmp_path))
    except ImportError as error:
        pytest.skip(f"needs {error.name or error}")
    assert f"{found:.4f}" == SHOWN[name]
