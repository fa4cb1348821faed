"""Wrong values for arguments of the compiled module, by what the argument is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

HUGE = 2**62
Wrong = Iterator[tuple[str, Any]]  # what is wrong with a value, and the value


@dataclass
class Call:
    """A function, the arguments of a call that works, and wrong values for each of them."""

    function: Callable[..., object]
    sound: dict[str, Any]
    wrong: dict[str, list[tuple[str, Any]]]

    def with_one_wrong(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What is wrong, and the arguments."""
        for name, values in self.wrong.items():
            for what, value in values:
                yield f"{name}: {what}", {**self.sound, name: value}


def changed(column: np.ndarray, value: Any, place: int = 0) -> np.ndarray:
    out = column.copy()
    out.flat[place] = value
    return out


def kinds(column: np.ndarray) -> Wrong:
    """A column of another kind or dimension."""
    yield "one dimension more", column[None]
    yield "a scalar", np.asarray(column.flat[0])
    yield "text", column.astype(str)
    yield "complex", column.astype(complex)
    yield "objects", np.full(column.shape, None)
    yield "None", None
    if column.dtype.kind in "iub":
        yield "real numbers", column.astype(float)
        yield "NaN", changed(column.astype(float), np.nan)


def tied(column: np.ndarray) -> Wrong:
    """Also of another length than other columns say."""
    yield from kinds(column)
    yield "one row short", column[:-1]
    yield "one row long", np.concatenate([column, column[-1:]])
    yield "empty", column[:0]
    yield (
        "flat" if column.ndim > 1 else "as a column",
        column.reshape(-1) if column.ndim > 1 else column[:, None],
    )
    if column.ndim > 1:
        yield "narrow", column[..., :-1]


def index(column: np.ndarray, end: int, *, any_length: bool = False) -> Wrong:
    """Also with an index that does not exist."""
    yield from kinds(column) if any_length else tied(column)
    for value in (-1, end, HUGE, -HUGE):
        yield f"{value} at the start", changed(column, value)
        yield f"{value} at the end", changed(column, value, -1)


def offsets(start: np.ndarray) -> Wrong:
    """Offsets from 0 to the number of rows that are none."""
    yield from kinds(start)
    yield "too short", start[:-1]
    yield "too long", np.append(start, start[-1] + 1)
    yield "empty", start[:0]
    yield "begins behind 0", changed(start, 1)
    yield "begins before 0", changed(start, -1)
    yield "ends too late", changed(start, start[-1] + 1, -1)
    yield "ends far too late", changed(start, HUGE, -1)
    yield "ends too early", changed(start, start[-1] - 1, -1)
    yield "falls", changed(start, HUGE, 1)
    yield "falls below 0", changed(start, -HUGE, 1)


def count(*more: int) -> Wrong:
    """A number that is no sensible count."""
    for value in (-1, -HUGE, HUGE, 2**70, *more):
        yield str(value), value
    yield "real", 1.5
    yield "None", None


def gate() -> Wrong:
    yield from (("NaN", np.nan), ("a word", "near"), ("None", None))


def poses(xy: np.ndarray) -> Wrong:
    yield from tied(xy)
    yield "three coordinates", np.zeros((*xy.shape[:2], 3))
    yield "another number of joints", np.concatenate([xy, xy], axis=1)


def listed(**arguments: Wrong) -> dict[str, list[tuple[str, Any]]]:
    return {name: list(values) for name, values in arguments.items()}
