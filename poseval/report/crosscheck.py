"""A cross-check as text: a table per program, every difference in full, and what was not checked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from poseval.errors import number_of, shown
from poseval.report.text_table import aligned


class Compared(Protocol):
    """One number by poseval and by another program."""

    @property
    def name(self) -> str: ...
    @property
    def ours(self) -> float: ...
    @property
    def theirs(self) -> float: ...
    @property
    def largest(self) -> float: ...
    @property
    def program(self) -> str: ...
    @property
    def tolerance(self) -> float: ...
    @property
    def agrees(self) -> bool: ...


def as_text(differences: Sequence[Compared], unchecked: Sequence[str]) -> str:
    """Tables and a verdict; a difference is printed as it is, however small."""
    lines: list[str] = []
    for program in dict.fromkeys(item.program for item in differences):
        rows = [["", "poseval", "other program", "difference", ""]]
        for item in differences:
            if item.program == program:
                mark = "" if item.agrees else "DIFFERS"
                rows.append(
                    [shown(item.name), _full(item.ours), _full(item.theirs), _full(item.largest), mark]
                )
        lines += [f"Other program: {program}", *aligned(rows, left=(0, -1)), ""]
    lines += [f"not checked: {shown(text, 200)}" for text in unchecked]
    wrong = [item for item in differences if not item.agrees]
    largest = max((item.largest for item in differences), default=0.0)
    lines.append(
        f"{number_of(len(differences), 'number')} compared, {len(wrong)} different; "
        f"largest difference: {_full(largest)}"
    )
    allowed = max((item.tolerance for item in differences), default=0.0)
    if allowed and largest and not wrong:
        lines.append(f"differences up to {allowed:g} come from another order of additions")
    return "\n".join(lines)


def _full(value: float) -> str:
    """A number with all its digits."""
    return "n/a" if math.isnan(value) else repr(int(value) if value in (0, 1) else value)
