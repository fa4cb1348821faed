"""How two reports differ, as text."""

from __future__ import annotations

from poseval.errors import number_of
from poseval.results.report import Report


def explain_reports(first: Report, second: Report) -> str:
    """Sentences that say whether the two are comparable, and if not, what differs."""
    found = first.signature.explain(second.signature)
    if not found:
        return "The signatures are equal: the numbers are comparable."
    head = f"The numbers are not comparable. The signatures differ in {number_of(len(found), 'part')}:"
    return "\n".join([head, *(f"- {line}" for line in found)])
