"""Summaries under many weight vectors, computed from tallies without reading people again."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from poseval.poses import Floats, Ints
from poseval.results.values import Direction, Number, Summary
from poseval.threads import each

if TYPE_CHECKING:
    from concurrent.futures import Executor

Row = list[Any]
Summarise = Callable[[Ints], Sequence[Summary]]  # weights [B, U] -> B summaries

NOTHING = Number(math.nan, Direction.HIGHER, "no such number")
CHUNK = 50  # weight vectors that are reduced together: bounds memory in a thread


@dataclass(frozen=True, eq=False)
class Draws:
    """Numbers under weight vectors: `values` [B, K], NaN where undefined, and `n` [B, K], their support.

    `smooth` [K] says whether leaving out units shows a number's spread, `widest` [K] is the largest possible
    difference of two values, infinite without bounds.
    """

    keys: tuple[str, ...]
    values: Floats
    n: Ints
    smooth: tuple[bool, ...]
    widest: tuple[float, ...]


def _reduced(summarise: Summarise, keys: Sequence[str], weights: Ints) -> list[tuple[Row, Row, Row, Row]]:
    """Of each weight vector the values, what they rest on, whether they are smooth, and how wide."""
    out = []
    for summary in summarise(weights):
        found = [summary.get(key, NOTHING) for key in keys]
        out.append(
            (
                [number.value for number in found],
                [number.n for number in found],
                [number.smooth for number in found],
                [number.bounds[1] - number.bounds[0] for number in found],
            )
        )
    return out


def draw(summarise: Summarise, weights: Ints, keys: Sequence[str], executor: Executor | None = None) -> Draws:
    """The numbers `keys` under each weight vector of `weights` [B, U], in order.

    Without an `executor` threads are used, because kernels release the GIL. An executor of processes needs a
    `summarise` that can be pickled, such as the method of an evaluation.
    """
    chunks = [weights[first : first + CHUNK] for first in range(0, len(weights), CHUNK)]
    reduced = partial(_reduced, summarise, tuple(keys))
    if executor is None:
        found = each(reduced, chunks)
    else:
        from poseval.scoring.late_executor import shared

        found = shared(executor, reduced, chunks, each)
    rows = [row for part in found for row in part]
    shape = (len(weights), len(keys))
    return Draws(
        tuple(keys),
        np.array([row[0] for row in rows], dtype=np.float64).reshape(shape),
        np.array([row[1] for row in rows], dtype=np.int64).reshape(shape),
        tuple(rows[0][2]) if rows else (True,) * len(keys),
        tuple(rows[0][3]) if rows else (math.inf,) * len(keys),
    )
