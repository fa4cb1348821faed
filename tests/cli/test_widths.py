"""Tables on a terminal: no row is longer than the terminal is wide, and nothing of it is lost."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from poseval.cli import COMMANDS, invoke
from poseval.report.text_table import aligned, fitting
from tests.docs.example_files import make_example_files

# Every command that prints a table; of those with several kinds of table, one line for each.
LINES = """
challenge check sub.zip --spec spec.toml
compare a.json b.json --gt gt.json
compare a.json b.json other.json --gt gt.json --simultaneous
crosscheck preds.json --gt gt.json
crosscheck preds/ --gt videos/
crosscheck mpii_preds.npy --gt gt_valid.mat
crosscheck boxes.txt --gt gt.txt
config
diagnose preds.json --gt gt.json
diagnose preds/ --gt videos/
doctor
explain a.report.json b.report.json
gate preds.json --gt gt.json --baseline a.poseval --max-drop AP=20rel% --significant
leaderboard a.json b.json --gt gt.json
list benchmarks
models
models onnx_heatmap
score preds.json --gt gt.json --per-joint
score preds.json --gt gt.json --ci 95 --slice size
score preds/ --gt videos/ --per-joint
score preds/ --gt videos/ --ci 95
score preds/ --gt videos/ --slice sequence
score mpii_preds.npy --gt gt_valid.mat --ci 95
score faces_pred.csv --gt faces_gt.csv --benchmark 300w
score boxes.txt --gt gt.txt
score preds.json --gt gt.json --rules all
sigmas first.json second.json
validate gt.json
"""
# `challenge` prints what a specification asks for; it has tests of its own.
WITHOUT_TABLES = {
    "bench",
    "challenge",
    "completion",
    "convert",
    "demo",
    "explore",
    "help",
    "plot",
    "run",
    "synth",
    "track",
    "train",
}
ROW = re.compile(r"\S {2,}\S")  # two cells, with at least two blanks between them


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("widths")
    make_example_files(folder)
    return folder


def test_every_command_with_tables_is_here() -> None:
    assert {line.split()[0] for line in LINES.split("\n") if line} | WITHOUT_TABLES == COMMANDS.keys()


@pytest.mark.parametrize("line", LINES.strip().splitlines())
def test_no_row_is_longer_than_a_terminal(
    line: str, place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if line.startswith("challenge"):
        pytest.skip("run by the tests of challenges")
    monkeypatch.chdir(place)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert invoke(shlex.split(line)) == 0, capsys.readouterr().err
    text = re.sub(r"\x1b\[[012]m", "", capsys.readouterr().out)
    rows = [row for row in text.splitlines() if ROW.search(row)]
    assert [row for row in rows if len(row) > 80] == []
    monkeypatch.setattr("sys.stdout.isatty", lambda: False)
    assert invoke(shlex.split(line)) == 0
    assert set(text.split()) == set(capsys.readouterr().out.split())


def test_a_wide_table_becomes_several() -> None:
    rows = [["", "one", "two", ""], ["a", "1.0", "22.0", "as good"], ["bb", "10.0", "2.0", "better"]]
    assert aligned(rows, (0, -1)) == ["     one   two", "a    1.0  22.0  as good", "bb  10.0   2.0  better"]
    with fitting(16):
        parts = ["     one   two", "a    1.0  22.0", "bb  10.0   2.0", "", "a   as good", "bb  better"]
        assert aligned(rows, (0, -1)) == parts
    assert len(aligned(rows)) == 3


def test_a_column_of_words_goes_on_in_further_lines() -> None:
    rows = [["name", "source"], ["a", "a long name of a paper, and of a program"], ["b", "short"]]
    with fitting(30):
        lines = ["name  source", "a     a long name of a paper,", "      and of a program", "b     short"]
        assert aligned(rows, (0, 1)) == lines
