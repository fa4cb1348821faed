"""Pose sets from `supervision.KeyPoints`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from poseval.datasets.assembly import frames_of, joints_by_count, mean_score, pose_set, predicted
from poseval.datasets.base import ReadOptions, Role
from poseval.datasets.objects.foreign import odd, origin_of
from poseval.errors import wrong_type
from poseval.limits import DEFAULT
from poseval.poses import Array, PoseSet
from poseval.skeletons import SkeletonLike, load_skeleton


def from_supervision(
    keypoints: Sequence[Any], names: Sequence[str], *, skeleton: SkeletonLike | None = None
) -> PoseSet:
    """A pose set of predictions from `supervision.KeyPoints`, one object per frame, and the frames' names.

    `xy` [n, K, 2], `keypoint_confidence` [n, K] (`confidence` before 0.29), `detection_confidence` [n] and
    `visible` [n, K] are read. A joint is missing if `visible` is false, or if it is at (0, 0) without
    confidence. The score is the detection's confidence, else the mean confidence of the joints.

    Raises:
        UsageError: P179 when an object has another form, or names and objects differ in number.
    """
    what = "supervision keypoints"
    for name, value in (("keypoints", keypoints), ("names", names)):
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise wrong_type(name, value, "a list with an item for each frame")
    if len(keypoints) != len(names):
        raise odd(what, ValueError(f"{len(keypoints)} objects and {len(names)} names"))
    try:
        parts = [(at, *_frame_points(one)) for at, one in enumerate(keypoints)]
        found = [part for part in parts if len(part[1])]
        joints = found[0][1].shape[1] if found else 17
        xy = np.concatenate([np.zeros((0, joints, 2)), *(part[1] for part in found)])
        score = np.concatenate([np.zeros((0, joints)), *(part[2] for part in found)])
        whole = np.concatenate([np.zeros(0), *(part[3] for part in found)])
        visible = np.concatenate([np.zeros((0, joints), dtype=np.bool_), *(part[4] for part in found)])
    except (TypeError, ValueError, AttributeError) as error:
        raise odd(what, error) from None
    given = None if skeleton is None else load_skeleton(skeleton)
    known = joints_by_count(joints, ReadOptions(Role.PREDICTIONS, skeleton=given), what)
    seen = np.where(visible, predicted(xy, score), 0).astype(np.int8)
    mean = mean_score(score, seen)
    columns = {
        "xy": xy,
        "seen": seen,
        "joint_score": score,
        "score": np.where(np.isnan(whole), mean, whole),
    }
    frames = frames_of(list(names), DEFAULT, what)
    place = np.repeat([part[0] for part in found], [len(part[1]) for part in found]).astype(np.int64)
    return pose_set(known, frames, place, columns, origin_of("supervision", len(xy)), DEFAULT)


def _frame_points(one: Any) -> tuple[Array, Array, Array, Array]:
    """Places [n, K, 2], confidences [n, K] and [n] (NaN where not given), and visibility [n, K]."""
    xy = np.asarray(one.xy, dtype=np.float64)
    if not xy.size:
        xy = np.zeros((0, 0, 2))
    if xy.ndim != 3 or xy.shape[2] != 2:
        raise ValueError(f"xy of shape {xy.shape}")
    given = getattr(one, "keypoint_confidence", None)
    if given is None and not hasattr(one, "keypoint_confidence"):
        given = getattr(one, "confidence", None)
    out = []
    for name, value, shape, missing in (
        ("confidence", given, xy.shape[:2], np.nan),
        ("detection_confidence", getattr(one, "detection_confidence", None), xy.shape[:1], np.nan),
        ("visible", getattr(one, "visible", None), xy.shape[:2], True),
    ):
        column = np.full(shape, missing) if value is None or not len(xy) else np.asarray(value)
        if column.shape != shape:
            raise ValueError(f"xy of shape {xy.shape} with {name} of shape {column.shape}")
        out.append(column)
    return xy, out[0].astype(np.float64), out[1].astype(np.float64), out[2].astype(np.bool_)
