"""Windows: nothing that is imported everywhere needs a module that only POSIX has, and commands say so."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from poseval.cli import invoke
from poseval.datasets import Role
from tests.challenge.made import TRUTH, predictions, write
from tests.shared import ROOT

ONLY_POSIX = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}


def imported(path: Path) -> set[str]:
    """Modules that an import of this file imports, whatever is called then."""
    out: set[str] = set()
    todo = list(ast.parse(path.read_text("utf-8")).body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            out |= {one.name.partition(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            out.add(str(node.module).partition(".")[0])
        elif isinstance(node, (ast.If, ast.With, ast.ClassDef)):
            todo += ast.iter_child_nodes(node)
    return out


def test_files_are_imported_on_windows_too() -> None:
    files = [
        path for folder in ("poseval", "tests", "perf", "docs") for path in (ROOT / folder).rglob("*.py")
    ]
    assert len(files) > 500
    found = {
        path.relative_to(ROOT).as_posix(): sorted(both)
        for path in files
        if (both := imported(path) & ONLY_POSIX)
    }
    assert not found


def test_submissions_are_refused_in_words_where_nothing_can_fork(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(TRUTH, Path("gt.json"), Role.TRUTH)
    write(predictions(), Path("dt.json"))
    assert invoke(["challenge", "init", "c", "--gt", "gt.json", "--title", "People"]) == 0
    monkeypatch.delattr(os, "fork")
    assert invoke(["challenge", "check", "c", "dt.json"]) == 2
    err = capsys.readouterr().err
    assert "[P899]" in err
    assert "try: use the Linux subsystem of Windows (WSL)" in err
