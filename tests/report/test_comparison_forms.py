"""A comparison in every format, read back: text, Markdown, CSV, JSON, a figure, and the command."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from pathlib import Path

import pytest

from poseval.cli import invoke
from poseval.report.comparison_plot import MOST_ROWS, draw
from poseval.report.comparison_tables import cells_of, stars
from poseval.report.plots import figure_bytes
from poseval.results.units import NumberStyle
from poseval.scoring import saved_runs
from poseval.statistics.comparison import Comparison, compare
from tests import toy
from tests.report.test_latex import table_of

SYSTEMS = ("first", "b|c.poseval", "third")


@pytest.fixture(scope="module")
def found() -> Comparison:
    truth = toy.truth()
    return compare(
        {name: toy.run(spread, 1, truth) for name, spread in zip(SYSTEMS, (1.0, 0.4, 0.98), strict=True)}
    )


def test_csv_has_every_difference_as_a_number(found: Comparison) -> None:
    rows = list(csv.DictReader(io.StringIO(found.to_csv()), quoting=csv.QUOTE_NONNUMERIC))
    assert len(rows) == len(found.differences)
    for row, d in zip(rows, found.differences, strict=True):
        assert (row["key"], row["second"], row["unit"]) == (d.key, d.second, d.unit.stored)
        assert [row["difference"], row["low"], row["p_adjusted"]] == [d.difference, d.low, d.p_adjusted]
        assert row["verdict"] == d.verdict(found.alpha)


def test_json_says_the_same(found: Comparison) -> None:
    node = json.loads(found.to_json())
    assert [row["difference"] for row in node["differences"]] == [d.difference for d in found.differences]


def test_markdown_is_a_table_of_the_systems(found: Comparison) -> None:
    header, line, *rows = found.to_markdown().splitlines()[:5]
    cells = [re.split(r"(?<!\\)\|", row)[1:-1] for row in (header, *rows)]
    assert [len(row) for row in cells] == [3] * 4
    assert line == "|---|---|---|"
    assert cells[2][0].strip() == r"b\|c"
    assert re.search(r"\*\*\d+\.\d\*\* \([+-]\d+\.\d(\\\*)+\)", cells[2][1])
    assert "adjusted" in found.to_markdown()


def test_digits_are_as_asked(found: Comparison) -> None:
    value = 100 * found.differences[0].value_first
    for made in (found.to_text(digits=3), found.to_markdown(digits=3), found.to_latex(digits=3)):
        assert f"{value:.3f}" in made


def test_stars_are_of_the_adjusted_p() -> None:
    assert [stars(p) for p in (0.0009, 0.001, 0.009, 0.01, 0.049, 0.05, math.nan)] == [
        "***", "**", "**", "*", "*", "", "",
    ]  # fmt: skip


def test_a_number_without_a_verdict_has_no_stars(found: Comparison) -> None:
    from dataclasses import replace

    rows = tuple(replace(d, why="too few units for any verdict") for d in found.differences)
    cells = cells_of(replace(found, differences=rows), "error", NumberStyle())
    assert [cell.stars for cell in cells] == ["", "", ""]


def test_many_numbers_become_rows() -> None:
    truth = toy.truth(units=12)
    runs = {"a": toy.run(1.0, 1, truth), "b": toy.run(0.4, 2, truth)}
    from dataclasses import replace

    whole = compare(runs)
    many = tuple(replace(whole.differences[0], key=f"n{index}") for index in range(20))
    rows = table_of(replace(whole, differences=many).to_latex())
    assert [row[0] for row in rows] == ["", *(f"n{index}" for index in range(20))]
    assert rows[0][1:] == ["a", "b"]


def test_the_figure_shows_intervals_and_fills_what_is_sure(found: Comparison) -> None:
    pytest.importorskip("matplotlib")
    figure = draw(found)
    lines = [line for axes in figure.axes for line in axes.get_lines()]
    ends = {tuple(line.get_xdata()) for line in lines if len(line.get_xdata()) == 2}
    sure = {line.get_xdata()[0]: line.get_markerfacecolor() for line in lines if len(line.get_xdata()) == 1}
    for d in found.differences:
        if d.first == SYSTEMS[0]:
            scale = NumberStyle().scale(d.unit)
            assert (scale * d.low, scale * d.high) in ends
            filled = sure[scale * d.difference] != "white"
            assert filled == (d.p_adjusted <= found.alpha)
    assert figure_bytes(figure) == figure_bytes(draw(found))


def test_a_figure_says_what_it_leaves_out(found: Comparison) -> None:
    pytest.importorskip("matplotlib")
    from dataclasses import replace

    row = found.differences[0]
    many = tuple(
        replace(row, key=f"n{index}", second=name) for index in range(MOST_ROWS + 2) for name in SYSTEMS[1:]
    )
    title = draw(replace(found, differences=many)).get_suptitle()
    assert f"2 of {MOST_ROWS + 2} numbers left out" in title


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    toy.register(monkeypatch)
    truth = toy.truth()
    paths = []
    for name, spread in (("a", 1.0), ("b", 0.4)):
        paths.append(str(tmp_path / f"{name}.poseval"))
        saved_runs.save(toy.run(spread, 1, truth), paths[-1])
    return paths


def test_the_command_writes_every_format(
    runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    said = {}
    for style in ("text", "json", "csv", "markdown", "latex"):
        assert invoke(["compare", *runs, "-q", "--format", style]) == 0
        said[style] = capsys.readouterr().out
    assert json.loads(said["json"])["systems"] == ["a.poseval", "b.poseval"]
    assert said["csv"].startswith('"key","first","second"')
    assert said["markdown"].startswith("|  | hit")
    assert table_of(said["latex"])[2][0] == "b"
    assert "is better" in said["text"]
    outputs = [
        f"--csv={tmp_path / 'd.csv'}",
        f"--json={tmp_path / 'd.json'}",
        f"--figure={tmp_path / 'd.svg'}",
    ]
    for _ in range(2):  # a second time over earlier outputs
        assert invoke(["compare", *runs, "-q", *outputs]) == 0
    assert (tmp_path / "d.csv").read_text() == said["csv"]
    assert (tmp_path / "d.svg").read_bytes().startswith(b"<?xml")


def test_a_figure_of_another_kind_is_refused_before_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = str(tmp_path / "absent.poseval")
    assert invoke(["compare", absent, absent, "--figure", str(tmp_path / "d.gif")]) == 2
    assert "P180" in capsys.readouterr().err
