"""Times of frames from a frame rate that the user gives, for files without times."""

from __future__ import annotations

from dataclasses import replace

from poseval.errors import UsageError, shown
from poseval.poses import PoseSet
from poseval.poses.pose_set import TIME


def with_times(poses: PoseSet, fps: float) -> PoseSet:
    """The set with a time in seconds for each frame: its number in the sequence divided by frames per second.

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
