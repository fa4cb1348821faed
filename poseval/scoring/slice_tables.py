"""Slices as csv files: frames, sequences or people and their groups, or the severity of a corruption."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from poseval.errors import FormatError, shown
from poseval.limits import Limits
from poseval.scoring.groups import FRAME, PERSON, SEQUENCE, read_table, short_enough

GROUP, SEVERITY, CORRUPTION = "group", "severity", "corruption"
CLEAN = "clean"  # the group of severity 0


@dataclass(frozen=True)
class SliceTable:
    """The `group` of each name; `key` says what is named: `frame`, `sequence` or `person` (its id)."""

    key: str
    group: Mapping[str, str]


def read_slices(path: str | os.PathLike[str], limits: Limits) -> SliceTable:
    """Who is in which group: a column `frame`, `sequence` or `person`, and `group`, or `severity`.

    Beside `severity` (0 is clean) there may be `corruption`, its kind.

    Raises:
        FormatError: P223 not a table, a missing column, a severity that is not whole. LimitError: P501.
    """
    header, rows = read_table(path)
    key = next((name for name in (PERSON, FRAME, SEQUENCE) if name in header), "")
    value = next((name for name in (GROUP, SEVERITY) if name in header), "")
    if not key or not value:
        raise FormatError(
            "P223",
            where=shown(path),
            what="lacks a column",
            wanted="`frame`, `sequence` or `person`, and `group` or `severity`",
        )
    group = {row[key]: _group(row, value, path) for row in rows}
    return SliceTable(key, short_enough(group, path, limits))


def _group(row: Mapping[str, str], value: str, path: str | os.PathLike[str]) -> str:
    text = row[value].strip()
    if value == GROUP or not text:
        return text
    if not text.isdecimal() or len(text) > 18:
        raise FormatError(
            "P223",
            where=f"{shown(path)}: severity",
            what=f"is {shown(text, 40)!r}",
            wanted="a whole number, 0 for clean",
        )
    kind = row.get(CORRUPTION, "").strip()
    if int(text) == 0:
        return CLEAN
    return f"{kind} {SEVERITY} {int(text)}" if kind else f"{SEVERITY} {int(text)}"
