"""Pose sets as PoseTrack17 annolist files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from poseval.datasets.base import Losses, Role, WriteOptions
from poseval.datasets.posetrack.write import Columns, columns_of, lose_for_role, write_sequences
from poseval.poses import Ints, PoseSet


def write(poses: PoseSet, path: Path, options: WriteOptions) -> Losses:
    """Write PoseTrack17 files.

    Raises:
        UsageError: see `write_sequences`.
    """
    columns = columns_of(poses)
    poses = columns.poses
    lose_for_role(columns, options.role)
    frames, people, losses = poses.frames, poses.people, columns.losses
    named = frames.path != ""
    losses.lose("frame ids (file names stay)", int((named & (frames.path != frames.key)).sum()))
    losses.lose("frame sizes", int((~np.isnan(frames.size).any(axis=1)).sum()))
    losses.lose("boxes", int((~np.isnan(people.box).any(axis=1)).sum()))
    losses.lose("annotation ids", int((people.source_id >= 0).sum()))
    if "person_id" in people.extra:
        losses.lose("person ids", int((people.extra["person_id"] >= 0).sum()))
    write_sequences(poses, path, options, lambda index, rows: _document(columns, rows, options.role))
    return losses


def _document(columns: Columns, frames: Ints, role: Role) -> dict[str, Any]:
    return {
        "annolist": [
            _frame(columns, frame, place, role) for place, frame in enumerate(frames.tolist(), start=1)
        ]
    }


def _frame(columns: Columns, frame: int, place: int, role: Role) -> dict[str, Any]:
    out: dict[str, Any] = {
        "image": [{"name": columns.label(frame)}],
        "imgnum": [place],
        "is_labeled": [int(columns.poses.frames.labelled[frame])],
        "annorect": [
            _person(columns, row, role) for row in range(columns.start[frame], columns.start[frame + 1])
        ],
    }
    polygons = columns.polygons(frame)
    if polygons:
        out["ignore_regions"] = [
            {"point": [{"x": [x], "y": [y]} for x, y in polygon]} for polygon in polygons
        ]
    return out


def _person(columns: Columns, row: int, role: Role) -> dict[str, Any]:
    people = columns.poses.people
    out: dict[str, Any] = {}
    box = columns.head_box[row]
    if not np.isnan(box).any():
        out = {name: [value] for name, value in zip(("x1", "y1", "x2", "y2"), box.tolist(), strict=True)}
    if columns.tracked[row]:
        out["track_id"] = [int(columns.track[row])]
    if role is Role.PREDICTIONS and not np.isnan(people.score[row]):
        out["score"] = [float(people.score[row])]
    if "listed" not in people.extra or people.extra["listed"][row]:
        out["annopoints"] = [{"point": _points(columns, row, role)}]
    return out


def _points(columns: Columns, row: int, role: Role) -> list[dict[str, Any]]:
    points = []
    xy, score = columns.xy[row].tolist(), columns.joint_score[row].tolist()
    for joint, seen in enumerate(columns.seen[row].tolist()):
        if not seen:
            continue
        point: dict[str, Any] = {
            "id": [joint],
            "x": [xy[joint][0]],
            "y": [xy[joint][1]],
            "is_visible": [int(seen != 1)],
        }
        if role is Role.PREDICTIONS and score[joint] == score[joint]:
            point["score"] = [score[joint]]
        points.append(point)
    return points
