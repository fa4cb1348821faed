"""Pose sets from the pose estimators of Hugging Face `transformers`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from poseval.datasets.objects.arrays import from_arrays
from poseval.datasets.objects.columns import array_of, skeleton_of
from poseval.datasets.objects.foreign import called, frames_given, odd
from poseval.errors import wrong_type
from poseval.poses import PoseSet
from poseval.skeletons import SkeletonLike


def from_transformers(
    poses: Sequence[Sequence[Any]], frames: Sequence[Any], *, skeleton: SkeletonLike = "coco17"
) -> PoseSet:
    """A pose set of predictions from `post_process_pose_estimation`: a list of people for each image.

    Each person has `keypoints` [n, 2] and `scores` [n] of the joints that passed the threshold, `labels` [n],
    the indices of these joints, and `bbox` [4]. `frames` [F] names the images. A person's score is the mean
    score of its joints.

    Raises:
        UsageError: P179 when an object has another form, or names and objects differ in number.
    """
    what = "transformers poses"
    if frames is None:
        raise wrong_type("frames", frames, "the names or ids of the images")
    names = frames_given(what, poses, frames)
    joints = len(skeleton_of(skeleton, None))
    rows: list[Any] = []
    frame: list[Any] = []
    try:
        for name, people in zip(names or (), poses, strict=True):
            for person in people:
                row = np.full((joints, 3), np.nan)
                found = array_of(person["keypoints"]).astype(np.float64)
                place = array_of(person["labels"]) if "labels" in person else np.arange(len(found))
                if place.min(initial=0) < 0:
                    raise IndexError(f"joint {place.min()}")
                row[place, :2], row[place, 2] = found, array_of(person["scores"])
                rows.append(row)
                frame.append(name)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise odd(what, error) from None
    points = np.asarray(rows).reshape(-1, joints, 3)
    made = from_arrays(points, third="score", frame=frame, frames=names, skeleton=skeleton)
    return called("transformers", made)
