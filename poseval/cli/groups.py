"""Groups of commands, whose help ends with examples and whose mistyped commands get the nearest names."""

from __future__ import annotations

from copy import copy

import click

from poseval.cli.examples import epilog
from poseval.errors import shown, unknown_name


def with_examples(command: click.Command, path: str) -> click.Command:
    """A copy of a command whose help ends with its examples."""
    made = copy(command)
    made.epilog = "\n\n".join(filter(None, (command.epilog, epilog(path))))
    return made


class CommandGroup(click.Group):
    """A group of commands that share what they read, such as `poseval challenge`."""

    def path_of(self, command: str) -> str:
        """What is typed after `poseval` for a command, which is also its key among the examples."""
        return f"{self.name} {command}"

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command, with its examples."""
        super().add_command(with_examples(cmd, self.path_of(name or str(cmd.name))), name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is asked for; another name is an error."""
        name = args[0]
        known = self.list_commands(ctx)
        if name not in known and not name.startswith("-"):
            raise unknown_name("P870", self.path_of("command"), name, known, hint=self.hint(name))
        return super().resolve_command(ctx, args)

    def hint(self, name: str) -> str | None:
        """Advice on a name that is no command, where none is near."""
        return f"see `poseval help {shown(self.name or '')}`"
