"""Every command of docs/challenge.md runs, in its order, on synthetic people."""

from __future__ import annotations

import re
import shlex
import shutil
import zipfile
from pathlib import Path

import pytest

from poseval.challenge.codabench_rules import RULES
from poseval.challenge.description import DETAIL, PUBLIC
from poseval.cli import invoke
from poseval.datasets import Role
from tests.challenge.made import TRUTH, predictions, write
from tests.challenge.worlds import WORLDS
from tests.shared import ROOT

PAGE = (ROOT / "docs/challenge.md").read_text("utf-8")


def commands() -> list[str]:
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert {kind for kind, _ in blocks} == {"console"}
    return [line.removeprefix("$ ") for _, text in blocks for line in text.splitlines()]


def test_every_command_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(TRUTH, Path("test.json"), Role.TRUTH)
    write(predictions(), Path("dt.json"))
    with zipfile.ZipFile("submission.zip", "w") as archive:
        archive.write("dt.json", "mine/dt.json")
    Path("runs").mkdir()
    shutil.copytree(ROOT / "examples/challenges", "examples/challenges")
    WORLDS[1].write_truth(Path("truth.npz"), 1)
    words = ["truth.npz", "crowdpose_test.json", "--to", "coco", "--role", "truth", "--format-in", "native"]
    assert invoke(["convert", *words]) == 0
    found = commands()
    assert len(found) == 9
    for line in found:
        program, *arguments = shlex.split(line)
        assert program == "poseval"
        assert invoke(arguments) == 0, line
    assert Path("bundle.zip").is_file()
    assert Path("crowdpose.zip").is_file()
    assert "Example Lab" in Path("site/index.html").read_text()


def test_the_tables_name_every_level() -> None:
    for name in (*PUBLIC, *DETAIL):
        assert f"| `{name}` |" in PAGE, name
    assert f"`CB1` to `CB{len(RULES)}`" in PAGE
