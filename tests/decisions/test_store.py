"""The store of a leaderboard: what it keeps, what it removes, and how it ends."""

from __future__ import annotations

import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from poseval.decisions import store as module
from poseval.decisions.alike import alike
from poseval.decisions.entries import Entry, Refused
from poseval.decisions.leaderboard import apart, build
from poseval.decisions.store import Store
from poseval.errors import FormatError, LimitError, PosevalError, UsageError
from poseval.report.leaderboard import to_latex, to_markdown
from poseval.report.leaderboard_page import to_html
from poseval.results.report import Report
from poseval.results.signature import Signature
from poseval.results.values import Interval
from poseval.scoring.saved_runs import packed
from tests import toy
from tests.decisions.test_leaderboard import REPORTS


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports in files are held to the tables of metrics and benchmarks."""
    toy.register(monkeypatch)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "board.sqlite")


def test_entries_come_back_whole_and_in_the_order_of_their_digests(store: Store) -> None:
    entries = [Entry(name, report, f"team {name}", {"parameters": 5}) for name, report in REPORTS.items()]
    for entry in entries:
        assert store.add(entry)
    found = store.entries()
    assert [entry.digest for entry in found] == sorted(entry.digest for entry in entries)
    assert {entry.name: (entry.team, entry.facts) for entry in found} == {
        name: (f"team {name}", {"parameters": 5}) for name in REPORTS
    }
    assert not store.add(entries[0])


def test_entries_are_removed_by_name_or_by_eight_digits_of_the_digest(store: Store) -> None:
    first, second, third = (Entry(name, report) for name, report in REPORTS.items())
    for entry in (first, second, third, Entry("a", REPORTS["a"], "another team")):
        store.add(entry)
    for absent in (second.digest[:7], "g" * 8):
        with pytest.raises(UsageError) as caught:
            store.remove(absent)
        assert caught.value.code == "P826"
    assert store.remove(second.digest[:8]) == 1
    assert store.remove("a") == 2
    assert [entry.name for entry in store.entries()] == ["c"]


REVERSED = replace(REPORTS["a"], better=dict.fromkeys(REPORTS["a"].summary, "lower"))
OTHER = Signature.parse("oks_ap|bench:crowdpose|gt:0123abcd")


@pytest.mark.parametrize("more", [REVERSED, replace(REPORTS["a"], signature=OTHER)])
def test_an_entry_that_would_spoil_every_later_list_is_not_kept(store: Store, more: Report) -> None:
    store.add(Entry("here", REPORTS["a"]))
    with pytest.raises(PosevalError) as caught:
        store.add(Entry("more", more))
    assert caught.value.code == "P230"
    assert [entry.name for entry in store.entries()] == ["here"]
    assert store.add(Entry("another", REPORTS["a"]))


def with_interval(name: str, level: float = 0.95, **more: str) -> Entry:
    key = next(iter(REPORTS[name].summary))
    value = REPORTS[name].summary[key]
    return Entry(name, replace(REPORTS[name], intervals={key: Interval(value, value, level, **more)}))


@pytest.mark.parametrize("more", [{"level": 0.9}, {"method": "bca"}, {"cluster": "no such thing"}])
def test_the_first_entry_locks_nobody_out(store: Store, more: dict[str, Any]) -> None:
    """Its intervals, made in another way than those of most, are left out."""
    for entry in (with_interval("a", **more), with_interval("b"), with_interval("c")):
        assert store.add(entry)
    board = build([entry for entry in store.entries() if isinstance(entry, Entry)])
    assert [name for name, _, code in board.left_out if code == "P422"] == ["a"]
    assert {row.entry.name: bool(row.entry.report.intervals) for row in board.rows} == {
        "a": False,
        "b": True,
        "c": True,
    }
    for text in (board.to_text(), to_markdown(board), to_latex(board), to_html([board]), board.to_json()):
        assert next(iter(more)) in text


def test_the_usual_level_is_taken_where_as_many_have_another() -> None:
    _, left = alike([with_interval("a", 0.9), with_interval("b")], next(iter(REPORTS["a"].summary)))
    assert [name for name, *_ in left] == ["a"]
    # An exact limit stands in for any method where the number is 0 or 1.
    exact = [with_interval("a", method="exact"), with_interval("b"), with_interval("c", method="exact")]
    assert alike(exact, next(iter(REPORTS["a"].summary))) == (exact, [])


def tallied(name: str, spread: float = 1.0) -> Entry:
    run = toy.run(spread, 0, toy.truth())
    return Entry(name, run.report(), run=run)


def test_tallies_are_kept_and_tested_in_pairs(store: Store) -> None:
    for name, spread in (("a", 0.2), ("b", 2.0)):
        assert store.add(tallied(name, spread))
    assert store.add(Entry("c", REPORTS["c"]))
    entries = {entry.name: entry for entry in store.entries()}
    assert {name: entry.run is not None for name, entry in entries.items()} == {
        "a": True,
        "b": True,
        "c": False,
    }
    assert "paired " in build(list(entries.values())).ties
    assert store.remove("a") == 1
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("SELECT count(*) FROM tallies").fetchone() == (1,)


def test_tallies_of_other_units_are_left_out() -> None:
    one, two, three = tallied("a"), tallied("b"), tallied("c")
    shorter = toy.run(1.0, 0, toy.truth(10))
    board = build([one, replace(two, run=shorter), three])
    assert [name for name, _, code in board.left_out if code == "P421"] == ["b"]


@pytest.mark.parametrize("tallies", ["x'00ff'", "'text'", "NULL", "other"])
def test_damaged_tallies_stop_no_other_entry(store: Store, tallies: str) -> None:
    for name in ("a", "b"):
        store.add(tallied(name))
    elsewhere = toy.run(1.0, 0, toy.truth(10))
    with sqlite3.connect(store.path) as connection:
        place = "WHERE digest = (SELECT digest FROM entry WHERE name = 'a')"
        if tallies == "other":
            connection.execute(f"UPDATE tallies SET run = ? {place}", (packed(elsewhere),))
        elif tallies == "NULL":
            connection.execute(f"UPDATE tallies SET run = zeroblob(0) {place}")
        else:
            connection.execute(f"UPDATE tallies SET run = {tallies} {place}")
    found = store.entries()
    assert [entry.name for entry in found if isinstance(entry, Refused)] == ["a"]
    assert [entry.name for entry in found if isinstance(entry, Entry)] == ["b"]


def test_a_store_of_an_earlier_version_is_read_and_added_to(store: Store) -> None:
    with sqlite3.connect(store.path) as connection:
        connection.execute(module.TABLE)
    assert store.entries() == []
    assert store.add(tallied("a"))
    (entry,) = store.entries()
    assert isinstance(entry, Entry)
    assert entry.run is not None


def test_a_whole_digest_names_an_entry(store: Store) -> None:
    entry = Entry("a", REPORTS["a"])
    store.add(entry)
    letters = "".join(sorted(set(entry.digest)))
    for number in range(200):  # until all sixteen digits occur
        if letters == "0123456789abcdef":
            break
        entry = Entry(f"a{number}", REPORTS["a"])
        letters = "".join(sorted(set(entry.digest)))
    store.add(entry)
    assert store.remove(entry.digest) == 1


@pytest.mark.parametrize("column", ["name", "team", "facts", "report"])
def test_an_entry_that_is_no_text_is_refused_and_stops_no_other(store: Store, column: str) -> None:
    store.add(Entry("a", REPORTS["a"]))
    with sqlite3.connect(store.path) as connection:
        connection.execute(f"UPDATE entry SET {column} = x'00ff'")
    store.add(Entry("b", REPORTS["b"]))
    (refused,) = (entry for entry in store.entries() if isinstance(entry, Refused))
    assert "[P241]" in refused.why
    assert [entry.name for entry in store.entries() if isinstance(entry, Entry)] == ["b"]
    assert store.remove(refused.digest[:8]) == 1


def test_runs_on_another_ground_truth_stand_on_a_board_of_their_own(store: Store) -> None:
    elsewhere = toy.run(1.0, 0, toy.truth(10)).report()
    for name, report in (("a", REPORTS["a"]), ("far", elsewhere), ("b", REPORTS["b"])):
        assert store.add(Entry(name, report))
    groups = apart(entry for entry in store.entries() if isinstance(entry, Entry))
    assert sorted(sorted(entry.name for entry in group) for group in groups) == [["a", "b"], ["far"]]


def test_what_is_no_store_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as usage:
        store.entries()
    assert usage.value.code == "P114"
    folder = Store(tmp_path)
    with pytest.raises(UsageError) as usage:
        folder.entries()
    assert usage.value.code == "P135"
    with sqlite3.connect(store.path) as connection:
        connection.execute("CREATE TABLE other (x)")
    for work in (store.entries, lambda: store.add(Entry("a", REPORTS["a"]))):
        with pytest.raises(FormatError) as caught:
            work()
        assert caught.value.code == "P241"


def test_an_empty_file_becomes_a_store_when_it_is_written_and_none_when_it_is_read(store: Store) -> None:
    store.path.touch()
    with pytest.raises(FormatError, match="is empty"):
        store.entries()
    assert store.add(Entry("a", REPORTS["a"]))
    assert len(store.entries()) == 1


def test_a_file_that_is_too_large_is_not_opened(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add(Entry("a", REPORTS["a"]))

    class Small:
        file_bytes = store.path.stat().st_size

    monkeypatch.setattr(module, "DEFAULT", Small)
    assert len(store.entries()) == 1
    Small.file_bytes -= 1
    with pytest.raises(LimitError) as caught:
        store.entries()
    assert caught.value.code == "P501"


@pytest.mark.parametrize("text", module.NO_ROOM)
def test_a_full_disk_is_no_damaged_store(store: Store, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    there = text == module.NO_ROOM[0]
    if there:
        store.add(Entry("a", REPORTS["a"]))
    else:
        store.path.unlink(missing_ok=True)

    def full(connection: object, clock: object, statement: str) -> None:
        raise sqlite3.OperationalError(text)

    monkeypatch.setattr(module, "_patiently", full)
    with pytest.raises(LimitError) as limit:
        store.add(Entry("b", REPORTS["b"]))
    assert limit.value.code == "P506"
    assert store.path.exists() is there, "a new file that could not be written stays"
    if there:
        with pytest.raises(FormatError) as caught:
            store.entries()
        assert caught.value.code == "P241"


@pytest.fixture
def heard() -> Iterator[list[int]]:
    """Signals that a handler of the test hears."""
    out: list[int] = []

    def hear(number: int, frame: FrameType | None) -> None:
        out.append(number)

    before = signal.signal(signal.SIGTERM, hear)
    yield out
    signal.signal(signal.SIGTERM, before)


def test_a_signal_ends_a_statement_and_is_sent_again(heard: list[int]) -> None:
    clock = module._Clock()
    assert clock.late() == 0
    with clock.noting_signals():
        signal.raise_signal(signal.SIGTERM)
        assert heard == []
        assert clock.late() == 1
    assert heard == [signal.SIGTERM]


def test_signals_are_the_main_threads_affair(heard: list[int]) -> None:
    handlers = []

    def work() -> None:
        with module._Clock().noting_signals():
            handlers.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [signal.getsignal(signal.SIGTERM)]


def test_a_clock_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = module._Clock()
    monkeypatch.setattr(module.time, "monotonic", lambda: clock.end)
    assert clock.late() == 0
    end = clock.end
    monkeypatch.setattr(module.time, "monotonic", lambda: end + 1)
    assert clock.late() == 1
    assert module._Clock().end == end + 1 + module.SECONDS


def test_another_writer_is_waited_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add(Entry("a", REPORTS["a"]))
    monkeypatch.setattr(module, "SECONDS", 0.3)
    with sqlite3.connect(store.path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(FormatError, match="locked"):
            store.add(Entry("b", REPORTS["b"]))
        other.execute("COMMIT")
    assert store.add(Entry("b", REPORTS["b"]))


@pytest.mark.parametrize("more", ["VIEW more AS SELECT 1", "TABLE more (x)"])
def test_a_store_with_something_else_in_it_is_refused(store: Store, more: str) -> None:
    assert store.add(Entry("a", REPORTS["a"]))
    with sqlite3.connect(store.path) as connection:
        connection.execute(f"CREATE {more}")
    for work in (store.entries, lambda: store.add(Entry("b", REPORTS["b"]))):
        with pytest.raises(FormatError, match="other tables") as caught:
            work()
        assert caught.value.code == "P241"


def test_a_statement_that_takes_too_long_is_ended(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add(Entry("a", REPORTS["a"]))
    assert module._Clock().end - time.monotonic() == pytest.approx(30, abs=1)
    monkeypatch.setattr(module, "STEPS", 1)
    assert len(store.entries()) == 1
    monkeypatch.setattr(module, "SECONDS", -1.0)
    with pytest.raises(FormatError, match="interrupted") as caught:
        store.entries()
    assert caught.value.code == "P241"


def test_a_lock_is_tried_again_after_a_pause(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other writer ends during the third pause."""
    store.add(Entry("a", REPORTS["a"]))
    pauses = []
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                other.execute("COMMIT")

        monkeypatch.setattr(module.time, "sleep", pause)
        assert store.add(Entry("b", REPORTS["b"]))
    assert pauses == [0.02] * 3


