"""The one place where values name their renderers, so that `report.to_text()` can be called.

Results know no renderer. What a method `to_<form>` of a value calls stands in this table, is imported when it
is called, and nothing else in this package looks at `poseval.report`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# value and form -> module:function in poseval.report
RENDERERS = {
    "report text": "poseval.report.text:render",
    "report csv": "poseval.report.tables:to_csv",
    "report markdown": "poseval.report.tables:to_markdown",
    "report latex": "poseval.report.tables:to_latex",
    "comparison text": "poseval.report.comparison:render",
    "diagnosis text": "poseval.report.diagnosis:render",
    "validation text": "poseval.report.validation:render",
    "verdict text": "poseval.report.gate:to_text",
    "board text": "poseval.report.leaderboard:to_text",
}


def rendered(what: str, value: object, **options: Any) -> str:
    """A value in one of the forms of `RENDERERS`."""
    module, _, function = RENDERERS[what].partition(":")
    text: str = getattr(import_module(module), function)(value, **options)
    return text
