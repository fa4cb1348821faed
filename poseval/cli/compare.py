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
    import json

    from poseval.scoring.saved_runs import run_of
    from poseval.scoring.score import read_truth
    from poseval.statistics.comparison import compare

    # The truth is read once, however many systems there are.
    gt = None if truth is None else read_truth(truth, task)
    names = [path.name for path in systems]
    labels = names if len(set(names)) == len(names) else [str(path) for path in systems]
    runs = {label: run_of(path, gt, task) for label, path in zip(labels, systems, strict=True)}
    for label, run in runs.items():
        tell(run.notices, talk(quiet), label)
    found = compare(runs, keys=keys, level=level, resamples=resamples, seed=seed)
    if json_to:
        emit(json.dumps(found.to_dict(), indent=1) + "\n", json_to)
    if json_to != "-":
        emit(found.to_text(), None)
