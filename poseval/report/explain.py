"""How two reports differ, in words."""

from __future__ import annotations

from poseval.errors import shown
from poseval.results.report import Report
from poseval.results.signature import MEANING


def explain_reports(first: Report, second: Report) -> str:
    """Sentences that say whether the two are comparable, and if not, what differs."""
    differences = first.signature.differences(second.signature)
    if not differences:
        return "The signatures are equal: the numbers are comparable."
    lines = [f"The numbers are not comparable: {len(differences)} part(s) of the signatures differ."]
    for key, mine, theirs in differences:
        lines.append(f"- {MEANING.get(key, key)}: {shown(mine) or 'absent'} / {shown(theirs) or 'absent'}")
    return "\n".join(lines)
