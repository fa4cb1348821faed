"""Numbers and tables as text, the same way in every report."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

GAP = 2  # blanks between two columns
LEAST_ROOM = 20  # characters in a line, below which a broken cell would be no help
_ROOM: ContextVar[int | None] = ContextVar("room", default=None)


@contextmanager
def fitting(width: int | None) -> Iterator[None]:
    """Tables that are made inside are broken so that they fit a width; None leaves them as they are."""
    before = _ROOM.set(width)
    try:
        yield
    finally:
        _ROOM.reset(before)


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
    """The lines of a table: columns in `left` (-1 is the last) to the left, the others to the right.

    Within `fitting` a table that is too wide becomes several, with an empty line between them: each has the
    first column and as many of the others as fit.
    """
    room = _ROOM.get()
    if room is not None and rows and table_width(rows) - GAP > room:
        return _folded(rows, {column % len(rows[0]) for column in left}, room)
    return _aligned(rows, left)


def _folded(rows: Sequence[Sequence[str]], left: Collection[int], room: int) -> list[str]:
    first, *widths = _widths(rows)
    parts: list[list[int]] = [[]]
    used = first
    for column, width in enumerate(widths, 1):
        if parts[-1] and used + GAP + width > room:
            parts.append([])
            used = first
        parts[-1].append(column)
        used += GAP + width
    lines: list[str] = []
    for part in parts:
        cells: Sequence[Sequence[str]] = [[row[column] for column in (0, *part)] for row in rows]
        if not any(cells[0]):  # a column of words without a head
            cells = cells[1:]
        if len(part) == 1 and part[0] in left:
            cells = _broken(cells, room)
        lines += ["", *_aligned(cells, [at for at, column in enumerate((0, *part)) if column in left])]
    return lines[1:]


def _aligned(rows: Sequence[Sequence[str]], left: Collection[int]) -> list[str]:
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
    """The lines of a table to the left, whose last column goes on in further lines so that it fits a width.

    Where this column would have fewer than `LEAST_ROOM` characters, the table is broken by columns.
    """
    with fitting(width):
        return aligned(_broken(rows, width), left=range(len(rows[0])) if rows else ())


def _broken(rows: Sequence[Sequence[str]], width: int) -> Sequence[Sequence[str]]:
    """Rows whose last cell goes on in further rows, where there is room for it."""
    from textwrap import wrap

    room = width - sum(_widths(rows)[:-1]) - GAP * (len(rows[0]) - 1) if rows else 0
    if room < LEAST_ROOM:
        return rows
    out: list[list[str]] = []
    for row in rows:
        first, *more = wrap(row[-1], room, break_on_hyphens=False) or [""]
        out += [[*row[:-1], first], *([""] * (len(row) - 1) + [line] for line in more)]
    return out


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]
