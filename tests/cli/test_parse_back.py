"""Every output format of the commands that decide is parsed again, and holds the numbers of the JSON."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from poseval.cli import invoke
from poseval.synth import perturb, scene_set
from poseval.synth.demo_files import write_pair

NUMBER = re.compile(r"[-+−]?\d+\.\d+")
KEYS = ("AP", "AP50", "AR")
Cells = list[list[str]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ground truth, and two saved runs with intervals."""
    folder = tmp_path_factory.mktemp("runs")
    truth = scene_set(2, 24, 3)
    for name, jitter in (("a", 0.2), ("b", 0.4)):
        write_pair(folder, truth, perturb(truth, 1, jitter=jitter), force=True)
        (folder / "predictions.json").rename(folder / f"{name}.json")
        words = [
            "score",
            str(folder / f"{name}.json"),
            "--gt",
            str(folder / "truth.json"),
            "-q",
            "--ci",
            "95",
        ]
        assert invoke([*words, "--save", str(folder / f"{name}.poseval")]) == 0
    return folder


class Table(HTMLParser):
    """The cells of the first table of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: Cells = []
        self.open = self.done = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr" and not self.done:
            self.rows.append([])
        self.open = tag in ("td", "th") or (self.open and tag not in ("tr", "table"))
        if tag in ("td", "th") and not self.done:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.open = self.open and tag not in ("td", "th")
        self.done = self.done or tag == "table"

    def handle_data(self, data: str) -> None:
        if self.open and not self.done:
            self.rows[-1][-1] += data


def columns(text: str) -> Cells:
    """Cells of a text table: two blanks or more stand between them."""
    return [re.split(r"  +", line.rstrip()) for line in text.splitlines() if line.strip()]


def markdown(text: str) -> Cells:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rows = [[cell.strip().replace("\\", "") for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows if not all(set(cell) <= set("-: ") for cell in row)]


def latex(text: str) -> Cells:
    rows = [line.rstrip().removesuffix(r"\\") for line in text.splitlines() if line.rstrip().endswith(r"\\")]
    plain = [re.sub(r"\$_\\mathrm\{(\w+)\}\$", r"\1", row) for row in rows]
    plain = [re.sub(r"\\[a-z]+|[$_{}^]", "", row) for row in plain]
    return [[cell.strip() for cell in row.split("&")] for row in plain]


def shares(cells: Cells, name: str) -> set[str]:
    """Numbers with decimals in the row or in the column of a name."""
    found: set[str] = set()
    for row in cells:
        if name in [cell.strip() for cell in row]:
            found |= {number for cell in row for number in NUMBER.findall(cell)}
            at = [cell.strip() for cell in row].index(name)
            found |= {n for other in cells if len(other) > at for n in NUMBER.findall(other[at])}
    return found


PARSERS = {"text": columns, "markdown": markdown, "latex": latex}


def printed(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    capsys.readouterr()
    assert invoke(list(words)) == status, capsys.readouterr().err
    return capsys.readouterr().out


@pytest.fixture
def report(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    monkeypatch.chdir(place)
    out = printed(capsys, "score", "a.json", "--gt", "truth.json", "-q", "--ci", "95", "--json", "-")
    node: dict[str, Any] = json.loads(out)
    return node


@pytest.mark.parametrize("style", PARSERS)
def test_a_score(style: str, report: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    words = ["score", "a.json", "--gt", "truth.json", "-q", "--ci", "95", "--digits", "2"]
    cells = PARSERS[style](printed(capsys, *words, "--format", style))
    for key in KEYS:
        interval = report["intervals"][key]
        wanted = {f"{100 * one:.2f}" for one in (report["summary"][key], interval["low"], interval["high"])}
        assert wanted <= shares(cells, key), (key, cells)


def test_a_score_as_csv_and_as_a_page(report: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    words = ["score", "a.json", "--gt", "truth.json", "-q", "--ci", "95"]
    printed(capsys, *words, "--csv", "out.csv", "--report", "out.html")
    rows = list(csv.DictReader(io.StringIO(Path("out.csv").read_text("utf-8"))))
    whole = [row for row in rows if not (row["joint"] or row["slice"] or row["threshold"])]
    for key in KEYS:
        assert report["summary"][key] in [float(row["value"]) for row in whole if row["statistic"] == key]
    page = Table(Path("out.html").read_text("utf-8"))
    assert page.done
    assert f"{100 * report['summary']['AP']:.1f}" in Path("out.html").read_text("utf-8")


@pytest.mark.parametrize("style", [*PARSERS, "csv"])
def test_a_comparison(style: str, report: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    words = ["compare", "a.poseval", "b.poseval", "-q"]
    node = json.loads(printed(capsys, *words, "--format", "json"))
    out = printed(capsys, *words, "--format", style)
    for key in KEYS:
        (found,) = (one for one in node["differences"] if one["key"] == key)
        values = [found[name] for name in ("value_first", "value_second", "difference")]
        assert values[0] == report["summary"][key]
        if style == "csv":
            (row,) = (row for row in csv.DictReader(io.StringIO(out)) if row["key"] == key)
            names = ("value_first", "value_second", "difference")
            assert [float(row[name]) for name in names] == values
            continue
        seen = {float(text.replace("−", "-")) for text in shares(PARSERS[style](out), key)}
        for value in values[:2]:
            assert any(abs(100 * value - one) < 0.051 for one in seen), (key, value, seen)


@pytest.mark.parametrize("style", ["markdown", "latex", "html", "csv", "text"])
def test_a_board(style: str, report: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    words = ["leaderboard", "a.poseval", "b.poseval"]
    node = json.loads(printed(capsys, *words, "--json", "-"))
    out = printed(capsys, *words, *(() if style == "text" else (f"--{style}", "-")))
    assert node["entries"][0]["values"]["AP"] == report["summary"]["AP"]
    for entry in node["entries"]:
        ends = [entry["intervals"]["AP"][end] for end in ("low", "high")]
        if style == "csv":
            (row,) = (row for row in csv.DictReader(io.StringIO(out)) if row["name"] == entry["name"])
            found = [float(row[name]) for name in ("AP", "AP low", "AP high")]
            assert found == [entry["values"]["AP"], *ends]
            continue
        cells = Table(out).rows if style == "html" else PARSERS[style](out)
        row_of = next(row for row in cells if entry["name"] in [cell.strip() for cell in row])
        found_texts = {text for cell in row_of for text in NUMBER.findall(cell)}
        assert {f"{100 * value:.2f}" for value in (entry["values"]["AP"], *ends)} <= found_texts


def test_a_gate(
    report: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["gate", "--run", "b.poseval", "--baseline", "a.poseval", "--max-drop", "AP=1", "-q"]
    node = json.loads(printed(capsys, *words, "--json", "-", status=1))
    (check,) = node["checks"]
    assert check["baseline"] == report["summary"]["AP"]
    wanted = {f"{100 * check[name]:.2f}" for name in ("baseline", "value", "allowed")}
    suite = ET.fromstring(printed(capsys, *words, "--junit", "-", status=1))
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    (failure,) = suite.iter("failure")
    assert wanted <= set(NUMBER.findall(str(failure.text)))
    assert wanted <= shares(columns(printed(capsys, *words, status=1)), "AP")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    annotation = printed(capsys, *words, "--github", status=1).splitlines()[-1]
    assert annotation.startswith("::error title=poseval gate::")
    assert wanted <= set(NUMBER.findall(annotation))
    assert wanted <= shares(markdown(Path("summary.md").read_text("utf-8")), "AP")
