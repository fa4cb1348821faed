"""The metric protocol: `tally` turns aligned people into rows of counts, `reduce` turns rows into values.

`tally` works one unit (frame or sequence) at a time and never divides; `reduce` never sees a person. Tallies
of disjoint units concatenate, and `weight` is an integer multiplicity per unit: a weight of 2 equals two
physical copies of the unit. Slices, intervals, workers and streaming are arithmetic on tallies.
"""

from __future__ import annotations

import enum
import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from poseval.errors import UsageError
from poseval.kernels.poses import group_order
from poseval.metrics.parameters import default_of, format_parameter
from poseval.poses import Array, Bools, Floats, Ints, Notice, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.units import Unit
from poseval.results.values import ERROR, SHARE, Bounds, Direction, Number, Value, Values


class Need(enum.Enum):
    """Columns that a metric requires; checked before any work."""

    SCORES = "score"
    AREA = "area"
    BOXES = "box"
    FOUND_BOXES = "bounding box"  # of predictions
    HEADS = "head size"
    TRACKS = "track id"
    SIGMAS = "sigmas of the skeleton"
    ALONE = "one person per frame"


@dataclass(frozen=True, eq=False)
class Table:
    """R rows of counts or sums; `unit` [R] int64 is the unit a row belongs to, each column is [R, ...]."""

    unit: Ints
    columns: Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Tally:
    """The counts and sums of a metric over some units. Column names are unique over all tables.

    `facts` holds what every part shares (joints, thresholds) as plain JSON values; parts whose facts differ
    do not concatenate. `cache` is for work that depends on the rows alone, such as a sort.
    """

    metric: str
    keys: Array  # [U] str, names of the units
    tables: Mapping[str, Table]
    facts: Mapping[str, Any] = field(default_factory=dict)
    cache: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def units(self) -> int:
        """Number of units, including those without rows."""
        return len(self.keys)

    def _table_of(self, column: str) -> Table:
        for table in self.tables.values():
            if column in table.columns:
                return table
        raise KeyError(column)

    def column(self, name: str) -> Array:
        """A column's rows [R, ...]."""
        return self._table_of(name).columns[name]

    def unit_of(self, name: str) -> Ints:
        """Units [R] of a column's rows."""
        return self._table_of(name).unit

    def per_unit(self, name: str) -> Array:
        """Sum of a column over the rows of each unit [U, ...]; int64 for counts, float64 for sums."""
        known = self.cache.get(f"per_unit/{name}")
        if known is None:
            column = self.column(name)
            kind = np.float64 if column.dtype.kind == "f" else np.int64
            known = np.zeros((self.units, *column.shape[1:]), dtype=kind)
            np.add.at(known, self.unit_of(name), column.astype(kind, copy=False))
            self.cache[f"per_unit/{name}"] = known
        out: Array = known
        return out

    def sum(self, name: str, weight: Ints | None = None) -> Array:
        """Weighted sum of a column over all units [...]; always added in the order of units."""
        per_unit = self.per_unit(name)
        if weight is not None:
            per_unit = per_unit * weight.reshape(-1, *([1] * (per_unit.ndim - 1)))
        total: Array = per_unit.sum(axis=0)
        return total

    def weight_of_rows(self, name: str, weight: Ints | None) -> Ints:
        """Weight [R] of each row of a column's table."""
        unit = self.unit_of(name)
        return np.ones(len(unit), dtype=np.int64) if weight is None else weight[unit]

    def grouped(self, group: Ints, keys: Array) -> Tally:
        """The same rows over coarser units: unit u becomes unit `group[u]`, e.g. frames into sequences."""
        tables = {name: Table(group[table.unit], table.columns) for name, table in self.tables.items()}
        return Tally(self.metric, keys, tables, self.facts)

    def with_units(self, units: Ints, other: Tally) -> Tally:
        """The tally with the rows of `units` (rising) from another one, which has those units alone."""
        kept = np.ones(self.units, dtype=np.bool_)
        kept[units] = False
        tables = {}
        for name, table in self.tables.items():
            more = other.tables[name]
            unit = np.concatenate([np.where(kept[table.unit], table.unit, -1), units[more.unit]])
            order = group_order(unit, self.units)
            columns = {
                column: np.concatenate([values, more.columns[column]]).take(order, axis=0)
                for column, values in table.columns.items()
            }
            tables[name] = Table(unit[order], columns)
        return Tally(self.metric, self.keys, tables, self.facts)

    @staticmethod
    def concat(parts: Sequence[Tally]) -> Tally:
        """The tally of all units of the parts, in order."""
        first = parts[0]
        if any(part.metric != first.metric or part.facts != first.facts for part in parts):
            raise UsageError("P118", where="tallies", what="of different metrics or settings cannot be added")
        shift = np.cumsum([0, *(part.units for part in parts)])
        tables = {
            name: Table(
                np.concatenate(
                    [part.tables[name].unit + offset for part, offset in zip(parts, shift, strict=False)]
                ),
                {
                    column: np.concatenate([part.tables[name].columns[column] for part in parts])
                    for column in table.columns
                },
            )
            for name, table in first.tables.items()
        }
        return Tally(first.metric, np.concatenate([part.keys for part in parts]), tables, first.facts)


