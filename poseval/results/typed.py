"""Values of a report from plain JSON, with the type of every field checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from types import NoneType
from typing import Any, TypeVar, get_args, get_type_hints

Made = TypeVar("Made")


def made(kind: type[Made], node: Any, *, whole: bool = False) -> Made:
    """A dataclass or named tuple from the fields of a JSON object; null is an undefined number.

    `whole` asks for every field, also for those that have a default.

    Raises:
        TypeError: no object, or a field that is missing, unknown or of another type.
    """
    if not isinstance(node, dict):
        raise TypeError(f"{kind.__name__} is not an object")
    types = _types(kind)  # type: ignore[arg-type]
    lacking = sorted(types.keys() - node.keys()) if whole else []
    if lacking:
        raise TypeError(f"{kind.__name__} lacks {', '.join(lacking)}")
    return kind(**{name: typed(types.get(name, ()), name, value) for name, value in node.items()})


@cache
def _types(kind: type[Any]) -> dict[str, tuple[type, ...]]:
    return {name: get_args(hint) or (hint,) for name, hint in get_type_hints(kind).items()}


def typed(types: tuple[type, ...], name: str, value: Any) -> Any:
    """A value of one of these types. A whole number is a float, too; null is NaN.

    Raises:
        TypeError: it has another type.
        OverflowError: an integer that is beyond all floats.
    """
    if value is None and NoneType not in types and float in types:
        return math.nan
    if type(value) is int and float in types:
        float(value)  # an integer of 400 digits has none
    elif type(value) not in types:
        raise TypeError(f"{name} has another type")
    return value


def texts(node: Any, what: str) -> tuple[str, ...]:
    """A list of texts.

    Raises:
        TypeError: something else.
    """
    if not isinstance(node, list) or not all(isinstance(item, str) for item in node):
        raise TypeError(f"{what} is not a list of texts")
    return tuple(node)


def numbers(node: Any, what: str) -> dict[str, float]:
    """Numbers by name; null is NaN.

    Raises:
        TypeError: something else.
    """
    if not isinstance(node, Mapping):
        raise TypeError(f"{what} is not an object")
    return {name: typed((float,), f"{what}/{name}", value) for name, value in node.items()}
