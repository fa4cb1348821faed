"""Names that signatures, reports and saved runs of earlier versions carry, and their current names."""

from __future__ import annotations

RULE_SETS = {"poseval-2017": "posetrack-2017", "poseval-2020": "posetrack-2020"}


def current_rules(name: str) -> str:
    """The current name of a rule set. Other names are returned unchanged."""
    return RULE_SETS.get(name, name)
