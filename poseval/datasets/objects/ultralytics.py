"""Pose sets from `ultralytics` results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from poseval.datasets.objects.arrays import from_arrays
from poseval.datasets.objects.columns import array_of
from poseval.datasets.objects.foreign import called, frames_given, odd
from poseval.poses import PoseSet
from poseval.skeletons import SkeletonLike


def from_ultralytics(
    results: Iterable[Any], frames: Sequence[Any] | None = None, *, skeleton: SkeletonLike | None = None
) -> PoseSet:
    """A pose set of predictions from `ultralytics` `Results` of a pose model, one for each image.

    The confidence of the box is the score, the third number of a joint is its confidence, and the `id` of the
    box is the track. The name of an image is its `path` unless `frames` [F] names it.

    Raises:
        UsageError: P179 when an object has another form, or names and objects differ in number.
    """
    what = "ultralytics results"
    listed = list(results) if isinstance(results, Iterable) else results
    names = frames_given(what, listed, frames)
    parts: list[tuple[Any, ...]] = []
    size: dict[str, tuple[float, float]] = {}
    try:
        for at, one in enumerate(listed):
            name = str(one.path) if names is None else str(names[at])
            height, width = one.orig_shape
            size[name] = (float(width), float(height))
            points = None if one.keypoints is None else array_of(one.keypoints.data)
            if points is None or not points.size:
                continue
            boxes = one.boxes
            track = np.full(len(points), -1) if boxes.id is None else array_of(boxes.id).astype(np.int64)
            parts.append((name, points, array_of(boxes.conf), array_of(boxes.xyxy), track))
        points = np.concatenate([part[1] for part in parts]) if parts else np.zeros((0, 17, 3))
        columns = [np.concatenate(column) for column in list(zip(*parts, strict=True))[2:]] if parts else []
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        raise odd(what, error) from None
    score, box, track = columns or (np.zeros(0), np.zeros((0, 4)), np.zeros(0))
    made = from_arrays(
        points,
        third="score" if points.shape[2] == 3 else None,
        frame=[part[0] for part in parts for _ in part[1]],
        frames=list(size),
        size=size,
        score=score,
        box=box,
        track=track,
        skeleton=skeleton,
    )
    return called("ultralytics", made)
