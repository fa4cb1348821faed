"""`poseval compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from poseval.cli.options import QUIET, InputPath, emit, talk, task_options, tell

if TYPE_CHECKING:
    from poseval.scoring.task import Task


@click.command()
@click.argument("systems", nargs=-1, required=True, type=InputPath())
@click.option("--gt", "truth", type=InputPath(), help="Ground truth; not needed for saved runs.")
@click.option(
    "--key", "keys", multiple=True, help="Number of the summary to compare; repeatable; default all."
)
@click.option("--level", default=0.95, show_default=True, help="Confidence level.")
@click.option("--resamples", default=1000, show_default=True, type=click.IntRange(2))
@click.option("--seed", default=0, show_default=True)
@task_options
@click.option("--json", "json_to", metavar="FILE|-", help="Write the comparison as JSON.")
@QUIET
def compare(
    systems: tuple[Path, ...],
    truth: Path | None,
    keys: tuple[str, ...],
    level: float,
    resamples: int,
    seed: int,
    task: Task,
    json_to: str | None,
    quiet: bool,
) -> None:
    """Say which differences between SYSTEMS (predictions or saved runs) noise does not explain."""
    from poseval.api import compare

    found = compare(*systems, truth=truth, keys=keys, level=level, resamples=resamples, seed=seed, task=task)
    for name, notices in found.notices.items():
        tell(notices, talk(quiet), name)
    if json_to:
        emit(found.to_json() + "\n", json_to)
    if json_to != "-":
        emit(found.to_text(), None)
