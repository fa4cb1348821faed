"""Reports of the same files under several rule books: side by side, and one after another."""

from __future__ import annotations

import json
from collections.abc import Mapping

from poseval.errors import PosevalError, shown
from poseval.report.result import Report
from poseval.report.text import cell, layout_of

Books = Mapping[str, Report | PosevalError]  # book -> its report, or why it has none

MANY_KEYS = 24  # more numbers than this are shown side by side only in total


def side_by_side(books: Books) -> list[list[str]]:
    """A table of text cells: a row per number, a column per book; `refused` where a book has no report."""
    reports = {name: report for name, report in books.items() if isinstance(report, Report)}
    keys = list(dict.fromkeys(key for report in reports.values() for key in report.summary))
    if len(keys) > MANY_KEYS:
        keys = [key for key in keys if "/" not in key]
    rows = [["", *books]]
    for key in keys:
        line = [shown(key)]
        for book in books.values():
            if not isinstance(book, Report):
                line.append("refused")
            elif key in book.summary:
                line.append(cell(book, layout_of(book), key))
            else:
                line.append("")
        rows.append(line)
    return rows


def render_books(books: Books, color: bool = False) -> str:
    """The side-by-side table, then the whole text of every book, or why it refuses the files."""
    rows = side_by_side(books)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(
            item.ljust(width) if i == 0 else item.rjust(width)
            for i, (item, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    parts = ["\n".join(lines) + "\n"]
    for name, report in books.items():
        if isinstance(report, Report):
            parts.append(report.to_text(color))
        else:
            parts.append(f"{name} rules refuse these files:\n{report}\n")
    return "\n".join(parts)


def books_to_json(books: Books) -> str:
    """A JSON list: every book's report, or its name and the errors that refused the files."""
    return json.dumps(
        [
            report.to_dict()
            if isinstance(report, Report)
            else {"rules": name, "errors": [str(fault) for fault in report.faults]}
            for name, report in books.items()
        ],
        indent=1,
        allow_nan=False,
        ensure_ascii=False,
    )
