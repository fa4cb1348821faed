"""Settings as frozen dataclasses: read strictly from TOML tables, and written with a comment for each.

A field says what it is in `setting(...)`; its annotation says its type. One that is not known, or of another
type, is a fault, and all faults of a file are raised together.
"""

from __future__ import annotations

import datetime as dt
import json
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, field, fields, is_dataclass
from typing import Any, TypeVar

from poseval.errors import Faults, near_names, shown

Made = TypeVar("Made")
WIDTH = 100  # of comments
NAMES = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    dt.datetime: "a date, such as 2027-01-31",
}


def setting(
    comment: str, default: Any = MISSING, *, choices: Sequence[str] = (), least: int | None = None
) -> Any:
    """A field of a table, with the comment that stands above it. Without `default` it must be given."""
    facts = {"comment": comment, "choices": tuple(choices), "least": least}
    return field(default=default, metadata=facts)


def made(kind: type[Made], node: Any, where: str, faults: Faults) -> Made | None:
    """The dataclass that a table describes; None where it is no table or lacks what must be given."""
    if not isinstance(node, Mapping):
        faults.add("P208", where=where, what=f"is {_name_of(node)}", wanted="a table")
        return None
    known = {one.name: one for one in fields(kind) if one.metadata}  # type: ignore[arg-type]
    for name in node:
        if name not in known:
            near = near_names(str(name), known)
            faults.add(
                "P208",
                where=f"{where}: {shown(name, 60)}",
                what="is not known",
                wanted=f"one of {', '.join(known)}",
                hint=f"did you mean {' or '.join(near)}?" if near else "leave it out",
            )
    hints = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    for name, one in known.items():
        if name in node:
            values[name] = _value(node[name], hints[name], one, f"{where}: {name}", faults)
        elif one.default is MISSING:
            faults.add("P208", where=where, what=f"has no {name}", wanted=_wanted(hints[name], one))
            return None
    return kind(**values)


def _value(node: Any, hint: Any, one: Field[Any], where: str, faults: Faults) -> Any:
    """A value of the field's type; a fault and the value as it is where it has another type."""
    if typing.get_origin(hint) is tuple:
        item = typing.get_args(hint)[0]
        if not isinstance(node, list):
            faults.add("P208", where=where, what=f"is {_name_of(node)}", wanted="a list")
            return ()
        if is_dataclass(item):
            found = [made(item, part, f"{where}[{at}]", faults) for at, part in enumerate(node)]  # type: ignore[arg-type]
            return tuple(part for part in found if part is not None)
        return tuple(_value(part, item, one, f"{where}[{at}]", faults) for at, part in enumerate(node))
    kind = _plain(hint)
    if is_dataclass(kind):
        return made(kind, node, where, faults)  # type: ignore[arg-type]
    if kind is dt.datetime and isinstance(node, dt.date):
        return in_utc(node)
    choices, least = one.metadata["choices"], one.metadata["least"]
    if not isinstance(node, kind) or (kind is int and isinstance(node, bool)):
        faults.add("P208", where=where, what=f"is {_name_of(node)}", wanted=_wanted(hint, one))
    elif choices and node not in choices:
        near = near_names(str(node), choices)
        faults.add(
            "P208",
            where=f"{where} = {shown(node, 60)!r}",
            what="is not known",
            wanted=f"one of {', '.join(choices)}",
            hint=f"did you mean {' or '.join(near)}?" if near else None,
        )
    elif least is not None and node < least:
        faults.add("P208", where=where, what=f"is {node}", wanted=f"at least {least}")
    return node


def in_utc(when: dt.date) -> dt.datetime:
    """A moment in UTC; a day begins at midnight there, and a time without a zone is of it."""
    if not isinstance(when, dt.datetime):
        when = dt.datetime(when.year, when.month, when.day)
    return when.replace(tzinfo=dt.timezone.utc) if when.tzinfo is None else when.astimezone(dt.timezone.utc)


def _plain(hint: Any) -> Any:
    """`str` for `str` and for `str | None`."""
    if isinstance(hint, types.UnionType):
        return next(part for part in typing.get_args(hint) if part is not types.NoneType)
    return hint


def _wanted(hint: Any, one: Field[Any]) -> str:
    if one.metadata["choices"]:
        return f"one of {', '.join(one.metadata['choices'])}"
    return NAMES.get(_plain(hint), "a list" if typing.get_origin(hint) is tuple else "a table")


def _name_of(node: Any) -> str:
    found = {bool: "true or false", list: "a list", dict: "a table", str: "a text"}
    return found.get(type(node), f"of type {type(node).__name__}")


def written(value: Any) -> str:
    """A dataclass of settings as TOML, with its comments; what is None or empty is left out."""
    return "\n".join(_lines(value, "")).lstrip("\n") + "\n"


def _lines(value: Any, path: str, commented: bool = True) -> list[str]:
    """Plain values first: what follows a table's header belongs to that table."""
    plain: list[str] = []
    tables: list[str] = []
    for one in fields(value):
        item = getattr(value, one.name)
        if not one.metadata or item is None:
            continue
        name = f"{path}{one.name}"
        comment = [f"# {line}" for line in _wrapped(one.metadata["comment"])] if commented else []
        if is_dataclass(item):
            tables += ["", *comment, f"[{name}]", *_lines(item, f"{name}.")]
        elif isinstance(item, tuple) and item and is_dataclass(item[0]):
            for at, part in enumerate(item):  # one comment for all of them
                above = comment if at == 0 else []
                tables += ["", *above, f"[[{name}]]", *_lines(part, f"{name}.", at == 0)]
        elif not (isinstance(item, tuple) and not item):
            plain += [*comment, f"{one.name} = {_text(item)}"]
    return plain + tables


def _wrapped(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, WIDTH - 2)


def _text(item: Any) -> str:
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, str):
        return json.dumps(item, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(item, tuple):
        return f"[{', '.join(map(_text, item))}]"
    if isinstance(item, dt.datetime):
        return item.strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(item)
