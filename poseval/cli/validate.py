"""`poseval validate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from poseval.cli.options import ROLE, InputPath, emit, show, task_options
from poseval.cli.progress import working

if TYPE_CHECKING:
    from poseval.scoring.task import Task

INVALID = 3  # the exit of a wrong file


@click.command()
@click.argument("files", type=InputPath(), nargs=-1, required=True)
@click.option("--gt", "truth", type=InputPath(), help="Ground truth that the predictions in FILES belong to.")
@ROLE
@task_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def validate(files: tuple[Path, ...], truth: Path | None, role: str | None, task: Task, as_json: bool) -> int:
    """Report everything that is wrong or unusual in FILES, each by itself.

    The exit status is 0 when nothing is wrong, else 3. The JSON of several files is a list.
    """
    from poseval.validation.validate import validate

    found = []
    for file in files:
        with working("reading", quiet=False):
            found.append(validate(file, truth=truth, role=role, task=task))
    if as_json:
        texts = [one.to_json().strip() for one in found]
        emit(texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]", None)
    else:
        show(lambda: "\n\n".join(one.to_text().strip() for one in found))
    return 0 if all(one.ok for one in found) else INVALID
