"""Messages for callers in Python: options of the command line become keyword arguments.

Messages are written once, with the options of the command line. The functions of `poseval.__all__` pass
errors through `in_python`, which knows the keyword of each option and how its value is written.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

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
    "no-stream": "stream",
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
# Fields of results in which something is said, or that lead to one.
SPOKEN = frozenset(("notices", "health", "groups", "origin", "text", "first"))
# Options whose value can be any word; after others only what looks like a value is one.
WORDS = frozenset(
    (
        *("benchmark", "category", "format-in", "gt-format", "joints", "metric", "role", "rules", "to"),
        *("to-skeleton", "transform", "ci-method", "ties"),
    )
)
# Options without a keyword: a sentence that names them is about the command, or about another program.
LEFT = frozenset(
    (
        "ci",
        "ci-method",
        "db",
        "dump",
        "flow",
        "full",
        "json",
        "no-flip",
        "save",
        "sgcn",
        "workers",
    )
)
_COMMAND = re.compile(rf"poseval ([a-z]+) (?:\.\.\. )?(?=--(?!(?:{'|'.join(sorted(LEFT))})\b))")
_OPTION = re.compile(
    r"--(?P<name>[a-z]+(?:-[a-z]+)*)(?![\w])"
    r"(?:[ =](?P<value>'[^']*'|[A-Z][A-Z.|,]*(?:\.[a-z]+)?\b|[\w./(=,-]*[\w./(=-]\)?))?"
)
_OWN_COMMAND = re.compile(r"(poseval [a-z]+ (?!\.\.\. )[^-\s`].*)", re.DOTALL)
_REPEATED = re.compile(r'\b(?P<name>\w+)=(?P<first>"[^"]*")(?P<others>(?: (?P=name)="[^"]*")+)')


def in_python(error: PosevalError, parameters: Collection[str]) -> PosevalError:
    """The same error with options as keyword arguments; `parameters` are those of the function called."""
    faults = [_fault(fault, parameters) for fault in error.faults]
    return error_of(faults, error.total, error.counts)


def value_in_python(value: Any, parameters: Collection[str]) -> Any:
    """What a function returns, with its notices in the words of Python; the same object where none changes.

    Notices stand in the fields `notices` and `health` of a result, in the `origin` of a pose set, and as
    hints in the `groups` of a validation.
    """
    if isinstance(value, Fault):
        made = _fault(value, parameters)
        return value if made == value else made
    if isinstance(value, tuple):
        found = [value_in_python(one, parameters) for one in value]
        return tuple(found) if any(a is not b for a, b in zip(found, value, strict=True)) else value
    if isinstance(value, Mapping):
        changed = {name: value_in_python(one, parameters) for name, one in value.items()}
        return changed if any(changed[name] is not value[name] for name in value) else value
    if not is_dataclass(value) or isinstance(value, type):
        return value
    new: dict[str, Any] = {}
    for name in [one.name for one in fields(value) if one.name in SPOKEN]:
        old = getattr(value, name)
        said = _text(old, parameters) if isinstance(old, str) else value_in_python(old, parameters)
        if said is not old and said != old:
            new[name] = said
    return replace(value, **new) if new else value


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
    text = _OPTION.sub(lambda found: _keyword(found, parameters), text)
    return "".join([_REPEATED.sub(_listed, text), *command])


def _listed(found: re.Match[str]) -> str:
    """An option that is given several times, as a list."""
    values = [found["first"], *re.findall(r'="[^"]*"', found["others"])]
    return f"{found['name']}=[{', '.join(value.lstrip('=') for value in values)}]"


def _keyword(found: re.Match[str], parameters: Collection[str]) -> str:
    option, value = found["name"], found["value"]
    if option in LEFT:
        return found[0]
    name, off = KEYWORDS.get(option, option.replace("-", "_")), option.startswith("no-")
    if option == "format-in":
        name = "format" if "format" in parameters else "predictions_format"
    if option in FLAGS or off:
        rest = "" if value is None else found[0].removeprefix(f"--{option}")
        return f"{name}={not off}{rest}"
    if value is None:
        return f"{name}=..."
    if value.isupper() or value.endswith((".toml", ".csv")):
        return f"{name}={value}"
    plain = value.strip("'")
    if value != plain or option in WORDS or re.search(r"[\d=(/]", value):
        plain = "truth" if plain == "ground-truth" else plain
        return f"{name}={plain}" if re.fullmatch(r"[\d.]+", plain) else f'{name}="{plain}"'
    return f"{name}=... {value}"
