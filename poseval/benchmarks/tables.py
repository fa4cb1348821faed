"""Rows of the tables that papers print: kinds of joints as columns, statistics as rows."""

from __future__ import annotations

from collections.abc import Sequence

COLUMNS = ("Head", "Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle")


def by_kind(statistic: str, columns: Sequence[str] = COLUMNS) -> tuple[str, ...]:
    """Keys of a statistic under columns of kinds, then of the statistic itself."""
    return (*(f"{statistic}/{column.lower()}" for column in columns), statistic)


def itself(key: str, columns: Sequence[str] = COLUMNS) -> tuple[str, ...]:
    """Keys of a row that has its number in the last column and nothing under the kinds."""
    return (*("",) * len(columns), key)
