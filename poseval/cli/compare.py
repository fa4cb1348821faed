"""`poseval compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from poseval.cli.options import (
    DIGITS,
    QUIET,
    TRUTH_OR_SAVED,
    UNIT,
    Choice,
    InputPath,
    emit,
    show,
    talk,
    task_options,
    tell,
    testing_options,
)
from poseval.cli.outputs import OUTPUT, OutputPath, WritingCommand
from poseval.cli.progress import working
from poseval.errors import UsageError, shown

if TYPE_CHECKING:
    from poseval.scoring.task import Task
    from poseval.statistics.comparison import Comparison

FORMATS = ("text", "json", "csv", "markdown", "latex")


@click.command(cls=WritingCommand)
@click.argument("systems", nargs=-1, required=True, type=InputPath())
@TRUTH_OR_SAVED
@click.option(
    "--key", "keys", multiple=True, help="Number of the summary to compare. By default all. Repeatable."
)
@testing_options
@click.option("--simultaneous", is_flag=True, help="Make intervals that hold for all differences at once.")
@task_options
@click.option(
    "--format",
    "style",
    type=Choice(FORMATS),
    default="text",
    show_default=True,
    help="Format of the output on stdout.",
)
@click.option("--json", "json_to", type=OUTPUT, metavar="FILE|-", help="Write the comparison as JSON.")
@click.option("--csv", "csv_to", type=OUTPUT, metavar="FILE|-", help="Write all differences as CSV.")
@click.option(
    "--figure", "figure_to", type=OutputPath(), help="Draw the differences: FILE.png, .svg or .pdf."
)
@DIGITS
@UNIT
@QUIET
def compare(
    systems: tuple[Path, ...],
    truth: Path | None,
    keys: tuple[str, ...],
    level: float,
    resamples: int | None,
    seed: int,
    cluster: str | None,
    seed_sd: tuple[str, ...],
    simultaneous: bool,
    task: Task,
    style: str,
    json_to: str | None,
    csv_to: str | None,
    figure_to: Path | None,
    digits: int | None,
    unit: str,
    quiet: bool,
) -> None:
    """Say which differences between SYSTEMS are larger than noise.

    A system is predictions, a saved run, or a folder of saved runs: several trainings of one recipe.
    """
    from poseval.api.compare import compare

    drawn_as = None if figure_to is None else style_of(figure_to)
    with working("comparing", quiet):
        found = compare(
            *systems,
            truth=truth,
            keys=keys,
            level=level,
            resamples=resamples,
            seed=seed,
            cluster=cluster,
            seed_sd=seed_sd,
            simultaneous=simultaneous,
            unit=unit,
            task=task,
        )
    for name, notices in found.notices.items():
        tell(notices, talk(quiet), name)
    if "-" not in (json_to, csv_to):
        show(lambda: rendered(found, style, digits))
    if json_to:
        emit(found.to_json() + "\n", json_to)
    if csv_to:
        emit(found.to_csv(), csv_to)
    if figure_to is not None and drawn_as is not None:
        from poseval.files.writing import write_atomically
        from poseval.report.comparison_plot import draw
        from poseval.report.plots import figure_bytes

        write_atomically(figure_to, figure_bytes(draw(found), drawn_as), force=True)


def rendered(found: Comparison, style: str, digits: int | None) -> str:
    """The comparison in one of `FORMATS`."""
    if style in ("json", "csv"):
        return found.to_json() + "\n" if style == "json" else found.to_csv()
    return {"text": found.to_text, "markdown": found.to_markdown, "latex": found.to_latex}[style](digits)


def style_of(path: Path) -> str:
    """The format of a figure by the ending of its name.

    Raises:
        UsageError: P180 another ending.
    """
    endings = ("png", "svg", "pdf")
    ending = path.suffix.removeprefix(".").lower()
    if ending not in endings:
        where = f"--figure {shown(path, limit=400)}"
        wanted = "a name that ends in .png, .svg or .pdf"
        raise UsageError("P180", where=where, what="has no known ending", wanted=wanted)
    return ending
