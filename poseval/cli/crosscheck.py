"""`poseval crosscheck`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from poseval.cli.options import TRUTH, InputPath, task_options
from poseval.cli.terminal import say

if TYPE_CHECKING:
    from poseval.cli.terminal import say
from poseval.scoring.task import Task


@click.command()
@click.argument("predictions", type=InputPath())
@TRUTH
@task_options
def crosscheck(predictions: Path, truth: Path, task: Task) -> int:
    """Run the tools that poseval must agree with on the same files; exit 1 on any difference."""
    from poseval.compat.crosscheck import crosscheck
    from poseval.errors import shown
    from poseval.report.text_table import aligned, number

    found = crosscheck(truth, predictions, task=task)
    rows = [["", "poseval", "reference", "largest difference"]]
    for item in found:
        rows.append(
            [shown(item.name), number(item.ours, ".6f"), number(item.theirs, ".6f"), f"{item.largest:.3g}"]
        )
    largest = max((item.largest for item in found), default=0.0)
    say("\n".join(aligned(rows)), err=False)
    say(f"\nlargest difference: {largest:.3g}", err=False)
    return 0 if largest == 0 and found else 1
