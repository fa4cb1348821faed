"""Counts and amounts of the command line: one type, whose bounds every such option names."""

from __future__ import annotations

import math
from typing import Any

import click

from poseval.errors import UsageError, shown

MOST_PROCESSES = 256  # worker processes or threads that load images; machines have fewer processors
MOST_SIDE = 16_384  # pixels of an image that is drawn
MOST_ITEMS = 1_000_000  # of what is listed, drawn or repeated, for which memory and patience last


class Number(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic from click 8.2 on
    """A number from `least` to `most`, both included; a whole one unless `fraction`."""

    def __init__(self, least: float, most: float, *, fraction: bool = False) -> None:
        self.least, self.most, self.fraction = least, most, fraction
        self.name = "number" if fraction else "count"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number that a text stands for; NaN is none.

        Raises:
            UsageError: P103 for any other text, or a number out of bounds.
        """
        try:
            number = float(value) if self.fraction else int(value)
        except ValueError:
            number = math.nan
        if not self.least <= number <= self.most:
            raise UsageError(
                "P103",
                where=param.opts[0] if param else self.name,
                what=f"is {shown(value, 40)}",
                wanted=f"a {'' if self.fraction else 'whole '}number from {self.least:,} to {self.most:,}",
            )
        return number
