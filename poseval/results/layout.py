"""How a summary is laid out as a table: declared by a benchmark, rendered by the report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """A header, and rows of summary keys.

    `header` names the columns after the row label. Percentages have `digits` decimals, as papers print.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    digits: int = 1
    title: str = ""  # what the rows are, of a table behind the main one
