"""score(truth, predictions, benchmark) -> Report: read, align, check, tally, reduce, report."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from poseval import checks, datasets
from poseval.benchmarks.base import Benchmark, Part
from poseval.datasets.base import ReadOptions, Role
from poseval.datasets.files.several import SeveralFiles
from poseval.datasets.files.source import Source, path_of
from poseval.datasets.objects.taken import is_in_memory, taken
from poseval.errors import MismatchError, UsageError, shown, wrong_type
from poseval.files.streams import require_apart
from poseval.limits import DEFAULT, Limits
from poseval.poses import Notice, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.report import Input, Report
from poseval.scoring.evaluation import Evaluation, tally_part
from poseval.scoring.keywords import OPTIONAL_TEXT, several
from poseval.scoring.plan import Plan, brought_together
from poseval.scoring.reading import (
    A_SET,
    PathOrPoses,
    benchmark_of,
    read_truth,
    refuse_at_once,
    truth_to_score,
)
from poseval.scoring.slices import slices_of
from poseval.scoring.streaming import in_pieces
from poseval.scoring.task import Asked, Task
from poseval.skeletons import SkeletonLike

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from typing_extensions import Unpack

Predictions = PathOrPoses | Sequence[str | os.PathLike[str]]  # several files are read as a folder of them


def read(
    path: PathOrPoses,
    *,
    role: str | Role = "truth",
    truth: PathOrPoses | None = None,
    format: str | None = None,
    skeleton: SkeletonLike | None = None,
    rules: str = "reference",
    optional: Iterable[str] = (),
    limits: Limits | Sequence[str] = DEFAULT,
    category: str | None = None,
) -> PoseSet:
    """Read a file, a folder or records of any known format; it is recognised by content unless named.

    Predictions (`role="predictions"`) in most formats need their `truth` for frame sizes, ids and joints.
    `optional` names columns of ground truth that may be absent, such as `area`; `category` is the class to
    read if a file has several.

    Raises:
        UsageError: the path or format does not exist, or an argument is of another type.
        InputError: what is wrong with the file, all faults gathered.
    """
    task = Task.of(rules=rules, skeleton=skeleton, limits=limits, category=category)
    gt = None if truth is None else read_truth(truth, task)
    absent = frozenset(several((str,), "names of columns")("optional", optional))
    options = ReadOptions(
        Role.of(role), gt, task.skeleton, task.rules, absent, task.limits, category=task.category
    )
    named = OPTIONAL_TEXT("format", format)
    if is_in_memory(path):
        return taken(path, options, options.role.words, named)
    return datasets.read(path_of(path, "path", A_SET), options, named)


@dataclass(frozen=True, eq=False)
class Prepared(Plan):
    """Ground truth and predictions, read, aligned and checked: everything before the tallies."""

    predictions: PoseSet
    parts: tuple[Part, ...]
    notices: tuple[Notice, ...]
    deviations: tuple[str, ...]
    seconds: float

    @property
    def aligned(self) -> Aligned:
        """Both sides as the first part of the benchmark sees them, for questions beyond metrics.

        They have the areas and sigmas that metrics of any skeleton make as they go.
        """
        return self.benchmark.with_scales(self.parts[0].aligned)


def prepare(truth: PathOrPoses, predictions: Predictions, task: Task, *, examined: bool = True) -> Prepared:
    """Read, align and check; parameters as in `score`.

    Without `examined` nothing looks for what is unusual in valid files: that can take longer than to score.
    """
    refuse_at_once(task)
    started = time.perf_counter()
    gt, dt, found = _read_both(truth, predictions, task)
    plan = Plan(task, found, task.rules_of(found), gt)
    dt, changes = brought_together(gt, dt, task)
    seconds = time.perf_counter() - started
    parts, paired, again = plan.matched(gt, dt)
    plan = replace(plan, benchmark=again.benchmark)
    parts, ungrouped = _sliced(parts, plan.benchmark, task)
    odd: list[Notice] = []
    if examined:
        odd = checks.examine_set(gt, Role.TRUTH, paired=True) + checks.examine_pair(parts[0], again)
    return Prepared(
        task,
        plan.benchmark,
        plan.rules,
        gt,
        dt,
        tuple(parts),
        plan.told([*dt.origin.notices, *paired, *ungrouped], odd, parts),
        plan.deviating(changes),
        seconds,
    )


def tally(prepared: Prepared, executor: Executor | None = None, shards: int = 1) -> Evaluation:
    """All of `score` but the last division; with an `executor` in `shards` parts."""
    if executor is not None and not hasattr(executor, "submit"):
        raise wrong_type("executor", executor, "an executor of concurrent.futures")
    if not isinstance(shards, int):
        raise wrong_type("shards", shards, "a number of parts")
    started = time.perf_counter()
    found = prepared.benchmark
    tallied = tuple(tally_part(part, found.unit, executor, shards) for part in prepared.parts)
    return prepared.evaluation(
        prepared.parts,
        tallied,
        prepared.notices,
        prepared.deviations,
        (_input("truth", prepared.truth), _input("predictions", prepared.predictions)),
        {"read": prepared.seconds, "tally": time.perf_counter() - started},
    )


def evaluate(
    truth: PathOrPoses,
    predictions: Predictions,
    benchmark: str | Benchmark | None = None,
    *,
    task: Task | None = None,
    executor: Executor | None = None,
    shards: int = 1,
    stream: bool | None = None,
    **asked: Unpack[Asked],
) -> Evaluation:
    """Read, align, check and tally: all of `score` but the last division. Parameters as in `score`."""
    wanted = Task.of(task, benchmark, **asked)
    found = _in_pieces(truth, predictions, wanted, stream, executor)
    return found or tally(prepare(truth, predictions, wanted), executor, shards)


def score(
    truth: PathOrPoses,
    predictions: Predictions,
    benchmark: str | Benchmark | None = None,
    *,
    task: Task | None = None,
    executor: Executor | None = None,
    shards: int = 1,
    stream: bool | None = None,
    **asked: Unpack[Asked],
) -> Report:
    """Score predictions against ground truth by a benchmark's rules.

    `truth` and `predictions` are paths or pose sets, predictions also several paths; the benchmark is guessed
    from the ground truth's content unless given. Further options are a `task`, or its fields as keywords:
    `metrics` (names such as `oks_ap(area=box)`), `rules`, `skeleton`, `sigmas`, `joints`, `near`, `derive`,
    `align_by`, `transform`, `truth_format`, `predictions_format`, `category`, `per_joint`, `slices`,
    `limits`. With an `executor` the units are tallied in `shards` parts; the report is the same. `stream`
    reads COCO results in pieces, so that they need not fit into memory: the numbers are the same, checks look
    at the first piece, and `report.worst` has no people to show. None does so for long files.

    Raises:
            UsageError: unknown names, or columns that the metrics need and the files lack.
            InputError: a file is wrong, or the two do not belong together.
    """
    wanted = Task.of(task, benchmark, **asked)
    found = _in_pieces(truth, predictions, wanted, stream, executor)
    if found is not None:
        return found.report()
    prepared = prepare(truth, predictions, wanted)
    evaluation = tally(prepared, executor, shards)
    return replace(evaluation.report(), behind=(evaluation, prepared.aligned))


def _in_pieces(
    truth: PathOrPoses, predictions: Predictions, task: Task, stream: bool | None, executor: Executor | None
) -> Evaluation | None:
    """As `in_pieces`; with an executor nothing is read in pieces, and asking for it is refused (P127)."""
    if executor is None:
        return in_pieces(truth, predictions, task, stream)
    if stream:
        raise UsageError(
            "P127",
            where="--stream",
            what="does not go with --executor",
            wanted="one of them",
            hint="leave --stream out",
        )
    return None


def _read_both(
    truth: PathOrPoses, predictions: Predictions, task: Task
) -> tuple[PoseSet, PoseSet, Benchmark]:
    """Ground truth, predictions and the benchmark."""
    require_apart(truth, predictions)
    source: Source | None = None
    if isinstance(predictions, list | tuple) and predictions and all(map(_is_path, predictions)):
        source = SeveralFiles(predictions, task.limits)
        _refuse_truth_among(predictions, truth)
        predictions = source.path
    elif not is_in_memory(predictions):
        predictions = path_of(predictions, "predictions", A_SET)
        if not is_in_memory(truth) and os.path.exists(predictions):
            source = Source(predictions, task.limits)
            source.fetch()  # while the ground truth is read
    gt = truth_to_score(truth, task, source)
    options = ReadOptions(
        Role.PREDICTIONS,
        gt,
        task.skeleton,
        task.rules,
        limits=task.limits,
        mapped=task.joint_rules.asked,
        category=task.category,
    )
    if isinstance(predictions, PoseSet):
        dt = predictions
    elif is_in_memory(predictions):
        dt = taken(predictions, options, "predictions", task.predictions_format)
    else:
        path = path_of(predictions, "predictions", A_SET)
        dt = datasets.read(path, options, task.predictions_format, source)
    _refuse_exchanged(gt, dt)
    found = benchmark_of(gt, task)
    _refuse_boxes(dt, found)
    return gt, dt, found


def _refuse_truth_among(predictions: Sequence[object], truth: PathOrPoses) -> None:
    """Refuse the file of the ground truth as one of several files of predictions: P198."""
    if not isinstance(truth, str | os.PathLike) or not os.path.exists(truth):
        return
    for path in predictions:
        if isinstance(path, str | os.PathLike) and os.path.samefile(path, truth):
            raise UsageError(
                "P198",
                where=shown(path),
                what="is the ground truth, and is named among the predictions, too",
                wanted="only files of predictions beside the ground truth",
            )


def _refuse_exchanged(truth: PoseSet, predictions: PoseSet) -> None:
    """Refuse sets in memory of which only the one given as ground truth has scores: P856."""
    if truth.origin.sha256 or not len(truth) or not len(predictions):
        return  # readers of files look at their roles
    guessed = predictions.people
    unscored = np.isnan(guessed.score).all() and np.isnan(guessed.joint_score).all()
    if unscored and np.isfinite(truth.people.score).all():
        raise UsageError(
            "P856",
            where="ground truth and predictions",
            what="look exchanged: each person of the ground truth has a score, no prediction has one",
            wanted="the ground truth first",
            hint="exchange them, or name them: `score(gt=..., predictions=...)`",
        )


def _is_path(value: object) -> bool:
    return isinstance(value, str | os.PathLike)


def _refuse_boxes(predictions: PoseSet, benchmark: Benchmark) -> None:
    """Raise P410 for predictions that hold no joints, which the benchmark scores: 0 would look honest."""
    name = predictions.origin.format
    format = None if name in benchmark.prediction_formats else datasets.known(name)
    if format is not None and format.holds and "joints" not in format.holds:
        raise MismatchError(
            "P410",
            where=shown(predictions.origin.name),
            what=f"is {name}, which holds boxes and no joints",
            wanted="predictions of joints",
        )


def _sliced(parts: Sequence[Part], benchmark: Benchmark, task: Task) -> tuple[list[Part], list[Notice]]:
    """The parts with the slices that were asked for, and what is to be said of these."""
    out, notices = [], []
    for part in parts:
        made = slices_of(part.aligned, benchmark.unit, task.slices, task.limits)
        out.append(replace(part, slices={**part.slices, **made.units}, groups=made.people))
        notices += made.notices
    return out, list(dict.fromkeys(notices))


def _input(role: str, poses: PoseSet) -> Input:
    origin = poses.origin
    return Input(role, origin.path, origin.sha256, origin.records or len(poses))
