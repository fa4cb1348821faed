"""Runs of one benchmark, ranked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from poseval.decisions.leaderboard import Board, Entry, Ranked


def leaderboard(
    runs: Iterable[Ranked] | Mapping[str, Ranked],
    *,
    sort: str | None = None,
    columns: Sequence[str] = (),
    facts: Sequence[str] = (),
    best_per_team: bool = False,
    team: str = "",
    level: float | str = 0.95,
) -> Board:
    """Rank runs of one benchmark: saved runs, JSON reports, reports or evaluations.

    A mapping gives their names; otherwise file names do. `sort` is the number to rank by, by default
    the first of the summary; `columns` are further numbers, `facts` what `poseval run` wrote beside a report.
    Saved runs and evaluations are distinguished by paired tests at `level`, reports by overlap of intervals.

    Raises:
        UsageError: P142 a level that cannot be, P148 no runs, or a number that none has.
        InputError: a file is wrong; P240 a name that is not fit for a table, P420 other rules or ground
            truth, P422 intervals of different levels or methods.
    """
    from poseval.decisions.leaderboard import Entry, build
    from poseval.results.report import Report
    from poseval.scoring.evaluation import Evaluation
    from poseval.scoring.keywords import FLAG, OPTIONAL_TEXT, kind, several

    types = (str, os.PathLike, Report, Evaluation, Entry)
    wanted = "saved runs or JSON reports"
    if isinstance(runs, Mapping):
        named = [(str(name), kind(types, wanted)(str(name), run)) for name, run in runs.items()]
    else:
        named = [("", run) for run in several(types, wanted)("runs", runs)]
    kind(str, "a name")("team", team)
    entries = [_entry(run, name, team, number) for number, (name, run) in enumerate(named, start=1)]
    listed = several((str,), "keys")
    return build(
        entries,
        sort=OPTIONAL_TEXT("sort", sort),
        columns=listed("columns", columns),
        facts=listed("facts", facts),
        best_per_team=FLAG("best_per_team", best_per_team),
        level=level,
    )


def _entry(run: Any, name: str, team: str, number: int) -> Entry:
    from poseval.decisions.leaderboard import Entry, entry_of
    from poseval.results.report import Report

    if isinstance(run, Entry):
        return run
    if isinstance(run, (str, os.PathLike)):
        return entry_of(run, name, team)
    if isinstance(run, Report):
        return Entry(name or f"run {number}", run, team)
    return Entry(name or f"run {number}", run.report(), team, run=run)
