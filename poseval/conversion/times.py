"""Times of frames whose file knows none, from the rate that a user gives."""

from __future__ import annotations

from dataclasses import replace

from poseval.errors import UsageError, shown
from poseval.poses import PoseSet
from poseval.poses.pose_set import TIME


def with_times(poses: PoseSet, fps: float) -> PoseSet:
    """The set with seconds for its frames: their number in their sequence, over the frames a second.

    Raises:
        UsageError: P105 for a set that has times of its own.
    """
    frames = poses.frames
    if TIME in frames.extra:
        raise UsageError(
            "P105",
            where=shown(poses.origin.name),
            what="has times of its own, which a rate would contradict",
            wanted="no --fps",
        )
    return replace(poses, frames=replace(frames, extra={**frames.extra, TIME: frames.number / fps}))
