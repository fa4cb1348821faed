"""The tallies of a score, and what is computed from them: values, summaries under weights, the report."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from poseval._version import __version__
from poseval.benchmarks.base import Benchmark, Part, Scored, headlines, with_joints
from poseval.benchmarks.rule_sets import RuleSet
from poseval.metrics.base import Metric, Tally
from poseval.metrics.person_groups import partner_of
from poseval.poses import Array, Bools, Ints, Notice, PoseSet
from poseval.poses.aligned import Aligned
from poseval.poses.digest import content_digest
from poseval.poses.transforms import Transform
from poseval.results.layout import Layout
from poseval.results.report import Input, Report
from poseval.results.signature import Signature
from poseval.results.units import Unit
from poseval.results.values import Interval, Summary, Value, Values
from poseval.scoring.slice_numbers import gaps_of, rows_of, tables_of, with_corruption

if TYPE_CHECKING:
    from concurrent.futures import Executor


@dataclass(frozen=True, eq=False)
class TalliedPart:
    """The tallies of one part of a benchmark, and its slices.

    `slices` are masks [U] of units that are reduced apart, `apart` the tallies of groups of people.
    """

    label: str
    tallies: Mapping[Metric, Tally]
    slices: Mapping[str, Bools] = field(default_factory=dict)
    apart: Mapping[str, Mapping[Metric, Tally]] = field(default_factory=dict)

    def reduce(self, weight: Ints | None = None, headline: bool = False) -> list[Scored]:
        """Values of every metric, the whole first, then each slice."""
        cuts = [("", weight)]
        for name, mask in self.slices.items():
            cuts.append((name, mask.astype(np.int64) if weight is None else weight * mask))
        out = []
        for metric, tally in self.tallies.items():
            finish = metric.reduce_headline if headline else metric.reduce
            out += [Scored(self.label, name, metric, finish(tally, cut)) for name, cut in cuts]
            for name, tallies in self.apart.items():
                out.append(Scored(self.label, name, metric, finish(tallies[metric], weight)))
        return out

    def reduce_headlines(self, weights: Ints) -> list[list[Scored]]:
        """The headline rows of `reduce` under each weight vector of `weights` [B, U]."""
        out: list[list[Scored]] = [[] for _ in weights]
        for metric, tally in self.tallies.items():
            cuts = [("", tally, weights)]
            cuts += [(name, tally, weights * mask) for name, mask in self.slices.items()]
            cuts += [(name, tallies[metric], weights) for name, tallies in self.apart.items()]
            for name, rows, cut in cuts:
                for draw, values in zip(out, metric.reduce_headlines(rows, cut), strict=True):
                    draw.append(Scored(self.label, name, metric, values))
        return out


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The tallies behind a report, before the last division; intervals, comparisons and gates reuse them."""

    benchmark: Benchmark
    rules: RuleSet
    parts: tuple[TalliedPart, ...]
    signature: Signature
    notices: tuple[Notice, ...] = ()
    deviations: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)
    by_hand: bool = False  # whether the metrics are not the benchmark's own
    groups: Mapping[str, Array] = field(default_factory=dict)  # field -> [U] str, what each unit belongs to
    intervals: Mapping[str, Interval] = field(default_factory=dict)  # that were asked for, by key

    def values(self, weight: Ints | None = None) -> list[Scored]:
        """Values of every part, metric and slice; `weight` [U] is the multiplicity of each unit."""
        return [item for part in self.parts for item in part.reduce(weight)]

    def summaries(self, weights: Ints) -> list[Summary]:
        """The summary under each weight vector of `weights` [B, U]; much cheaper than one by one."""
        draws = [part.reduce_headlines(weights) for part in self.parts]
        return [self._summary(found) for found in zip(*draws, strict=True)]

    def narrowed(self, keys: Sequence[str]) -> Evaluation:
        """The same run without what these numbers of its summary do not need, for many resamples.

        Their values are the same to the last bit, and others may lack. Only what is named as its metric names
        it is known to need nothing else: numbers of a part, a slice or a joint, and of benchmarks with names
        of their own, keep everything.
        """
        if self.benchmark.summary is not headlines or self.slices or any("/" in key for key in keys):
            return self
        parts = [
            TalliedPart(
                part.label, dict(metric.narrowed(tally, keys) for metric, tally in part.tallies.items())
            )
            for part in self.parts
        ]
        return replace(self, parts=tuple(parts))

    def summary(self, weight: Ints | None = None) -> dict[str, float]:
        """The values of the benchmark's summary under one weight vector [U]."""
        found = self._summary([part.reduce(weight, headline=True) for part in self.parts])
        return {key: number.value for key, number in found.items()}

    def _summary(self, found: Sequence[Sequence[Scored]]) -> Summary:
        scored = [item for part in found for item in part]
        return summary_of(self.benchmark, self.rules, scored, self.slices)

    @property
    def slices(self) -> list[str]:
        """Names of all groups of units and people, such as `size=small`."""
        return list(dict.fromkeys(name for part in self.parts for name in (*part.slices, *part.apart)))

    @property
    def primary(self) -> str:
        """The key of the number that decides."""
        return self._primary(self.summary())

    def _primary(self, summary: Collection[str]) -> str:
        named = self.benchmark.primary
        return named if named in summary else next(iter(summary), "")

    @property
    def unit_keys(self) -> Array:
        """Names [U] of the units that weights multiply: frames or sequences, as the benchmark says."""
        return next(iter(self.parts[0].tallies.values())).keys

    def _unit_rows(self) -> Values:
        """The headline of every unit alone, sliced under the unit's key, where there are several."""
        rows: list[Value] = []
        for part in self.parts:
            for metric, tally in part.tallies.items():
                if tally.units > 1:
                    rows += Scored(part.label, "", metric, metric.by_unit(tally)).rows()
        return Values(rows)

    def _layout(self, summary: Summary) -> Layout | None:
        """The benchmark's table, unless metrics chosen by hand give numbers that it has no place for."""
        layout = self.benchmark.layout(summary)
        if layout is None or not self.by_hand:
            return layout
        whole = {key for key, number in summary.items() if not number.slice}
        return layout if whole <= {key for _, keys in layout.rows for key in keys} else None

    def report(self) -> Report:
        """The report of the whole set."""
        start = time.perf_counter()
        scored = self.values()
        summary = self._summary([scored])
        rows = Values(row for item in scored for row in item.rows())
        if self.benchmark.unit_rows:
            rows = rows + self._unit_rows()
        layout, slices = self._layout(summary), self.slices
        summary |= {gap.key: gap.number for gap in gaps_of(summary, slices)}
        rows = rows + Values(rows_of({k: n for k, n in summary.items() if ":" in n.slice.partition("=")[0]}))
        timings = {**self.timings, "reduce": time.perf_counter() - start}
        return Report(
            benchmark=self.benchmark.name,
            rules=self.rules.name,
            signature=self.signature,
            summary={key: number.value for key, number in summary.items()},
            values=rows,
            notices=self.notices,
            deviations=self.deviations,
            timings=timings,
            inputs=self.inputs,
            intervals={key: found for key, found in self.intervals.items() if key in summary},
            layout=layout,
            better={key: number.better.value for key, number in summary.items()},
            primary=self._primary(summary),
            units=_other_units(scored, summary),
            tables=tables_of(summary, layout, slices),
        )


