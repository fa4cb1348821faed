"""The door to the terminal: everything that a command prints goes through it.

Names from files are escaped where they are put into a sentence (`errors.shown`); here whatever slipped by is.
Escapes have JSON's form, so that JSON stays JSON.
"""

from __future__ import annotations

import re

import click

# Our own bold, dim and plain stay. What else can move the cursor, turn the direction of text or hide, is
# escaped; so are halves of characters, and what GitHub and Azure take for a command of the job.
UNSAFE = re.compile(
    r"(?P<own>\x1b\[[012]m)|[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]|^[ \t]*:(?=:)|#(?=#\[)",
    re.MULTILINE,
)


def printable(text: str) -> str:
    """The text without control, direction and zero-width characters and without commands to a CI service."""
    return UNSAFE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    if found["own"]:
        return found[0]
    before, char = found[0][:-1], found[0][-1]
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return before + "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def say(text: str, *, err: bool = True, nl: bool = True) -> None:
    """Print to stderr, or to stdout."""
    click.echo(printable(text), err=err, nl=nl)
