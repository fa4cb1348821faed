"""Tables in comma-separated text with a header, whose rows have a cell for each column."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from poseval.errors import FormatError, number_of

MOST_COLUMNS = 1000  # exports of annotation tools have ten


class Table(NamedTuple):
    """Names of the columns, and rows as they are read: the number of the row's last line, cells by column."""

    header: Sequence[str]
    rows: Iterator[tuple[int, dict[str, str]]]


def table_of(text: str, refusal: Callable[[str], FormatError], blanks: bool = True) -> Table:
    """The table in a text, without its empty lines. Unless `blanks`, cells begin behind their blanks.

    What is wrong raises `refusal` of a sentence, at once or when the row is taken: text that is not a table,
    more columns than allowed, a row with more or fewer cells than there are columns.
    """
    lines = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=not blanks)
    rows = _numbered(lines, refusal)
    _, header = next(rows, (0, []))
    if len(header) > MOST_COLUMNS:
        raise refusal(f"it has {len(header):,} columns, and may have {MOST_COLUMNS:,}")
    return Table(header, _whole(rows, header, refusal))


def _numbered(
    lines: Iterator[list[str]], refusal: Callable[[str], FormatError]
) -> Iterator[tuple[int, list[str]]]:
    try:
        yield from ((lines.line_num, row) for row in lines if row)  # type: ignore[attr-defined]
    except csv.Error as error:
        raise refusal(str(error)) from error


def _whole(
    rows: Iterator[tuple[int, list[str]]], header: Sequence[str], refusal: Callable[[str], FormatError]
) -> Iterator[tuple[int, dict[str, str]]]:
    for number, row in rows:
        if len(row) != len(header):
            cells = f"{number_of(len(row), 'cell')} for {number_of(len(header), 'column')}"
            raise refusal(f"line {number} has {cells}")
        yield number, dict(zip(header, row, strict=True))
