"""A leaderboard against speed: the right points, an honest front, nothing left out in silence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from poseval.cli import invoke
from poseval.decisions.entries import Entry
from poseval.decisions.leaderboard import Board, build
from poseval.errors import UsageError
from poseval.report.leaderboard_plot import bar_figure, board_figure, save_plot
from poseval.results.values import Interval
from tests import toy

TRUTH = toy.truth()
SPEEDS = {"exact": 5.0, "middling": 4.0, "quick": 400.0, "unknown": None}


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports in files are held to the tables of metrics and benchmarks."""
    toy.register(monkeypatch)


def board(**options: Any) -> Board:
    entries = []
    for place, (name, speed) in enumerate(SPEEDS.items()):
        report = toy.run(0.5 + place, place, TRUTH).report()
        facts = {"people_per_second": speed, "parameters": 10 - place, "model": "net", "resumed": True}
        entries.append(Entry(name, report, facts=facts))
    return build(entries, **options)


def drawn(figure: Any) -> dict[str, tuple[float, float]]:
    return {text.get_text(): text.xy for text in figure.axes[0].texts}


def test_points_stand_at_their_numbers() -> None:
    made = board()
    figure = board_figure(made, "people/s")
    wanted = {row.entry.name: row.entry.report.summary[made.sort] for row in made.rows}
    for name, (x, y) in drawn(figure).items():
        assert (x, y) == (SPEEDS[name], 100 * wanted[name])
    assert set(drawn(figure)) == {"exact", "middling", "quick"}
    assert "unknown" in figure.get_supxlabel()
    axes = figure.axes[0]
    found = (axes.get_xlabel(), axes.get_ylabel(), axes.get_xscale())
    assert found == ("people / s", f"{made.sort} (percent)", "log")


def test_the_front_joins_what_nobody_beats_in_both() -> None:
    made = board()
    front = board_figure(made).axes[0].lines[0]
    assert list(front.get_xdata()) == [400.0, 5.0]  # "middling" is slower and worse than "exact"
    by_error = board(sort="error")
    assert by_error.better == "lower"
    assert list(board_figure(by_error).axes[0].lines[0].get_xdata()) == [400.0, 5.0]
    # Fewer parameters are better: every step up in the number costs some.
    assert list(board_figure(made, "parameters").axes[0].lines[0].get_xdata()) == [7.0, 8.0, 9.0, 10.0]


def test_intervals_and_numbers_of_the_summary() -> None:
    made = board()
    rows = [
        replace(
            row,
            entry=replace(
                row.entry, report=replace(row.entry.report, intervals={made.sort: Interval(0.1, 0.9)})
            ),
        )
        for row in made.rows
    ]
    figure = board_figure(replace(made, rows=tuple(rows)), "error")
    spans = [list(line.get_ydata()) for line in figure.axes[0].lines if line.get_marker() == "_"]
    assert spans == [[10.0, 90.0]] * 4
    assert figure.get_supxlabel() == ""


def test_any_board_has_bars_with_intervals_and_values() -> None:
    made = board(sort="error")
    figure = bar_figure(made)
    values = [row.entry.report.summary["error"] for row in made.rows]
    axes = figure.axes[0]
    assert [bar.get_width() for bar in axes.patches] == values  # pixels stay pixels
    assert [text.get_text() for text in axes.texts] == [f"{value:.2f}" for value in values]
    assert axes.get_xlabel() == "error (pixels)"
    assert [label.get_text() for label in axes.get_yticklabels()] == [row.entry.name for row in made.rows]


def test_a_board_is_drawn_over_a_cost_where_entries_have_one(tmp_path: Path) -> None:
    plain = build([Entry(name, toy.run(0.5, 0, TRUTH).report()) for name in ("a", "b")])
    paths = [tmp_path / name for name in ("costs.svg", "speed.svg", "bars.svg", "plain.svg")]
    save_plot(board(), paths[0])
    save_plot(board(), paths[1], "people/s")
    save_plot(plain, paths[3])
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert "people / s" not in paths[3].read_text("utf-8")


@pytest.mark.parametrize("style", ["png", "svg", "pdf"])
def test_the_same_board_gives_the_same_bytes(tmp_path: Path, style: str) -> None:
    paths = [tmp_path / f"{name}.{style}" for name in ("a", "b")]
    for path in paths:
        save_plot(board(), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert paths[0].stat().st_size > 1000


def test_what_cannot_be_drawn_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="people_per_second, parameters") as caught:
        save_plot(board(), tmp_path / "a.png", "model")
    assert caught.value.code == "P148"
    with pytest.raises(UsageError) as ending:
        save_plot(board(), tmp_path / "a.bmp")
    assert ending.value.code == "P180"
    assert not list(tmp_path.iterdir())


def test_names_are_text_not_formulas(tmp_path: Path) -> None:
    entry = Entry(r"$\frac{", toy.run(1.0, 0, TRUTH).report(), facts={"people_per_second": 3})
    save_plot(build([entry]), tmp_path / "a.svg")


def test_the_command_draws_what_lies_beside_the_reports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, spread in (("a", 0.5), ("b", 2.0)):
        report = toy.run(spread, 0, TRUTH).report()
        (tmp_path / f"{name}.json").write_text(report.to_json())
        (tmp_path / f"{name}.json.run.json").write_text(f'{{"people_per_second": {spread}}}')
    runs = sorted(map(str, tmp_path.iterdir()))  # as runs/* gives them, facts among them
    assert invoke(["leaderboard", *runs, "--plot", str(tmp_path / "board.svg"), "--x", "people/s"]) == 0
    out, err = capsys.readouterr()
    assert "board.svg" in err
    assert "hit_rate" in out
    assert (tmp_path / "board.svg").read_text("utf-8").startswith("<?xml")
    assert invoke(["leaderboard", *runs, "--plot", str(tmp_path / "board.svg"), "--x", "watts"]) == 2
    assert "P148" in capsys.readouterr().err
