"""`poseval completion`."""

from __future__ import annotations

import click

from poseval.cli.options import Choice
from poseval.cli.terminal import say


@click.command()
@click.argument("shell", type=Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what SHELL needs to complete commands, options, benchmarks, formats and other names.

    For bash, append the output to ~/.bashrc. For zsh, append it to ~/.zshrc. For fish, write it to
    ~/.config/fish/completions/poseval.fish.
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    root = context.find_root()
    say(kind(root.command, {}, "poseval", "_POSEVAL_COMPLETE").source(), err=False)
