"""The report as CSV and Markdown. Each format has one escaping function, used for every text cell."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from poseval.errors import shown
from poseval.report.interval_notes import FIELDS, notes
from poseval.report.text import every_table, style_of
from poseval.results.units import PERCENT

if TYPE_CHECKING:
    from poseval.results.report import Report

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def escape_csv(text: str) -> str:
    """A text cell that no spreadsheet reads as a formula: such cells get a leading apostrophe."""
    text = text.replace("\0", "\\u0000")  # which Python 3.10 refuses to write, and few programs read
    return f"'{text}" if text.startswith(_FORMULA) else text


def escape_markdown(text: str) -> str:
    """A text cell of a Markdown table, without markup, HTML or column separators."""
    text = shown(text, 1000)
    for char in "\\`*_{}[]<>()#+-!|~":
        text = text.replace(char, "\\" + char)
    return text.replace("&", "&amp;")


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?", text) is not None


def write_csv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """CSV text: text quoted and safe against formula injection, numbers as numbers, undefined left empty."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    for row in [header, *rows]:
        cells: list[object] = []
        for item in row:
            if isinstance(item, float) and math.isnan(item):
                cells.append("")
            elif isinstance(item, (int, float)):
                cells.append(item)
            else:
                cells.append(escape_csv(str(item)))
        writer.writerow(cells)
    return out.getvalue()


def to_csv(report: Report) -> str:
    """All values of a report, as fractions; behind them the summary with its intervals, where asked."""
    header = ["metric", "statistic", "joint", "slice", "threshold", "value", "n", "why"]
    rows: list[list[object]] = [list(row) for row in report.values]
    units = [report.unit_of(row.statistic).stored for row in report.values]
    if not report.intervals:
        return write_csv([*header, "unit"], [[*row, unit] for row, unit in zip(rows, units, strict=True)])
    blank: list[object] = [""] * (2 + len(FIELDS))
    rows = [[*row, *blank, unit] for row, unit in zip(rows, units, strict=True)]
    for key, interval in report.intervals.items():
        found = [getattr(interval, name) for name in FIELDS]
        value = report.summary[key]
        row = ["summary", key, "", "", math.nan, value, interval.units, "", interval.low, interval.high]
        ends = ["" if item is None else item for item in found]
        rows.append([*row, *ends, report.unit_of(key).stored])
    return write_csv([*header, "low", "high", *(f"interval_{name}" for name in FIELDS), "unit"], rows)


def markdown_table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a GitHub Markdown table; the first row is the header, numbers stand as they are."""
    header, *body = (
        "| " + " | ".join(c if _is_number(c) else escape_markdown(c) for c in row) + " |" for row in rows
    )
    return [header, "|" + "---|" * len(rows[0]), *body]


def to_markdown(report: Report, unit: str = PERCENT, digits: int | None = None) -> str:
    """The summary table as GitHub Markdown."""
    lines: list[str] = []
    style = style_of(report, unit, digits)
    for table in every_table(report, style):
        lines += [*markdown_table(table), ""]
    caption = style.caption(report.unit_of(key) for key in report.summary)
    for text in (f"{report.benchmark} ({report.rules} rules), {caption}", *notes(report)):
        lines += [escape_markdown(text), ""]
    return "\n".join(lines[:-1]) + "\n"
