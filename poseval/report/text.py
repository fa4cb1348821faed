"""The report as a text table for a terminal or a log."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from poseval.errors import shown
from poseval.report.interval_notes import by_reason, notes
from poseval.report.text_table import aligned, table_width
from poseval.results.layout import Layout
from poseval.results.units import PERCENT, NumberStyle

if TYPE_CHECKING:
    from poseval.results.report import Report

WIDE = 120  # characters in a line, past which a table with intervals is broken up or turned
BOLD, DIM, PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def layout_of(report: Report) -> Layout:
    """The report's own layout, or one row per number of the summary that is not in another table."""
    if report.layout is not None:
        return report.layout
    elsewhere = {key for table in report.tables for _, keys in table.rows for key in keys}
    listed = [key for key in report.summary if key not in elsewhere]
    return Layout(("value",), tuple((key, (key,)) for key in listed), digits=2)


def style_of(report: Report, unit: str = PERCENT, digits: int | None = None) -> NumberStyle:
    """How the numbers of a report are written: with the decimals of its layout, or those asked for."""
    return NumberStyle(unit, layout_of(report).digits if digits is None else digits)


def cell(report: Report, style: NumberStyle, key: str) -> str:
    """One number as the table prints it: `n/a` when undefined, its interval behind it when it has one."""
    value = report.summary.get(key, math.nan)
    if math.isnan(value):
        return "n/a" if key in report.summary else ""
    interval, unit = report.interval(key), report.unit_of(key)
    text = style.number(value, unit)
    return text if interval is None else f"{text} {style.between(interval.low, interval.high, unit)}"


def table_cells(report: Report, style: NumberStyle, layout: Layout | None = None) -> list[list[str]]:
    """Header and rows as text cells; the first column is the row label. By default of the main table."""
    layout = layout or layout_of(report)
    if report.intervals and len(layout.rows) == 1 and len(layout.header) > 1 and not layout.title:
        # A value with its interval is wide: one number per line reads better than one long line.
        (_, keys), *_ = layout.rows
        pairs = zip(layout.header, keys, strict=True)
        return [["", "value"], *([shown(name), cell(report, style, key)] for name, key in pairs if key)]
    rows = [[layout.title and shown(layout.title), *map(shown, layout.header)]]
    rows += [[shown(label), *(cell(report, style, key) for key in keys)] for label, keys in layout.rows]
    if all(not row[0] for row in rows):
        rows = [row[1:] for row in rows]
    return rows


def every_table(report: Report, style: NumberStyle) -> list[list[list[str]]]:
    """The cells of the main table and of the tables of slices and joints after it."""
    further = [table_cells(report, style, table) for table in report.tables]
    return [table_cells(report, style), *further]


def _turned(rows: list[list[str]]) -> list[list[str]]:
    """The table with rows for columns, where that is narrower and the table is too wide."""
    other = [list(column) for column in zip(*rows, strict=True)]
    return other if table_width(other) < table_width(rows) > WIDE else rows


def blocks(rows: list[list[str]]) -> list[list[list[str]]]:
    """A table that is too wide for a terminal, as several that fit: numbers of a single row apart from the
    rest.

    `rows` are the cells of `table_cells`. A table within `WIDE` characters comes back as it is.
    """
    if table_width(rows) <= WIDE:
        return [rows]
    first, *others = rows[1:]
    shared = [i for i in range(len(rows[0])) if i == 0 or any(row[i] for row in others)]
    if not others or len(shared) in (1, len(rows[0])):
        return [_turned(rows)]
    alone = [[name, text] for name, text in zip(rows[0][1:], first[1:], strict=True) if text]
    rest = [[row[i] for i in shared] for row in rows]
    return [[["", first[0]], *alone], _turned(rest)]


def render(report: Report, color: bool = False, unit: str = PERCENT, digits: int | None = None) -> str:
    """The whole report: title, table, undefined numbers, notices, deviations, signature."""
    bold, dim, plain = (BOLD, DIM, PLAIN) if color else ("", "", "")
    style = style_of(report, unit, digits)
    caption = style.caption(report.unit_of(key) for key in report.summary)
    lines = [f"{bold}{shown(report.benchmark)}{plain} ({shown(report.rules)} rules), {caption}", ""]
    labelled = [bool(layout_of(report).rows[0][0]) if layout_of(report).rows else False]
    for rows, named in zip(
        every_table(report, style), [*labelled, *(True for _ in report.tables)], strict=True
    ):
        for block in blocks(rows) if report.intervals else [rows]:
            table = aligned(block, (0,) if named or block[0][0] == "" else ())
            heads = {0, *(at + 1 for at, line in enumerate(table) if not line)}
            lines += [f"{bold}{line}{plain}" if at in heads else line for at, line in enumerate(table)] + [""]
    undefined = {key: report.why(key) for key, value in report.summary.items() if math.isnan(value)}
    lines += [f"n/a: {text}" for text in by_reason(undefined)]
    lines += [f"{dim}{text}{plain}" for text in notes(report)]
    lines += [f"{dim}notice:{plain} {shown(str(notice), 600)}" for notice in report.notices]
    lines += [f"{dim}not comparable:{plain} {shown(text, 600)}" for text in report.deviations]
    lines.append(f"{dim}{shown(str(report.signature), 4000)}{plain}")
    return "\n".join(lines) + "\n"
