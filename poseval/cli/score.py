"""`poseval score`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poseval.cli.options import (
    ALIGN,
    BENCHMARK,
    FORMAT_IN,
    QUIET,
    RULES,
    SIGMAS,
    SKELETON,
    TRUTH,
    InputPath,
    emit,
    joint_rules,
    skeleton_option,
    talk,
    use_color,
)
from poseval.errors import UsageError
from poseval.report.result import Report

if TYPE_CHECKING:
    from poseval.evaluation import Evaluation
    from poseval.report.books import Books
    from poseval.skeletons import Skeleton

CI_METHODS = ("percentile", "bca", "jackknife")
ALL_BOOKS = "all"  # every rule book of the benchmark
FORMATS = ("text", "json", "csv", "markdown", "latex")


@dataclass(frozen=True)
class ScoreOptions:
    """What the command line asks for, by the names of the options below."""

    predictions: Path
    truth: Path
    benchmark: str | None
    metrics: tuple[str, ...]
    skeleton: str | None
    sigmas: Path | None
    rules: str
    json_to: str | None
    csv_to: str | None
    style: str
    joint_map: str | None
    near: bool
    derive: bool
    align_by: str | None
    format_in: str | None
    per_joint: bool
    save_to: Path | None
    level: float | None
    ci_method: str
    resamples: int
    seed: int
    page_to: Path | None
    images: Path | None
    workers: int
    address: str | None
    quiet: bool

    def chosen(self) -> Skeleton | None:
        """The skeleton asked for."""
        return skeleton_option(self.skeleton, self.sigmas)

    def evaluated(self, book: str) -> Evaluation:
        """The tallies under one rule book."""
        from poseval import scoring
        from poseval.scale import pool

        with pool(self.workers, self.address) as crew:
            return scoring.evaluate(
                self.truth,
                self.predictions,
                self.benchmark,
                metrics=self.metrics,
                rules=book,
                skeleton=self.chosen(),
                per_joint=self.per_joint,
                executor=crew.executor,
                shards=crew.shards,
                joints=joint_rules(self.joint_map, self.near, self.derive),
                align_by=self.align_by,
                format=self.format_in,
            )

    def reported(self, evaluation: Evaluation) -> Report:
        """The report, with intervals where asked."""
        report = evaluation.report()
        if self.level is None:
            return report
        from poseval.stats import intervals

        found = intervals(
            evaluation.summaries,
            len(evaluation.unit_keys),
            level=self.level / 100,
            method=self.ci_method,
            resamples=self.resamples,
            seed=self.seed,
        )
        return replace(report, intervals=found)


@click.command()
@click.argument("predictions", type=InputPath())
@TRUTH
@BENCHMARK
@click.option("--metric", "metrics", multiple=True, metavar="NAME(...)", help="Replaces the benchmark's.")
@SKELETON
@SIGMAS
@RULES
@click.option("--json", "json_to", metavar="FILE|-", help="Write the report as JSON.")
@click.option("--csv", "csv_to", metavar="FILE|-", help="Write all values as CSV.")
@click.option("--format", "style", type=click.Choice(FORMATS), default="text", help="What stdout shows.")
@click.option("--joints", "joint_map", metavar="names|MAP.toml", help="Map predictions of other joints.")
@click.option("--near", is_flag=True, help="Allow near equivalents (upper_neck for neck); they are listed.")
@click.option("--derive", is_flag=True, help="Make derived joints (neck from shoulders); they are listed.")
@ALIGN
@FORMAT_IN
@click.option("--per-joint", is_flag=True, help="Numbers of each joint, too.")
@click.option("--save", "save_to", type=InputPath(), help="Save the run for gate, compare and leaderboard.")
@click.option(
    "--ci", "level", type=click.FloatRange(1, 99.9), metavar="PERCENT", help="Confidence intervals."
)
@click.option("--ci-method", type=click.Choice(CI_METHODS), default="percentile", show_default=True)
@click.option("--resamples", default=1000, show_default=True, type=click.IntRange(2))
@click.option("--seed", default=0, show_default=True)
@click.option("--report", "page_to", type=InputPath(), help="Write an HTML report (extra html).")
@click.option("--images", type=InputPath(), help="Folder of images to draw the worst frames over.")
@click.option("--workers", type=click.IntRange(1), default=1, help="Worker processes.")
@click.option("--executor", "address", metavar="dask:ADDRESS", help="Run on a Dask cluster (extra dask).")
@QUIET
def score(**given: Any) -> None:
    """Score PREDICTIONS against ground truth."""
    options = ScoreOptions(**given)
    say = talk(options.quiet)
    if options.rules == ALL_BOOKS:
        from poseval.books import books_of, each_book

        _refuse_with_all(options)
        names = books_of(options.truth, options.benchmark, options.chosen())
        books = each_book(names, lambda book: options.reported(options.evaluated(book)))
        _emit_books(books, options.json_to, options.style)
        return
    evaluation = options.evaluated(options.rules)
    report = options.reported(evaluation)
    _write_files(options, evaluation, report)
    if options.benchmark is None:
        say(f"benchmark: {report.benchmark} (guessed; name it with --benchmark)")
    if options.json_to:
        emit(report.to_json() + "\n", options.json_to)
    if options.csv_to:
        emit(report.to_csv(), options.csv_to)
    if "-" not in (options.json_to, options.csv_to):
        emit(rendered(report, options.style), None)


def _write_files(options: ScoreOptions, evaluation: Evaluation, report: Report) -> None:
    """The saved run and the HTML page, where they are asked for."""
    if options.save_to is not None:
        from poseval import saved

        saved.save(evaluation, options.save_to)
    if options.page_to is not None:
        from poseval import scoring
        from poseval.report.page import write_page

        truth, _ = scoring.align_files(
            options.truth,
            options.predictions,
            options.benchmark,
            options.rules,
            options.chosen(),
            joints=joint_rules(options.joint_map, options.near, options.derive),
            align_by=options.align_by,
            format=options.format_in,
        )
        write_page(options.page_to, report, evaluation, truth, options.images)


def _refuse_with_all(options: ScoreOptions) -> None:
    """Refuse outputs that hold one report.

    Raises:
        UsageError: P128 naming the option.
    """
    given = {"--csv": options.csv_to, "--save": options.save_to, "--report": options.page_to}
    single = [name for name, value in given.items() if value is not None]
    if options.style not in ("text", "json"):
        single.append(f"--format {options.style}")
    if single:
        raise UsageError(
            "P128",
            where=f"--rules {ALL_BOOKS}",
            what=f"does not go with {single[0]}",
            wanted="text or --json, which hold several reports",
            hint="name one rule book",
        )


def _emit_books(books: Books, json_to: str | None, style: str) -> None:
    """Every book's report as text or JSON."""
    from poseval.report.books import books_to_json, render_books

    if json_to:
        emit(books_to_json(books) + "\n", json_to)
    if json_to != "-":
        emit(books_to_json(books) + "\n" if style == "json" else render_books(books, use_color()), None)


def rendered(report: Report, style: str) -> str:
    """The report in one of `FORMATS`."""
    if style == "text":
        return report.to_text(color=use_color())
    return {
        "json": report.to_json,
        "csv": report.to_csv,
        "markdown": report.to_markdown,
        "latex": report.to_latex,
    }[style]()
