"""Pose sets from `mmpose` data samples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from poseval.datasets.objects.arrays import from_arrays
from poseval.datasets.objects.columns import array_of
from poseval.datasets.objects.foreign import called, odd
from poseval.errors import wrong_type
from poseval.poses import Array, Notice, PoseSet
from poseval.skeletons import SkeletonLike

CONFIDENT = 0.2  # joints above it count in a person's score (CocoMetric's keypoint_score_thr)
RANKED = (
    f"<mmpose>: people are ranked by the box's score times the mean confidence of joints above {CONFIDENT}"
)


def from_mmpose(samples: Iterable[Any], *, skeleton: SkeletonLike | None = None) -> PoseSet:
    """A pose set of predictions from `mmpose` `PoseDataSample`s, or their `to_dict()`.

    `pred_instances` has `keypoints` [n, K, 2], `keypoint_scores` [n, K] and perhaps `bboxes` [n, 4] and
    `bbox_scores` [n], which top-down networks leave in `gt_instances`. Several samples of one image, as from
    a top-down network, are its people. The name of an image is its `img_id`, else its `img_path`. The score
    is the box score times the mean of the joint scores above 0.2, by which MMPose ranks
    (`score_mode="bbox_keypoint"`). Near duplicates stay; MMPose's metric removes them before it scores
    (`nms_mode`).

    Raises:
        UsageError: P179 when an object has another form.
    """
    what = "mmpose samples"
    if not isinstance(samples, Iterable):
        raise wrong_type("samples", samples, "a list of data samples")
    points: list[Any] = [np.zeros((0, 17, 3))]
    boxes, scores = [np.zeros((0, 4))], [np.zeros(0)]
    frame: list[Any] = []
    size: dict[Any, tuple[float, float]] = {}
    try:
        for sample in samples:
            name = _of(sample, "img_id")
            name = _of(sample, "img_path") if name is None else name
            shape = _of(sample, "ori_shape")
            size[name] = (np.nan, np.nan) if shape is None else (float(shape[1]), float(shape[0]))
            found = _of(sample, "pred_instances")
            xy, confidence = array_of(_of(found, "keypoints")), array_of(_of(found, "keypoint_scores"))
            rows = np.concatenate([xy[..., :2], confidence[..., None]], axis=2)
            box, weight = _of(found, "bboxes"), _box_scores(sample, found, len(rows))
            boxes.append(np.full((len(rows), 4), np.nan) if box is None else array_of(box))
            scores.append(weight * _mean_of_confident(confidence))
            points = [*points, rows] if len(points) > 1 or len(points[0]) else [rows]
            frame += [name] * len(rows)
        stacked = np.concatenate(points)
        box, score = np.concatenate(boxes), np.concatenate(scores)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise odd(what, error) from None
    given = None if np.isnan(box).any() else box
    made = from_arrays(
        stacked,
        third="score",
        frame=frame,
        frames=list(size),
        size=size,
        box=given,
        score=score,
        skeleton=skeleton,
    )
    notice = Notice("N505", RANKED, len(made))
    return called("mmpose", replace(made, origin=replace(made.origin, notices=(notice,))))


def _box_scores(sample: Any, found: Any, people: int) -> Array:
    """Confidence of each person's box; 1 where nothing says it."""
    own = _of(found, "bbox_scores")
    given = _of(_of(sample, "gt_instances"), "bbox_scores") if own is None else own
    if given is None or (own is None and len(given) != people):
        return np.ones(people)
    weights: Array = array_of(given)
    return weights


def _mean_of_confident(confidence: Array) -> Array:
    """Mean confidence of each person's joints above the threshold; 0 where none is."""
    counted = confidence > CONFIDENT
    mean: Array = np.where(counted, confidence, 0).sum(axis=1) / np.maximum(counted.sum(axis=1), 1)
    return mean


def _of(value: Any, name: str) -> Any:
    """An attribute, or a value of a dictionary; None where there is none."""
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)
