"""Parameters of a metric: what their defaults say of them, and their text in its canonical name."""

from __future__ import annotations

import enum
from dataclasses import MISSING, field
from typing import Any

from poseval.errors import UsageError, shown

HIGHEST = 1e12  # of a parameter that is written as text: squares are far from overflow
MOST_COUNT = 1_000_000


def always(default: Any) -> Any:
    """A parameter that the canonical name always shows."""
    return field(default=default, metadata={"always": True})


def words() -> Any:
    """A list of words, empty by default."""
    return field(default=(), metadata={"like": ("",)})


def default_of(spec: Any) -> Any:
    return spec.default_factory() if spec.default is MISSING else spec.default


def format_parameter(value: object) -> str:
    """Canonical text of a parameter: words as they are, numbers shortest, lists joined by `/`."""
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
    if isinstance(value, tuple):
        return "/".join(format_parameter(item) for item in value)
    if value is None:
        return "none"
    return str(value)


def read_parameter(text: str, default: object, where: str) -> Any:
    """The value of `text` in the type of the parameter's default: the inverse of `format_parameter`.

    Raises:
        UsageError: P122 when the text does not fit.
    """
    try:
        if isinstance(default, enum.Enum):
            return type(default)(text)
        if isinstance(default, bool):
            return {"yes": True, "no": False, "true": True, "false": False}[text.lower()]
        if isinstance(default, int):
            return _whole(text)
        if isinstance(default, float):
            return _finite(text)
        if isinstance(default, tuple):
            kind: Any = default[0] if default else 0.0
            return tuple(read_parameter(item, kind, where) for item in text.split("/") if item)
    except (KeyError, ValueError):
        if isinstance(default, enum.Enum):
            wanted = "one of " + ", ".join(str(member.value) for member in type(default))
        else:
            wanted = f"a value such as {format_parameter(default)}"
        raise UsageError("P122", where=where, what=f"cannot be {shown(text)!r}", wanted=wanted) from None
    return None if text == "none" else text


def _finite(text: str) -> float:
    number = float(text)
    if not abs(number) <= HIGHEST:
        raise ValueError(text)
    return number


def _whole(text: str) -> int:
    number = int(text)
    if abs(number) > MOST_COUNT:
        raise ValueError(text)
    return number
