"""`poseval help`."""

from __future__ import annotations

import click

from poseval.cli.names import commands
from poseval.cli.terminal import say
from poseval.errors import UsageError, shown


@click.command("help")
@click.argument("words", nargs=-1, metavar="[COMMAND]", shell_complete=commands)
@click.pass_context
def help_of(context: click.Context, words: tuple[str, ...]) -> None:
    """Show the help of COMMAND, or the list of commands."""
    asked = context.find_root()
    for word in words:
        if not isinstance(asked.command, click.Group):
            raise UsageError(
                "P870",
                where=f"{asked.command_path.partition(' ')[2]} {shown(word)}",
                what="is no command",
                wanted="poseval help COMMAND",
                hint=asked.command_path.replace(" ", " help ", 1),
            )
        _, command, _ = asked.command.resolve_command(asked, [word, "--help"])
        assert command is not None
        asked = click.Context(command, parent=asked, info_name=word)
    say(asked.get_help(), err=False)
