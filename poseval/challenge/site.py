"""A static board of a challenge, which needs no server: the leaderboard's page with the challenge's columns.

Only submissions that were scored stand on it, with their numbers as participants saw them: rounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from poseval.challenge.description import Description, Split
from poseval.challenge.records import Record, as_shown, is_record, read_record
from poseval.decisions.entries import Entry, Refused, entry_of, named_alike, reason
from poseval.decisions.leaderboard import Board, Row, build
from poseval.errors import PosevalError, UsageError, shown
from poseval.report.leaderboard_page import to_html
from poseval.results.report import Report

DATE = "date"  # fact of an entry: when it was received


@dataclass(frozen=True)
class Site:
    """Boards by the name of their split, and what stands on none, with its reason."""

    boards: dict[str, Board]
    left_out: tuple[Refused, ...]

    def page(self) -> str:
        """One page with every board."""
        return to_html(list(self.boards.values()))


def site_of(description: Description, runs: Iterable[Path]) -> Site:
    """Boards of records (`check --save`, workers), reports and saved runs.

    Raises:
        UsageError: P148 none of them was scored.
        MismatchError: P420 runs on other ground truth or by other rules than the rest.
    """
    entries: dict[str, list[Entry]] = {split.name: [] for split in description.splits}
    left: list[Refused] = []
    for path in runs:
        try:
            split, found = _entry(description, path)
        except PosevalError as error:
            left.append(Refused(path.name, reason(error)))
            continue
        if isinstance(found, Refused):
            left.append(found)
        else:
            entries[split].append(found)
    if not any(entries.values()):
        raise UsageError(
            "P148",
            where="the runs",
            what="hold no submission that was scored" + (f" ({left[0].name}: {left[0].why})" if left else ""),
            wanted="verdicts (`challenge check --save`), reports (`score --json`) or saved runs",
        )
    boards = {
        name: _board(description, description.split(name), named_alike(found))
        for name, found in entries.items()
        if found
    }
    return Site(boards, tuple(left))


def _entry(description: Description, path: Path) -> tuple[str, Entry | Refused]:
    """The split of a run, and its entry; what was not scored is refused with its status."""
    if not is_record(path):
        found = entry_of(path)
        return description.split().name, replace(found, report=as_shown(description, found.report), run=None)
    record = read_record(path)
    split = description.split(record.verdict.split)
    if not record.verdict.scored:
        return split.name, Refused(shown(record.name, 60), f"{record.verdict.status} on {split.name}")
    report = as_shown(description, Report.from_dict(dict(record.verdict.report), shown(path.name)))
    return split.name, Entry(record.name, report, record.team, _facts(description, record))


def _facts(description: Description, record: Record) -> dict[str, Any]:
    shown_keys = [question.key for question in description.questions if question.shown]
    found = {key: record.facts[key] for key in shown_keys if key in record.facts and key != "team"}
    return {**found, DATE: record.received}


def _board(description: Description, split: Split, entries: Sequence[Entry]) -> Board:
    questions = [q.key for q in description.questions if q.shown and q.key != "team"]
    names = [name for name in (*questions, DATE) if any(entry.facts.get(name) for entry in entries)]
    board = build(
        entries,
        sort=description.ranking.by,
        columns=[column.key for column in description.columns],
        facts=names,
    )
    return replace(board, benchmark=f"{description.title}: {split.title}", rows=_ranked(description, board))


def _ranked(description: Description, board: Board) -> tuple[Row, ...]:
    """Rows in order; entries of equal numbers by date, and on one rank where the description says so."""
    key, sign = board.sort, 1 if board.better == "lower" else -1

    def order(row: Row) -> tuple[bool, float, str, str]:
        value = row.entry.report.summary[key]
        undefined = math.isnan(value)
        return (
            undefined,
            0.0 if undefined else sign * value,
            str(row.entry.facts.get(DATE, "")),
            row.entry.name,
        )

    rows: list[Row] = []
    for place, row in enumerate(sorted(board.rows, key=order), start=1):
        same = bool(rows) and rows[-1].entry.report.summary[key] == row.entry.report.summary[key]
        rank = rows[-1].rank if same and description.ranking.ties == "shared" else place
        rows.append(replace(row, rank=rank, ranks=(rank, rank), tied=False))
    return tuple(rows)
