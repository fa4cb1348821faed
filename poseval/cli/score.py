"""`poseval score`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from poseval.cli.options import (
    BENCHMARK,
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
    from poseval.report.books import Books
    from poseval.scoring import Evaluation

WAYS = (
    "key",
    "file name",
    "stem",
    "number",
)  # poseval.frame_names.WAYS, which the start-up does not wait for
CI_METHODS = ("percentile", "bca", "jackknife")
ALL_BOOKS = "all"  # every rule book of the benchmark
FORMATS = ("text", "json", "csv", "markdown", "latex")


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
@click.option("--align", "align_by", type=click.Choice(WAYS), help="Pair frames only this way.")
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
def score(
    predictions: Path,
    truth: Path,
    benchmark: str | None,
    metrics: tuple[str, ...],
    skeleton: str | None,
    sigmas: Path | None,
    rules: str,
    json_to: str | None,
    csv_to: str | None,
    style: str,
    joint_map: str | None,
    near: bool,
    derive: bool,
    align_by: str | None,
    per_joint: bool,
    save_to: Path | None,
    level: float | None,
    ci_method: str,
    resamples: int,
    seed: int,
    page_to: Path | None,
    images: Path | None,
    workers: int,
    address: str | None,
    quiet: bool,
) -> None:
    """Score PREDICTIONS against ground truth."""
    from poseval import scoring
    from poseval.scale import pool

    say = talk(quiet)
    chosen = skeleton_option(skeleton, sigmas)

    def evaluated(book: str) -> Evaluation:
        with pool(workers, address) as crew:
            return scoring.evaluate(
                truth,
                predictions,
                benchmark,
                metrics=metrics,
                rules=book,
                skeleton=chosen,
                per_joint=per_joint,
                executor=crew.executor,
                shards=crew.shards,
                joints=joint_rules(joint_map, near, derive),
                align_by=align_by,
            )

    def reported(evaluation: Evaluation) -> Report:
        report = evaluation.report()
        if level is None:
            return report
        from poseval.stats import intervals

        units = len(evaluation.unit_keys)
        found = intervals(
            evaluation.summaries, units, level=level / 100, method=ci_method, resamples=resamples, seed=seed
        )
        return replace(report, intervals=found)

    if rules == ALL_BOOKS:
        from poseval.books import books_of, each_book

        _refuse_with_all(csv_to, save_to, page_to, style)
        names = books_of(truth, benchmark, chosen)
        _emit_books(each_book(names, lambda book: reported(evaluated(book))), json_to, style)
        return
    evaluation = evaluated(rules)
    report = reported(evaluation)
    if save_to is not None:
        from poseval import saved

        saved.save(evaluation, save_to)
    if page_to is not None:
        from poseval.report.page import write_page

        pair = scoring.align_files(truth, predictions, benchmark, rules, chosen)
        write_page(page_to, report, evaluation, pair[0], images)
    if benchmark is None:
        say(f"benchmark: {report.benchmark} (guessed; name it with --benchmark)")
    if json_to:
        emit(report.to_json() + "\n", json_to)
    if csv_to:
        emit(report.to_csv(), csv_to)
    if "-" not in (json_to, csv_to):
        emit(rendered(report, style), None)


def _refuse_with_all(csv_to: str | None, save_to: Path | None, page_to: Path | None, style: str) -> None:
    """Refuse outputs that hold one report.

    Raises:
        UsageError: P128 naming the option.
    """
    given = {"--csv": csv_to, "--save": save_to, "--report": page_to}
    single = [name for name, value in given.items() if value is not None]
    if style not in ("text", "json"):
        single.append(f"--format {style}")
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
