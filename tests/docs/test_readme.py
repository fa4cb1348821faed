"""Every line of README.md that can be typed works, in the order in which it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from poseval.cli import invoke
from tests.docs import page_files
from tests.docs.example_files import make_example_files
from tests.shared import ROOT

TEXT = (ROOT / "README.md").read_text("utf-8")
ROWS = re.findall(r"^\| .*? \| `poseval (.*?)` \|$", TEXT, re.MULTILINE)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme")
    make_example_files(folder)
    page_files.make("README.md", folder)
    return folder


def test_the_table_is_found() -> None:
    assert len(ROWS) > 12
    assert {shlex.split(row)[0] for row in ROWS} >= {"score", "gate", "compare", "convert", "leaderboard"}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_the_table_works(
    row: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if row.startswith("run "):
        pytest.skip("run by the tests of the runner")
    monkeypatch.chdir(place)
    assert invoke(shlex.split(row)) == 0, capsys.readouterr().err


def test_the_first_commands_are_those_of_the_first_page() -> None:
    """Which tests/docs/test_blocks.py runs after a demo."""
    first = re.findall(r"^    (?:poseval|make|\.) .*$", TEXT[: TEXT.index("## ")], re.MULTILINE)
    page = (ROOT / "docs/start.md").read_text("utf-8")
    assert len(first) == 4
    assert all(line.partition("  #")[0].strip() in page for line in first if "make test" not in line)


def test_links_lead_to_files() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (ROOT / target).exists(), target


def test_every_extra_that_is_named_exists() -> None:
    extras = (ROOT / "setup.cfg").read_text("utf-8").partition("[options.extras_require]")[2]
    named = re.findall(r"`(\w+)`", TEXT[TEXT.index("Extras, as in") : TEXT.index("## More")])
    assert len(named) >= 7
    assert all(re.search(rf"^{name} =", extras, re.MULTILINE) for name in named if name != "models")


def test_every_target_of_make_exists() -> None:
    targets = (ROOT / "Makefile").read_text("utf-8")
    for name in re.findall(r"`?make (demo|test|lint|docs|perf)\b", TEXT):
        assert re.search(rf"^{name}:", targets, re.MULTILINE)
