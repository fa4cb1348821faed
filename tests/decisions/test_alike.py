"""What is left out of an entry that is unlike most, and which way is that of most."""

from __future__ import annotations

from dataclasses import replace

import pytest

from poseval.decisions.alike import LeftOut, alike
from poseval.decisions.entries import Entry
from poseval.results.values import Interval
from tests import toy
from tests.decisions.test_leaderboard import REPORTS

KEY = "hit_rate"


def entry(name: str, level: float = 0.95, method: str = "jackknife", cluster: str = "frame") -> Entry:
    given = Interval(0.2, 0.4, level, method, cluster=cluster)
    return Entry(name, replace(REPORTS["a"], intervals={KEY: given}))


def left_out(*entries: Entry) -> dict[str, str]:
    kept, left = alike(entries, KEY)
    assert [one.name for one in kept] == [one.name for one in entries]
    assert {one.name for one in kept if not one.report.intervals} == {one.name for one in left}
    assert {one.code for one in left} <= {"P422"}
    return {one.name: one.why for one in left}


def test_what_differs_from_most_is_named() -> None:
    assert left_out(entry("a", 0.9, "bca", "film"), entry("b"), entry("c")) == {
        "a": "its intervals, of level 0.9 and not 0.95, method bca and not jackknife, "
        "cluster film and not frame as most"
    }
    assert left_out(entry("a"), entry("b"), entry("c", method="percentile")) == {
        "c": "its intervals, of method percentile and not jackknife as most"
    }
    assert str(LeftOut("a", "why", "P422")) == "left out of a: why [P422]"


@pytest.mark.parametrize("level", [0.5, 0.9, 0.94, 0.96, 0.99, 0.9999])
def test_of_as_many_the_usual_level_is_that_of_most(level: float) -> None:
    assert list(left_out(entry("a", level), entry("b"))) == ["a"]
    assert list(left_out(entry("a", level), entry("b", level), entry("c"))) == ["c"]


def test_an_exact_limit_is_asked_for_no_way_but_where_there_is_nothing_else() -> None:
    exact = [entry(name, 0.9, "exact") for name in "ab"]
    assert list(left_out(*exact, entry("c"))) == ["a", "b"]
    assert list(left_out(*exact, entry("c", 0.9))) == []
    assert list(left_out(*exact, entry("c", 0.95, "exact"))) == ["c"]


def test_entries_without_intervals_lack_nothing() -> None:
    none = Entry("a", replace(REPORTS["a"], intervals={}))
    kept, left = alike([none, entry("b"), entry("c", 0.9)], KEY)
    assert [one.name for one in left] == ["c"]
    assert kept[0] == none
    assert alike([none], KEY) == ([none], [])


def test_tallies_of_other_units_than_most_are_left_out() -> None:
    whole, part = (toy.run(1.0, 0, toy.truth(units)) for units in (8, 6))
    entries = [Entry(name, run.report(), run=run) for name, run in (("a", part), ("b", whole), ("c", whole))]
    kept, left = alike([*entries, replace(entries[0], name="d", run=None)], KEY)
    assert left == [LeftOut("a", "its tallies, of other units than most", "P421")]
    assert [one.run for one in kept] == [None, whole, whole, None]
