"""leaderboard: many reports of one benchmark, ranked.

Saved runs are tested in pairs, reports by overlap of their intervals (`decisions.ties`): each entry has the
ranks that it may have, and a mark (`=`) if the data do not show that the entry above is better.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from poseval.decisions.alike import LeftOut, alike
from poseval.decisions.entries import Entry, Refused, reason
from poseval.decisions.ties import Ties, by_both, by_overlap, by_tests
from poseval.errors import MismatchError, UsageError, shown, unknown_name
from poseval.poses import Notice
from poseval.results.result import Result, json_value
from poseval.results.signature import check_comparable
from poseval.results.units import FRACTION, PERCENT, Unit
from poseval.statistics.options import level_of

SCHEMA = "poseval.leaderboard/2"
# Codes of notices that say what a number would be otherwise: copies, coordinates, boxes, quirks, limits.
COSTS = frozenset({"N419", "N460", "N461", "N462", *(f"N{number}" for number in range(921, 930)), "N931"})


@dataclass(frozen=True)
class Row:
    """A ranked entry, and the best and worst rank that it may have.

    `tied` says that the data do not show that the entry above is better.
    """

    rank: int
    tied: bool
    entry: Entry
    ranks: tuple[int, int]


@dataclass(frozen=True, repr=False)
class Board(Result):
    """Ranked entries and the columns that are shown; `ties` says how entries were distinguished.

    Entries that could not be read are `refused`; of others something was `left_out` as it is unlike that of
    most. `shown_as` is how texts show shares.
    """

    form: ClassVar[str] = "board"
    table: ClassVar[str] = "entries"
    benchmark: str
    rules: str
    sort: str
    better: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    ties: str
    facts: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()
    shown_as: str = PERCENT
    left_out: tuple[LeftOut, ...] = ()

    @property
    def label(self) -> str:
        """Its name in a store."""
        return label_of(self.rows[0].entry) if self.rows else self.benchmark

    def unit_of(self, key: str) -> Unit:
        """What a column is measured in."""
        return self.rows[0].entry.report.unit_of(key) if self.rows else Unit.SHARE

    @property
    def notices(self) -> dict[str, tuple[Notice, ...]]:
        """Notices, by entry, about mistakes and quirks that change its numbers."""
        found = {
            row.entry.name: tuple(n for n in row.entry.report.notices if n.code in COSTS) for row in self.rows
        }
        return {name: notices for name, notices in found.items() if notices}

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values in schema `poseval.leaderboard/2`; undefined is None."""
        head = {"benchmark": self.benchmark, "rules": self.rules, "sort": self.sort, "better": self.better}
        units = {key: self.unit_of(key).value for key in self.columns if self.unit_of(key) is not Unit.SHARE}
        return {
            "schema": SCHEMA,
            "unit": FRACTION,
            "units": units,
            **head,
            "ties": self.ties,
            "entries": [self._row(row) for row in self.rows],
            "refused": [vars(refused) for refused in self.refused],
            "left_out": [left._asdict() for left in self.left_out],
        }

    def _row(self, row: Row) -> dict[str, Any]:
        report = row.entry.report
        values = {key: json_value(report.summary.get(key)) for key in self.columns}
        return {
            "rank": row.rank,
            "ranks": list(row.ranks),
            "tied": row.tied,
            "name": row.entry.name,
            "team": row.entry.team,
            "values": values,
            "intervals": {
                key: {name: json_value(value) for name, value in asdict(report.intervals[key]).items()}
                for key in self.columns
                if key in report.intervals
            },
            "facts": {name: row.entry.facts.get(name) for name in self.facts},
            **({"verified": row.entry.verified} if row.entry.verified else {}),
            "signature": str(report.signature),
        }


def label_of(entry: Entry) -> str:
    """The board that an entry stands on: `coco-keypoints:reference:9f2c1a7b`, by digits of its signature."""
    digest = hashlib.sha256(repr(_pairs(entry)).encode()).hexdigest()
    return ":".join([entry.report.benchmark, entry.report.rules, digest[:8]])


def _pairs(entry: Entry) -> tuple[tuple[str, str], ...]:
    """The signature without the version of poseval."""
    return tuple(pair for pair in entry.report.signature.pairs if pair[0] != "poseval")


def apart(entries: Iterable[Entry]) -> list[list[Entry]]:
    """Entries by what can be ranked together: those of one signature, whatever the version of poseval."""
    boards: dict[tuple[tuple[str, str], ...], list[Entry]] = {}
    for entry in entries:
        boards.setdefault(_pairs(entry), []).append(entry)
    return list(boards.values())


