"""The benchmark protocol: a format, a skeleton, metrics with their parameters, alignment, rule sets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from poseval.benchmarks.alignment import align
from poseval.benchmarks.rule_sets import CORRECTED, RuleSet
from poseval.metrics.base import Metric
from poseval.poses import Bools, Notice, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.layout import Layout
from poseval.results.values import Values


@dataclass(frozen=True, eq=False)
class Part:
    """One evaluation inside a benchmark: whole-body has six, most benchmarks have one with label "".

    `slices` name subsets of units [U] bool that are reduced apart (easy / medium / hard).
    """

    label: str
    aligned: Aligned
    metrics: tuple[Metric, ...]
    slices: Mapping[str, Bools] = field(default_factory=dict)


PartValues = Mapping[str, Mapping[Metric, Values]]  # part label -> metric -> values of all slices


class Benchmark(ABC):
    """Rules live here, not in metrics. Class attributes describe the benchmark; instances are stateless."""

    name: ClassVar[str]
    title: ClassVar[str]
    source: ClassVar[str] = ""
    skeleton: ClassVar[str | None] = None  # None: the truth file says
    rule_sets: ClassVar[tuple[RuleSet, ...]] = (RuleSet("reference"), CORRECTED)
    unit: ClassVar[str] = "frame"  # what intervals resample: "frame" or "sequence"
    unit_rows: ClassVar[bool] = False  # whether the values list every unit alone, too
    truth_formats: ClassVar[tuple[str, ...]] = ()
    prediction_formats: ClassVar[tuple[str, ...]] = ()
    optional: ClassVar[frozenset[str]] = frozenset()  # truth columns that may be absent

    def recognise(self, truth: PoseSet) -> float:
        """How surely a truth set is of this benchmark: 0 to 1. Ties go to the earlier in the registry."""
        return 0.0

    @abstractmethod
    def metrics(self, rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
        """The benchmark's metrics under a rule set."""

    def prepare(
        self,
        truth: PoseSet,
        predictions: PoseSet,
        rules: RuleSet,
        metrics: Sequence[Metric] = (),
        per_joint: bool = False,
    ) -> tuple[list[Part], list[Notice]]:
        """Align and split into parts; `metrics` replace the benchmark's own where given.

        Raises:
            MismatchError: P4xx when the sets do not belong together.
        """
        aligned, notices = align(truth, predictions)
        chosen = tuple(metrics) or self.metrics(rules, aligned.truth, per_joint)
        return [Part("", aligned, chosen, self.slices(aligned.truth))], notices

    def slices(self, truth: PoseSet) -> Mapping[str, Bools]:
        """Subsets of the resampling units [U] that are reported apart."""
        return {}

    def summary(self, values: PartValues, rules: RuleSet) -> dict[str, float]:
        """Flat map from a number's key to a fraction; part labels and slices are prefixes (`face/AP`)."""
        out: dict[str, float] = {}
        for label, per_metric in values.items():
            for metric, rows in per_metric.items():
                prefix = f"{label}/" if label else ""
                numbers = metric.headline(rows)
                if any(prefix + key in out for key in numbers):
                    prefix += f"{metric}/"
                out.update((prefix + key, value) for key, value in numbers.items())
                # Slices that a metric makes by itself (category:dog) stay in the values.
                for name in dict.fromkeys(row.slice for row in rows if row.slice and ":" not in row.slice):
                    cut = Values(row._replace(slice="") for row in rows if row.slice == name)
                    out.update((f"{prefix}{name}/{key}", v) for key, v in metric.headline(cut).items())
        return out

    def layout(self, summary: Mapping[str, float]) -> Layout | None:
        """The table that readers of this benchmark's papers know; None lists the summary."""
        return None

    def deviations(self, rules: RuleSet, truth: PoseSet, predictions: PoseSet) -> list[str]:
        """Why the numbers are not comparable with the official ones, when they are not."""
        if rules.name == "corrected":
            return ["rules corrected: faults of the official tool are mended, so its digits can differ"]
        return []
