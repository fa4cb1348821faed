"""What is named otherwise, or missing, in signatures, reports and saved runs of earlier versions."""

from __future__ import annotations

from collections.abc import Iterable

RULE_SETS = {"poseval-2017": "posetrack-2017", "poseval-2020": "posetrack-2020"}


def current_rules(name: str) -> str:
    """The current name of a rule set. Other names are returned unchanged."""
    return RULE_SETS.get(name, name)


def units_of_former(keys: Iterable[str]) -> dict[str, str]:
    """The units of the numbers in a former summary that are not fractions: those of EPE only."""
    pixels = {key: "pixels" for key in keys if any(part.startswith("EPE") for part in key.split("/"))}
    return {**pixels, "EPE": "pixels"} if pixels else {}
