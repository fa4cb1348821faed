"""Names that signatures, reports and saved runs of earlier versions carry, and what they are called today."""

from __future__ import annotations

RULE_SETS = {"poseval-2017": "posetrack-2017", "poseval-2020": "posetrack-2020"}


def current_rules(name: str) -> str:
    """Today's name of a rule set; any other name is returned as it is."""
    return RULE_SETS.get(name, name)