@pytest.mark.parametrize("ending", ["-journal", "-wal", "-shm"])
def test_what_lies_beside_a_store_must_be_a_file(store: Store, ending: str) -> None:
    beside = store.path.with_name(store.path.name + ending)
    beside.mkdir()
    with pytest.raises(UsageError) as caught:
        store.add(Entry("a", REPORTS["a"]))
    assert (caught.value.code, caught.value.fault.where) == ("P135", str(beside))
    assert not store.path.exists()


def test_long_names_of_refused_rows_are_cut(store: Store) -> None:
    store.add(Entry("a", REPORTS["a"]))
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute("UPDATE entry SET name = ?, digest = ?", ("n" * 70, "d" * 70))
    (refused,) = store.entries()
    assert isinstance(refused, Refused)
    assert (refused.name, refused.digest) == ("n" * 60 + "…", "d" * 64 + "…")
    assert refused.why.endswith("[P240]")


def test_facts_of_a_row_are_a_table_or_none(store: Store) -> None:
    store.add(Entry("a", REPORTS["a"], facts={"parameters": 5}))
    for text, facts in (('{"parameters": 6}', {"parameters": 6}), ("[6]", {})):
        with closing(sqlite3.connect(store.path)) as connection, connection:
            connection.execute("UPDATE entry SET facts = ?", (text,))
        (entry,) = store.entries()
        assert isinstance(entry, Entry)
        assert entry.facts == facts
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute("UPDATE entry SET facts = '{'")
    (refused,) = store.entries()
    assert isinstance(refused, Refused)
    assert refused.why.endswith("[P242]")


def test_reports_are_kept_without_their_timings(store: Store) -> None:
    store.add(Entry("a", replace(REPORTS["a"], timings={"read": 9.0})))
    (entry,) = store.entries()
    assert isinstance(entry, Entry)
    assert entry.report.timings == {}


def test_removing_from_a_store_that_is_not_there_makes_none(store: Store) -> None:
    with pytest.raises(UsageError) as caught:
        store.remove("a")
    assert caught.value.code == "P114"
    assert not store.path.exists()