def summary_of(
    benchmark: Benchmark, rules: RuleSet, scored: Sequence[Scored], slices: Sequence[str]
) -> Summary:
    """What a benchmark shows of the values of its parts, joints that were asked for, and mPC and rPC."""
    summary = with_joints(benchmark.summary(scored, rules), scored)
    return with_corruption(summary, slices) if slices else summary


def _other_units(scored: Sequence[Scored], summary: Summary) -> dict[str, Unit]:
    """Units of the summary's keys, and of the values' statistics, that are not fractions."""
    found = {key: number.unit for key, number in summary.items()}
    for item in scored:
        for statistic in dict.fromkeys(row.statistic for row in item.values):
            found.setdefault(statistic, item.metric.unit_of(statistic))
    return {name: unit for name, unit in found.items() if unit is not Unit.SHARE}


def tally_part(part: Part, unit: str, executor: Executor | None, shards: int) -> TalliedPart:
    """Tally every metric of a part and of its groups of people, over the benchmark's resampling units."""

    def tallied(metric: Metric, aligned: Aligned) -> Tally:
        if executor is None or shards <= 1:
            out = part.tally(metric) if aligned is part.aligned else metric.tally(aligned)
        else:
            from poseval.scoring.late_executor import shared

            out = Tally.concat(shared(executor, metric.tally, aligned.shards(shards, metric.unit)))
        if unit == "sequence" and metric.unit == "frame":
            return out.grouped(aligned.truth.frames.sequence, aligned.unit_keys(unit))
        return out

    whole, partner = part.aligned, partner_of(part.aligned)
    return TalliedPart(
        part.label,
        {metric: tallied(metric, whole) for metric in part.metrics},
        part.slices,
        {
            name: {metric: tallied(metric, group.seen_by(metric, whole, partner)) for metric in part.metrics}
            for name, group in part.groups.items()
        },
    )


def signature_of(
    benchmark: Benchmark,
    rules: RuleSet,
    truth: PoseSet,
    parts: Sequence[Part],
    changes: Sequence[Transform] = (),
) -> Signature:
    """The signature of the numbers, as typed pairs; with `changes` of coordinates only if there are any."""
    metrics = dict.fromkeys(metric.signature_form() for part in parts for metric in part.metrics)
    skeleton = truth.skeleton
    return Signature(
        (
            ("metric", "+".join(metrics)),
            ("bench", benchmark.name),
            ("gt", truth_digest(truth)[:8]),
            ("skel", f"{skeleton.name}@{skeleton.digest()}"),
            ("rules", rules.name),
            *([("transform", "+".join(map(str, changes)))] if changes else []),
            ("poseval", __version__),
        )
    )


def truth_digest(truth: PoseSet) -> str:
    """SHA-256 of the ground truth: of the bytes parsed where it came from a file, else of its columns."""
    return truth.origin.sha256 or content_digest(truth)
