"""score(truth, predictions, benchmark) -> Report. A short corridor: read, align, tally, reduce, report."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from poseval import benchmarks, datasets
from poseval import metrics as metric_table
from poseval.benchmarks.alignment import on_frames_of
from poseval.benchmarks.base import Benchmark
from poseval.datasets.base import ReadOptions, Role
from poseval.datasets.source import Source
from poseval.errors import MismatchError, shown
from poseval.evaluation import BY_HAND, Evaluation, signature_of, tally_part
from poseval.joint_mapping import JointRules, map_joints
from poseval.metrics.base import Metric
from poseval.needs import check_needs
from poseval.pairs import Aligned
from poseval.poses import Notice, PoseSet
from poseval.report.result import Input, Report
from poseval.rules import choose
from poseval.skeletons import Skeleton

if TYPE_CHECKING:
    from concurrent.futures import Executor

PathOrPoses = str | os.PathLike[str] | PoseSet


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
    format: str | None = None,
) -> Evaluation:
    """Read, align and tally: all of `score` but the last division. Parameters as in `score`."""
    started = time.perf_counter()
    chosen = tuple(metric_table.parse(m) if isinstance(m, str) else m for m in metrics)
    gt, dt, found = _read_both(truth, predictions, benchmark, rules, skeleton, format)
    book = choose(rules, found.books)
    dt, mapped = _brought_together(gt, dt, joints, align_by)
    guessed = []
    if benchmark is None:
        guessed.append(Notice("N100", f"benchmark {found.name}, guessed from the truth's content"))
    read_done = time.perf_counter()
    parts, notices = found.prepare(gt, dt, book, chosen, per_joint)
    for part in parts:
        check_needs(part)
    tallied = tuple(tally_part(part, found.unit, executor, shards) for part in parts)
    told = [n for part in tallied for metric, tally in part.tallies.items() for n in metric.notices(tally)]
    deviations = [*found.deviations(book, gt, dt), *mapped]
    if chosen:
        deviations = [*deviations, f"{BY_HAND}: {', '.join(map(str, chosen))}"]
    return Evaluation(
        found,
        book,
        tallied,
        signature_of(found, book, gt, parts),
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
    format: str | None,
) -> tuple[PoseSet, PoseSet, Benchmark]:
    """Truth, predictions and the benchmark, named or recognised."""
    named = benchmarks.get_benchmark(benchmark) if isinstance(benchmark, str) else benchmark
    source = None
    if isinstance(truth, PoseSet):
        gt = truth
    else:
        if not isinstance(predictions, PoseSet) and os.path.exists(predictions):
            source = Source(predictions)
            source.fetch()  # while the truth is read
        # Whether areas may be absent is known only once the benchmark is; `check_needs` decides then.
        gt = read(truth, skeleton=skeleton, rules=rules, optional=frozenset({"area"}))
    if isinstance(predictions, PoseSet):
        dt = predictions
    else:
        options = ReadOptions(Role.PREDICTIONS, gt, skeleton, rules)
        dt = datasets.read(predictions, options, format, source)
    _refuse_boxes(dt)
    return gt, dt, named or benchmarks.recognise(gt)


def _refuse_boxes(predictions: PoseSet) -> None:
    """Raise P410 for predictions of a format that holds no joints: a score of 0 would look honest."""
    name = predictions.origin.format
    held = datasets.get_format(name).holds if name in datasets.names() else frozenset()
    if held and "joints" not in held:
        raise MismatchError(
            "P410",
            where=shown(predictions.origin.name),
            what=f"is {name}, which holds boxes and no joints",
            wanted="predictions of joints",
        )


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
    format: str | None = None,
) -> Report:
    """Score predictions against ground truth by a benchmark's rules.

    `truth` and `predictions` are paths or pose sets; the benchmark is guessed from the truth's content
    unless given. `metrics` (names such as `oks_ap(area=box)`) replace the benchmark's own. With an
    `executor` the units are tallied in `shards` parts; the report is the same. Predictions on another
    skeleton are refused unless `joints` says how they are mapped. `align_by` names the way to pair frames
    (key, file name, stem, number) where their names are ambiguous, `format` that of the predictions where it
    is not to be recognised.

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
        format=format,
    ).report()


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
    *,
    joints: JointRules | None = None,
    align_by: str | None = None,
    format: str | None = None,
) -> tuple[Aligned, Benchmark]:
    """Truth and predictions side by side, as `evaluate` would tally them, for questions beyond metrics."""
    gt, dt, found = _read_both(truth, predictions, benchmark, rules, skeleton, format)
    dt, _ = _brought_together(gt, dt, joints, align_by)
    parts, _ = found.prepare(gt, dt, choose(rules, found.books))
    return parts[0].aligned, found
