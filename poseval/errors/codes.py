"""Every public code, with its one meaning and what to do about it.

`P` codes are errors, `N` codes are notices about something that is valid and should be known. The table is
`codes.tsv` beside this file: code, meaning, what to do. Codes and meanings are public; a code never gets
another meaning. `docs/errors.md` and `poseval explain CODE` print the table.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Entry(NamedTuple):
    """What a code means, and what to do about it."""

    meaning: str
    remedy: str


@cache
def entries() -> dict[str, Entry]:
    """All codes, errors (`P`) and notices (`N`), in order."""
    text = files("poseval.errors").joinpath("codes.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines())
    return {code: Entry(meaning, remedy) for code, meaning, remedy in rows}
