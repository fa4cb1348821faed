"""score(truth, predictions, benchmark) -> Report. A short corridor: read, align, tally, reduce, report."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from poseval import benchmarks, datasets
from poseval import metrics as metric_table
from poseval._version import __version__
from poseval.benchmarks.alignment import on_frames_of
from poseval.benchmarks.base import Benchmark, Part
from poseval.datasets.base import ReadOptions, Role
from poseval.errors import MismatchError, ValueRangeError, shown
from poseval.joint_mapping import JointRules, map_joints
from poseval.layout import Layout
from poseval.metrics.base import Metric, Need, Tally, Value, Values
from poseval.pairs import Aligned
from poseval.poses import Array, Bools, Ints, Notice, People, PoseSet
from poseval.report.result import Input, Report
from poseval.report.signature import Signature
from poseval.rules import Rules, choose
from poseval.skeletons import Skeleton

BY_HAND = "metrics chosen by hand"  # the deviation that says so

if TYPE_CHECKING:
    from concurrent.futures import Executor

PathOrPoses = str | os.PathLike[str] | PoseSet


@dataclass(frozen=True, eq=False)
class TalliedPart:
    """The tallies of one part of a benchmark, and its slices."""

    label: str
    tallies: Mapping[Metric, Tally]
    slices: Mapping[str, Bools] = field(default_factory=dict)

    def reduce(self, weight: Ints | None = None, headline: bool = False) -> dict[Metric, Values]:
        """Values of every metric, the whole first, then each slice under its name."""
        out = {}
        for metric, tally in self.tallies.items():
            finish = metric.reduce_headline if headline else metric.reduce
            rows = finish(tally, weight)
            for name, mask in self.slices.items():
                inside = mask.astype(np.int64) if weight is None else weight * mask
                rows = rows + finish(tally, inside).sliced(name)
            out[metric] = rows
        return out

    def reduce_headlines(self, weights: Ints) -> list[dict[Metric, Values]]:
        """The headline rows of `reduce` under each weight vector of `weights` [B, U]."""
        out: list[dict[Metric, Values]] = [{} for _ in weights]
        for metric, tally in self.tallies.items():
            cuts = [("", metric.reduce_headlines(tally, weights))]
            for name, mask in self.slices.items():
                cuts.append((name, metric.reduce_headlines(tally, weights * mask)))
            for draw, found in enumerate(out):
                rows = [row._replace(slice=name) if name else row for name, cut in cuts for row in cut[draw]]
                found[metric] = Values(rows)
        return out


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Everything behind a report, before the last division: what intervals, comparisons and gates reuse."""

    benchmark: Benchmark
    rules: Rules
    parts: tuple[TalliedPart, ...]
    signature: Signature
    notices: tuple[Notice, ...] = ()
    deviations: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)

    def values(self, weight: Ints | None = None) -> dict[str, dict[Metric, Values]]:
        """Values per part and metric; `weight` [U] is the multiplicity of each unit."""
        return {part.label: part.reduce(weight) for part in self.parts}

    def summaries(self, weights: Ints) -> list[dict[str, float]]:
        """The summary under each weight vector of `weights` [B, U]; much cheaper than one by one."""
        draws = [part.reduce_headlines(weights) for part in self.parts]
        labels = [part.label for part in self.parts]
        return [
            self.benchmark.summary(dict(zip(labels, found, strict=True)), self.rules)
            for found in zip(*draws, strict=True)
        ]

    def summary(self, weight: Ints | None = None) -> dict[str, float]:
        """The benchmark's summary under one weight vector [U]."""
        return self.benchmark.summary(
            {part.label: part.reduce(weight, True) for part in self.parts}, self.rules
        )

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
                    found = metric.by_unit(tally)
                    if part.label:
                        found = Values(row._replace(metric=f"{part.label}/{row.metric}") for row in found)
                    rows += found
        return Values(rows)

    def _layout(self, summary: Mapping[str, float]) -> Layout | None:
        """The benchmark's table, unless metrics chosen by hand give numbers that it has no place for."""
        layout = self.benchmark.layout(summary)
        if layout is None or not any(text.startswith(BY_HAND) for text in self.deviations):
            return layout
        return layout if summary.keys() <= {key for _, keys in layout.rows for key in keys} else None

    def report(self) -> Report:
        """The report of the whole set."""
        start = time.perf_counter()
        values = self.values()
        summary = self.benchmark.summary(values, self.rules)
        rows = Values(
            row._replace(metric=f"{label}/{row.metric}" if label else row.metric)
            for label, per_metric in values.items()
            for found in per_metric.values()
            for row in found
        )
        if self.benchmark.unit_rows:
            rows = rows + self._unit_rows()
        timings = {**self.timings, "reduce": time.perf_counter() - start}
        return Report(
            benchmark=self.benchmark.name,
            rules=self.rules.name,
            signature=self.signature,
            summary=summary,
            values=rows,
            notices=self.notices,
            deviations=self.deviations,
            timings=timings,
            inputs=self.inputs,
            layout=self._layout(summary),
            better=_directions(summary, values),
        )


