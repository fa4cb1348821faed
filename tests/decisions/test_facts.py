"""Facts that a person wrote about entries: their forms, their bounds, and whose they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from poseval.decisions.entries import Entry
from poseval.decisions.facts import LONGEST, facts_of, names_of, read_facts, with_facts
from poseval.errors import FormatError, UsageError, shown
from tests.decisions.test_leaderboard import REPORTS

TEXT = """
[good]
team = "Lab"
paper = "A title"
parameters = 34e6
layers = 12
date = 2026-11-01
submitted = 2026-11-01T10:30:00
at = 10:30:00
"""


def entry(name: str, team: str = "", **facts: object) -> Entry:
    return Entry(name, REPORTS["a"], team, facts)


def test_texts_numbers_and_dates_are_facts(tmp_path: Path) -> None:
    path = tmp_path / "board.toml"
    path.write_text(TEXT)
    assert read_facts(path) == {
        "good": {
            "team": "Lab",
            "paper": "A title",
            "parameters": 34e6,
            "layers": 12,
            "date": "2026-11-01",
            "submitted": "2026-11-01T10:30:00",
            "at": "10:30:00",
        }
    }


@pytest.mark.parametrize("value", [True, [1], {"a": 1}, None, "x" * (LONGEST + 1), 10**LONGEST])
def test_a_fact_of_another_form_is_refused(value: object) -> None:
    with pytest.raises(FormatError) as caught:
        facts_of("board.toml", "good", {"x": value})
    assert caught.value.code == "P242"
    assert caught.value.fault.where == "board.toml: good"
    assert "has a fact 'x' of another form" in caught.value.fault.what


def test_a_fact_has_500_characters_at_most() -> None:
    assert LONGEST == 500
    whole = {"text": "x" * 500, "number": 10**499}
    assert facts_of("board.toml", "good", whole) == whole


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        facts_of("board.toml", "good", 1)
    assert (caught.value.code, caught.value.fault.what) == ("P242", "good is no table")


@pytest.mark.parametrize("data", [b"[good", b"\xff\xfe", b"good = 1"])
def test_a_file_of_another_form_is_refused_at_its_place(tmp_path: Path, data: bytes) -> None:
    """A long path is cut after 400 characters."""
    folder = tmp_path / ("a" * 200) / ("b" * 200)
    folder.mkdir(parents=True)
    path = folder / "board.toml"
    path.write_bytes(data)
    with pytest.raises(FormatError) as caught:
        read_facts(path)
    assert caught.value.code == "P242"
    assert caught.value.fault.where == shown(path, 400)
    assert caught.value.fault.where.endswith("…")


def test_facts_are_added_to_their_entries() -> None:
    entries = [entry("a", "one", speed=3, paper="old"), entry("b", "two", speed=4)]
    first, second = with_facts(entries, {"a": {"team": "three", "paper": "new"}})
    assert (first.team, first.facts) == ("three", {"speed": 3, "paper": "new"})
    assert second == entries[1]
    assert with_facts([entry("a", "one")], {"a": {"paper": "new"}})[0].team == "one"


def test_facts_of_no_entry_are_refused() -> None:
    with pytest.raises(UsageError) as caught:
        with_facts([entry("good"), entry("fair")], {"good": {}, "god": {"x": 1}})
    assert caught.value.code == "P825"
    assert caught.value.fault.where == "facts of god"
    assert "good, fair" in caught.value.fault.wanted


def test_a_team_that_is_no_name_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        with_facts([entry("a")], {"a": {"team": "x" * 65}})
    assert caught.value.code == "P240"


def test_names_of_facts_in_their_first_order() -> None:
    assert names_of({"a": {"paper": "x", "team": "t"}, "b": {"date": "y", "paper": "z"}}) == ["paper", "date"]
