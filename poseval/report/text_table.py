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


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]
