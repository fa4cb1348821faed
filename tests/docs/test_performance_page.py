"""Programs that measure replace their own section of the page, and nothing else."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("aims", "coco", "posetrack", "scale", "spent")
OTHERS = {"poseval", "tests", "numpy", "scipy", "matplotlib", "torch", "cv2", "distributed", "motmetrics"}


def sections() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sections", ROOT / "perf" / "sections.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", NAMES)
def test_only_the_own_section_of_the_real_page_changes(name: str) -> None:
    page = (ROOT / "docs" / "performance.md").read_text("utf-8")
    new = sections().with_section(page, name, "## Measured\n\nanew\n")
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    assert new == f"{page.split(begin)[0]}{begin}\n## Measured\n\nanew\n{end}{page.split(end)[1]}"
    assert sections().with_section(new, name, "## Measured\n\nanew\n") == new


def test_a_section_is_added_where_there_is_none() -> None:
    put = sections().with_section
    first = put("", "a", "text")
    assert first == "# Performance\n\n<!-- a: begin -->\ntext\n<!-- a: end -->\n"
    assert put(first, "b", "more") == first + "\n<!-- b: begin -->\nmore\n<!-- b: end -->\n"
    assert put(put(first, "b", "more"), "a", "new") == first.replace("text", "new") + (
        "\n<!-- b: begin -->\nmore\n<!-- b: end -->\n"
    )


@pytest.mark.parametrize(
    "page", ["<!-- a: begin -->\n", "<!-- a: end -->\n", "<!-- a: end --><!-- a: begin -->"]
)
def test_half_a_section_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="one mark"):
        sections().with_section(page, "a", "text")


@pytest.mark.parametrize("folder", ["perf", "docs", "examples"])
def test_no_program_hides_a_module_of_python(folder: str) -> None:
    # A program's folder is searched first: one named statistics.py stops all others that import statistics.
    names = {path.stem for path in (ROOT / folder).glob("*.py")}
    assert names
    assert not names & sys.stdlib_module_names


def test_every_program_finds_what_it_imports() -> None:
    """Modules of the folder by name, so that one that is dropped takes nobody with it unseen."""
    own = {path.stem for path in (ROOT / "perf").iterdir()}
    missing = {
        f"{path.name}: {name}"
        for path in (ROOT / "perf").glob("*.py")
        for name in imported(path)
        if name not in own | OTHERS | sys.stdlib_module_names
    }
    assert not missing


def imported(path: Path) -> set[str]:
    """Names of the modules and packages that a program imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names.add(node.module.partition(".")[0])
    return names


def said_by(*words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = (sys.executable, str(ROOT / "perf" / words[0]), *words[1:])
    return subprocess.run(words, env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("program", ["pose_metric.py", "posetrack_peers.py", "ship.py"])
def test_programs_say_what_they_take(program: str) -> None:
    done = said_by(program, "--help")
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout


@pytest.mark.parametrize("program", ["aims.py", "readers.py", "spent.py"])
def test_a_name_that_no_row_has_is_refused(program: str) -> None:
    done = said_by(program, "--only", "nothing")
    assert done.returncode == 2
    assert "has 'nothing'; there are" in done.stderr


def test_a_history_is_shown_by_machine_with_ratios(tmp_path: Path) -> None:
    head = (ROOT / "perf" / "history.csv").read_text("utf-8").splitlines()[0]
    lines = [f"d,{name},{where},c,{cpu},,{peak},5,3" for name, where, cpu, peak in
             (("a", "m", 2.0, 50), ("b", "n", 8.0, ""), ("e", "m", 3.0, 25))]  # fmt: skip
    (tmp_path / "h.csv").write_text("\n".join([head, *lines]), "utf-8")
    shown = said_by("history.py", "--show", str(tmp_path / "h.csv")).stdout
    assert "| c | d | e | 3.0 (1.50) |  | 25 (0.50) |" in shown
    assert "| c | d | b | 8.0 |  |  |" in shown


def test_exchange_formats_leave_no_files(tmp_path: Path) -> None:
    done = said_by("readers.py", "--folder", str(tmp_path / "memory"), "--only", "native", "--rounds", "1")
    assert done.stdout.startswith("| native | 1 |"), done.stderr
    assert list((tmp_path / "memory").iterdir()) == []


def test_exchange_formats_leave_no_files_when_they_are_stopped(tmp_path: Path) -> None:
    words = [sys.executable, str(ROOT / "perf" / "readers.py"), "--folder", str(tmp_path), "--only", "native"]
    with subprocess.Popen(words, env={**os.environ, "PYTHONPATH": str(ROOT)}) as program:
        while program.poll() is None and not list(tmp_path.glob("*/*.json")):
            time.sleep(0.05)
        program.terminate()
    assert program.returncode == 1
    assert list(tmp_path.iterdir()) == []
