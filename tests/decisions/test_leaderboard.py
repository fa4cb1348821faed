from __future__ import annotations

import csv
import io
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from poseval.decisions.entries import FACTS, Entry, entry_of
from poseval.decisions.leaderboard import build, of_most
from poseval.decisions.store import Store
from poseval.errors import FormatError, MismatchError, UsageError
from poseval.report import leaderboard as rendering
from poseval.report.leaderboard_page import to_html
from poseval.results.values import Interval
from tests import toy

TRUTH = toy.truth()
REPORTS = {
    name: toy.run(spread, i, TRUTH).report()
    for i, (name, spread) in enumerate([("a", 0.5), ("b", 1.0), ("c", 2.0)])
}


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports in files are held to the tables of metrics and benchmarks."""
    toy.register(monkeypatch)


def entries() -> list[Entry]:
    return [Entry(name, report, team=f"team {name}") for name, report in REPORTS.items()]


def test_entries_are_ranked_by_what_is_better() -> None:
    assert [row.entry.name for row in build(entries()).rows] == ["a", "b", "c"]
    by_error = build(list(reversed(entries())), sort="error")
    assert [row.entry.name for row in by_error.rows] == ["a", "b", "c"]
    assert by_error.better == "lower"


def test_overlapping_intervals_are_shown_as_ties() -> None:
    reports = list(REPORTS.values())
    wide = replace(reports[1], intervals={"hit_rate": Interval(0.0, 1.0)})
    narrow = replace(reports[0], intervals={"hit_rate": Interval(0.9, 0.99)})
    board = build([Entry("wide", wide), Entry("narrow", narrow)])
    assert [row.tied for row in board.rows] == [False, True]
    assert "=" in rendering.to_text(board)


def test_other_signatures_are_refused() -> None:
    other = toy.run(1.0, 0, toy.truth(10)).report()
    with pytest.raises(MismatchError, match="ground truth") as caught:
        build([*entries(), Entry("x", other)])
    assert caught.value.code == "P420"
    first, second = ({**report.signature}["gt"] for report in (REPORTS["a"], other))
    assert str(caught.value).startswith("a and x: are not comparable")
    assert f"{first} / {second}" in str(caught.value)


def test_one_of_another_ground_truth_is_refused_by_most() -> None:
    other = Entry("x", toy.run(1.0, 0, toy.truth(10)).report())
    kept, refused = of_most([other, *entries()])
    assert [entry.name for entry in kept] == ["a", "b", "c"]
    assert [entry.name for entry in refused] == ["x"]
    assert "[P420]" in refused[0].why
    assert "ground truth" in refused[0].why
    # Of as many nobody knows which are meant.
    assert of_most([other, entries()[0]]) == ([other, entries()[0]], [])


def test_an_entry_without_intervals_joins_those_that_have_some() -> None:
    with_one = Entry("a", replace(REPORTS["a"], intervals={"hit_rate": Interval(0.1, 0.2)}))
    without = Entry("b", REPORTS["b"])
    assert build([with_one, without]).left_out == ()


def test_best_per_team_keeps_one_each() -> None:
    both = [Entry("a", REPORTS["a"], "t"), Entry("b", REPORTS["b"], "t"), Entry("c", REPORTS["c"])]
    assert [row.entry.name for row in build(both, best_per_team=True).rows] == ["a", "c"]


def test_unknown_columns_are_refused() -> None:
    with pytest.raises(UsageError) as caught:
        build(entries(), sort="AP")
    assert caught.value.code == "P148"


@pytest.mark.parametrize("name", ["x" * 65, "a\u202eb", "a\x1bb", "e\u0301"])
def test_deceiving_names_are_refused(name: str) -> None:
    with pytest.raises(FormatError) as caught:
        Entry(name, REPORTS["a"])
    assert caught.value.code == "P240"


@pytest.mark.parametrize(
    "name", ['=HYPERLINK("http://x")', "+cmd", "@x", "-1", "<script>alert(1)</script>", "a|b&c_d"]
)
def test_hostile_names_are_harmless_in_every_format(name: str) -> None:
    board = build([Entry(name, REPORTS["a"])], facts=["params"])
    (row,) = csv.DictReader(io.StringIO(rendering.to_csv(board)))
    assert not row["name"].startswith(("=", "+", "-", "@"))
    assert row["name"].removeprefix("'") == name
    assert float(row["hit_rate"]) == REPORTS["a"].summary["hit_rate"]
    assert "<script>alert" not in to_html([board])
    assert rendering.to_markdown(board).splitlines()[2].count("|") - rendering.to_markdown(
        board
    ).splitlines()[2].count("\\|") == rendering.to_markdown(board).splitlines()[0].count("|")
    assert "a|b&c_d" not in rendering.to_latex(board)


def test_the_store_is_idempotent_and_keeps_everything(tmp_path: Path) -> None:
    store = Store(tmp_path / "board.sqlite")
    assert [store.add(entry) for entry in entries()] == [True, True, True]
    assert [store.add(entry) for entry in entries()] == [False, False, False]
    assert sorted(entry.name for entry in store.entries()) == ["a", "b", "c"]
    assert {e.digest for e in store.entries()} == {e.digest for e in entries()}
    assert store.remove("a") == 1
    assert store.remove(entries()[1].digest[:12]) == 1
    assert [entry.name for entry in store.entries()] == ["c"]
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_another_file_is_no_store(tmp_path: Path) -> None:
    path = tmp_path / "board.sqlite"
    path.write_text("this is not a database, and long enough to be looked at as one" * 20)
    with pytest.raises(FormatError) as caught:
        Store(path).entries()
    assert caught.value.code == "P241"


def test_facts_lie_beside_the_report_and_damaged_ones_are_told(tmp_path: Path) -> None:
    path, facts = tmp_path / "a.json", tmp_path / f"a.json{FACTS}"
    path.write_text(REPORTS["a"].to_json())
    assert entry_of(path).facts == {}
    facts.write_text('{"parameters": 5}')
    assert entry_of(path, team="t") == Entry("a", REPORTS["a"], "t", {"parameters": 5})
    facts.write_text("{")
    with pytest.raises(FormatError) as caught:
        entry_of(path)
    assert caught.value.code == "P242"


def test_a_board_as_json_has_no_nan(tmp_path: Path) -> None:
    undefined = replace(REPORTS["b"], summary={**REPORTS["b"].summary, "error": float("nan")})
    board = build([Entry("a", REPORTS["a"]), Entry("b", undefined)], sort="error")
    assert [entry["values"]["error"] is None for entry in board.to_dict()["entries"]] == [False, True]
    assert "NaN" not in board.to_json()
