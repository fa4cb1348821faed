"""Pose sets as columns, ground truth with predictions, names of frames, and maps between joints."""

from poseval.poses.pose_set import (
    Array,
    Bools,
    Floats,
    Frames,
    IgnoreRegions,
    Ints,
    Notice,
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
