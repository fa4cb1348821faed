"""Every command and block of code of README.md and of docs/, typed in the order in which it stands there."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from poseval.cli import COMMANDS, cli, invoke
from poseval.files.toml import read_toml
from tests.docs import page_files
from tests.docs.blocks import COMMANDS as TYPED
from tests.docs.blocks import Block, blocks
from tests.docs.example_files import make_example_files
from tests.shared import ROOT

DOCS = ROOT / "docs"
# Pages whose blocks another test runs, because they need more than files beside them.
ELSEWHERE = {
    "docs/animals.md": "tests/docs/test_animals.py",
    "docs/api.md": "tests/docs/test_api_page.py",
    "docs/python.md": "tests/docs/test_python_page.py",
    "docs/challenge.md": "tests/docs/test_challenge_page.py",
    "docs/integrations.md": "tests/docs/test_python_page.py",
    "CONTRIBUTING.md": "tests/docs/test_guides.py",
}
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
SLOW = ("docs/models.md", "docs/trackers.md")
SYNTAX: dict[str, Callable[[str], Any]] = {"yaml": yaml.safe_load, "json": json.loads}
MARKS = 11  # blocks, or programs in them, that a page says are not run


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


RUN = [
    pytest.param(page, id=name_of(page), marks=[pytest.mark.slow] if name_of(page) in SLOW else [])
    for page in PAGES
    if name_of(page) not in ELSEWHERE and blocks(page)
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that pages name."""
    folder = tmp_path_factory.mktemp("world")
    make_example_files(folder)
    return folder


@pytest.fixture
def place(
    request: pytest.FixtureRequest, world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A copy of the files, those that only this page names, and `poseval` and `python` as programs."""
    folder = tmp_path / "place"
    shutil.copytree(world, folder)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, words in (("poseval", " -m poseval"), ("python", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{words} "$@"\n', "utf-8")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("page", RUN)
def test_a_page_does_what_it_says(page: Path, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page_files.make(name_of(page), place)
    absent = []
    scope: dict[str, Any] = {"__name__": "page"}
    for block in blocks(page):
        at = f"{name_of(page)}:{block.line}"
        lacking = _absent(block)
        if lacking:
            absent.append(f"{at} needs {lacking}")
        elif block.language == TYPED:
            for command in block.commands:
                if not block.left_out(command):
                    _type(command, at, capsys)
        elif block.mark is None:
            _run(block, at, scope)
    if absent:
        pytest.skip("; ".join(absent))


def _absent(block: Block) -> str:
    """A package that a block needs and that is not here."""
    for needs in re.findall(r"^(?:from|import) (\w+)", block.text, re.MULTILINE):
        if needs in page_files.OPTIONAL and not _is_here(needs):
            return str(needs)
    words = [word for pattern, word in page_files.NEEDED.items() if re.search(pattern, block.text)]
    return next((word for word in words if not _is_here(word)), "")


def _is_here(package: str) -> bool:
    try:
        __import__(package)
    except ImportError:
        return False
    return True


def _type(command: str, at: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Run a line in this process where it is a plain call of poseval, else in a shell."""
    words = shlex.split(command, comments=True)
    if words[0] == "poseval" and not re.search(r"[<>|&;$*]", command):
        capsys.readouterr()
        status = invoke(words[1:])
        said = capsys.readouterr().err
    else:
        if shutil.which("sh") is None:
            pytest.skip("no shell here")
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
        status, said = done.returncode, done.stderr
    assert status == 0, f"{at}: {command}\n{said}"


def _run(block: Block, at: str, scope: dict[str, Any]) -> None:
    if block.language == "toml":
        Path("block.toml").write_text(block.text, "utf-8")
        read_toml(Path("block.toml"))
    elif block.language != "python":
        SYNTAX[block.language](block.text)
    elif "def test_" in block.text:
        Path("test_block.py").write_text(block.text, "utf-8")
        plugin = ["-p", "poseval.pytest_plugin", "-p", "no:cacheprovider", "-q", "-c", os.devnull]
        words = [sys.executable, "-m", "pytest", *plugin, "--rootdir", ".", "test_block.py"]
        env = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
        assert "1 passed" in done.stdout, f"{at}\n{done.stdout}"
    elif "__main__" in block.text:  # its functions go to worker processes, which need its file
        Path("block.py").write_text(block.text, "utf-8")
        done = subprocess.run([sys.executable, "block.py"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{at}\n{done.stderr}"
    else:
        exec(compile(block.text, at, "exec"), scope)


def test_what_is_not_run_is_marked_on_the_page() -> None:
    """Every language is one that is run or read, and every mark says of what it speaks."""
    marks: Counter[str] = Counter()
    for page in PAGES:
        for block in blocks(page):
            assert block.language in (TYPED, "python", "toml", *SYNTAX) or name_of(page) in ELSEWHERE, block
            if block.mark is None:
                continue
            marks[f"{name_of(page)}: {block.mark.reason}"] += 1
            assert any(map(block.left_out, block.commands)) or not block.mark.words, block
        assert page.read_text("utf-8").count("<!-- not run") == len([b for b in blocks(page) if b.mark])
    assert marks.total() == MARKS, "\n".join(marks)


def test_pages_that_others_run_are_read_there() -> None:
    for page, test in ELSEWHERE.items():
        assert Path(page).stem in (ROOT / test).read_text("utf-8")
    assert len(RUN) > 20


def _command(words: Sequence[str]) -> click.Command | None:
    """The command, or the one of a group of commands, that words begin with."""
    found: click.Command | None = cli
    for word in words:
        if not isinstance(found, click.Group):
            break
        found = found.get_command(click.Context(found), word)
    return found


def test_every_option_in_a_sentence_is_one_of_its_command() -> None:
    """`poseval CMD --option` between back quotes, which nobody runs."""
    wrong = []
    for page in PAGES:
        for text in re.findall(r"`poseval (\w[^`]*)`", page.read_text("utf-8")):
            words = text.replace("\n", " ").split()
            command = _command(words)
            known = [] if command is None else [one for param in command.params for one in param.opts]
            wrong += [
                f"{name_of(page)}: poseval {text}"
                for word in words[1:]
                if command is None or (re.match(r"--[a-z]", word) and word.partition("=")[0] not in known)
            ]
            if words[0] not in COMMANDS:
                wrong.append(f"{name_of(page)}: poseval {text}")
    assert not wrong, "\n".join(wrong)