def check_same_board(one: Entry, other: Entry) -> None:
    """Refuse two entries that cannot be ranked together.

    Raises:
        MismatchError: P420 other signatures, or numbers that are better in another direction.
    """
    first, second = one.report, other.report
    check_comparable(first.signature, second.signature, (one.name, other.name), ignoring={"poseval"})
    for key in first.summary:
        ways = {report.better.get(key, "higher") for report in (first, second) if key in report.summary}
        if len(ways) > 1:
            raise MismatchError(
                "P420",
                where=f"{shown(one.name)} and {shown(other.name)}",
                what=f"do not agree in which direction {shown(key)} is better",
                wanted="reports of one benchmark, as poseval wrote them",
            )


def of_most(entries: Sequence[Entry]) -> tuple[list[Entry], list[Refused]]:
    """The entries that most others can be ranked with, and the rest; all where there is no majority."""
    groups = sorted(apart(entries), key=len, reverse=True)
    if len(groups) < 2 or 2 * len(groups[0]) <= len(entries):
        return list(entries), []
    first, refused = groups[0][0], []
    for entry in (entry for group in groups[1:] for entry in group):
        try:
            check_same_board(first, entry)
        except MismatchError as error:
            refused.append(Refused(entry.name, reason(error)))
    return groups[0], refused


def build(
    entries: Sequence[Entry],
    *,
    sort: str | None = None,
    columns: Sequence[str] = (),
    best_per_team: bool = False,
    facts: Sequence[str] = (),
    level: float | str = 0.95,
    refused: Sequence[Refused] = (),
    shown_as: str = PERCENT,
) -> Board:
    """Rank entries of one benchmark by a number of their summary; undefined ones come last.

    `level` is that of the paired tests of saved runs; intervals of reports have their own.

    Raises:
        UsageError: P142 a level that cannot be, P148 no entries, or a sort key or column that no entry has.
        MismatchError: P420 entries whose signatures differ, naming the first pair and how they differ.
    """
    share = level_of(level)
    if not entries:
        raise UsageError("P148", where="leaderboard", what="has no entries")
    first = entries[0]
    for other in entries[1:]:
        check_same_board(first, other)
    known = list(dict.fromkeys(key for entry in entries for key in entry.report.summary))
    key = sort or _first(entries)
    for name in (key, *columns):
        if name not in known:
            raise unknown_name("P148", "column", name, known)
    better = first.report.better.get(key, "higher")
    entries, left_out = alike(entries, key)

    def order(entry: Entry) -> tuple[bool, float, str]:
        value = entry.report.summary.get(key, math.nan)
        signed = value if better == "lower" else -value
        return (math.isnan(value), 0.0 if math.isnan(value) else signed, entry.name)

    alike_yet = Counter(map(order, entries))
    # The digest is of the whole report: only where nothing else tells two entries apart.
    ranked = sorted(
        entries, key=lambda entry: (*order(entry), entry.digest if alike_yet[order(entry)] > 1 else "")
    )
    if best_per_team:
        leaders: dict[str, Entry] = {}
        for entry in ranked:
            leaders.setdefault(entry.team or entry.digest, entry)
        ranked = list(leaders.values())
    ties = _ties(ranked, key, share)
    rows = [
        Row(place + 1, place > 0 and not ties.apart[place - 1, place], entry, ties.ranks(place))
        for place, entry in enumerate(ranked)
    ]
    shown_columns = tuple(dict.fromkeys([key, *(columns or known[:10])]))
    return Board(
        first.report.benchmark,
        first.report.rules,
        key,
        better,
        shown_columns,
        tuple(rows),
        ties.how,
        tuple(facts),
        tuple(refused),
        shown_as,
        tuple(left_out),
    )


def _first(entries: Sequence[Entry]) -> str:
    """The number to rank by where none is named: the primary one, else the first that all entries have."""
    primary = entries[0].report.primary
    shared = [key for key in entries[0].report.summary if all(key in e.report.summary for e in entries)]
    return primary if primary in shared else next(iter(shared or entries[0].report.summary))


def _ties(ranked: Sequence[Entry], key: str, level: float) -> Ties:
    """Paired tests of the entries whose tallies are here, and overlap of intervals between the others."""
    tested = [place for place, entry in enumerate(ranked) if entry.run is not None]
    runs = [entry.run for entry in ranked if entry.run is not None]
    if len(runs) == len(ranked) > 1:
        return by_tests(runs, key, level)
    values = [entry.report.summary.get(key, math.nan) for entry in ranked]
    overlap = by_overlap(values, [entry.report.interval(key) for entry in ranked])
    return by_both(overlap, by_tests(runs, key, level), tested) if len(runs) > 1 else overlap
