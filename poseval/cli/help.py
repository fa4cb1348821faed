"""`poseval help`."""

from __future__ import annotations

import click

from poseval.cli.names import commands
from poseval.cli.terminal import say


@click.command("help")
@click.argument("command", required=False, shell_complete=commands)
@click.pass_context
def help_of(context: click.Context, command: str | None) -> None:
    """Show the help of COMMAND, or the list of commands."""
    parent = context.find_root()
    if command is None:
        say(parent.get_help(), err=False)
        return
    group = parent.command
    assert isinstance(group, click.Group)
    name, found, _ = group.resolve_command(parent, [command, "--help"])
    assert found is not None
    with click.Context(found, parent=parent, info_name=name) as asked:
        say(found.get_help(asked), err=False)
