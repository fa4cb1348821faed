"""JSON written from columns: the numbers of many records become text at once.

Numbers are written in the shortest form that reads back to the same double. A record whose text is None in a
column lacks that field.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from poseval.errors import ValueRangeError
from poseval.poses import Array, Floats

BLOCK = 256  # rows that are text at a time: few enough to stay in the processor's cache
EXACT = 2.0**53  # integral doubles below have no more digits than they show


def number_texts(values: Floats, whole: bool = False, between: str = ", ") -> Iterator[str]:
    """JSON of each row of numbers [N, ...]; `between` stands between two numbers.

    With `whole`, integral doubles are written as integers, which are shorter; minus zero stays what it is.

    Raises:
        ValueRangeError: P301 a number is NaN or infinite.
    """
    if not values.size:  # rows without numbers cannot be told apart in one text
        yield from [json.dumps(row, separators=(between, ": ")) for row in values.tolist()]
        return
    depth = values.ndim - 1
    front, back = "[" * depth, "]" * depth
    for rows in blocks(len(values)):
        listed = _plain(values[rows]) if whole else values[rows].tolist()
        try:
            text = json.dumps(listed, allow_nan=False, separators=(between, ": "))
        except ValueError:
            raise ValueRangeError(
                "P301", where="a number to be written", what="is NaN or infinite", wanted="finite numbers"
            ) from None
        bodies = text[1 + depth : -1 - depth].split(back + between + front)
        yield from [front + body + back for body in bodies] if depth else bodies


def records(columns: Mapping[str, Iterable[str | None]]) -> Iterator[str]:
    """JSON objects [N], from the text of each field [N]; fields without a text are left out."""
    keys = [f"{json.dumps(name)}: " for name in columns]
    for row in zip(*columns.values(), strict=True):
        fields = [key + text for key, text in zip(keys, row, strict=True) if text is not None]
        yield "{" + ", ".join(fields) + "}"


def where(given: Array, texts: Iterable[str]) -> Iterator[str | None]:
    """The texts [N] of the records where a field is `given` [N], None elsewhere."""
    return (text if there else None for there, text in zip(given.tolist(), texts, strict=True))


def known_numbers(values: Floats, whole: bool = False) -> Iterator[str | None]:
    """As `number_texts`, with None for rows that have a NaN."""
    unknown = np.isnan(values)
    given = np.asarray(~unknown.any(axis=tuple(range(1, unknown.ndim))))
    return where(given, number_texts(np.where(unknown, 0.0, values), whole))


def blocks(count: int) -> Iterator[slice]:
    """So many rows, some at a time."""
    return (slice(first, first + BLOCK) for first in range(0, count, BLOCK))


def _plain(values: Floats) -> Any:
    """Nested lists of numbers, integral doubles as integers."""
    whole = (values == np.trunc(values)) & (np.abs(values) < EXACT) & ((values != 0) | ~np.signbit(values))
    if not whole.any():
        return values.tolist()
    mixed = values.astype(object)
    mixed[whole] = values[whole].astype(np.int64)
    return mixed.tolist()
