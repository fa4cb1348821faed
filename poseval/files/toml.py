"""A small TOML file as plain values, bounded before it is parsed.

Python's own parser takes the square of the dots of a key, recurses into brackets, and spends tens of
microseconds on each table: what a file may ask of it is counted first.
"""

from __future__ import annotations

import math
import os
import re
import sys
from typing import Any

from poseval.errors import LimitError, shown
from poseval.files.reading import read_text
from poseval.limits import DEFAULT

MOST_MARKS = 100_000  # names, values and lines of one file; facts about 5,000 entries have half as many
DEEPEST = DEFAULT.depth  # brackets in brackets, and dots of one key
WIDEST = 1 << 63  # whole numbers are of 64 bits, as TOML says

# Strings whose end is missing reach to the end of their line, or of the file: the parser refuses them there.
MARKS = re.compile(
    r'"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*(?:"{3,5}|\\?\Z)'
    r"|'''[^']*(?:'(?!'')[^']*)*(?:'{3,5}|\Z)"
    r'|"[^"\\\n]*(?:\\[^\n][^"\\\n]*)*"?'
    r"|'[^'\n]*'?"
    r"|#[^\n]*"
    r"|[\[\]{}=,.\n]",
    re.DOTALL,
)


def read_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The content of a small TOML file, of finite numbers.

    Raises:
        UsageError: P114 no such file, P135 not a regular file, P136 cannot be read.
        LimitError: P501 too large, P502 more values than allowed, or deeper.
        ValueError: not TOML, not UTF-8, or a number that is not finite or not of 64 bits.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    where = shown(os.fspath(path), 400)
    text = read_text(path)
    _check_marks(text, where)
    found = tomllib.loads(text, parse_float=_finite)
    _check_values(found, where)
    return found


def _check_marks(text: str, where: str) -> None:
    """Bound what parsing costs: each mark, and each dot of a key times its place in the key."""
    cost = depth = dots = 0
    for found in MARKS.finditer(text):
        sign = text[found.start()]
        if sign == ".":
            dots += 1
        elif sign not in "\"'":
            dots = 0
        depth += (sign in "[{") - (sign in "]}")
        cost += 1 + dots
        if depth > DEEPEST or dots > DEEPEST:
            raise _too_deep(where)
        if cost > MOST_MARKS:
            raise LimitError(
                "P502",
                where=where,
                what="has more names and values than allowed",
                wanted=f"at most {MOST_MARKS:,} of them, those with dots counted several times",
            )


def _check_values(found: dict[str, Any], where: str) -> None:
    """Bound the depth that tables and dotted keys reach together, and whole numbers.

    Raises:
        ValueError: a whole number of more than 64 bits.
    """
    level: list[Any] = [found]
    for _ in range(DEEPEST + 1):
        inner: list[Any] = []
        for node in level:
            inner += node.values() if isinstance(node, dict) else node
        for value in inner:
            if isinstance(value, int) and not -WIDEST <= value < WIDEST:
                raise ValueError("a whole number is larger than 64 bits")
        level = [value for value in inner if isinstance(value, (dict, list))]
        if not level:
            return
    raise _too_deep(where)


def _too_deep(where: str) -> LimitError:
    return LimitError("P502", where=where, what="is nested too deeply", wanted=f"at most {DEEPEST} levels")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is not a finite number")
    return number
