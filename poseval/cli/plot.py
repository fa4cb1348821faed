"""`poseval plot`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from poseval.cli.options import QUIET, TRUTH_OR_SAVED, UNIT, Choice, InputPath, talk, task_options, tell
from poseval.cli.outputs import WritingCommand, check_replaceable, forced
from poseval.cli.progress import working

if TYPE_CHECKING:
    from poseval.scoring.task import Task


@click.command(cls=WritingCommand)
@click.argument("runs", nargs=-1, required=True, type=InputPath())
@TRUTH_OR_SAVED
@task_options
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("figures"),
    show_default=True,
    help="Folder for the figures.",
)
@click.option(
    "--format",
    "style",
    type=Choice(["png", "svg", "pdf"]),
    default="png",
    show_default=True,
    help="Format of the figures.",
)
@UNIT
@QUIET
def plot(
    runs: tuple[Path, ...], truth: Path | None, task: Task, out: Path, style: str, unit: str, quiet: bool
) -> None:
    """Draw figures of RUNS: saved runs (`score --save`), or predictions with --gt.

    Several runs are drawn over one another.
    """
    from poseval.api.plot import overlaid_figures, run_and_diagnosis
    from poseval.report.plots import figures, save_figures
    from poseval.report.slice_plot import slice_figures

    say = talk(quiet)
    with working("scoring", quiet):
        if len(runs) > 1:
            drawn = overlaid_figures(runs, truth, task, unit)
        else:
            evaluation, diagnosis = run_and_diagnosis(runs[0], truth, task)
            drawn = figures(evaluation, evaluation.report(), diagnosis, unit)
            drawn |= slice_figures({"": evaluation}, unit)
            tell(evaluation.notices, say)
    there = [path for path in (out / f"{name}.{style}" for name in drawn) if os.path.exists(path)]
    check_replaceable((("--out", path) for path in there), forced())
    with working("drawing", quiet):
        paths = save_figures(drawn, out, style)
    for path in paths:
        say(str(path))
