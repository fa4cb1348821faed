"""`poseval crosscheck`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from poseval.cli.options import TRUTH, InputPath, show, task_options
from poseval.cli.progress import working

if TYPE_CHECKING:
    from poseval.scoring.task import Task


@click.command()
@click.argument("predictions", type=InputPath())
@TRUTH
@task_options
def crosscheck(predictions: Path, truth: Path, task: Task) -> int:
    """Compare poseval's numbers with those of the official programs on the same files.

    The exit status is 1 when any number differs.

    Where a program cannot be installed, a transcription of it is run instead, and named as such.
    """
    from poseval.compat.crosscheck import crosscheck
    from poseval.report.crosscheck import as_text

    with working("running both programs", quiet=False):
        found = crosscheck(truth, predictions, task=task)
    show(lambda: as_text(found.differences, found.unchecked))
    return 0 if found.agrees else 1
