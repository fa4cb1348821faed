"""poseval/__init__.pyi: current, and what a type checker sees of `gt=`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import poseval
from tests.shared import ROOT

GOOD = """
import poseval

poseval.score("gt.json", "dt.json").summary
poseval.score(gt="gt.json", predictions="dt.json", rules="corrected").summary
poseval.compare("a.json", "b.json", gt="gt.json").no_member
poseval.read("dt.json", role="predictions", gt="gt.json").people
poseval.gate("dt.json", "baseline.poseval", gt="gt.json").passed
"""
BAD = """
import poseval

poseval.score(predictions="dt.json")
poseval.score(gt=3, predictions="dt.json")
poseval.score("gt.json", "dt.json", gt="gt.json")
poseval.score("gt.json", "dt.json", rule="corrected")
"""


def test_it_is_current(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import type_stub

    text = type_stub.stub()
    written = (ROOT / "poseval" / "__init__.pyi").read_text("utf-8")
    assert written == text, "python docs/type_stub.py > poseval/__init__.pyi"
    for name in poseval.__all__:
        assert f" as {name}\n" in text or f"def {name}(" in text or name == "__version__"


def checked(text: str, folder: Path) -> Any:
    """What mypy says of a program, by its lines."""
    path = folder / "program.py"
    path.write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", "--cache-dir", folder, path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line for line in done.stdout.splitlines() if line.startswith(str(path)) and ": error:" in line]
    return sorted({int(line.split(":")[1]) for line in found}), done.stdout


@pytest.mark.slow
def test_a_type_checker_knows_gt(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="needs mypy")
    lines, said = checked(GOOD, tmp_path)
    assert lines == [6], said  # mypy knows the type, which has no such member
    lines, said = checked(BAD, tmp_path)
    assert lines == [4, 5, 6, 7], said
