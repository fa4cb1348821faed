"""Pose sets from `movement` datasets."""

from __future__ import annotations

from typing import Any

import numpy as np

from poseval.datasets.assembly import frames_of, mean_score, pose_set
from poseval.datasets.base import Role
from poseval.datasets.objects.foreign import named, odd, origin_of
from poseval.limits import DEFAULT
from poseval.poses import Array, PoseSet
from poseval.skeletons import SkeletonLike


def from_movement(
    dataset: Any, *, role: str | Role = "predictions", skeleton: SkeletonLike | None = None
) -> PoseSet:
    """A pose set from a `movement` poses dataset (xarray).

    `position` [time, space, keypoints, individuals] and `confidence` [time, keypoints, individuals] are read
    by the names of their dimensions. An individual is a track; a NaN position is a missing joint.

    Raises:
        UsageError: P179 when the object has another form.
    """
    try:
        position = dataset["position"].transpose("time", "individuals", "keypoints", "space")
        joints = [str(name) for name in dataset["position"].coords["keypoints"].values]
        cube = np.asarray(position.values, dtype=np.float64)[..., :2]
        score = np.full(cube.shape[:3], np.nan)
        if "confidence" in dataset:
            found = dataset["confidence"].transpose("time", "individuals", "keypoints")
            score = np.asarray(found.values, dtype=np.float64)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise odd("movement dataset", error) from None
    labelled = np.asarray(np.isfinite(cube).all(axis=3))
    row, who = np.nonzero(labelled.any(axis=2))
    seen = np.where(labelled[row, who], 2, 0).astype(np.int8)
    columns: dict[str, Array] = {"xy": cube[row, who], "seen": seen, "track": who.astype(np.int64)}
    if Role.of(role) is Role.PREDICTIONS:
        columns |= {"joint_score": score[row, who], "score": mean_score(score[row, who], seen)}
    frames = frames_of([str(number) for number in range(len(cube))], DEFAULT, "movement dataset")
    return pose_set(named(joints, skeleton), frames, row, columns, origin_of("movement", len(row)), DEFAULT)