def read(
    path: str | os.PathLike[str],
    *,
    role: str = "truth",
    truth: PoseSet | None = None,
    format: str | None = None,
    skeleton: Skeleton | None = None,
    rules: str = "reference",
    optional: frozenset[str] = frozenset(),
) -> PoseSet:
    """Read a file or folder of any known format; the format is recognised by content unless named.

    Predictions (`role="predictions"`) of most formats want their `truth` for frame sizes, ids and joints.

    Raises:
        UsageError: the path or format does not exist.
        InputError: what is wrong with the file, all faults gathered.
    """
    options = ReadOptions(Role(role), truth, skeleton, rules, optional)
    return datasets.read(path, options, format)


def evaluate(
    truth: PathOrPoses,
    predictions: PathOrPoses,
    benchmark: str | Benchmark | None = None,
    *,
    metrics: Sequence[Metric | str] = (),
    rules: str = "reference",
    skeleton: Skeleton | None = None,
    per_joint: bool = False,
    executor: Executor | None = None,
    shards: int = 1,
    joints: JointRules | None = None,
    align_by: str | None = None,
) -> Evaluation:
    """Read, align and tally: all of `score` but the last division. Parameters as in `score`."""
    started = time.perf_counter()
    chosen = tuple(metric_table.parse(m) if isinstance(m, str) else m for m in metrics)
    gt, dt, found = _read_both(truth, predictions, benchmark, rules, skeleton)
    book = choose(rules, found.books)
    dt, mapped = _brought_together(gt, dt, joints, align_by)
    guessed = []
    if benchmark is None:
        guessed.append(Notice("N100", f"benchmark {found.name}, guessed from the truth's content"))
    read_done = time.perf_counter()
    parts, notices = found.prepare(gt, dt, book, chosen, per_joint)
    for part in parts:
        _check_needs(part)
    tallied = tuple(_tally(part, found.unit, executor, shards) for part in parts)
    told = [n for part in tallied for metric, tally in part.tallies.items() for n in metric.notices(tally)]
    deviations = [*found.deviations(book, gt, dt), *mapped]
    if chosen:
        deviations = [*deviations, f"{BY_HAND}: {', '.join(map(str, chosen))}"]
    return Evaluation(
        found,
        book,
        tallied,
        _signature(found, book, gt, parts),
        (*guessed, *gt.origin.notices, *dt.origin.notices, *notices, *told),
        tuple(deviations),
        (_input("truth", gt), _input("predictions", dt)),
        {"read": read_done - started, "tally": time.perf_counter() - read_done},
    )


def _read_both(
    truth: PathOrPoses,
    predictions: PathOrPoses,
    benchmark: str | Benchmark | None,
    rules: str,
    skeleton: Skeleton | None,
) -> tuple[PoseSet, PoseSet, Benchmark]:
    """Truth, predictions and the benchmark, named or recognised."""
    named = benchmarks.get_benchmark(benchmark) if isinstance(benchmark, str) else benchmark
    if isinstance(truth, PoseSet):
        gt = truth
    else:
        # Whether areas may be absent is known only once the benchmark is; `_check_needs` decides then.
        gt = read(truth, skeleton=skeleton, rules=rules, optional=frozenset({"area"}))
    if isinstance(predictions, PoseSet):
        dt = predictions
    else:
        dt = read(predictions, role="predictions", truth=gt, skeleton=skeleton, rules=rules)
    return gt, dt, named or benchmarks.recognise(gt)


