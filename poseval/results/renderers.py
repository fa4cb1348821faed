"""The renderers of results, by name, so that `report.to_text()` can be called.

Results import no renderer. A method `to_<form>` looks its renderer up in this table and imports it when it is
called. Nothing else in this package refers to `poseval.report`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# value and form -> module:function in poseval.report
RENDERERS = {
    "report text": "poseval.report.text:render",
    "report csv": "poseval.report.tables:to_csv",
    "report markdown": "poseval.report.tables:to_markdown",
    "report latex": "poseval.report.latex:to_latex",
    "comparison text": "poseval.report.comparison:render",
    "comparison csv": "poseval.report.comparison_tables:to_csv",
    "comparison markdown": "poseval.report.comparison_tables:to_markdown",
    "comparison latex": "poseval.report.comparison_tables:to_latex",
    "diagnosis text": "poseval.report.diagnosis:render",
    "validation text": "poseval.report.validation:render",
    "verdict text": "poseval.report.gate:to_text",
    "sigmas text": "poseval.report.sigmas:render",
    "board text": "poseval.report.leaderboard:to_text",
    "report html": "poseval.report.notebook:report",
    "comparison html": "poseval.report.notebook:comparison",
    "diagnosis html": "poseval.report.notebook:diagnosis",
    "report plot": "poseval.report.notebook:plot",
    "report worst": "poseval.report.notebook:worst",
    "report log": "poseval.report.trackers:log",
    "report trackers": "poseval.report.trackers:several",
}


def rendered(what: str, value: object, **options: Any) -> str:
    """A value as a text, in one of the forms of `RENDERERS`."""
    text: str = drawn(what, value, **options)
    return text


def drawn(what: str, value: object, **options: Any) -> Any:
    """A value in one of the forms of `RENDERERS`, which need not be a text."""
    module, _, function = RENDERERS[what].partition(":")
    return getattr(import_module(module), function)(value, **options)
