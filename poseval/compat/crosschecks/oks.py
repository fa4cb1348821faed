"""Cross-check of oks_ap: pycocotools on the same files, its parameters and records set to ours.

pycocotools has no body parts, no areas from boxes and no other ways to ignore people. For metrics with these,
the records are rewritten as xtcocotools and the whole-body scripts would read them.
"""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np

from poseval.compat.crosschecks.base import Case, Difference, of_array, of_number
from poseval.compat.official.base import CannotCheck, from_json
from poseval.errors import UsageError
from poseval.metrics.base import Metric, Tally
from poseval.metrics.oks_ap import OksAp
from poseval.metrics.oks_scene import (
    BOX_SHARE,
    AreaSource,
    BodyPart,
    Categories,
    Confident,
    Crowds,
    IgnoreBy,
)
from poseval.poses import Array, Bools, Floats

PROGRAM = "pycocotools, its parameters and records set to those of the metric"
Record = dict[str, Any]

# Fields of a whole-body record, in the order of its joints
FIELDS = ("keypoints", "foot_kpts", "face_kpts", "lefthand_kpts", "righthand_kpts")
PART_FIELDS = {
    BodyPart.BODY: FIELDS[:1],
    BodyPart.FOOT: FIELDS[1:2],
    BodyPart.FACE: FIELDS[2:3],
    BodyPart.LEFT_HAND: FIELDS[3:4],
    BodyPart.RIGHT_HAND: FIELDS[4:],
    BodyPart.HAND: FIELDS[3:],
    BodyPart.WHOLE_BODY: FIELDS,
}


def check(metric: Metric, tally: Tally, case: Case) -> list[Difference]:
    """Every headline number and array of the whole set, and of each slice.

    Raises:
        UsageError: P104 for another metric.
        CannotCheck: pycocotools does not read the files, or the metric has rules of halpecocotools.
    """
    if not isinstance(metric, OksAp):
        raise UsageError("P104", where=f"metric {metric}", what="is not checked here", wanted="oks_ap")
    if metric.crowds is Crowds.COUNTED or metric.single_precision or metric.confident is Confident.PERSON:
        raise CannotCheck("only the benchmark halpe has a program with these rules")
    truth, results = from_json(case.truth_path), from_json(case.predictions_path)
    if not isinstance(truth, dict) or not isinstance(results, list) or not results:
        raise CannotCheck("pycocotools needs a COCO ground-truth file and a list of at least one result")
    every = (*truth["annotations"], *results)
    if metric.part is not BodyPart.ALL and not all(name in record for name in FIELDS for record in every):
        raise CannotCheck(f"COCO-WholeBody's programs need {', '.join(FIELDS)} in every record")
    out: list[Difference] = []
    frames = np.ones(len(case.truth.frames), dtype=np.bool_)
    for name, inside in [("", frames), *case.slices.items()]:
        prefix = f"{name}/" if name else ""
        rows = differences(metric, tally, truth, results, case, inside)
        out.extend(row._replace(name=prefix + row.name, program=PROGRAM, tolerance=0.0) for row in rows)
    return out


def differences(
    metric: OksAp, tally: Tally, truth: Record, results: list[Record], case: Case, inside: Bools
) -> list[Difference]:
    """Differences over the frames `inside` [F]; `truth` and `results` are not changed."""
    keys = set(case.truth.frames.key[inside].tolist())
    evaluation = _reference(metric, truth, results, _sigmas(metric, tally, case), keys)
    weight = None if inside.all() else inside.astype(np.int64)
    ours = metric.headline(metric.reduce_headline(tally, weight))
    out = [
        of_number(statistic.name, ours[statistic.name], float(_undefined(np.array(theirs))))
        for statistic, theirs in zip(metric.statistics, _summary(metric, evaluation), strict=True)
    ]
    curves = metric.curves(tally, weight)
    for name in ("precision", "recall", "scores"):
        theirs = _undefined(evaluation.eval[name][..., 0])
        out.append(of_array(name, getattr(curves, name), theirs))
    return out


def _undefined(array: Array) -> Array:
    return np.where(array == -1, np.nan, array)