def _brought_together(
    truth: PoseSet, predictions: PoseSet, joints: JointRules | None, align_by: str | None
) -> tuple[PoseSet, list[str]]:
    """Predictions on the truth's joints where that was asked for, and on its frames where a way was named."""
    deviations = []
    other = predictions.skeleton.joints != truth.skeleton.joints
    if joints is not None and joints.asked and (other or joints.file is not None):
        predictions, made = map_joints(
            predictions, truth.skeleton, file=joints.file, near=joints.near, derive=joints.derive
        )
        deviations.append(f"joints of the predictions were mapped: {made}")
    if align_by is not None:
        predictions, notices = on_frames_of(truth, predictions, align_by)
        predictions = predictions.with_notices(notices)
    return predictions, deviations


def score(
    truth: PathOrPoses,
    predictions: PathOrPoses,
    benchmark: str | Benchmark | None = None,
    *,
    metrics: Sequence[Metric | str] = (),
    rules: str = "reference",
    skeleton: Skeleton | None = None,
    per_joint: bool = False,
    executor: Executor | None = None,
    shards: int = 1,
    joints: JointRules | None = None,
    align_by: str | None = None,
) -> Report:
    """Score predictions against ground truth by a benchmark's rules.

    `truth` and `predictions` are paths or pose sets; the benchmark is guessed from the truth's content
    unless given. `metrics` (names such as `oks_ap(area=box)`) replace the benchmark's own. With an
    `executor` the units are tallied in `shards` parts; the report is the same. Predictions on another
    skeleton are refused unless `joints` says how they are mapped. `align_by` names the way to pair frames
    (key, file name, stem, number) where their names are ambiguous.

    Raises:
        UsageError: unknown names, or columns that the metrics need and the files lack.
        InputError: a file is wrong, or the two do not belong together.
    """
    return evaluate(
        truth,
        predictions,
        benchmark,
        metrics=metrics,
        rules=rules,
        skeleton=skeleton,
        per_joint=per_joint,
        executor=executor,
        shards=shards,
        joints=joints,
        align_by=align_by,
    ).report()


def _tally_one(metric: Metric, aligned: Aligned) -> Tally:
    return metric.tally(aligned)


def _tally(part: Part, unit: str, executor: Executor | None, shards: int) -> TalliedPart:
    """Tally every metric of a part, over the benchmark's resampling units."""
    tallies: dict[Metric, Tally] = {}
    for metric in part.metrics:
        if executor is None or shards <= 1:
            tallies[metric] = metric.tally(part.aligned)
        else:
            pieces = part.aligned.shards(shards, metric.unit)
            futures = [executor.submit(_tally_one, metric, piece) for piece in pieces]
            tallies[metric] = Tally.concat([future.result() for future in futures])
        if unit == "sequence" and metric.unit == "frame":
            frames = part.aligned.truth.frames
            tallies[metric] = tallies[metric].grouped(frames.sequence, part.aligned.unit_keys(unit))
    return TalliedPart(part.label, tallies, part.slices)


def _directions(
    summary: Mapping[str, float], values: Mapping[str, Mapping[Metric, Values]]
) -> dict[str, str]:
    """Which way each summary number is better; the statistic's name is one of the key's parts."""
    known: dict[str, str] = {}
    for per_metric in values.values():
        for metric, rows in per_metric.items():
            for row in rows:
                known.setdefault(row.statistic, metric.direction(row.statistic).value)
    out = {}
    for key in summary:
        found = [known[piece] for piece in key.split("/") if piece in known]
        out[key] = found[-1] if found else "higher"
    return out


