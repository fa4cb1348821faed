"""Reference trackers, which give each input row of a frame an identity.

`parse("sort(min_hits=1)")` gives a configuration; `configuration.tracker(skeleton)` a tracker for one
sequence; `poseval.tracking.offline.track` runs one over a whole pose set.
"""

from __future__ import annotations

import enum
from dataclasses import fields
from typing import Any, TypeVar, get_type_hints

from poseval.errors import UsageError, did_you_mean, shown
from poseval.plugins import Registry
from poseval.tracking.base import (
    UNTRACKED,
    Added,
    Config,
    FrameInput,
    Resources,
    Tracker,
    TrackerConfig,
)
from poseval.tracking.bodies import Bodies

__all__ = [
    "UNTRACKED",
    "Added",
    "Bodies",
    "Config",
    "FrameInput",
    "Resources",
    "Tracker",
    "TrackerConfig",
    "get_tracker",
    "names",
    "parse",
    "parse_as",
]

# name -> module:class; a table instead of imports keeps start-up short
TABLE: dict[str, str] = {
    "greedy": "poseval.tracking.framewise:Greedy",
    "hungarian": "poseval.tracking.framewise:Hungarian",
    "sort": "poseval.tracking.sort:Sort",
    "bytetrack": "poseval.tracking.bytetrack:ByteTrack",
    "ocsort": "poseval.tracking.ocsort:OcSort",
    "flow": "poseval.tracking.flow_tracker:FlowTracker",
    "lighttrack": "poseval.tracking.lighttrack:LightTrack",
}
REGISTRY: Registry[type[TrackerConfig]] = Registry(
    "tracker", "P160", "poseval.trackers", TABLE, TrackerConfig, classes=True
)

Kind = TypeVar("Kind", bound=Config)

TRUTH_VALUES = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}


def names() -> list[str]:
    """Names of all trackers that come with poseval."""
    return list(TABLE)


def get_tracker(name: str) -> type[TrackerConfig]:
    """The configuration class of a tracker.

    Raises:
        UsageError: P160 for an unknown name, with near ones; P184 for another package's that fails.
    """
    return REGISTRY.get(name)


def parse(text: str) -> TrackerConfig:
    """A configuration from its name and parameters, as `str(configuration)` writes it.

    Raises:
        UsageError: P160 unknown tracker, P161 unknown parameter or malformed text, P162 unfit value.
    """
    return parse_as(get_tracker(text.partition("(")[0].strip()), text)


def parse_as(kind: type[Kind], text: str) -> Kind:
    """A configuration of a class from text like `name(key=value, ...)`; the name is ignored.

    Raises:
        UsageError: P161 unknown parameter or malformed text, P162 unfit value.
    """
    _, bracket, rest = text.strip().partition("(")
    if bracket and not rest.endswith(")"):
        raise UsageError("P161", where=shown(repr(text)), what="has no closing bracket")
    hints = get_type_hints(kind)
    known = [f.name for f in fields(kind)]  # type: ignore[arg-type]
    given = {}
    for item in filter(None, (part.strip() for part in rest[:-1].split(","))):
        key, equals, value = (part.strip() for part in item.partition("="))
        if key not in known or not equals:
            raise UsageError(
                "P161",
                where=kind.name,
                what=f"has no parameter {shown(key)!r}" if equals else f"cannot read {shown(item)!r}",
                wanted=f"{kind.name}({', '.join(known)})",
                hint=did_you_mean(key, known),
            )
        given[key] = _value(value, hints[key], f"{kind.name}: {key}")
    return kind(**given)


def _value(text: str, kind: Any, where: str) -> Any:
    try:
        if kind is bool:
            return TRUTH_VALUES[text.lower()]
        return kind(text)
    except (ValueError, KeyError):
        if issubclass(kind, enum.Enum):
            wanted = f"one of {', '.join(str(member.value) for member in kind)}"
        else:
            wanted = {bool: "true or false", int: "an integer", float: "a number"}[kind]
        raise UsageError("P162", where=where, what=f"is {shown(text)!r}", wanted=f"{wanted}") from None
