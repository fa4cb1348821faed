"""`poseval validate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from poseval.cli.options import ROLE, InputPath, emit, task_options
from poseval.cli.progress import working

if TYPE_CHECKING:
    from poseval.scoring.task import Task

INVALID = 3  # the exit of a wrong file


@click.command()
@click.argument("file", type=InputPath())
@click.option("--gt", "truth", type=InputPath(), help="Ground truth that the predictions in FILE belong to.")
@ROLE
@task_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def validate(file: Path, truth: Path | None, role: str | None, task: Task, as_json: bool) -> int:
    """Report everything that is wrong or unusual in FILE.

    The exit status is 0 when nothing is wrong, else 3."""
    from poseval.validation.validate import validate

    with working("reading", quiet=False):
        found = validate(file, truth=truth, role=role, task=task)
    emit(found.to_json() if as_json else found.to_text(), None)
    return 0 if found.ok else INVALID
