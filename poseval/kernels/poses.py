"""Small compiled passes over pose columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from poseval.kernels import _kernels

Floats = NDArray[np.float64]
Flags = NDArray[np.int8]
Ints = NDArray[np.int64]


def extent(xy: Floats, seen: Flags | None = None) -> Floats:
    """Area [N] of the smallest upright box around the joints of `xy` [N, K, 2] with `seen` > 0 (None: all).

    0 where the box has no width or height, or nothing is seen; infinity where it overflows.

    Raises:
        ValueError: shapes disagree.
    """
    return _kernels.pose_extent(xy, np.ones(xy.shape[:2], dtype=np.int8) if seen is None else seen)


def predicted(xy: Floats, score: Floats) -> Flags:
    """2 [N, K] where a joint is predicted, 0 where it is at (0, 0) with score 0, as files mark a missing one.

    Raises:
        ValueError: shapes disagree.
    """
    return _kernels.pose_predicted(xy, score)


def group_order(group: Ints, groups: int) -> Ints:
    """Rows in order of their group [N], 0 .. groups - 1, in table order inside it; others are left out."""
    return _kernels.group_order(group, groups)


def take_rows(table: NDArray[Any], order: Ints) -> NDArray[Any]:
    """Rows of a table [N, ...] in another order: `table[order]`, by several threads where it is large.

    Raises:
        ValueError: an index is out of range.
    """
    return _kernels.take_rows(np.ascontiguousarray(table), order)


def put_in_order(tables: Mapping[str, NDArray[Any]], order: Ints) -> dict[str, NDArray[Any]]:
    """Rows of tables [N, ...] in another order; a table is written over where `order` has each of its rows.

    Raises:
        ValueError: an index is out of range, or stands twice where as many are given as there are rows.
    """
    placed: dict[str, NDArray[Any]] = {}
    for name, table in tables.items():
        own = not any(np.may_share_memory(table, other) for other in placed.values())
        if own and len(table) == len(order) and table.flags.c_contiguous and table.flags.writeable:
            placed[name] = table
    copied = {name: take_rows(table, order) for name, table in tables.items() if name not in placed}
    if placed:
        _kernels.order_rows(list(placed.values()), order)
    return {name: placed[name] if name in placed else copied[name] for name in tables}


class Review(NamedTuple):
    """The result of one pass over poses."""

    copies: int  # poses that equal an earlier one of their frame and category in every bit
    low: float  # lowest and highest coordinate, NaN left out; infinity and minus infinity where there is none
    high: float
    points: int  # poses whose joints all lie in one point


def review(xy: Floats, frame: Ints, category: Ints) -> Review:
    """Review poses `xy` [N, K, 2], sorted by frame, in one pass.

    Raises:
        ValueError: shapes disagree.
    """
    return Review(*_kernels.pose_review(xy, frame, category))
