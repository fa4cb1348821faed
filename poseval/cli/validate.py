"""`poseval validate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from poseval.cli.options import ROLE, InputPath, emit, show, task_options
from poseval.cli.progress import working
from poseval.cli.terminal import say

if TYPE_CHECKING:
    from poseval.scoring.task import Task

INVALID = 3  # the exit of a wrong file
WITHOUT_TRUTH = "P139"  # one of several files that cannot be read alone keeps none of the others from it


@click.command()
@click.argument("files", type=InputPath(), nargs=-1, required=True)
@click.option("--gt", "truth", type=InputPath(), help="Ground truth that the predictions in FILES belong to.")
@ROLE
@task_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def validate(files: tuple[Path, ...], truth: Path | None, role: str | None, task: Task, as_json: bool) -> int:
    """Report everything that is wrong or unusual in FILES, each by itself.

    The exit status is 0 when nothing is wrong, else 3, or 2 for results without --gt. The JSON of several
    files is a list.
    """
    from poseval.errors import UsageError
    from poseval.validation.validate import validate

    found = []
    status = 0
    for file in files:
        try:
            with working("reading", quiet=False):
                found.append(validate(file, truth=truth, role=role, task=task))
        except UsageError as error:
            if error.code != WITHOUT_TRUTH:
                raise
            say(f"poseval: {error}")
            status = error.exit_code
    if not found:
        return status
    if as_json:
        texts = [one.to_json().strip() for one in found]
        emit(texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]", None)
    else:
        show(lambda: "\n\n".join(one.to_text().strip() for one in found))
    return status if all(one.ok for one in found) else INVALID
