"""Everything that a command prints goes through this module.

Names from files are escaped where they are put into a sentence (`errors.shown`); here whatever slipped by is.
Escapes have JSON's form, so that JSON stays JSON.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

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
    """Print to stderr, or to stdout.

    Raises:
        LimitError: P506 stdout is a file on a full disk. UsageError: P137 it is closed, or cannot be written.
    """
    if not err and sys.stdout is None:  # a result that nobody gets is no success
        from poseval.errors import UsageError

        raise UsageError(
            "P137",
            where="standard output",
            what="is closed",
            wanted="an open one for the result",
            hint="name a file",
        )
    with suppress(OSError) if err else _stdout_errors():  # nobody could be told that stderr is full
        click.echo(printable(text), err=err, nl=nl)


def flush() -> None:
    """Write what stdout and stderr still hold; raises as `say` does."""
    with _stdout_errors():
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:  # None: the caller closed it
                stream.flush()


@contextmanager
def _stdout_errors() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        from poseval.files.writing import unwritable

        raise unwritable("standard output", error) from error


def terminal_width() -> int | None:
    """Columns of the terminal that stdout is; None where it is none."""
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    return shutil.get_terminal_size().columns if is_terminal else None


def say_table(rows: Sequence[Sequence[str]]) -> None:
    """Print a table to stdout. On a terminal its last column is broken so that it fits."""
    from poseval.report.text_table import aligned, wrapped

    width = terminal_width()
    left = range(len(rows[0])) if rows else ()
    lines = aligned(rows, left) if width is None else wrapped(rows, width)
    for line in lines:
        say(line, err=False)
