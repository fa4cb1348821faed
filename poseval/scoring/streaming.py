"""Scores of results that are longer than memory: read, tallied and forgotten, some frames at a time.

A metric is a fold over frames, so the tallies of consecutive frames concatenate to those of the whole: the
numbers are the same to the last bit. Only the ground truth and the tallies stay.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from poseval import benchmarks, datasets
from poseval.benchmarks.base import Benchmark, by_names
from poseval.datasets.base import ReadOptions, Role
from poseval.datasets.files.source import Source
from poseval.errors import (
    Faults,
    FormatError,
    InputError,
    LimitError,
    PosevalError,
    UsageError,
    error_of,
    shown,
)
from poseval.files.streams import is_stream
from poseval.metrics.base import Tally
from poseval.poses import PoseSet
from poseval.results.report import Input
from poseval.scoring import long_files
from poseval.scoring.evaluation import Evaluation, TalliedPart, tally_part
from poseval.scoring.keywords import FLAG
from poseval.scoring.piece_notices import PieceNotices
from poseval.scoring.plan import Plan, brought_together
from poseval.scoring.reading import PathOrPoses, benchmark_of, refuse_at_once, truth_to_score
from poseval.scoring.task import Task

if TYPE_CHECKING:
    from poseval.datasets.coco.pieces import Pieces, Share

CODE = "P838"  # of what cannot be read in pieces
UNKNOWN = "P402"  # images that the ground truth lacks
TOO_LONG = "P501"  # a file of more bytes than asked for


def in_pieces(
    truth: PathOrPoses, predictions: object, task: Task, stream: bool | None = None
) -> Evaluation | None:
    """The tallies of results that are read in pieces; None where they are not to be, or cannot.

    `stream` asks for it, or (False) for reading as a whole; None reads a file in pieces that is long.

    Raises:
        UsageError: P101 a `stream` of another type, P838 what was asked for cannot be; and as for
            `evaluate_in_pieces`.
    """
    if stream is not None:
        FLAG("stream", stream)
    if stream is False or (stream is None and not _is_long(predictions, task)):
        return None
    try:
        return evaluate_in_pieces(truth, _only_path(predictions), task)
    except UsageError as error:
        if stream or error.code != CODE:
            raise
        return None


def _is_long(path: object, task: Task) -> bool:
    if not isinstance(path, str | os.PathLike) or _in_the_way(task):
        return False
    return long_files.is_long(path, task.limits)


def _only_path(predictions: object) -> str | os.PathLike[str]:
    """The one file that predictions are."""
    if not isinstance(predictions, str | os.PathLike) or is_stream(predictions):
        raise _refused("reads one file", "one file of COCO results: no folder, no pipe, no standard input")
    if not os.path.isfile(Source(predictions).path):
        raise _refused("reads one file", "one file of COCO results: no folder, no pipe, no standard input")
    return predictions


def evaluate_in_pieces(truth: PathOrPoses, path: str | os.PathLike[str], task: Task) -> Evaluation:
    """All of `score` but the last division, of a file of COCO results that is never held as a whole.

    Raises:
        UsageError: P838 results or a task that cannot be scored in pieces, and as for `evaluate`.
        InputError: a file is wrong, or the two do not belong together.
    """
    wrong = _in_the_way(task)
    if wrong:
        raise _refused(f"does not go with {wrong}")
    refuse_at_once(task)
    started = time.perf_counter()
    gt = truth_to_score(truth, task, Source(path, task.limits))
    found = benchmark_of(gt, task)
    _require_coco(found, path, gt, task)
    plan = Plan(task, found, task.rules_of(found), gt)
    whole = plan.matched(gt, replace(gt, people=gt.people.take(np.empty(0, dtype=np.int64))))
    if whole.rescoring.benchmark.unit != "frame":
        raise _refused("does not go with metrics that follow tracks")
    for part in whole.parts:
        for metric in part.metrics:
            metric.tally(part.aligned)  # so what it refuses of the ground truth has the count of all
    changes: list[str] = []
    tallied: list[tuple[TalliedPart, ...]] = []
    with _opened(path, gt, task) as pieces:
        said = PieceNotices(pieces.name, whole)
        for share in pieces:
            some = gt.take_frames(share.rows)
            read = _read(share, some, pieces, task)
            dt, changes = brought_together(some, read, task)
            matched = plan.matched(some, dt)
            said.add(read.origin.notices, matched, share.rows)
            tallied.append(tuple(tally_part(part, found.unit, None, 1) for part in matched.parts))
        records, digest = len(pieces), pieces.sha256
    whole_by = long_files.to_read_whole(os.path.getsize(path), records, len(gt.skeleton), task.limits)
    return plan.evaluation(
        whole.parts,
        tuple(_joined(several) for several in zip(*tallied, strict=True)),
        plan.told(said.of_reading(), said.of_checks(whole_by), whole.parts),
        plan.deviating(changes),
        (
            Input("truth", gt.origin.path, gt.origin.sha256, gt.origin.records or len(gt)),
            Input("predictions", str(Path(path)), digest, records),
        ),
        {"read": time.perf_counter() - started, "tally": 0.0},
    )


def _require_coco(benchmark: Benchmark, path: str | os.PathLike[str], gt: PoseSet, task: Task) -> None:
    """Refuse (P838) what takes no COCO results with numbers of images; first what is wrong with the file."""
    if not _takes_pieces(benchmark):
        _ask_whole(path, gt, task)
        able = filter(_takes_pieces, map(benchmarks.get_benchmark, benchmarks.names()))
        wanted = f"one that scores COCO results image by image: {', '.join(one.name for one in able)}"
        raise _refused(f"does not go with benchmark {benchmark.name}", wanted)
    if "image_id" not in gt.frames.extra:
        _ask_whole(path, gt, task)
        wanted = "ground truth whose images have numbers as ids"
        raise _refused(
            f"does not go with the image ids of {shown(gt.origin.name)}, which are no numbers", wanted
        )


def _takes_pieces(benchmark: Benchmark) -> bool:
    """Whether a benchmark takes COCO results, and pairs each frame without looking at the others.

    Those of one person in each frame refuse sets in which a frame lacks its prediction.
    """
    return "coco" in benchmark.prediction_formats and benchmark.pair is by_names


def _opened(path: str | os.PathLike[str], gt: PoseSet, task: Task) -> Pieces:
    """The file in pieces, whose results are all of images of the ground truth."""
    from poseval.datasets.coco.pieces import Pieces

    try:
        pieces = Pieces(path, gt, long_files.limits_in_pieces(path, task.limits))
    except PosevalError as error:
        if error.code == CODE:
            _ask_whole(path, gt, task)
        elif isinstance(error, FormatError) and _ask_whole(path, gt, task):
            raise _refused(f"cannot read {shown(os.path.basename(path), limit=200)}") from error
        raise
    if pieces.sound:
        return pieces
    with pieces:
        raise _told(pieces, task) or pieces.refused("has results whose images are not found by their ids")


def _ask_whole(path: str | os.PathLike[str], gt: PoseSet, task: Task) -> bool:
    """Raise what the reader of whole documents finds wrong with a file; false if it is too long for it."""
    if os.path.getsize(path) >= long_files.LONG:
        return False
    limits = replace(task.limits, file_bytes=min(task.limits.file_bytes, long_files.LONG))
    try:
        datasets.read(path, replace(_options(gt, task), limits=limits), task.predictions_format)
    except LimitError as error:
        if error.code != TOO_LONG:
            raise
        return False
    return True


def _options(gt: PoseSet, task: Task) -> ReadOptions:
    return ReadOptions(
        Role.PREDICTIONS, gt, task.skeleton, task.rules, limits=task.limits, category=task.category
    )


def _read(share: Share, truth: PoseSet, pieces: Pieces, task: Task) -> PoseSet:
    """The results of some frames; where one is wrong, an error of all that is wrong in the file."""
    source = Source(pieces.path, task.limits, share.document)
    try:
        return datasets.read(pieces.path, _options(truth, task), "coco", source)
    except InputError as error:
        raise _told(pieces, task) or error from error


def _told(pieces: Pieces, task: Task) -> PosevalError | None:
    """What is wrong with the results, in the order of the file, as the reader of whole documents tells it."""
    faults, format = Faults(), task.predictions_format
    for document in pieces.in_order():
        source = Source(pieces.path, task.limits, document)
        try:
            format = format or datasets.recognise(source, Role.PREDICTIONS, pieces.truth)
            datasets.read(pieces.path, _options(pieces.truth, task), format, source)
        except InputError as error:
            if not set(error.faults) <= set(faults.kept):  # said of all results, by each piece again
                faults.take(error, but=UNKNOWN)  # of which each piece knows its own
    pieces.tell_unknown(faults)
    return error_of(faults.kept, len(faults), faults.counts) if len(faults) else None


def _in_the_way(task: Task) -> str:
    """What of a task needs all results at once, as the command line says it; empty for nothing."""
    asked = {
        "--slice": task.slices,
        "--joints": task.joint_rules.asked,
        "--align": task.align_by is not None,
        "--format": task.predictions_format not in (None, "coco"),
    }
    return next((name for name, value in asked.items() if value), "")


def _refused(what: str, wanted: str = "COCO results, scored by frame") -> UsageError:
    return UsageError("P838", where="--stream", what=what, wanted=wanted, hint="leave --stream out")


def _joined(parts: Sequence[TalliedPart]) -> TalliedPart:
    """One part of a benchmark from those of consecutive frames."""
    first = parts[0]
    return TalliedPart(
        first.label,
        {metric: Tally.concat([part.tallies[metric] for part in parts]) for metric in first.tallies},
        {name: np.concatenate([part.slices[name] for part in parts]) for name in first.slices},
    )
