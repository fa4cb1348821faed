"""`poseval score`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poseval.cli.numbers import MOST_PROCESSES, Number
from poseval.cli.options import (
    CLUSTER,
    COUNT,
    DIGITS,
    LEVEL,
    ONE_PROCESS,
    QUIET,
    SEED_OPTION,
    TRUTH,
    UNIT,
    Choice,
    InputPath,
    emit,
    show,
    talk,
    task_options,
    use_color,
)
from poseval.cli.outputs import OUTPUT, OutputPath, WritingCommand, check_images, find_images
from poseval.cli.progress import working
from poseval.errors import UsageError
from poseval.results.report import Report

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from poseval.poses.aligned import Aligned
    from poseval.poses.images import FrameImages
    from poseval.report.rule_sets import RuleSetReports
    from poseval.scoring.evaluation import Evaluation
    from poseval.scoring.score import Prepared
    from poseval.scoring.task import Task

CI_METHODS = ("auto", "jackknife", "half-samples", "percentile", "bca")
ALL_RULE_SETS = "all"  # every rule set of the benchmark
FORMATS = ("text", "json", "csv", "markdown", "latex")
DATA = ("json", "csv")  # formats for programs, which hold everything


@dataclass(frozen=True)
class ScoreOptions:
    """What the command line asks for, by the names of the options below."""

    predictions: tuple[Path, ...]
    truth: Path
    task: Task
    json_to: str | None
    csv_to: str | None
    style: str
    save_to: Path | None
    level: float | None
    ci_method: str
    resamples: int
    seed: int
    cluster: str | None
    page_to: Path | None
    images: Path | None
    workers: int
    address: str | None
    stream: bool | None
    digits: int | None
    unit: str
    quiet: bool

    @property
    def paths(self) -> Path | tuple[Path, ...]:
        """The one path of the predictions, or all of them."""
        return self.predictions[0] if len(self.predictions) == 1 else self.predictions

    def scored(self, prepared: Prepared) -> tuple[Evaluation, Report]:
        """Tallies and report, by a cluster where one was asked for and is not slower than this process."""
        from poseval.scoring.executors import pool
        from poseval.scoring.score import tally

        with pool(self.address) as workers:
            evaluation = self._clustered(tally(prepared, workers.executor, workers.shards))
            report = self.reported(evaluation, workers.executor)
        if workers.one_process:
            talk(self.quiet)(ONE_PROCESS)
        return evaluation, report

    def streamed(self) -> Evaluation | None:
        """The tallies of results that are read in pieces; None where they are read as a whole.

        Raises:
            UsageError: P127 what needs all results at once beside `--stream`.
        """
        from poseval.scoring.streaming import in_pieces

        given = {
            "--report": self.page_to is not None,
            "--executor": self.address is not None,
        }
        wrong = next((name for name, value in given.items() if value), None)
        if wrong is None:
            found = in_pieces(self.truth, self.paths, self.task, self.stream)
            return None if found is None else self._clustered(found)
        if self.stream:
            raise UsageError(
                "P127",
                where="--stream",
                what=f"does not go with {wrong}",
                wanted="one of them",
                hint="leave --stream out",
            )
        return None

    def _clustered(self, evaluation: Evaluation) -> Evaluation:
        if self.cluster is None:
            return evaluation
        from poseval.statistics.clusters import clustered

        return clustered(evaluation, self.cluster, self.task.limits)

    def reported(self, evaluation: Evaluation, executor: Executor | None = None) -> Report:
        """The report, with intervals where asked."""
        report = evaluation.report()
        if self.level is None:
            return report
        from poseval.statistics.intervals import with_intervals

        return with_intervals(
            report,
            evaluation,
            level=self.level,
            method=self.ci_method,
            resamples=self.resamples,
            seed=self.seed,
            executor=executor,
        )


@click.command(cls=WritingCommand)
@click.argument("predictions", type=InputPath(), nargs=-1, required=True)
@TRUTH
@task_options
@click.option("--json", "json_to", type=OUTPUT, metavar="FILE|-", help="Write the report as JSON.")
@click.option("--csv", "csv_to", type=OUTPUT, metavar="FILE|-", help="Write all values as CSV.")
@click.option(
    "--format",
    "style",
    type=Choice(FORMATS),
    default="text",
    help="Format of the output on stdout.",
    show_default=True,
)
@click.option("--save", "save_to", type=OutputPath(), help="Save the run, for gate, compare and leaderboard.")
@click.option("--ci", "level", type=LEVEL, metavar="LEVEL", help="Add confidence intervals: 95, 95% or 0.95.")
@click.option(
    "--ci-method",
    type=Choice(CI_METHODS),
    default="auto",
    show_default=True,
    help="Method of --ci.",
)
@click.option(
    "--resamples",
    type=COUNT,
    default=1000,
    show_default=True,
    help="Bootstrap samples of the methods percentile and bca.",
)
@SEED_OPTION
@CLUSTER
@click.option("--report", "page_to", type=OutputPath(), help="Write an HTML report.")
@click.option("--images", type=InputPath(), help="Folder of images, to draw the worst frames on.")
@click.option(
    "--workers",
    type=Number(1, MOST_PROCESSES),
    default=1,
    help="Number of processes. Threads of one are faster for one set, and score it.",
)
@click.option(
    "--executor", "address", metavar="dask:ADDRESS", help="Run on a Dask cluster (needs the extra `dask`)."
)
@click.option(
    "--stream/--no-stream",
    default=None,
    help="Read COCO results in pieces, so that they need not fit into memory; by itself from 512 MiB, "
    "JSON lines from 128 MiB, packed files from 40 MiB. Plain files may have 4 GiB and 10,000,000 results.",
)
@DIGITS
@UNIT
@QUIET
def score(**given: Any) -> None:
    """Score PREDICTIONS against ground truth. Several files are read as one set.

    With --benchmark imagenet, PREDICTIONS are the answers of a classifier, and --gt is a folder with a folder
    of images for each class, or a list of images and classes.
    """
    from poseval.cli.classify import IMAGENET, refuse_answers, score_classes
    from poseval.scoring.score import prepare

    options = ScoreOptions(**given)
    if options.task.benchmark == IMAGENET:
        score_classes(options.predictions, options.truth, options.level, options.json_to, options.quiet)
        return
    refuse_answers(options.predictions)
    say = talk(options.quiet)
    if options.workers > 1:
        say(ONE_PROCESS)
    if options.task.rules == ALL_RULE_SETS:
        _score_all(options)
        return
    check_images(options.images, options.page_to)
    aligned = images = None
    with working("scoring", options.quiet):
        evaluation = options.streamed()
    if evaluation is None:
        with working("reading", options.quiet):
            prepared = prepare(options.truth, options.paths, options.task)
        aligned = prepared.aligned
        images = find_images(options.images, aligned.truth.frames, say)
        with working("scoring", options.quiet):
            evaluation, report = options.scored(prepared)
    else:
        with working("scoring", options.quiet):
            report = options.reported(evaluation)
    if options.task.benchmark is None and options.style != "text":  # which says it among its notices
        say(f"benchmark: {report.benchmark} (recognised from the ground truth; name it with --benchmark)")
    # First the scores, which a file that cannot be written must not take away.
    if "-" not in (options.json_to, options.csv_to):
        printed = replace(report, notices=()) if options.quiet and options.style not in DATA else report
        show(lambda: rendered(printed, options.style, options.unit, options.digits))
    if options.json_to:
        emit(report.to_json() + "\n", options.json_to)
    if options.csv_to:
        emit(report.to_csv(), options.csv_to)
    _write_files(options, evaluation, report, aligned, images)


def _write_files(
    options: ScoreOptions,
    evaluation: Evaluation,
    report: Report,
    aligned: Aligned | None,
    images: FrameImages | None,
) -> None:
    """The saved run and the HTML page, where they are asked for."""
    if options.save_to is not None:
        from poseval.scoring import saved_runs

        saved_runs.save(replace(evaluation, intervals=report.intervals), options.save_to)
    if options.page_to is not None and aligned is not None:
        from poseval.report.page import write_page

        with working("writing the report", options.quiet):
            write_page(options.page_to, report, evaluation, aligned, images, options.unit)


def _score_all(options: ScoreOptions) -> None:
    """Every rule set of the benchmark, side by side."""
    from poseval.scoring.rule_sets import each_rule_set, rule_sets_of
    from poseval.scoring.score import prepare

    _refuse_with_all(options)

    def under(name: str) -> Report:
        task = replace(options.task, rules=name)
        return options.scored(prepare(options.truth, options.paths, task))[1]

    with working("scoring", options.quiet):
        reports = each_rule_set(rule_sets_of(options.truth, options.task), under)
    _emit_rule_sets(reports, options)


def _refuse_with_all(options: ScoreOptions) -> None:
    """Refuse outputs that hold one report, and reading in pieces.

    Raises:
        UsageError: P127 naming the option.
    """
    if options.stream:
        raise UsageError(
            "P127",
            where="--stream",
            what=f"does not go with --rules {ALL_RULE_SETS}",
            wanted="one of them",
            hint="leave --stream out",
        )
    given = {"--csv": options.csv_to, "--save": options.save_to, "--report": options.page_to}
    single = [name for name, value in given.items() if value is not None]
    if options.style not in ("text", "json"):
        single.append(f"--format {options.style}")
    if single:
        raise UsageError(
            "P127",
            where=f"--rules {ALL_RULE_SETS}",
            what=f"does not go with {single[0]}",
            wanted="text or --json, which hold several reports",
            hint="name one rule set",
        )


def _emit_rule_sets(rule_sets: RuleSetReports, options: ScoreOptions) -> None:
    """Every rule set's report as text or JSON."""
    from poseval.report.rule_sets import render_rule_sets, rule_sets_to_json

    if options.json_to:
        emit(rule_sets_to_json(rule_sets) + "\n", options.json_to)
    if options.json_to != "-":
        show(
            lambda: (
                rule_sets_to_json(rule_sets) + "\n"
                if options.style == "json"
                else render_rule_sets(rule_sets, use_color(), options.unit)
            )
        )


def rendered(report: Report, style: str, unit: str, digits: int | None = None) -> str:
    """The report in one of `FORMATS`; shares in per cent or as fractions, but in JSON and CSV."""
    if style == "text":
        return report.to_text(use_color(), unit, digits)
    if style not in DATA:
        return {"markdown": report.to_markdown, "latex": report.to_latex}[style](unit, digits)
    return {"json": report.to_json, "csv": report.to_csv}[style]()
