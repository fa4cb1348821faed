from __future__ import annotations

import csv
import hashlib
import io
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from poseval.decisions.entries import FACTS, Entry, Refused, entry_of
from poseval.decisions.leaderboard import apart, build, label_of, of_most
from poseval.decisions.store import Store
from poseval.errors import FormatError, MismatchError, UsageError
from poseval.report import leaderboard as rendering
from poseval.report.leaderboard_page import to_html
from poseval.results.report import Report
from poseval.results.units import Unit
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


def signed(report: Report, **pairs: str) -> Report:
    """The report under another signature."""
    signature = report.signature
    for key, value in pairs.items():
        signature = signature.with_pair(key, value)
    return replace(report, signature=signature)


def test_a_board_is_named_by_eight_digits_of_its_signature() -> None:
    board = build(entries())
    pairs = tuple(pair for pair in REPORTS["a"].signature.pairs if pair[0] != "poseval")
    digest = hashlib.sha256(repr(pairs).encode()).hexdigest()
    assert board.label == label_of(entries()[1]) == f"toy:reference:{digest[:8]}"
    older = [Entry("a", signed(REPORTS["a"], poseval="0.1"))]
    assert build(older).label == board.label
    assert build([Entry("a", signed(REPORTS["a"], rules="corrected"))]).label != board.label
    empty = replace(board, rows=())
    assert (empty.label, empty.unit_of("error")) == ("toy", Unit.SHARE)
    assert (board.unit_of("error"), board.unit_of("hit_rate")) == (Unit.PIXELS, Unit.SHARE)
    assert board.to_dict()["units"] == {"error": "pixels"}


def test_what_scoring_again_gave_stands_in_the_rows_that_were() -> None:
    rows = [Entry("a", REPORTS["a"], verified="yes"), Entry("b", REPORTS["b"])]
    first, second = build(rows).to_dict()["entries"]
    assert first["verified"] == "yes"
    assert "verified" not in second


def test_refused_entries_and_what_was_left_out_are_kept() -> None:
    board = build(entries(), refused=[Refused("x", "why", "digest")]).to_dict()
    assert board["refused"] == [{"name": "x", "why": "why", "digest": "digest"}]
    assert board["left_out"] == []


@pytest.mark.parametrize(
    ("groups", "kept", "refused"),
    [
        ("a", "a", ""),
        ("ab", "ab", ""),
        ("aab", "aa", "b"),
        ("aabb", "aabb", ""),
        ("baab", "baab", ""),
        ("baa", "aa", "b"),
        ("abc", "abc", ""),
        ("cabaa", "aaa", "cb"),
        ("aabc", "aabc", ""),
    ],
)
def test_most_are_more_than_half(groups: str, kept: str, refused: str) -> None:
    """Entries of one letter have one ground truth."""
    given = [Entry(letter, signed(REPORTS["a"], gt=letter)) for letter in groups]
    found, others = of_most(given)
    assert "".join(entry.name for entry in found) == kept
    assert "".join(entry.name for entry in others) == refused
    for other in others:
        assert f"the ground truth (its bytes differ): a / {other.name})" in other.why
        assert other.why.endswith(" [P420]")


def test_boards_hold_entries_of_one_signature_whatever_the_version() -> None:
    reports = [signed(REPORTS["a"], gt=gt, poseval=version) for gt, version in ("a1", "b1", "a2")]
    boards = apart(Entry(str(place), report) for place, report in enumerate(reports))
    assert [[entry.name for entry in board] for board in boards] == [["0", "2"], ["1"]]


def test_a_direction_that_two_reports_see_otherwise_is_refused() -> None:
    turned = replace(REPORTS["b"], better={**REPORTS["b"].better, "error": "higher"})
    with pytest.raises(MismatchError, match="do not agree in which direction error is better") as caught:
        build([Entry("a", REPORTS["a"]), Entry("b", turned)])
    assert caught.value.code == "P420"
    # A number that one of them lacks has one direction.
    fewer = replace(turned, summary={"hit_rate": 0.5})
    assert len(build([Entry("a", REPORTS["a"]), Entry("b", fewer)]).rows) == 2


def test_the_number_to_rank_by_is_one_that_all_entries_have() -> None:
    def sort(*summaries: dict[str, float]) -> str:
        reports = [replace(REPORTS["a"], summary=summary) for summary in summaries]
        return build([Entry(str(place), report) for place, report in enumerate(reports)]).sort

    whole = {"error": 1.0, "hit_rate": 0.5, "other": 0.5}
    assert REPORTS["a"].primary == "hit_rate"
    assert sort(whole, whole) == "hit_rate"
    assert sort(whole, {"other": 0.5, "error": 1.0}) == "error"
    assert sort(whole, {"other": 0.5}) == "other"
    assert sort({"other": 0.5, "error": 1.0}, {"hit_rate": 0.5}) == "other"


def test_a_board_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        build([])
    assert (caught.value.code, caught.value.fault.what) == ("P148", "has no entries")
    with pytest.raises(UsageError) as caught:
        build(entries(), level=2)
    assert caught.value.code == "P142"
