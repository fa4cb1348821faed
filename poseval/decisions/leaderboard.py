"""leaderboard: many reports of one benchmark, ranked.

Saved runs are tested in pairs, reports by overlap of their intervals (`decisions.ties`): each entry has the
ranks that it may have, and a mark (`=`) where the data do not order it and its upper neighbour.
Entries are keyed by a digest of their report, so that adding one twice changes nothing.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from poseval.decisions.ties import Ties, by_overlap, by_tests, check_alike
from poseval.errors import FormatError, MismatchError, UsageError, shown
from poseval.files.reading import read_json
from poseval.poses import Notice
from poseval.results.report import Report
from poseval.results.result import Result, json_value
from poseval.results.signature import check_comparable
from poseval.scoring.evaluation import Evaluation
from poseval.scoring.saved_runs import is_saved_run, load, load_report
from poseval.statistics.options import level_of

SCHEMA = "poseval.leaderboard/2"
NAME_LENGTH = 64  # a table column; longer names are cut by no reader's eye
FACTS = ".run.json"  # ending of the file beside a report in which `poseval run` keeps the run's facts

# Codes of notices that say what a number would be otherwise: copies, coordinates, boxes, quirks, limits.
COSTS = frozenset({"N419", "N460", "N461", "N462", *(f"N{number}" for number in range(921, 930)), "N931"})


@dataclass(frozen=True)
class Entry:
    """One run on a board. `facts` are further columns (parameters, MACs, speed) from a provenance block.

    `run` holds the tallies of a saved run, from which paired tests are made.
    """

    name: str
    report: Report
    team: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    run: Evaluation | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        for text in (self.name, self.team):
            check_name(text)

    @property
    def digest(self) -> str:
        """SHA-256 of name, team and report without timings: the identity of the entry."""
        text = json.dumps([self.name, self.team, self.report.to_json(timings=False)])
        return hashlib.sha256(text.encode()).hexdigest()


Ranked = str | os.PathLike[str] | Report | Evaluation | Entry  # what a board can be built of


def entry_of(path: str | os.PathLike[str], name: str | None = None, team: str = "") -> Entry:
    """The entry of a JSON report or saved run, with the facts that lie beside it.

    Raises:
        FormatError: P230 or P231 when the file is neither, P240 a name that is not fit for a table, P242
            facts that cannot be read.
        LimitError: P501, P502 a report or facts that are larger than allowed.
    """
    place = Path(path)
    run = load(place) if is_saved_run(place) else None
    report = load_report(place) if run is None else run.report()
    return Entry(name or place.stem, report, team, _facts(place.with_name(place.name + FACTS)), run)


def _facts(path: Path) -> dict[str, Any]:
    """The facts in a file; none without one."""
    try:
        if not path.is_file():
            return {}
    except OSError:  # the name of a run may be as long as names can be
        return {}
    try:
        facts = read_json(path)
    except (ValueError, RecursionError) as error:
        raise FormatError("P242", where=shown(path), what=f"cannot be read ({shown(error, 80)})") from error
    return facts if isinstance(facts, dict) else {}


def check_name(text: str) -> None:
    """Refuse names that could deceive a reader or break a table.

    Raises:
        FormatError: P240 for control, bidi or zero-width characters, or a name that is too long.
    """
    if len(text) > NAME_LENGTH:
        raise FormatError("P240", where=f"name {shown(text, 20)!r}", what=f"is longer than {NAME_LENGTH}")
    if (
        any(unicodedata.category(char)[0] == "C" for char in text)
        or unicodedata.normalize("NFC", text) != text
    ):
        raise FormatError(
            "P240",
            where=f"name {shown(text)!r}",
            what="holds control, direction or zero-width characters, or is not in NFC",
        )


@dataclass(frozen=True)
class Row:
    """A ranked entry, and the best and worst rank that it may have.

    `tied` says that the data do not order it and its upper neighbour.
    """

    rank: int
    tied: bool
    entry: Entry
    ranks: tuple[int, int]


@dataclass(frozen=True, repr=False)
class Board(Result):
    """Ranked entries and the columns that are shown; `ties` says how entries were distinguished."""

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

    @property
    def notices(self) -> dict[str, tuple[Notice, ...]]:
        """The notices of entries whose numbers would be others without a mistake or a quirk, by name."""
        found = {
            row.entry.name: tuple(n for n in row.entry.report.notices if n.code in COSTS) for row in self.rows
        }
        return {name: notices for name, notices in found.items() if notices}

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values in schema `poseval.leaderboard/2`; undefined is None."""
        head = {"benchmark": self.benchmark, "rules": self.rules, "sort": self.sort, "better": self.better}
        return {"schema": SCHEMA, **head, "ties": self.ties, "entries": [self._row(row) for row in self.rows]}

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
            "signature": str(report.signature),
        }


def check_same_board(one: Entry, other: Entry) -> None:
    """Refuse two entries that no board can hold together.

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


def check_addition(entry: Entry, board: Sequence[Entry]) -> None:
    """Refuse an entry that would make every later list of a board an error.

    Raises:
        MismatchError: P420 another signature or direction, P422 intervals made in another way.
    """
    for other in board:
        check_same_board(other, entry)
        for key in entry.report.summary:
            one, two = other.report.interval(key), entry.report.interval(key)
            if one is not None and two is not None:
                check_alike(other.name, one, entry.name, two)


def build(
    entries: Sequence[Entry],
    *,
    sort: str | None = None,
    columns: Sequence[str] = (),
    best_per_team: bool = False,
    facts: Sequence[str] = (),
    level: float | str = 0.95,
) -> Board:
    """Rank entries of one benchmark by a number of their summary; undefined ones come last.

    `level` is that of the paired tests of saved runs; intervals of reports have their own.

    Raises:
        UsageError: P142 a level that cannot be, P148 no entries, or a sort key or column that no entry has.
        MismatchError: P420 entries whose signatures differ, naming the first pair and how they differ, P422
            intervals of different levels or methods.
    """
    share = level_of(level)
    if not entries:
        raise UsageError("P148", where="leaderboard", what="has no entries")
    first = entries[0]
    for other in entries[1:]:
        check_same_board(first, other)
    known = list(dict.fromkeys(key for entry in entries for key in entry.report.summary))
    key = sort or known[0]
    for name in (key, *columns):
        if name not in known:
            wanted = f"one of {', '.join(known[:40])}"
            raise UsageError("P148", where=f"column {shown(name)!r}", what="is in no entry", wanted=wanted)
    better = first.report.better.get(key, "higher")

    def order(entry: Entry) -> tuple[bool, float, str, str]:
        value = entry.report.summary.get(key, math.nan)
        signed = value if better == "lower" else -value
        return (math.isnan(value), 0.0 if math.isnan(value) else signed, entry.name, entry.digest)

    ranked = sorted(entries, key=order)
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
    )


def _ties(ranked: Sequence[Entry], key: str, level: float) -> Ties:
    """Paired tests where all entries are saved runs, else overlap."""
    runs = [entry.run for entry in ranked if entry.run is not None]
    if len(runs) == len(ranked) > 1:
        return by_tests(runs, key, level)
    values = [entry.report.summary.get(key, math.nan) for entry in ranked]
    return by_overlap(values, [entry.report.interval(key) for entry in ranked], [e.name for e in ranked])