def _check_needs(part: Part) -> None:
    """Refuse before any work what the metrics cannot do without.

    Raises:
        MismatchError: P410 naming the column, the file and the metric.
        ValueRangeError: P304 areas that nobody can have.
        UsageError: P112 when OKS has no sigmas.
    """
    truth, predictions = part.aligned.truth, part.aligned.predictions
    lacking: list[tuple[Need, PoseSet, Callable[[People], Array]]] = [
        (Need.SCORES, predictions, lambda people: np.isnan(people.score)),
        (Need.AREA, truth, lambda people: np.isnan(people.area)),
        (Need.BOXES, truth, lambda people: np.asarray(np.isnan(people.box).any(axis=1))),
        # Nothing is measured against a person without a joint.
        (Need.HEADS, truth, lambda people: np.isnan(people.head) & (people.seen > 0).any(axis=1)),
        (Need.TRACKS, truth, lambda people: people.track < 0),
        (Need.TRACKS, predictions, lambda people: people.track < 0),
    ]
    hints = {
        Need.AREA: "take it from the boxes: --metric 'oks_ap(area=box)'",
        Need.TRACKS: "poses alone are scored with --metric joint_ap",
    }
    for metric in part.metrics:
        if Need.SIGMAS in metric.needs:
            _ = truth.skeleton.sigma_array
        if Need.AREA in metric.needs:
            _check_areas(truth, hints[Need.AREA])
        for need, side, absent in lacking:
            count = int(absent(side.people).sum()) if need in metric.needs else 0
            if count:
                raise MismatchError(
                    "P410",
                    where=shown(side.origin.name),
                    what=f"{count} of {len(side)} people have no {need.value}",
                    wanted=f"{metric} needs it",
                    hint=hints.get(need),
                )


def _check_areas(truth: PoseSet, hint: str) -> None:
    """Raise P304 when a person that counts has an area of 0 or less: no distance can be scaled by it."""
    people = truth.people
    given = people.extra.get("num_keypoints")
    counted = people.seen.any(axis=1) if given is None else given != 0
    bad = np.flatnonzero((people.area <= 0) & ~people.crowd & counted)
    if len(bad):
        order = people.extra.get("order", np.arange(len(people)))
        first = int(order[bad].min())
        value = float(people.area[bad][order[bad].argmin()])
        raise ValueRangeError(
            "P304",
            where=f"{shown(truth.origin.name)}: annotations[{first}].area",
            what=f"is {value:g}, and {len(bad)} of {len(people)} people that count have an area of 0 or less",
            wanted="square pixels, more than 0",
            hint=hint,
        )


def _signature(benchmark: Benchmark, rules: Rules, truth: PoseSet, parts: Sequence[Part]) -> Signature:
    metrics = dict.fromkeys(metric.signature_form() for part in parts for metric in part.metrics)
    skeleton = truth.skeleton
    return Signature(
        (
            ("metric", "+".join(metrics)),
            ("bench", benchmark.name),
            ("gt", truth_digest(truth)[:8]),
            ("skel", f"{skeleton.name}@{skeleton.digest()}"),
            ("rules", rules.name),
            ("poseval", __version__),
        )
    )


def truth_digest(truth: PoseSet) -> str:
    """SHA-256 of the truth: of the bytes parsed where it came from a file, else of its columns."""
    if truth.origin.sha256:
        return truth.origin.sha256
    digest = hashlib.sha256()
    for column in (truth.frames.key, truth.people.frame, truth.people.seen, truth.people.xy):
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()


def _input(role: str, poses: PoseSet) -> Input:
    origin = poses.origin
    return Input(role, origin.path, origin.sha256, origin.records or len(poses))


def with_sigmas(poses: PoseSet, sigmas: Sequence[float]) -> PoseSet:
    """The same set under other sigmas."""
    return replace(poses, skeleton=poses.skeleton.with_sigmas(sigmas))


def align_files(
    truth: PathOrPoses,
    predictions: PathOrPoses,
    benchmark: str | None = None,
    rules: str = "reference",
    skeleton: Skeleton | None = None,
) -> tuple[Aligned, Benchmark]:
    """Truth and predictions side by side, as `evaluate` would tally them, for questions beyond metrics."""
    gt, dt, found = _read_both(truth, predictions, benchmark, rules, skeleton)
    parts, _ = found.prepare(gt, dt, choose(rules, found.books))
    return parts[0].aligned, found
