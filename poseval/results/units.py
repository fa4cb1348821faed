"""Units of numbers, and how all tables write them.

Reports, JSON and CSV hold fractions: 0.713. Tables show them in percent, as the benchmarks' papers do: 71.3.
Other numbers (pixels, counts) are never rescaled.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable
from dataclasses import dataclass

from poseval.errors import unknown_name

PERCENT, FRACTION = "percent", "fraction"
SHOWN_AS = (PERCENT, FRACTION)  # how shares are shown


class Unit(enum.Enum):
    """The unit of a number. An error divided by a length (NME) is a fraction of that length."""

    SHARE = "share"
    PIXELS = "pixels"
    COUNT = "count"

    @property
    def stored(self) -> str:
        """The unit in JSON and CSV, where percentages are fractions."""
        return FRACTION if self is Unit.SHARE else self.value


def shown_as(unit: str) -> str:
    """Check that a way to show fractions is one of `SHOWN_AS`.

    Raises:
        UsageError: P102 for another.
    """
    if not isinstance(unit, str) or unit not in SHOWN_AS:
        raise unknown_name("P102", "unit", unit, list(SHOWN_AS))
    return unit


@dataclass(frozen=True)
class NumberStyle:
    """How tables write numbers: fractions as `shown_as` says, percentages with `digits` decimals.

    A fraction has two decimals more, so that both say the same. Pixels have `digits` decimals, at least one,
    and counts none.
    """

    shown_as: str = PERCENT
    digits: int = 2

    def scale(self, unit: Unit = Unit.SHARE) -> float:
        """The factor from a number to what is shown."""
        return 100.0 if unit is Unit.SHARE and self.shown_as == PERCENT else 1.0

    def number(self, value: float, unit: Unit = Unit.SHARE, *, sign: bool = False) -> str:
        """A number as every table, verdict and sentence writes it; `n/a` when it is undefined."""
        if math.isnan(value):
            return "n/a"
        decimals = self.digits + 2 * (unit is Unit.SHARE and self.shown_as == FRACTION)
        if unit is Unit.PIXELS:
            decimals = max(decimals, 1)
        elif unit is Unit.COUNT:
            decimals = 0 if value == round(value) else 1
        shown = value * self.scale(unit)
        if round(shown, decimals) == 0:
            shown = 0.0  # never -0.00
        return f"{shown:{'+' if sign else ''}.{decimals}f}"

    def between(self, low: float, high: float, unit: Unit = Unit.SHARE, *, sign: bool = False) -> str:
        """The ends of an interval: `[10.00, 20.00]`."""
        return f"[{self.number(low, unit, sign=sign)}, {self.number(high, unit, sign=sign)}]"

    def amount(self, value: float, unit: Unit = Unit.SHARE) -> str:
        """A number with its unit, for sentences: `0.50 points`, `0.0050`, `3.00 px`."""
        text = self.number(value, unit)
        if unit is Unit.PIXELS:
            return f"{text} px"
        return f"{text} points" if self.scale(unit) == 100 else text

    def caption(self, units: Iterable[Unit] = (Unit.SHARE,)) -> str:
        """The units of a table's numbers, for its title: `in percent`, `in fractions of 1, pixels`."""
        shares = "percent" if self.shown_as == PERCENT else "fractions of 1"
        names = {Unit.SHARE: shares, Unit.PIXELS: "pixels", Unit.COUNT: "counts"}
        found = set(units)
        return "in " + ", ".join(name for unit, name in names.items() if unit in found)
