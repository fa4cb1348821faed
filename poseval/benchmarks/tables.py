"""Rows of the tables that papers print: kinds of joints as columns, statistics as rows."""

from __future__ import annotations

from collections.abc import Sequence

COLUMNS = ("Head", "Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle")


def by_kind(statistic: str, columns: Sequence[str] = COLUMNS) -> tuple[str, ...]:
    """Keys of a row: a statistic for each kind of joint, then over all joints."""
    return (*(f"{statistic}/{column.lower()}" for column in columns), statistic)


def itself(key: str, columns: Sequence[str] = COLUMNS) -> tuple[str, ...]:
    """Keys of a row with a number over all joints only: the columns of kinds stay empty."""
    return (*("",) * len(columns), key)
