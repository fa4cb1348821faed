"""Row 34 to 36: what texts from files do in every place that shows them: a table of target x text."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from poseval.cli.terminal import printable
from poseval.decisions.entries import Entry
from poseval.decisions.leaderboard import Board, Row
from poseval.decisions.verdict import LAST, Check, Verdict
from poseval.report import gate as gate_page
from poseval.report import leaderboard as board_page
from poseval.report.latex import to_latex
from poseval.report.leaderboard_page import SCRIPT, to_html
from poseval.report.tables import to_csv, to_markdown
from poseval.report.text import render
from poseval.results.layout import Layout
from poseval.results.report import Report
from poseval.results.signature import Signature
from poseval.results.values import Value, Values
from poseval.statistics.noninferiority import State
from tests.hostile.limited import poseval
from tests.hostile.made import results, truth, write

TEXTS = {
    "escape sequence": "\x1b]0;owned\x07\x1b[31mX",
    "C1 control": "a\x9b31mb",
    "line breaks": "a\r\nb\x85c\u2028d",
    "command of GitHub": "\n::error title=pwn::injected",
    "command of GitHub, first": "::error title=pwn::injected",
    "command of Azure": "x ##[error]injected",
    "percent": "a%0A::error::b",
    "direction": "user\u202etxt.exe",
    "zero width": "a\u200bb\ufeff",
    "tags": "a\U000e0041b",
    "half a character": "caf\udce9",
    "NUL": "a\0b",
    "formula": '=HYPERLINK("http://x")',
    "formula after a tab": "\t=1+1",
    "formula with minus": "-1+1",
    "formula with at": "@SUM(1)",
    "HTML": '"><img src=x onerror=alert(1)><script>alert(1)</script>',
    "Markdown": "a|b `c` [d](javascript:e) **f** <g>",
    "LaTeX": r"\input{/etc/passwd} 50% $x$ #1 ~ ^ _ & {}",
    "mathematics": r"$\bad$",
    "backslashes": r"a\\b\$c$",
    "XML": "]]> <!ENTITY x> & \x01",
    "long": "x" * 10_000,
}
RAW = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff\ud800-\udfff]")


def report_of(text: str) -> Report:
    """A report with the text wherever a file can put one."""
    signature = Signature((("metric", text), ("bench", text)))
    values = Values([Value(text, text, text, text, value=0.5, n=1, why=text)])
    return Report(
        text,
        text,
        signature,
        {text: 0.5},
        values,
        deviations=(text,),
        layout=Layout((text,), ((text, (text,)),)),
    )


def board_of(text: str) -> Board:
    entry = Entry("a", report_of(text), facts={text: text})
    object.__setattr__(entry, "name", text)
    return Board(text, text, text, "higher", (text,), (Row(1, False, entry, (1, 1)),), text, (text,))


def verdict_of(text: str) -> Verdict:
    check = Check(text, LAST, 1.0, 0.5, 0.5, 0.0, State.FAILS, guarded=True, why=text)
    return Verdict((check,), False, False, 0.05, 0, 9, text, (1, 1), text)


TERMINAL: dict[str, Callable[[str], str]] = {
    "report": lambda text: render(report_of(text)),
    "board": lambda text: board_page.to_text(board_of(text)),
    "anything": lambda text: f"{text}\n",
    "csv": lambda text: to_csv(report_of(text)),
    "json": lambda text: report_of(text).to_json(),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("made", TERMINAL.values(), ids=TERMINAL)
def test_36_terminal(made: Callable[[str], str], text: str) -> None:
    shown = printable(made(text))
    assert not RAW.search(shown)
    assert not any(unicodedata.category(char) in ("Cf", "Cs") for char in shown)
    assert not re.search(r"^\s*::|##\[", shown, re.MULTILINE)


def test_json_stays_json_at_the_door() -> None:
    for text in TEXTS.values():
        assert json.loads(printable(json.dumps([text], ensure_ascii=False))) == [text]


def test_our_own_colours_pass() -> None:
    assert printable("\x1b[1mAP\x1b[0m\n") == "\x1b[1mAP\x1b[0m\n"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_lines_of_a_report_come_from_us_alone(text: str) -> None:
    """A text from a file adds no line to a report."""
    assert render(report_of(text)).count("\n") == render(report_of("x")).count("\n")
    assert board_page.to_text(board_of(text)).count("\n") == board_page.to_text(board_of("x")).count("\n")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize(
    "made",
    [lambda t: to_csv(report_of(t)), lambda t: board_page.to_csv(board_of(t))],
    ids=["report", "board"],
)
def test_34_csv(made: Callable[[str], str], text: str) -> None:
    rows = list(csv.reader(io.StringIO(made(text).replace("\0", ""), newline="")))
    assert len(rows) == 2
    for cell in (cell for row in rows for cell in row):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_35_markdown(text: str) -> None:
    board = board_page.to_markdown(board_of(text)).splitlines()
    assert len(board) == 7  # the table, what it shows, and how entries were told apart
    for lines in (to_markdown(report_of(text)).splitlines(), board):
        assert len(lines[:3]) == 3
        plain = [re.sub(r"\\.", "", line) for line in lines]
        assert len({line.count("|") for line in plain[:3]}) == 1
        assert all("|" not in line for line in plain[3:])
        assert not any(char in line for line in plain for char in "<>`[]*")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_35_latex(text: str) -> None:
    for made in (to_latex(report_of(text)), board_page.to_latex(board_of(text))):
        cells = "\n".join(line for line in made.splitlines() if line.endswith(r"\\"))
        known = (
            r"\\text(?:backslash|asciitilde|asciicircum|less|greater|bar)\{\}|\{[\[*]\}|\\[&%$#_{}]|\\\\$| & "
        )
        known += r"|\$_\{\\mathrm\{\w+\}\}\$"
        rest = re.sub(known, "", cells, flags=re.MULTILINE)
        assert not set("\\&%$#_{}~^") & set(rest)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_34_html(text: str) -> None:
    page = to_html([board_of(text)])
    assert page.count("<script") == page.count(f"<script>{SCRIPT}</script>") == 1
    page = page.replace(SCRIPT, "")
    assert "<img" not in page
    assert not RAW.search(page)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_35_junit_and_annotation(text: str) -> None:
    verdict = verdict_of(text)
    (case,) = ET.fromstring(gate_page.to_junit(verdict))
    assert case.get("name")
    annotation = gate_page.to_annotation(verdict)
    assert annotation.count("\n") == 1
    assert not RAW.search(annotation)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_35_figures(text: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from poseval.report.plots import _joint_figure, figure_bytes, new_figure
    from poseval.results.units import NumberStyle

    rows = [Value("m", text, text, value=0.5), Value("m", text, "b", value=0.4)]
    figure_bytes(_joint_figure(text, rows, replace(report_of("x"), layout=None), NumberStyle()))
    figure_bytes(new_figure(text, text, text)[0])


def test_joint_names_that_look_like_mathematics_are_plotted(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    gt = truth()
    gt["categories"][0]["keypoints"][0] = r"$\bad$"
    skeleton = {"joints": gt["categories"][0]["keypoints"], "sigmas": [0.05] * 17}
    write(tmp_path / "gt.json", gt)
    write(tmp_path / "dt.json", results())
    write(tmp_path / "s.json", skeleton)
    ended = poseval(
        ["score", "dt.json", "--gt", "gt.json", "--skeleton", "s.json", "--per-joint", "--report", "r.html"],
        folder=tmp_path,
        seconds=60,
    )
    assert ended.status == 0, ended.err
    assert (tmp_path / "r.html").stat().st_size
