"""Which entries of a board are told apart, and the ranks that each may have."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from poseval.decisions.entries import Entry
from poseval.decisions.leaderboard import Board, build
from poseval.decisions.ties import Ties, by_both, by_overlap, by_tests
from poseval.errors import MismatchError, UsageError
from poseval.poses import Notice
from poseval.results.signature import Signature
from poseval.results.values import Interval
from poseval.statistics import signflips
from poseval.statistics.clusters import clustered
from poseval.statistics.support import why_not
from tests.decisions.test_leaderboard import REPORTS
from tests.statistics.ratios import run


def interval(low: float, high: float, **more: object) -> Interval:
    return Interval(low, high, **more)  # type: ignore[arg-type]


def overlap(*given: Interval | None, values: list[float] | None = None) -> Ties:
    return by_overlap(values or [0.0] * len(given), given)


def upper(ties: Ties) -> list[tuple[int, int]]:
    """Pairs that are told apart."""
    assert not np.tril(ties.apart).any()
    return [(int(i), int(j)) for i, j in np.argwhere(ties.apart)]


def test_intervals_that_do_not_meet_are_apart() -> None:
    ties = overlap(interval(0.7, 0.9), interval(0.5, 0.69), interval(0.6, 0.8), interval(0.1, 0.2))
    assert upper(ties) == [(0, 1), (0, 3), (1, 3), (2, 3)]
    assert [ties.ranks(place) for place in range(4)] == [(1, 2), (2, 3), (1, 3), (4, 4)]
    assert ties.how.startswith("overlap of 95 % percentile intervals")


def test_intervals_that_touch_are_not_apart_in_either_order() -> None:
    assert upper(overlap(interval(0.5, 0.9), interval(0.1, 0.5))) == []
    assert upper(overlap(interval(0.1, 0.5), interval(0.5, 0.9))) == []
    # Where less is better, the best comes first and lies below.
    assert upper(overlap(interval(0.1, 0.5), interval(0.51, 0.9))) == [(0, 1)]


def test_entries_without_an_interval_may_have_any_rank() -> None:
    ties = overlap(interval(0.7, 0.9), None, interval(0.1, 0.2))
    assert upper(ties) == [(0, 2)]
    assert [ties.ranks(place) for place in range(3)] == [(1, 2), (1, 3), (2, 3)]
    assert ties.known.tolist() == [True, False, True]


def test_without_any_interval_values_order() -> None:
    ties = overlap(None, None, None, values=[0.9, 0.5, 0.5])
    assert upper(ties) == [(0, 1), (0, 2)]
    assert [ties.ranks(place) for place in range(3)] == [(1, 1), (2, 3), (2, 3)]
    assert ties.how.startswith("values ")


def three(rng: np.random.Generator, units: int = 40) -> list[object]:
    shared = rng.uniform(0.3, 0.7, units)
    return [run(shared + off + rng.normal(0, 0.01, units)) for off in (0.2, 0.1, 0.099)]


def test_paired_tests_tell_apart_what_intervals_do_not() -> None:
    ties = by_tests(three(np.random.default_rng(0)), "n0", 0.95)  # type: ignore[arg-type]
    assert upper(ties) == [(0, 1), (0, 2)]
    assert [ties.ranks(place) for place in range(3)] == [(1, 1), (2, 3), (2, 3)]
    assert ties.how.startswith("paired sign-flip tests on 40 units (frame), max-T over 3 pairs")
    assert ties.how.endswith("95 %")


def test_too_few_units_order_nothing() -> None:
    """Four units have signs for a p of 0.125 at the least."""
    ties = by_tests(three(np.random.default_rng(0), 5), "n0", 0.95)  # type: ignore[arg-type]
    assert upper(ties) == []
    assert "too few units" in ties.how
    assert by_tests(three(np.random.default_rng(0), 5), "n0", 0.9).apart.any()  # type: ignore[arg-type]


def test_a_p_of_alpha_itself_is_enough() -> None:
    runs = [run(np.full(6, 0.5)), run(np.full(6, 0.4))]
    assert upper(by_tests(runs, "n0", 1 - 2 / 64)) == [(0, 1)]  # of 64 signs only these and the opposite
    assert upper(by_tests(runs, "n0", 1 - 1.9 / 64)) == []


def test_a_number_that_a_run_lacks_may_have_any_rank() -> None:
    rng = np.random.default_rng(0)
    whole = rng.uniform(0.3, 0.7, (40, 1))
    bottom = np.ones((40, 1), dtype=np.int64)
    runs = [run(whole + 0.2, bottom), run(whole, bottom), run(0 * whole, 0 * bottom)]
    ties = by_tests(runs, "n0", 0.95)
    assert ties.known.tolist() == [True, True, False]
    assert upper(ties) == [(0, 1)]
    assert ties.ranks(2) == (1, 3)
    nobody = by_tests([runs[0], runs[2]], "n0", 0.95)
    assert upper(nobody) == []
    assert nobody.how == (
        "nothing was tested on 40 units (frame): 1 entry with a number that can be tested (undefined)"
    )


def test_too_few_units_to_test_anything_say_why() -> None:
    ties = by_tests(three(np.random.default_rng(0), 3), "n0", 0.95)  # type: ignore[arg-type]
    assert ties.how.startswith("nothing was tested on 3 units (frame): 0 entries with a number")
    assert "pairs" not in ties.how
    assert why_not(3, 0.0, "frame") in ties.how


def test_saved_runs_of_other_versions_are_tested() -> None:
    runs = []
    for off, version in ((0.2, "0.1"), (0.1, "0.2")):
        made = run(np.random.default_rng(0).uniform(0.3, 0.7, 40) + off)
        pairs = tuple((key, version if key == "poseval" else value) for key, value in made.signature.pairs)
        runs.append(replace(made, signature=Signature(pairs)))
    assert runs[0].signature != runs[1].signature
    entries = [Entry(str(place), one.report(), run=one) for place, one in enumerate(runs)]
    board = build(entries, sort="n0")
    assert [row.entry.name for row in board.rows] == ["0", "1"]
    assert upper(by_tests(runs, "n0", 0.95)) == [(0, 1)]


def test_runs_on_other_units_are_refused() -> None:
    made = three(np.random.default_rng(0))
    other = replace(run(np.full(39, 0.5)), signature=made[0].signature)  # type: ignore[attr-defined]
    for runs in ([*made[:2], other], [made[0], other]):
        with pytest.raises(MismatchError) as caught:
            by_tests(runs, "n0", 0.95)  # type: ignore[arg-type]
        assert caught.value.code == "P421"


def test_false_orders_stay_rare() -> None:
    """Equal systems are told apart at most as often as the level says."""
    rng = np.random.default_rng(1)
    found = 0
    for _ in range(150):
        shared = rng.uniform(0.3, 0.7, 30)
        runs = [run(shared + rng.normal(0, 0.1, 30)) for _ in range(4)]
        found += bool(by_tests(runs, "n0", 0.95).apart.any())
    assert found / 150 <= 0.1


def board(*entries: Entry, **asked: object) -> Board:
    return build(list(entries), **asked)  # type: ignore[arg-type]


def with_interval(name: str, low: float, high: float) -> Entry:
    report = replace(REPORTS[name], intervals={"hit_rate": interval(low, high)})
    return Entry(name, report)


def test_a_mark_says_that_the_order_to_the_upper_neighbour_is_not_told() -> None:
    found = board(with_interval("a", 0.8, 0.9), with_interval("b", 0.5, 0.6), with_interval("c", 0.55, 0.7))
    assert [(row.entry.name, row.rank, row.tied, row.ranks) for row in found.rows] == [
        ("a", 1, False, (1, 1)),
        ("b", 2, False, (2, 3)),
        ("c", 3, True, (2, 3)),
    ]


def test_saved_runs_are_tested_wherever_they_are() -> None:
    runs = three(np.random.default_rng(0))
    entries = [Entry(f"r{place}", made.report(), run=made) for place, made in enumerate(runs)]  # type: ignore[attr-defined]
    assert board(*entries).ties.startswith("paired sign-flip tests")
    assert board(*entries[:2]).ties.startswith("paired sign-flip tests")
    assert "others by" not in board(*entries[:2]).ties
    mixed = board(*entries[:2], replace(entries[2], run=None))
    assert mixed.ties.startswith("paired sign-flip tests")
    assert [row.ranks for row in mixed.rows] == [(1, 2), (2, 3), (1, 3)]
    assert board(entries[0], *(replace(one, run=None) for one in entries[1:])).ties.startswith("values ")
    assert board(entries[0]).ties.startswith("values ")


def test_undefined_numbers_come_last_whichever_way_is_better() -> None:
    def entry(name: str, **changes: float) -> Entry:
        return Entry(name, replace(REPORTS["a"], summary={**REPORTS["a"].summary, **changes}))

    entries = [entry("x", error=math.nan, hit_rate=math.nan), entry("y", error=0.5), entry("z", error=0.2)]
    assert [row.entry.name for row in board(*entries, sort="error").rows] == ["z", "y", "x"]
    assert [row.entry.name for row in board(*entries).rows][-1] == "x"


def test_equal_numbers_are_ordered_by_name() -> None:
    entries = [Entry(name, REPORTS["a"]) for name in ("n", "m", "o")]
    assert [row.entry.name for row in board(*entries).rows] == ["m", "n", "o"]
    assert [row.tied for row in board(*entries).rows] == [False, True, True]


def test_the_best_of_each_team_and_everybody_without_one() -> None:
    entries = [
        Entry("a", REPORTS["a"], "t"),
        Entry("b", REPORTS["b"], "t"),
        Entry("c", REPORTS["c"]),
        Entry("d", REPORTS["b"]),
        Entry("e", REPORTS["c"], "u"),
    ]
    assert [row.entry.name for row in board(*entries, best_per_team=True).rows] == ["a", "d", "c", "e"]
    assert len(board(*entries).rows) == 5


def test_columns_and_what_is_refused() -> None:
    first = Entry("a", REPORTS["a"])
    assert board(first).columns[0] == "hit_rate"
    assert board(first, sort="error", columns=["hit_rate"]).columns == ("error", "hit_rate")
    many = replace(REPORTS["a"], summary={f"k{place}": 0.5 for place in range(15)})
    assert board(Entry("m", many)).columns == tuple(f"k{place}" for place in range(10))
    assert board(first).better == "higher"
    with pytest.raises(UsageError) as caught:
        board(first, columns=["nothing"])
    assert caught.value.code == "P148"
    with pytest.raises(UsageError):
        board()
    odd = Entry("odd", replace(REPORTS["b"], better={**REPORTS["b"].better, "hit_rate": "lower"}))
    with pytest.raises(MismatchError, match="a and odd") as mismatch:
        board(first, odd)
    assert mismatch.value.code == "P420"


def test_another_version_is_no_other_signature() -> None:
    report = REPORTS["b"]
    older = replace(report, signature=report.signature.with_pair("poseval", "0.1.0"))
    assert len(board(Entry("a", REPORTS["a"]), Entry("b", older)).rows) == 2


def test_notices_of_a_board_are_those_that_cost_points() -> None:
    def entry(name: str, *codes: str) -> Entry:
        notices = tuple(Notice(code, f"text of {code}", 1) for code in codes)
        return Entry(name, replace(REPORTS["a"], notices=notices))

    costs = ("N419", "N460", "N461", "N462", "N921", "N929", "N931")
    found = board(entry("a", *costs), entry("b", "N418", "N463", "N920", "N930"), entry("c")).notices
    assert {name: [notice.code for notice in notices] for name, notices in found.items()} == {
        "a": list(costs)
    }


def test_a_board_as_a_dictionary() -> None:
    found = board(
        Entry("a", with_interval("a", 0.8, 0.9).report, "team", {"parameters": 5}),
        with_interval("b", 0.5, 0.6),
        facts=["parameters"],
    ).to_dict()
    first, second = found["entries"]
    assert found["schema"] == "poseval.leaderboard/2"
    assert (found["sort"], found["better"], found["benchmark"]) == ("hit_rate", "higher", "toy")
    assert (first["rank"], first["ranks"], first["tied"], first["team"]) == (1, [1, 1], False, "team")
    assert first["intervals"]["hit_rate"]["low"] == 0.8
    assert (first["facts"], second["facts"]) == ({"parameters": 5}, {"parameters": None})
    assert second["values"]["hit_rate"] == REPORTS["b"].summary["hit_rate"]
    assert second["signature"] == str(REPORTS["b"].signature)


def test_the_least_p_may_be_alpha_itself() -> None:
    """Six units have 64 signs: a p of 2 / 64 at the least."""
    three_runs = three(np.random.default_rng(0), 6)
    assert "too few" not in by_tests(three_runs, "n0", 1 - 2 / 64).how  # type: ignore[arg-type]
    assert "too few" in by_tests(three_runs, "n0", 0.969).how  # type: ignore[arg-type]


def test_tallies_are_tested_where_they_are_and_others_by_overlap() -> None:
    tests = by_tests(three(np.random.default_rng(0))[:2], "n0", 0.95)  # type: ignore[arg-type]
    found = by_both(overlap(interval(0.6, 0.8), interval(0.5, 0.7), interval(0.1, 0.2)), tests, [0, 2])
    assert upper(found) == [(0, 2), (1, 2)]
    assert found.how.startswith("paired sign-flip tests")
    assert "; others by overlap of 95 %" in found.how
    # Values alone order nothing beside tests.
    bare = by_both(overlap(None, None, None, values=[0.9, 0.5, 0.4]), tests, [0, 2])
    assert upper(bare) == [(0, 2)]
    assert bare.known.tolist() == [True, False, True]
    assert bare.how.endswith("others by nothing, because no entry has an interval")


def test_one_unit_says_nothing_and_two_are_too_few_to_test() -> None:
    one, two = ([run(np.full(units, value)) for value in (0.5, 0.4)] for units in (1, 2))
    ties = by_tests(one, "n0", 0.95)
    assert (ties.how, ties.known.tolist()) == (
        "values alone: one frame says nothing about others",
        [True] * 2,
    )
    assert upper(ties) == []
    assert by_tests(two, "n0", 0.95).how.startswith("nothing was tested on 2 units (frame): 0 entries")


def test_pairs_that_cannot_be_tested_are_not_counted() -> None:
    top, bottom = np.random.default_rng(0).uniform(0.3, 0.7, (40, 1)), np.ones((40, 1), dtype=np.int64)
    runs = [run(top + 0.2, bottom), run(top, bottom), run(0 * top, 0 * bottom)]
    how = by_tests(runs, "n0", 0.95).how
    assert how == "paired sign-flip tests on 40 units (frame), max-T over 1 pair, 95 %"


@pytest.mark.parametrize(("level", "rounds"), [(0.95, 1000), (0.99, 2000)])
def test_flips_are_those_of_one_test_however_many_pairs(
    monkeypatch: pytest.MonkeyPatch, level: float, rounds: int
) -> None:
    asked = []

    def noted(parts: np.ndarray, **given: object) -> signflips.Tests:
        asked.append(given)
        return signflips.flip_test(parts, **given)  # type: ignore[arg-type]

    monkeypatch.setattr("poseval.decisions.ties.flip_test", noted)
    by_tests(three(np.random.default_rng(0)), "n0", level)  # type: ignore[arg-type]
    assert asked == [{"alpha": 1 - level, "rounds": rounds, "seed": 0}]


def test_where_two_clusters_cross_pairs_are_tested_by_students_t() -> None:
    """Six people in seven videos: five degrees of freedom, and Holm over the pairs."""
    labels = np.indices((6, 7)).reshape(2, -1).astype(np.str_)
    groups = {"person": labels[0], "video": labels[1]}
    rng = np.random.default_rng(0)
    shared = rng.uniform(0.3, 0.7, 42)
    made = [run(shared + off + rng.normal(0, 0.01, 42), groups=groups) for off in (0.2, 0.1, 0.1)]
    ties = by_tests([clustered(one, "person+video") for one in made], "n0", 0.95)
    assert ties.how == "paired t tests on 6 units (person+video), Holm over 3 pairs, 95 %"
    assert upper(ties) == [(0, 1), (0, 2)]
