"""The page that a participant sees of a submission: one static file, all of whose text is escaped."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from poseval.challenge.description import Description, Split
from poseval.poses import Notice
from poseval.report.text import layout_of
from poseval.results.signature import Signature
from poseval.results.units import Unit
from poseval.results.values import Values

STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;margin:1.5rem auto;max-width:60rem;padding:0 1rem}
table{border-collapse:collapse}
th,td{padding:.3rem .8rem;text-align:right;border-bottom:1px solid #8884}
th:first-child,td:first-child{text-align:left}
pre{white-space:pre-wrap;overflow-wrap:anywhere}
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
WORDS = {
    "scored": "Scored",
    "valid": "Valid",
    "refused": "Refused: the submission is wrong. It does not count.",
    "failed": "Failed. It does not count.",
}


def page_of(
    description: Description,
    split: Split,
    status: str,
    *,
    message: str,
    numbers: Mapping[str, float] | None = None,
    joints: Mapping[str, float] | None = None,
    run: tuple[Any, ...] | None = None,
    notices: Sequence[Notice] = (),
) -> str:
    """The page; with a `run` (report, evaluation, people) the report, as far as the split allows."""
    if run is not None:
        return report_page(split, run, notices)
    parts = [f"<h1>{html.escape(description.title)}: {html.escape(split.title)}</h1>"]
    parts.append(f"<p><b>{html.escape(WORDS[status])}</b></p>")
    if numbers:
        rows = [
            (column.title, numbers[column.key], column.digits)
            for column in description.columns
            if column.key in numbers
        ]
        parts.append(_table("Number", [(name, f"{value:.{digits}f}") for name, value, digits in rows]))
    if joints:
        parts.append(_table("Joint", [(key, f"{value:g}") for key, value in joints.items()]))
    parts.append(f"<pre>{html.escape(message)}</pre>")
    head = "<meta charset=utf-8><meta name=generator content=poseval>"
    head += "<meta name=viewport content='width=device-width,initial-scale=1'>"
    head += f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    title = html.escape(description.title)
    body = "\n".join(parts)
    return (
        f"<!doctype html><html lang=en><head>{head}<title>{title}</title><style>{STYLE}</style></head>"
        f"<body>{body}</body></html>\n"
    )


def _table(name: str, rows: Sequence[tuple[str, str]]) -> str:
    lines = "".join(f"<tr><td>{html.escape(key)}</td><td>{html.escape(text)}</td></tr>" for key, text in rows)
    return f"<table><tr><th>{name}</th><th>Value</th></tr>{lines}</table>"


def _rounded(value: float, unit: Unit, digits: int) -> float:
    """A number as tables show it, so that what a table is sorted by says no more."""
    return round(value, digits + 2 if unit is Unit.SHARE else max(digits, 1))


def report_page(split: Split, run: tuple[Any, ...], notices: Sequence[Notice]) -> str:
    """The report of a run; of hidden ground truth without drawings, counts, units, digest and its notices."""
    from poseval.diagnosis.diagnose import diagnose_if_possible
    from poseval.report.html import to_html

    report, evaluation, aligned = run
    if not split.hidden:
        found = diagnose_if_possible(aligned, report.rules == "corrected")
        return to_html(report, evaluation, found, aligned)
    units = set(evaluation.unit_keys.tolist())
    digits = layout_of(report).digits
    rows = [
        row._replace(n=0, value=_rounded(row.value, report.unit_of(row.statistic), digits))
        for row in report.values
        if row.slice not in units and report.unit_of(row.statistic) is not Unit.COUNT
    ]
    inputs = tuple(item for item in report.inputs if item.role == "predictions")
    signature = Signature(tuple(pair for pair in report.signature.pairs if pair[0] != "gt"))
    seen = replace(report, values=Values(rows), inputs=inputs, notices=tuple(notices), signature=signature)
    return to_html(seen, evaluation)
