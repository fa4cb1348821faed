"""Pose sets as columns, aligned ground truth and predictions, names of frames, and joint maps."""

from poseval.poses.notices import Notice
from poseval.poses.pose_set import (
    Array,
    Bools,
    Floats,
    Frames,
    IgnoreRegions,
    Ints,
    Origin,
    People,
    PoseSet,
)

__all__ = [
    "Array",
    "Bools",
    "Floats",
    "Frames",
    "IgnoreRegions",
    "Ints",
    "Notice",
    "Origin",
    "People",
    "PoseSet",
]
