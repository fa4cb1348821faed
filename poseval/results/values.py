"""Numbers as rows: one schema for tables, CSV, gates and plots."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from poseval.results.units import Unit


class Direction(enum.Enum):
    """Whether higher or lower is better. Leaderboards, reports and gates use it."""

    HIGHER = "higher"
    LOWER = "lower"


Bounds = tuple[float, float]  # the lowest and highest value that a statistic can have
SHARE: Bounds = (0.0, 1.0)
ERROR: Bounds = (0.0, math.inf)
AT_MOST_ONE: Bounds = (-math.inf, 1.0)


class Value(NamedTuple):
    """One number. `value` is NaN when undefined, and `why` says why; `n` counts what it is computed from."""

    metric: str
    statistic: str
    joint: str = ""
    slice: str = ""
    threshold: float = math.nan
    value: float = math.nan
    n: int = 0
    why: str = ""


class Number(NamedTuple):
    """One number of a summary: its value, which direction is better, and what it measures.

    `n` counts what it is computed from; counts of disjoint units add up.
    """

    value: float
    better: Direction
    statistic: str
    joint: str = ""  # a joint, or a kind of joints
    slice: str = ""
    n: int = 0
    bounds: Bounds = SHARE
    smooth: bool = True  # whether leaving out units shows its spread; not that of a median
    unit: Unit = Unit.SHARE

    @property
    def key(self) -> str:
        """Its key in a summary, unless a benchmark has another: `AP`, `AP/left_wrist`, `easy/AP`."""
        key = f"{self.statistic}/{self.joint}" if self.joint else self.statistic
        return f"{self.slice}/{key}" if self.slice else key


Summary = dict[str, Number]  # by key, in the order of tables


class Values(Sequence[Value]):
    """Long and flat: one row per number; one schema for tables, CSV, gates and plots."""

    def __init__(self, rows: Iterable[Value] = ()) -> None:
        self.rows: tuple[Value, ...] = tuple(rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index]

    def __iter__(self) -> Iterator[Value]:
        return iter(self.rows)

    def __add__(self, other: Values) -> Values:
        return Values(self.rows + other.rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Values) and repr(self.rows) == repr(other.rows)

    def __hash__(self) -> int:
        return hash(repr(self.rows))

    def where(self, **wanted: object) -> Values:
        """Rows whose fields have the given values, e.g. `where(statistic="AP", joint="")`."""
        return Values(row for row in self.rows if all(getattr(row, k) == v for k, v in wanted.items()))

    def get(self, statistic: str, joint: str = "", slice: str = "") -> float:
        """The value without a threshold of one statistic; NaN when there is no such row."""
        for row in self.rows:
            if (row.statistic, row.joint, row.slice) == (statistic, joint, slice) and math.isnan(
                row.threshold
            ):
                return row.value
        return math.nan

    def sliced(self, name: str) -> Values:
        """The same rows with the slice's name; a slice made by the metric keeps its own name after it."""
        return Values(row._replace(slice=f"{name}/{row.slice}" if row.slice else name) for row in self.rows)


# How intervals are made; "simultaneous" are those of gaps, "exact" those of shares that are 0 or 1.
METHODS = ("jackknife", "half-samples", "percentile", "bca", "simultaneous", "exact")


@dataclass(frozen=True)
class Interval:
    """An interval around a summary number, in the number's own unit, and how it was made.

    The ends are NaN where there is no interval; `why` then gives the reason, and otherwise what is special
    about it. `units` clusters named `cluster` were resampled `resamples` times; `undefined` is the fraction
    of resamples without the number. `error` is the standard error. The number depends on `groups` groups of
    units as if there were `effective` equal ones. `design_effect` is the variance divided by that of as many
    independent units, NaN where each unit is a cluster. Leaving out the unit `largest_unit` moves the number
    most, by `largest` standard errors; NaN where that was not computed.
    """

    low: float
    high: float
    level: float = 0.95
    method: str = "percentile"
    seed: int | None = None
    resamples: int = 0
    units: int = 0
    cluster: str = ""
    undefined: float = 0.0
    why: str = ""
    error: float = math.nan
    effective: float = math.nan
    groups: int = 0
    design_effect: float = math.nan
    largest: float = math.nan
    largest_unit: str = ""

    @property
    def given(self) -> bool:
        """Whether there is an interval."""
        return not math.isnan(self.low)
