"""Pose sets from `sleap_io.Labels`."""

from __future__ import annotations

from typing import Any

import numpy as np

from poseval.datasets.animals.individuals import tracks_of
from poseval.datasets.assembly import frames_of, pose_set
from poseval.datasets.base import Role
from poseval.datasets.objects.foreign import named, odd, origin_of
from poseval.limits import DEFAULT
from poseval.poses import Array, PoseSet
from poseval.skeletons import SkeletonLike


def from_sleap(labels: Any, *, role: str | Role = "truth", skeleton: SkeletonLike | None = None) -> PoseSet:
    """A pose set from `sleap_io.Labels`: user instances as ground truth, predicted ones as predictions.

    Raises:
        UsageError: P179 when the object has another form.
    """
    wanted = "user_instances" if Role.of(role) is Role.TRUTH else "predicted_instances"
    names: list[str] = []
    row: list[int] = []
    rows: list[Array] = []
    scores: list[float] = []
    points: list[Array] = []
    tracks: list[int] = []
    try:
        joints = [str(name) for name in labels.skeletons[0].node_names]
        numbers = tracks_of([str(track.name) for track in labels.tracks])
        known = {id(track): int(number) for track, number in zip(labels.tracks, numbers, strict=True)}
        several = len(labels.videos) > 1
        for frame in labels.labeled_frames:
            names.append(_frame_name(frame, several))
            for instance in getattr(frame, wanted):
                row.append(len(names) - 1)
                rows.append(np.asarray(instance.numpy(), dtype=np.float64)[:, :2])
                tracks.append(known.get(id(instance.track), -1))
                scores.append(float(getattr(instance, "score", np.nan)))
                points.append(_point_scores(instance, len(joints)))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise odd("sleap-io labels", error) from None
    xy = np.asarray(rows, dtype=np.float64).reshape(len(rows), len(joints), 2)
    seen = np.where(np.isfinite(xy).all(axis=2), 2, 0).astype(np.int8)
    columns: dict[str, Array] = {"xy": xy, "seen": seen, "track": np.asarray(tracks, dtype=np.int64)}
    if Role.of(role) is Role.PREDICTIONS:
        columns |= {
            "score": np.asarray(scores),
            "joint_score": np.asarray(points).reshape(len(rows), len(joints)),
        }
    frames = frames_of(names, DEFAULT, "sleap-io labels")
    place = np.asarray(row, dtype=np.int64)
    return pose_set(named(joints, skeleton), frames, place, columns, origin_of("sleap", len(rows)), DEFAULT)


def _frame_name(frame: Any, several: bool) -> str:
    """The image's name where the video is a list of images, else the number (and the video)."""
    number, files = int(frame.frame_idx), frame.video.filename
    if isinstance(files, (list, tuple)):
        return str(files[number])
    return f"{files}/{number}" if several else str(number)


def _point_scores(instance: Any, joints: int) -> Array:
    points = getattr(instance, "points", None)
    names = getattr(getattr(points, "dtype", None), "names", None) or ()
    if points is not None and "score" in names and len(points) == joints:
        return np.asarray(points["score"], dtype=np.float64)
    return np.full(joints, np.nan)
