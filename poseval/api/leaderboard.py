"""Runs of one benchmark, ranked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from poseval.benchmarks.base import Benchmark
    from poseval.decisions.entries import Entry, Ranked, Score
    from poseval.decisions.leaderboard import Board
    from poseval.decisions.verifying import ScoreLike
    from poseval.poses import PoseSet
    from poseval.results.report import Report
    from poseval.scoring.evaluation import Evaluation
    from poseval.scoring.reading import PathOrPoses
    from poseval.scoring.task import Asked, Task


def leaderboard(
    runs: Iterable[Ranked] | Mapping[str, Ranked],
    truth: PathOrPoses | None = None,
    benchmark: str | Benchmark | None = None,
    *,
    sort: str | None = None,
    columns: Sequence[str] = (),
    facts: Sequence[str] = (),
    best_per_team: bool = False,
    team: str = "",
    level: float | str = 0.95,
    unit: str = "percent",
    task: Task | None = None,
    **asked: Unpack[Asked],
) -> Board:
    """Rank runs of one benchmark: saved runs, JSON reports, reports or evaluations.

    Predictions are ranked with their ground truth (`truth`), which is read once. A mapping gives names;
    otherwise file names do. `sort` is the number to rank by, by default the benchmark's primary one;
    `columns` are further numbers to show, `facts` are facts that `poseval run` wrote beside a report. Saved
    runs, evaluations and predictions are compared by paired tests at `level`, reports by whether their
    intervals overlap. `unit`, "percent" or "fraction", is how fractions such as AP are shown. The other
    keywords are those of `poseval.score`.

    Raises:
        UsageError: P142 an invalid level, P148 no runs, or a number that no run has.
        InputError: a file is wrong; P240 a name that is not fit for a table, P420 other rules or ground
            truth.
    """
    from poseval.decisions.entries import Entry
    from poseval.decisions.leaderboard import build
    from poseval.poses import PoseSet
    from poseval.results.report import Report
    from poseval.results.units import shown_as
    from poseval.scoring.evaluation import Evaluation
    from poseval.scoring.keywords import FLAG, OPTIONAL_TEXT, kind, several
    from poseval.scoring.task import Task
    from poseval.threads import each

    types = (str, os.PathLike, Report, Evaluation, Entry, PoseSet)
    wanted = "saved runs, JSON reports or predictions"
    if isinstance(runs, Mapping):
        named = [(str(name), kind(types, wanted)(str(name), run)) for name, run in runs.items()]
    else:
        named = [("", run) for run in several(types, wanted)("runs", runs)]
    kind(str, "a name")("team", team)
    asked_task = Task.of(task, benchmark, **asked)
    score = None if truth is None else scorer(truth, asked_task)

    def entry(number: int) -> Entry:
        name, run = named[number - 1]
        return _entry(run, name, team, number, score)

    entries = each(entry, range(1, len(named) + 1))
    listed = several((str,), "keys")
    return build(
        entries,
        sort=OPTIONAL_TEXT("sort", sort),
        columns=listed("columns", columns),
        facts=listed("facts", facts),
        best_per_team=FLAG("best_per_team", best_per_team),
        level=level,
        shown_as=shown_as(unit),
    )


def scorer(truth: PathOrPoses, task: Task) -> Score:
    """A function that scores predictions against a ground truth, which is read here, once."""
    from poseval.scoring.reading import read_truth

    return partial(_scored, read_truth(truth, task), task)


def _scored(truth: PoseSet, task: Task, predictions: str | PoseSet) -> Evaluation:
    from poseval.scoring.score import evaluate

    return evaluate(truth, predictions, task=task)


def scorer_like(truth: PathOrPoses, task: Task) -> ScoreLike:
    """A function that scores predictions again under the benchmark, rules, metrics and slices of a report.

    Slices of a csv file need the file, as one of the slices of `task`.
    """
    from dataclasses import replace

    from poseval.benchmarks import get_benchmark
    from poseval.scoring.reading import read_truth
    from poseval.scoring.report_checks import signed_metrics
    from poseval.scoring.score import evaluate
    from poseval.scoring.slices import slices_again

    gt = read_truth(truth, task)

    def score(path: str, report: Report) -> Evaluation:
        asked = replace(
            task,
            benchmark=get_benchmark(report.benchmark),
            rules=report.rules,
            per_joint=True,
            slices=(*task.slices, *slices_again(report, gt, task.slices)),
        )
        found = evaluate(gt, path, task=asked)
        if task.metrics or found.signature["metric"] == report.signature["metric"]:
            return found
        return evaluate(gt, path, task=replace(asked, metrics=signed_metrics(report.signature)))

    return score


def _entry(run: Any, name: str, team: str, number: int, score: Score | None) -> Entry:
    from poseval.decisions.entries import Entry, entry_of
    from poseval.poses import PoseSet
    from poseval.results.report import Report
    from poseval.scoring.saved_runs import needs_truth

    if isinstance(run, Entry):
        return run
    if isinstance(run, PoseSet):
        if score is None:
            raise needs_truth(name or run.origin.name)
        run = score(run)
    if isinstance(run, (str, os.PathLike)):
        return entry_of(run, name, team, score)
    if isinstance(run, Report):
        return Entry(name or f"run {number}", run, team)
    return Entry(name or f"run {number}", run.report(), team, run=run)
