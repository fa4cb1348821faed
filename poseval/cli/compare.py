"""`poseval compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from poseval.cli.options import (
    QUIET,
    TRUTH_OR_SAVED,
    UNIT,
    InputPath,
    emit,
    talk,
    task_options,
    tell,
    testing_options,
)
from poseval.cli.outputs import OUTPUT, WritingCommand
from poseval.cli.progress import working

if TYPE_CHECKING:
    from poseval.scoring.task import Task


@click.command(cls=WritingCommand)
@click.argument("systems", nargs=-1, required=True, type=InputPath())
@TRUTH_OR_SAVED
@click.option(
    "--key", "keys", multiple=True, help="Number of the summary to compare. By default all. Repeatable."
)
@testing_options
@click.option("--simultaneous", is_flag=True, help="Make intervals that hold for all differences at once.")
@task_options
@click.option("--json", "json_to", type=OUTPUT, metavar="FILE|-", help="Write the comparison as JSON.")
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
    json_to: str | None,
    unit: str,
    quiet: bool,
) -> None:
    """Say which differences between SYSTEMS noise does not explain.

    A system is predictions, a saved run, or a folder of saved runs: several trainings of one recipe.
    """
    from poseval.api.compare import compare

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
    if json_to:
        emit(found.to_json() + "\n", json_to)
    if json_to != "-":
        emit(found.to_text(), None)
