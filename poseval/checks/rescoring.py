"""What a number would be with other files or rules: the cost of the mistake that a check suspects."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from poseval.benchmarks.base import Benchmark, Part, Scored, headlines
from poseval.benchmarks.rule_sets import RuleSet
from poseval.metrics.base import Metric, Tally
from poseval.poses import Ints, Notice, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.units import NumberStyle, Unit
from poseval.results.values import Direction, Number, Summary

SHOWN = {Unit.SHARE: 0.0005}  # less does not show in a per cent with one digit
SHOWN_OTHERWISE = 0.05  # of pixels


class Change(NamedTuple):
    """A number of a summary as it is and as it would be, in the units of the benchmark's table."""

    name: str
    before: float
    after: float
    better: Direction
    unit: Unit = Unit.SHARE
    digits: int = 2  # of a percentage, as in the table

    @property
    def gain(self) -> float:
        """How much better it would be: the difference, relative to `before` if lower is better."""
        if self.better is Direction.HIGHER:
            return self.after - self.before
        return (self.before - self.after) / max(abs(self.before), 1e-9)

    @property
    def shows(self) -> bool:
        """Whether the difference shows in the table; NaN differs from any number."""
        if math.isnan(self.before) or math.isnan(self.after):
            return math.isnan(self.before) != math.isnan(self.after)
        return abs(self.after - self.before) >= SHOWN.get(self.unit, SHOWN_OTHERWISE)

    def __str__(self) -> str:
        before, after = self._numbers(self.digits)
        if before == after:
            before, after = self._numbers(self.digits + 1)
        return f"{self.name} would be {after} instead of {before}"

    def _numbers(self, digits: int) -> list[str]:
        style, both = NumberStyle(digits=digits), (self.before, self.after)
        return ["undefined" if math.isnan(value) else style.number(value, self.unit) for value in both]


@dataclass(frozen=True, eq=False)
class Rescoring:
    """A benchmark, its rules and two sets: what scores them again when something is changed.

    `by_hand` gives the metrics that the user chose, for a rule set; without it the benchmark's own are used.
    """

    benchmark: Benchmark
    rules: RuleSet
    truth: PoseSet
    predictions: PoseSet
    by_hand: Callable[[RuleSet], tuple[Metric, ...]]
    per_joint: bool = False
    paired: tuple[Notice, ...] = ()  # what was said when the two were brought together

    def of_sets(self, part: Part, aligned: Aligned) -> list[Change]:
        """The numbers of a part's first metric, and what they would be for other sets than the part's."""
        first = part.metrics[:1]
        before = self._summary(replace(part, metrics=first, slices={}), self.rules)
        after = self._summary(Part(part.label, aligned, first), self.rules)
        return self._changes(before, after)

    def of_slices(self, part: Part, aligned: Aligned) -> list[Change]:
        """The numbers of a part's first metric, and what they would be for other sets and their slices."""
        first = part.metrics[:1]
        before = self._summary(replace(part, metrics=first), self.rules)
        slices = self.benchmark.slices(aligned.truth)
        return self._changes(before, self._summary(Part(part.label, aligned, first, slices), self.rules))

    def of_metric(self, part: Part, metric: Metric) -> list[Change]:
        """The numbers of a part's first metric, and what they would be by another."""
        before = self._summary(replace(part, metrics=part.metrics[:1]), self.rules)
        after = self._summary(replace(part, metrics=(metric,)), self.rules)
        return self._changes(before, after)

    def of_units(self, part: Part, units: Ints, tally: Tally) -> Change:
        """The first number of a part's first metric, and what it would be with other rows for `units`.

        `tally` has these units [U], rising, alone. What the number does not need is left out of both.
        """
        metric = part.metrics[0]
        before = self._summary(replace(part, metrics=(metric,)), self.rules)
        whole = part.tally(metric)
        if self.benchmark.summary is headlines and not part.label and not part.slices:
            name = list(before)[:1]
            tally = metric.narrowed(tally, name)[1]
            metric, whole = metric.narrowed(whole, name)
        made = {metric: whole.with_units(units, tally)}
        after = self._summary(replace(part, metrics=(metric,), made=made), self.rules)
        return self._changes(before, after)[0]

    def of_rules(self, part: Part, rules: RuleSet) -> list[Change]:
        """The numbers that other rules could change, and their values under those rules.

        Those of metrics with other parameters; of the first metric, where rules choose other people or
        frames.
        """
        chosen = self.by_hand(rules)
        parts, _ = self.benchmark.prepare(self.truth, self.predictions, rules, chosen, self.per_joint)
        other = next((item for item in parts if item.label == part.label), None)
        if other is None or len(other.metrics) != len(part.metrics):
            return []
        places = [at for at, metric in enumerate(part.metrics) if metric != other.metrics[at]] or [0]
        before = self._summary(replace(part, metrics=_at(part.metrics, places)), self.rules)
        after = self._summary(replace(other, metrics=_at(other.metrics, places)), rules)
        return self._changes(before, after)

    def _summary(self, part: Part, rules: RuleSet) -> Summary:
        scored = []
        for metric in part.metrics:
            tally = part.tally(metric)
            cuts = [("", None), *((name, mask.astype("int64")) for name, mask in part.slices.items())]
            for name, cut in cuts:
                scored.append(Scored(part.label, name, metric, metric.reduce_headline(tally, cut)))
        return self.benchmark.summary(scored, rules)

    def _changes(self, before: Summary, after: Summary) -> list[Change]:
        layout = self.benchmark.layout(before)
        digits = 2 if layout is None else layout.digits
        out = []
        for key, number in before.items():
            other = after.get(key, Number(math.nan, number.better, number.statistic))
            out.append(Change(key, number.value, other.value, number.better, number.unit, digits))
        return out


def _at(metrics: Sequence[Metric], places: Sequence[int]) -> tuple[Metric, ...]:
    return tuple(metrics[at] for at in places)
