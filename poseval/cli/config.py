"""`poseval config`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import click

from poseval.cli.settings import ALLOWED, NAMES, Settings, options_of, settings
from poseval.cli.terminal import say
from poseval.errors import shown


@click.command()
@click.pass_context
def config(ctx: click.Context) -> None:
    """Show the defaults of options that hold in this folder, and the file that they come from.

    They stand in poseval.toml, or in the table tool.poseval of pyproject.toml, here or in a folder above.
    Paths are shown as the commands take them. A value that a command would refuse is an error here, too.
    """
    found = settings(Path.cwd())
    if found is None:
        say(f"no {' and no '.join(NAMES)} with defaults here or above", err=False)
        say(f"options that may stand there: {', '.join(sorted(ALLOWED))}", err=False)
        return
    lines = [*_shared(found, ctx), *_own(found, ctx)]
    say(f"from {shown(os.path.relpath(found.path))}", err=False)
    for line in lines:
        say(line, err=False)


def _shared(found: Settings, ctx: click.Context) -> Iterator[str]:
    """Keys for every command, each as the first command takes that has the option."""
    group = cast("click.Group", ctx.find_root().command)
    left = dict(found.shared)
    for name in group.list_commands(ctx):
        for key, value in _taken(found, name, ctx).items() if left else ():
            if left.pop(key, None) is not None:
                yield f"every command: {key} = {shown(value)}"


def _own(found: Settings, ctx: click.Context) -> Iterator[str]:
    """Keys of the tables of commands."""
    for name, values in found.tables.items():
        taken = _taken(found, name, ctx)
        yield from (f"{name}: {key} = {shown(taken[key])}" for key in values)


def _taken(found: Settings, name: str, ctx: click.Context) -> dict[str, object]:
    """The defaults of a command as it takes them, by the names of the options; click checks them."""
    command = cast("click.Group", ctx.find_root().command).get_command(ctx, name)
    if command is None:
        return {}
    values = found.of(command)
    out = {}
    for key, option in options_of(command).items():
        if option.name in values and (key in found.shared or key in found.tables.get(name, {})):
            option.type_cast_value(ctx, values[option.name])
            out[key] = values[option.name]
    return out
