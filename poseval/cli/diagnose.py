"""`poseval diagnose`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from poseval.cli.numbers import MOST_ITEMS, Number
from poseval.cli.options import QUIET, TRUTH, UNIT, Choice, InputPath, emit, show, talk, task_options, tell
from poseval.cli.outputs import OUTPUT, OutputPath, WritingCommand, check_images, find_images
from poseval.cli.progress import working

if TYPE_CHECKING:
    from poseval.scoring.task import Task


@click.command(cls=WritingCommand)
@click.argument("predictions", type=InputPath(), nargs=-1, required=True)
@TRUTH
@task_options
@click.option(
    "--scale",
    type=Choice(["area", "head"]),
    help="Unit of distances. By default the one that the ground truth has.",
)
@click.option(
    "--worst",
    default=20,
    show_default=True,
    type=Number(0, MOST_ITEMS),
    help="Number of worst frames to list.",
)
@click.option("--json", "json_to", type=OUTPUT, metavar="FILE|-", help="Write the diagnosis as JSON.")
@click.option("--report", "page_to", type=OutputPath(), help="Write an HTML report.")
@click.option("--images", type=InputPath(), help="Folder of images, to draw the worst frames on.")
@UNIT
@QUIET
def diagnose(
    predictions: tuple[Path, ...],
    truth: Path,
    task: Task,
    scale: str | None,
    worst: int,
    json_to: str | None,
    page_to: Path | None,
    images: Path | None,
    unit: str,
    quiet: bool,
) -> None:
    """Show the errors in PREDICTIONS and what each costs.

    Kinds of errors: jitter, inversions, swaps, misses, wrong scores, false positives, identity switches."""
    from poseval.api.diagnose import diagnose_prepared
    from poseval.scoring.score import prepare, tally

    check_images(images, page_to)
    # The page shows every joint.
    paths = predictions[0] if len(predictions) == 1 else predictions
    with working("reading", quiet):
        prepared = prepare(truth, paths, replace(task, per_joint=task.per_joint or page_to is not None))
    say = talk(quiet)
    say(f"benchmark: {prepared.benchmark.name}")
    found = find_images(images, prepared.aligned.truth.frames, say)
    with working("diagnosing", quiet):
        result = diagnose_prepared(prepared, scale, worst)
    tell(result.notices, say)
    if page_to is not None:
        from poseval.report.page import write_page

        with working("writing the report", quiet):
            evaluation = tally(prepared)
            write_page(page_to, evaluation.report(), evaluation, prepared.aligned, found, unit)
    if json_to:
        emit(result.to_json() + "\n", json_to)
    if json_to != "-":
        show(lambda: result.to_text(unit))
