"""`poseval config`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from poseval.cli.settings import ALLOWED, NAMES, settings
from poseval.cli.terminal import say
from poseval.errors import shown


@click.command()
def config() -> None:
    """Show the defaults of options that hold in this folder, and the file that they come from.

    They stand in poseval.toml, or in the table tool.poseval of pyproject.toml, here or in a folder above.
    """
    found = settings(Path.cwd())
    if found is None:
        say(f"no {' and no '.join(NAMES)} with defaults here or above", err=False)
        say(f"options that may stand there: {', '.join(sorted(ALLOWED))}", err=False)
        return
    say(f"from {shown(os.path.relpath(found.path))}", err=False)
    for table, values in (("", found.shared), *found.tables.items()):
        for key, value in values.items():
            say(f"{table or 'every command'}: {key} = {shown(value)}", err=False)
