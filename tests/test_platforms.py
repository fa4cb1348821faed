"""Windows: only challenges need modules that only POSIX has, and they say so."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

from poseval.cli import invoke
from tests.conftest import NEED_FORKS
from tests.shared import ROOT

ONLY_POSIX = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}


@cache
def files() -> dict[str, Path]:
    """Modules of the project, by name."""
    found = [path for name in ("poseval", "tests", "perf") for path in (ROOT / name).rglob("*.py")]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in found]
    return dict(zip((name.removesuffix(".__init__") for name in names), found, strict=True))


def imported(path: Path) -> Iterator[str]:
    """Names that an import of this file imports, whatever is called then; packages before their modules."""
    todo = list(ast.parse(path.read_text("utf-8")).body)
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            front = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            for one in node.names:
                parts = f"{front}{one.name}".split(".")
                yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            todo += node.orelse
        elif isinstance(node, (ast.If, ast.With, ast.Try, ast.ClassDef)):
            todo += ast.iter_child_nodes(node)


@cache
def needing_posix() -> set[str]:
    """Modules that cannot be imported on Windows, because of what they or those that they import import."""
    uses = {name: set(imported(path)) for name, path in files().items()}
    found, more = set(ONLY_POSIX), True
    while more:
        more = {name for name, those in uses.items() if name not in found and those & found}
        found |= more
    return found - ONLY_POSIX


def test_only_challenges_need_posix() -> None:
    inside = {name for name in needing_posix() if name.startswith("poseval.")}
    assert "poseval.challenge.apart" in inside
    assert {name for name in inside if not name.startswith("poseval.challenge.")} == set()


def test_tests_that_windows_cannot_import_are_not_collected_there() -> None:
    found = {name for name in needing_posix() if name.startswith("tests.")}
    paths = [files()[name].relative_to(ROOT / "tests") for name in found]
    tests = [path.as_posix() for path in paths if path.name.startswith("test_")]
    assert "challenge/test_apart.py" in tests
    assert [one for one in tests if not any(fnmatch(one, pattern) for pattern in NEED_FORKS)] == []
    assert "test_platforms" not in needing_posix()


def test_challenges_are_refused_in_words_where_nothing_can_fork(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr(os, "fork")
    assert invoke(["challenge", "check", "c", "dt.json"]) == 2
    err = capsys.readouterr().err
    assert "[P899]" in err
    assert "try: use the Linux subsystem of Windows (WSL)" in err
    assert invoke(["challenge", "check", "--help"]) == 0
    assert invoke(["help", "challenge", "check"]) == 0
