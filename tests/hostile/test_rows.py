"""Each row of the table of attacks has a test here that names it by its number."""

from __future__ import annotations

import re
from pathlib import Path

ROWS = range(1, 43)
NAMED = re.compile(r"^def test_(\d\d)_", re.MULTILINE)


def test_every_row_of_the_table_has_a_test() -> None:
    files = Path(__file__).parent.glob("test_*.py")
    found = {int(row) for file in files for row in NAMED.findall(file.read_text("utf-8"))}
    assert found == set(ROWS)
