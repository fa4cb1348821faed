"""Messages for callers in Python: options of the command line become keyword arguments.

Messages are written once, with the options of the command line. The functions of `poseval.__all__` pass
errors through `in_python`, which knows the keyword of each option and how its value is written.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from poseval.errors import Fault, PosevalError, error_of

# option -> keyword, where the option's name with `_` for `-` is not the keyword
KEYWORDS = {
    "gt": "truth",
    "gt-format": "truth_format",
    "metric": "metrics",
    "slice": "slices",
    "align": "align_by",
    "key": "keys",
    "limit": "limits",
    "column": "columns",
    "fact": "facts",
}
FLAGS = frozenset(
    [
        "force",
        "near",
        "derive",
        "per-joint",
        "significant",
        "simultaneous",
        "update-baseline",
        "best-per-team",
        "fresh",
    ]
)
# Options whose value can be any word; after others only what looks like a value is one.
WORDS = frozenset(
    (
        *("benchmark", "category", "format-in", "gt-format", "joints", "metric", "role", "rules", "to"),
        *("to-skeleton", "transform", "ci-method"),
    )
)
_COMMAND = re.compile(r"poseval ([a-z]+) (?=--)")
_OPTION = re.compile(
    r"--(?P<name>[a-z]+(?:-[a-z]+)*)(?:[ =](?P<value>'[^']*'|[A-Z][A-Z.|,]*(?:\.[a-z]+)?\b|[\w./(=,-]+\)?))?"
)
_OWN_COMMAND = re.compile(r"(poseval [a-z]+ [^-\s`].*)", re.DOTALL)


def in_python(error: PosevalError, parameters: Collection[str]) -> PosevalError:
    """The same error with options as keyword arguments; `parameters` are those of the function called."""
    faults = [_fault(fault, parameters) for fault in error.faults]
    return error_of(faults, error.total, error.counts)


def _fault(fault: Fault, parameters: Collection[str]) -> Fault:
    return Fault(
        fault.code,
        _text(fault.where, parameters),
        _text(fault.what, parameters),
        None if fault.wanted is None else _text(fault.wanted, parameters),
        None if fault.hint is None else _text(fault.hint, parameters),
    )


def _text(text: str, parameters: Collection[str]) -> str:
    """A part of a message. A whole command line, which names its files, stays one."""
    if "--" not in text:
        return text
    text, *command = _OWN_COMMAND.split(text, maxsplit=1)
    text = _COMMAND.sub(r"poseval.\1 with ", text)
    return "".join([_OPTION.sub(lambda found: _keyword(found, parameters), text), *command])


def _keyword(found: re.Match[str], parameters: Collection[str]) -> str:
    option, value = found["name"], found["value"]
    name = KEYWORDS.get(option, option.replace("-", "_"))
    if option == "format-in":
        name = "format" if "format" in parameters else "predictions_format"
    if option in FLAGS:
        rest = "" if value is None else found[0].removeprefix(f"--{option}")
        return f"{name}=True{rest}"
    if value is None:
        return f"{name}=..."
    if value.isupper() or value.endswith((".toml", ".csv")):
        return f"{name}={value}"
    plain = value.strip("'")
    if value != plain or option in WORDS or re.search(r"[\d=(/]", value):
        plain = "truth" if plain == "ground-truth" else plain
        return f"{name}={plain}" if re.fullmatch(r"[\d.]+", plain) else f'{name}="{plain}"'
    return f"{name}=... {value}"
