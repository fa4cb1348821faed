"""A benchmark as a value: a format, a skeleton, metrics with their parameters, alignment, rule sets."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from poseval.benchmarks.alignment import align, differing_sigmas, fits, on_labelled, require_skeleton
from poseval.benchmarks.rule_sets import CORRECTED, RuleSet
from poseval.metrics.base import Metric, Tally
from poseval.metrics.person_groups import PersonGroup
from poseval.poses import Bools, Notice, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.layout import Layout
from poseval.results.values import Number, Summary, Values
from poseval.skeletons import get_skeleton


@dataclass(frozen=True, eq=False)
class Part:
    """One evaluation inside a benchmark: whole-body has six, most benchmarks have one with label "".

    `slices` name subsets of units [U] bool that are reduced apart (easy / medium / hard), `groups` people
    who are tallied apart. `made` keeps each tally for whoever asks next: a check of what a mistake costs,
    then the score itself.
    """

    label: str
    aligned: Aligned
    metrics: tuple[Metric, ...]
    slices: Mapping[str, Bools] = field(default_factory=dict)
    groups: Mapping[str, PersonGroup] = field(default_factory=dict)
    made: dict[Metric, Tally] = field(default_factory=dict, repr=False)

    def tally(self, metric: Metric) -> Tally:
        """The rows of one metric over this part, tallied once."""
        if metric not in self.made:
            self.made[metric] = metric.tally(self.aligned)
        return self.made[metric]


Pair = tuple[Aligned, list[Notice]]
Parts = tuple[list[Part], list[Notice]]


class Scored(NamedTuple):
    """The values of one metric on one part, over all its units (slice "") or those of a slice."""

    part: str
    slice: str
    metric: Metric
    values: Values

    def rows(self) -> Values:
        """The values as a report lists them, under the names of the part and the slice."""
        values = self.values.sliced(self.slice) if self.slice else self.values
        if not self.part:
            return values
        return Values(row._replace(metric=f"{self.part}/{row.metric}") for row in values)

    def numbers(self) -> list[Number]:
        """What a summary shows of them, under the name of the slice."""
        found = [self.metric.number(row) for row in self.metric.headline_rows(self.values)]
        if not self.slice:
            return found
        name = self.slice
        return [n._replace(slice=f"{name}/{n.slice}" if n.slice else name) for n in found]


def headlines(scored: Sequence[Scored], rules: RuleSet) -> Summary:
    """Every headline by its key; part labels are prefixes (`face/AP`), and metrics where keys meet."""
    out: Summary = {}
    for item in scored:
        enter(out, item, item.numbers())
    return out


def with_joints(summary: Summary, scored: Sequence[Scored]) -> Summary:
    """A summary with numbers per joint added, for metrics that were asked for them and have none in it."""
    out = dict(summary)
    for item in scored:
        if item.slice or not getattr(item.metric, "per_joint", False):
            continue
        shown = {number.statistic for number in item.numbers() if not number.joint}
        rows = [r for r in item.values if r.joint and not r.slice and math.isnan(r.threshold)]
        numbers = [item.metric.number(row) for row in rows if row.statistic in shown]
        prefix = f"{item.part}/" if item.part else ""
        # Benchmarks may show the numbers of a part without its name, as PoseTrack21 does those of CLEAR MOT.
        if not any(prefix + one.key in summary or summary.get(one.key) == one for one in numbers):
            enter(out, item, numbers)
    return out


def enter(summary: Summary, item: Scored, numbers: Sequence[Number]) -> None:
    """Add numbers of a metric to a summary, without replacing numbers of another metric."""
    prefix = f"{item.part}/" if item.part else ""
    keyed = {prefix + number.key: number for number in numbers}
    if not summary.keys().isdisjoint(keyed):
        keyed = {f"{prefix}{item.metric}/{number.key}": number for number in numbers}
    summary |= keyed


def by_names(truth: PoseSet, predictions: PoseSet, rules: RuleSet) -> Pair:
    """Frames and joints paired by their names; frames that nobody labelled are not scored."""
    aligned, notices = align(truth, predictions)
    aligned, unlabelled = on_labelled(aligned)
    return aligned, notices + unlabelled


def no_slices(truth: PoseSet) -> dict[str, Bools]:
    """No slices: the whole set only."""
    return {}


def as_they_are(aligned: Aligned) -> Aligned:
    """Both sides have all that metrics take."""
    return aligned


def no_table(summary: Summary) -> None:
    """No table as in papers: the summary is shown as a list."""


@dataclass(frozen=True, eq=False)
class Benchmark:
    """Which files are scored, by which metrics and rules. Rules belong here, not in metrics.

    Where data cannot say it, a field is a plain function, and the comment above it names its arguments before
    the colon. Functions that modules define, and `partial` of them, reach worker processes. A relative of a
    benchmark is `dataclasses.replace(COCO, name="ochuman", ...)`.
    """

    name: str
    title: str
    # rules, ground truth, per_joint: its metrics under a rule set, with values of single joints where asked
    metrics: Callable[[RuleSet, PoseSet, bool], tuple[Metric, ...]]
    source: str = ""  # paper, program and its version
    skeletons: tuple[str, ...] = ()  # of its ground truth, the usual one first; none: the file says
    fixed_skeleton: bool = False  # whether the ground truth of another known skeleton is refused
    rule_sets: tuple[RuleSet, ...] = (RuleSet("reference"), CORRECTED)
    truth_formats: tuple[str, ...] = ()
    prediction_formats: tuple[str, ...] = ()
    signs: tuple[tuple[Sign, float], ...] = ()  # of its ground truth, and how sure each makes: 0 to 1
    primary: str = ""  # the number that decides; the first of the summary where there is none of this name
    unit: str = "frame"  # what is tallied apart and can weigh: "frame" or "sequence"
    cluster: str = ""  # what is resampled as a whole where it is known: a field of `scoring.groups`
    unit_rows: bool = False  # whether the values list every unit alone, too
    sizes: Mapping[int, str] = field(default_factory=dict)  # people in a published set -> what it is
    incomparable: str = ""  # why its numbers never are the official ones
    # ground truth, predictions, rules: both over one frames table and one joint order, and what is scored of
    # them
    pair: Callable[[PoseSet, PoseSet, RuleSet], Pair] = by_names
    # aligned, rules, metrics by hand, per_joint: several evaluations, in place of `metrics` and `slices`
    parts: Callable[[Aligned, RuleSet, tuple[Metric, ...], bool], Parts] | None = None
    # aligned: both with the areas and sigmas that its metrics make as they go, for what has no parameters
    with_scales: Callable[[Aligned], Aligned] = as_they_are
    # truth: subsets of its units [U] that are reported apart
    slices: Callable[[PoseSet], Mapping[str, Bools]] = no_slices
    # scored, rules: its numbers by the names that the benchmark gives them, in the order of tables
    summary: Callable[[Sequence[Scored], RuleSet], Summary] = headlines
    # summary: the table that readers of the papers know; None to list the numbers
    layout: Callable[[Summary], Layout | None] = no_table

    def recognise(self, truth: PoseSet) -> float:
        """How surely ground truth is of this benchmark, 0 to 1. Ties go to the earlier in the registry."""
        return max((sure for sign, sure in self.signs if sign(self, truth)), default=0.0)

    def prepare(
        self,
        truth: PoseSet,
        predictions: PoseSet,
        rules: RuleSet,
        metrics: Sequence[Metric] = (),
        per_joint: bool = False,
    ) -> Parts:
        """Align and split into parts; `metrics` replace the benchmark's own where given.

        Raises:
            MismatchError: P404 the ground truth of another benchmark, P4xx sets that do not belong together.
        """
        if self.fixed_skeleton:
            require_skeleton(truth, self.name, self.skeletons)
        aligned, notices = self.pair(truth, predictions, rules)
        if self.parts is not None:
            parts, more = self.parts(aligned, rules, tuple(metrics), per_joint)
            return parts, [*notices, *more]
        chosen = tuple(metrics) or self.metrics(rules, aligned.truth, per_joint)
        return [Part("", aligned, chosen, self.slices(aligned.truth))], notices

    def counted_for(self, metrics: Sequence[Metric]) -> Benchmark:
        """This benchmark, counted by sequence where one of the metrics follows tracks."""
        tracking = any(metric.unit == "sequence" for metric in metrics)
        return replace(self, unit="sequence") if tracking and self.unit != "sequence" else self

    def deviations(self, rules: RuleSet, truth: PoseSet) -> list[str]:
        """Why the numbers are not comparable with the official ones, when they are not."""
        if self.incomparable:
            return [self.incomparable]
        out = []
        if rules.incomparable:
            out.append(f"rules {rules.name}: {rules.incomparable}")
        if self.skeletons and not fits(truth.skeleton, self.skeletons):
            out.append(f"the ground truth follows skeleton {truth.skeleton.name}, not {self.skeletons[0]}")
        other = differing_sigmas(truth, self.skeletons)
        if other is not None:
            out.append(f"sigmas are not those of {other.name}, which {self.name} uses")
        count, test = len(truth), truth.frames.extra.get("test")
        if test is not None and test.any():
            count = int(test[truth.people.frame].sum())
        if self.sizes and self.sizes.keys().isdisjoint((count, len(truth))):
            known = ", ".join(f"{size:,} ({name})" for size, name in self.sizes.items())
            out.append(f"the ground truth has {count:,} people; published numbers are for {known}")
        return out


Sign = Callable[[Benchmark, PoseSet], bool]


def its_format(benchmark: Benchmark, truth: PoseSet) -> bool:
    """Whether the file is in one of the benchmark's formats."""
    return truth.origin.first_format in benchmark.truth_formats


def its_joints(benchmark: Benchmark, truth: PoseSet) -> bool:
    """Whether the joints are those of a skeleton of the benchmark, in order."""
    return any(truth.skeleton.joints == get_skeleton(name).joints for name in benchmark.skeletons)


def its_skeleton_alone(benchmark: Benchmark, truth: PoseSet) -> bool:
    """Whether the skeleton is the benchmark's usual one, with one person per frame."""
    return truth.skeleton.name == benchmark.skeletons[0] and len(truth) == len(truth.frames)