@dataclass(frozen=True, eq=False)
class Ranking:
    """Data for the figures of a metric that ranks predictions by their score.

    Curves of `precision` [T, R] over `recall` [R], NaN where undefined, each with one of the `labels`; and
    the `score` [D] of every prediction that counts, with whether it is a `hit` [D].
    """

    labels: tuple[str, ...]
    recall: Floats
    precision: Floats
    score: Floats
    hit: Bools


@dataclass(frozen=True, eq=False)
class Reliability:
    """A reliability curve: the mean `score` [B] of each of B bins, and the mean `value` [B] it should equal.

    `error` [B] is the standard error of the value, `count` [B] what lies in the bin, 1 or more.
    `label` says whose scores they are, `what` names the value, and `off` is the mean distance of the two.
    """

    label: str
    score: Floats
    value: Floats
    error: Floats
    count: Ints
    what: str
    off: float


@dataclass(frozen=True)
class Metric(ABC):
    """A small frozen value; its fields are the parameters in its canonical name."""

    name: ClassVar[str]
    needs: ClassVar[frozenset[Need]] = frozenset()
    better: ClassVar[Direction] = Direction.HIGHER
    lower_is_better: ClassVar[frozenset[str]] = frozenset()  # statistics that go against `better`
    value_bounds: ClassVar[Mapping[str, Bounds]] = {}  # of statistics that are not fractions
    counted: ClassVar[frozenset[str]] = frozenset()  # statistics that count something
    jumping: ClassVar[frozenset[str]] = frozenset()  # that one unit moves in jumps: a median
    headlines: ClassVar[tuple[str, ...]] = ()  # statistics that a summary shows; none named: all
    source: ClassVar[str]
    formula: ClassVar[str] = ""  # the definition in one line, for the metric's page
    undefined: ClassVar[str] = ""  # when values are undefined, for the metric's page
    additions: ClassVar[frozenset[str]] = frozenset({"per_joint"})  # parameters that only add rows
    unit: ClassVar[str] = "frame"  # or "sequence": the smallest part that can be tallied alone
    threshold: ClassVar[str] = "threshold"  # what the thresholds of rows are, for the axis of a figure
    together: ClassVar[tuple[str, ...]] = ()  # statistics that one figure shows, the first gives its name
    heading: ClassVar[str] = ""  # what its statistics stand under beside a metric with the same ones
    measure: ClassVar[frozenset[str]] = frozenset()  # parameters that make it another measure
    companions: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # parameter -> those that describe it alone
    ignores_outside: ClassVar[bool] = False  # whether its matching knows who is outside of a group of people

    @abstractmethod
    def tally(self, aligned: Aligned) -> Tally:
        """Turn aligned people into rows."""

    @abstractmethod
    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        """Turn rows into values; `weight` [U] int64 is the multiplicity of each unit."""

    def reduce_headline(self, tally: Tally, weight: Ints | None = None) -> Values:
        """Only the rows that `headline_rows` needs; intervals call this a thousand times.

        A metric overrides this where it can be much cheaper than `reduce`; the rows must be the same.
        """
        return self.reduce(tally, weight)

    def reduce_headlines(self, tally: Tally, weights: Ints) -> list[Values]:
        """`reduce_headline` under each weight vector of [B, U].

        A metric overrides this where many resamples at once are cheaper; the rows must be the same.
        """
        return [self.reduce_headline(tally, weight) for weight in weights]

    def signature_form(self) -> str:
        """The canonical name without parameters that only add rows, and move no number."""
        changes = {name: default_of(f) for f in fields(self) if (name := f.name) in self.additions}
        return str(replace(self, **changes))

    def by_unit(self, tally: Tally) -> Values:
        """The headline of every unit alone, sliced under the unit's key.

        A metric overrides this where all units can be finished at once; the rows must be the same.
        """
        rows: list[Value] = []
        for index, key in enumerate(tally.keys):
            weight = np.zeros(tally.units, dtype=np.int64)
            weight[index] = 1
            kept = self.reduce_headline(tally, weight)
            rows += Values(r for r in kept if not r.joint and math.isnan(r.threshold)).sliced(str(key))
        return Values(rows)

    def narrowed(self, tally: Tally, statistics: Collection[str]) -> tuple[Metric, Tally]:
        """The metric and its tally without what these statistics of all people do not need.

        Their values are the same to the last bit; a metric that cannot leave out anything is returned as is.
        """
        return self, tally

    def scale_rule(self, truth: PoseSet) -> str:
        """Name of the scale that divides distances (see `joint_error.scale`); empty where there is none."""
        return ""

    def notices(self, tally: Tally) -> list[Notice]:
        """Notices for readers of the numbers, e.g. that the order of ties decides them."""
        return []

    def ranking(self, tally: Tally) -> Ranking | None:
        """Precision over recall, and scores of hits and misses; None for metrics that do not rank."""
        return None

    def reliability(self, tally: Tally) -> list[Reliability]:
        """Reliability curves of scores; none for metrics without scores."""
        return []

    def headline_rows(self, values: Iterable[Value]) -> list[Value]:
        """The rows that a summary shows: those of `headlines` without joint, slice and threshold."""
        return [
            row
            for row in values
            if not row.joint
            and not row.slice
            and math.isnan(row.threshold)
            and (not self.headlines or row.statistic in self.headlines)
        ]

    def headline(self, values: Iterable[Value]) -> dict[str, float]:
        """The values that a summary shows, by key."""
        return {self.number(row).key: row.value for row in self.headline_rows(values)}

    def number(self, row: Value) -> Number:
        """A row as a number of a summary, with its direction and bounds."""
        statistic = row.statistic
        kind = self._kinds.get(statistic)
        if kind is None:
            kind = self.direction(statistic), self.bounds_of(statistic), self.unit_of(statistic)
            self._kinds[statistic] = kind
        better, bounds, unit = kind
        smooth = statistic not in self.jumping
        return Number(row.value, better, statistic, row.joint, row.slice, row.n, bounds, smooth, unit=unit)

    @cached_property
    def _kinds(self) -> dict[str, tuple[Direction, Bounds, Unit]]:
        """Direction, bounds and unit by statistic: each of a thousand resamples asks for them."""
        return {}

    def bounds_of(self, statistic: str) -> Bounds:
        """The lowest and highest value that a statistic can have."""
        return self.value_bounds.get(statistic, ERROR if statistic in self.counted else SHARE)

    def unit_of(self, statistic: str) -> Unit:
        """What a statistic is measured in."""
        return Unit.COUNT if statistic in self.counted else Unit.SHARE

    def with_joints(self) -> Metric:
        """The metric with values of single joints, where it has any."""
        asked: dict[str, Any] = {f.name: True for f in fields(self) if f.name == "per_joint"}
        return replace(self, **asked)

    def has(self, **parameters: object) -> bool:
        """Whether the metric has all of these parameters, with these values: `has(norm="torso")`."""
        own = {f.name: getattr(self, f.name) for f in fields(self)}
        return own | parameters == own

    def direction(self, statistic: str) -> Direction:
        """Whether higher or lower is better for a statistic."""
        if statistic in self.lower_is_better:
            return Direction.LOWER
        return self.better

    def __str__(self) -> str:
        return self._text

    @cached_property
    def _text(self) -> str:
        """The canonical name; every row of a table asks for it."""
        shown_fields = [
            f"{f.name}={format_parameter(getattr(self, f.name))}"
            for f in fields(self)
            if f.metadata.get("always") or getattr(self, f.name) != default_of(f)
        ]
        return f"{self.name}({','.join(shown_fields)})" if shown_fields else self.name
