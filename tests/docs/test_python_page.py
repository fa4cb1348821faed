"""docs/python.md: every block runs, in order, in one folder and one process."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.test_api_page import files as files
from tests.shared import ROOT

PAGE = (ROOT / "docs" / "python.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_no_block_is_of_another_kind() -> None:
    assert PAGE.count("```") == 2 * len(BLOCKS)
    assert len(BLOCKS) >= 2


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_the_block_runs(number: int, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in files.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    for needed in sorted(set(re.findall(r"torch|pandas|matplotlib|pycocotools(?=\.c)", BLOCKS[number]))):
        pytest.importorskip(needed)
    exec(compile(BLOCKS[number], f"block {number + 1} of docs/python.md", "exec"), {"__name__": "page"})