def _sigmas(metric: OksAp, tally: Tally, case: Case) -> Floats:
    """Of the joints that count: the metric's, the benchmark program's, else those of the skeleton."""
    if metric.sigma:
        return np.full(len(tally.facts["joints"]), metric.sigma)
    skeleton = case.truth.skeleton
    whole = skeleton.sigma_array if case.sigmas is None else case.sigmas
    return whole[list(skeleton.indices(tally.facts["joints"]))]


def _reference(metric: OksAp, truth: Record, results: list[Record], sigmas: Floats, keys: set[str]) -> Any:
    """A pycocotools evaluation after accumulate()."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO()
        gt.dataset = _truth(metric, truth)
        gt.createIndex()
        dt = gt.loadRes([dict(record) for record in results])
        dt.dataset["annotations"] = _results(metric, dt.dataset["annotations"])
        dt.createIndex()
        evaluation = COCOeval(gt, dt, "keypoints")
        p = evaluation.params
        p.kpt_oks_sigmas = sigmas
        p.iouThrs = np.array(metric.thresholds)
        p.areaRng = metric.bounds.tolist()
        p.areaRngLbl = [text.partition(":")[0] for text in metric.ranges]
        p.maxDets = [metric.max_dets]
        p.imgIds = [image for image in p.imgIds if str(image) in keys]
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation


def _keypoints(metric: OksAp, record: Record) -> list[float]:
    if metric.part is BodyPart.ALL:
        names = [name for name in FIELDS if name in record]
    else:
        names = [name for name in PART_FIELDS[metric.part] if name in record]
    return [number for name in names for number in record[name]]


def _truth(metric: OksAp, truth: Record) -> Record:
    annotations = []
    for index, given in enumerate(truth["annotations"]):
        record = {"iscrowd": 0, **given, "keypoints": _keypoints(metric, given)}
        if metric.area is AreaSource.BOX:
            record["area"] = record["bbox"][2] * record["bbox"][3] * BOX_SHARE
        elif metric.area is AreaSource.EXTENT:
            record["area"] = _extent(record["keypoints"])
        if metric.ignore is IgnoreBy.FLAGS or "num_keypoints" not in record:
            record["num_keypoints"] = sum(flag > 0 for flag in record["keypoints"][2::3])
        if metric.area is AreaSource.EXTENT and not record["area"]:
            record["num_keypoints"] = 0  # pycocotools ignores the person by it
        if metric.categories is Categories.POOLED:
            record["category_id"] = 1
        if not metric.id_zero:
            record["id"] = index + 1
        annotations.append(record)
    categories = truth["categories"]
    if metric.categories is Categories.POOLED:
        categories = [{"id": 1, "name": "all"}]
    return {"images": truth["images"], "annotations": annotations, "categories": categories}


def _extent(keypoints: list[float]) -> float:
    """Area of the upright box around the labelled joints of x, y, flag, ..."""
    x, y, flag = (keypoints[start::3] for start in range(3))
    sides = ([value for value, one in zip(side, flag, strict=True) if one > 0] for side in (x, y))
    width, height = (max(side, default=0.0) - min(side, default=0.0) for side in sides)
    return width * height


def _results(metric: OksAp, records: list[Record]) -> list[Record]:
    """Loaded results with the joints and scores of the part; areas stay those of the whole record."""
    out = []
    for record in records:
        record["keypoints"] = _keypoints(metric, record)
        record["score"] = record.get(f"{metric.part.value}_score", record["score"])
        if metric.categories is Categories.POOLED:
            record["category_id"] = 1
        if not metric.drop_zero_confidence or any(flag > 0 for flag in record["keypoints"][2::3]):
            out.append(record)
    return out


def _summary(metric: OksAp, evaluation: Any) -> list[float]:
    """The statistics of the metric from the other tool's arrays, averaged as its summarize() does."""
    out = []
    for s in metric.statistics:
        array = evaluation.eval["precision" if s.kind == "AP" else "recall"]
        array = (
            array[..., s.range, 0]
            if s.threshold < 0
            else array[s.threshold : s.threshold + 1, ..., s.range, 0]
        )
        defined = array[array > -1]
        out.append(float(np.mean(defined)) if len(defined) and s.given else -1.0)
    return out
