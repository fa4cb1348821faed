"""A description of the contents of a pose set."""

from __future__ import annotations

from typing import Any

import numpy as np

from poseval.poses.pose_set import Array, PoseSet

# What is not given in each column: NaN where no value stands here.
MISSING: dict[str, Any] = {"track": -1, "source_id": -1}


def held_in(poses: PoseSet) -> list[list[str]]:
    """The columns that are not empty, each with a description."""
    people, frames = poses.people, poses.frames
    rows = [["frames", f"{len(frames):,}"]]
    if len(frames.sequences) > 1:
        rows[0][1] += f" in {len(frames.sequences):,} sequences"
    empty = len(frames) - len(np.unique(people.frame))
    rows.append(["frames without people", f"{empty:,}"])
    rows.append(["people", f"{len(people):,}"])
    labelled = int((people.seen > 0).sum())
    rows.append(["joints", f"{labelled:,} of {people.seen.size:,} ({poses.skeleton.name})"])
    for name in ("score", "joint_score", "track", "area", "box", "head"):
        column = getattr(people, name)
        given = _given(column, MISSING.get(name))
        if given:
            rows.append([name.replace("_", " "), f"{given:,} of {len(people):,} people"])
    if people.crowd.any():
        rows.append(["crowd", f"{int(people.crowd.sum()):,} people"])
    if len(poses.ignore):
        rows.append(["ignore regions", f"{len(poses.ignore):,}"])
    return rows


def _given(column: Array, missing: Any) -> int:
    """People of whom a column holds anything."""
    held = ~np.isnan(column) if missing is None else column != missing
    return int(held.reshape(len(column), -1).any(axis=1).sum()) if len(column) else 0
