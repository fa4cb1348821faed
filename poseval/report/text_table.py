"""Numbers and tables as text, the same way in every report."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

GAP = 2  # blanks between two columns


def number(value: float, form: str = ".4f") -> str:
    """A number in a format of Python's; `n/a` when it is undefined."""
    return "n/a" if math.isnan(value) else format(value, form)


def between(low: float, high: float, form: str = ".4f") -> str:
    """The ends of an interval: `[0.1000, 0.2000]`."""
    return f"[{number(low, form)}, {number(high, form)}]"


def table_width(rows: Sequence[Sequence[str]]) -> int:
    """Characters that the columns take, each with its gap."""
    return sum(_widths(rows)) + GAP * len(rows[0])


def aligned(rows: Sequence[Sequence[str]], left: Collection[int] = (0,)) -> list[str]:
    """The lines of a table: columns in `left` (-1 is the last) to the left, the others to the right."""
    if not rows:
        return []
    widths = _widths(rows)
    to_left = {column % len(widths) for column in left}
    return [
        (" " * GAP)
        .join(
            cell.ljust(width) if column in to_left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        .rstrip()
        for row in rows
    ]


def wrapped(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """The lines of a table to the left whose last column goes on in further lines, so that it fits a width.

    A last column of fewer than 20 characters would be no help: such a table stays as wide as it is.
    """
    from textwrap import wrap

    if not rows:
        return []
    room = width - sum(_widths(rows)[:-1]) - GAP * (len(rows[0]) - 1)
    if room < 20:
        return aligned(rows, left=range(len(rows[0])))
    out: list[list[str]] = []
    for row in rows:
        first, *more = wrap(row[-1], room, break_on_hyphens=False) or [""]
        out += [[*row[:-1], first], *([""] * (len(row) - 1) + [line] for line in more)]
    return aligned(out, left=range(len(rows[0])))


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]
