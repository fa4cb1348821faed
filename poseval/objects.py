"""Pose sets from objects of other libraries in memory: movement, sleap-io and supervision.

None of them is imported: the attributes that their documentation names are read, anything else is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from poseval.datasets.base import ReadOptions, Role
from poseval.datasets.gather import frames_of, joints_by_count, mean_score, pose_set
from poseval.errors import UsageError, shown
from poseval.limits import DEFAULT
from poseval.poses import Array, Origin, PoseSet
from poseval.skeletons import Skeleton, match_names, skeleton_from_names


def from_movement(dataset: Any, *, role: str = "predictions", skeleton: Skeleton | None = None) -> PoseSet:
    """A pose set from a `movement` poses dataset (xarray).

    `position` [time, space, keypoints, individuals] and `confidence` [time, keypoints, individuals] are read
    by the names of their dimensions; an individual is a track, a place that is NaN a joint that is not there.

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
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _odd("movement dataset", error) from None
    labelled = np.asarray(np.isfinite(cube).all(axis=3))
    row, who = np.nonzero(labelled.any(axis=2))
    seen = np.where(labelled[row, who], 2, 0).astype(np.int8)
    columns: dict[str, Array] = {"xy": cube[row, who], "seen": seen, "track": who.astype(np.int64)}
    if Role(role) is Role.PREDICTIONS:
        columns |= {"joint_score": score[row, who], "score": mean_score(score[row, who], seen)}
    frames = frames_of([str(number) for number in range(len(cube))], DEFAULT, "movement dataset")
    return pose_set(_named(joints, skeleton), frames, row, columns, _origin("movement", len(row)), DEFAULT)


def from_sleap(labels: Any, *, role: str = "truth", skeleton: Skeleton | None = None) -> PoseSet:
    """A pose set from `sleap_io.Labels`: user instances as truth, predicted ones as predictions.

    Raises:
        UsageError: P179 when the object has another form.
    """
    wanted = "user_instances" if Role(role) is Role.TRUTH else "predicted_instances"
    names: list[str] = []
    row: list[int] = []
    rows: list[Array] = []
    scores: list[float] = []
    points: list[Array] = []
    tracks: list[int] = []
    try:
        joints = [str(name) for name in labels.skeletons[0].node_names]
        known = {id(track): at for at, track in enumerate(labels.tracks)}
        several = len(labels.videos) > 1
        for frame in labels.labeled_frames:
            number = int(frame.frame_idx)
            names.append(f"{frame.video.filename}/{number}" if several else str(number))
            for instance in getattr(frame, wanted):
                row.append(len(names) - 1)
                rows.append(np.asarray(instance.numpy(), dtype=np.float64)[:, :2])
                tracks.append(known.get(id(instance.track), -1))
                scores.append(float(getattr(instance, "score", np.nan)))
                points.append(_point_scores(instance, len(joints)))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise _odd("sleap-io labels", error) from None
    xy = np.asarray(rows, dtype=np.float64).reshape(len(rows), len(joints), 2)
    seen = np.where(np.isfinite(xy).all(axis=2), 2, 0).astype(np.int8)
    columns: dict[str, Array] = {"xy": xy, "seen": seen, "track": np.asarray(tracks, dtype=np.int64)}
    if Role(role) is Role.PREDICTIONS:
        columns |= {
            "score": np.asarray(scores),
            "joint_score": np.asarray(points).reshape(len(rows), len(joints)),
        }
    frames = frames_of(names, DEFAULT, "sleap-io labels")
    place = np.asarray(row, dtype=np.int64)
    return pose_set(_named(joints, skeleton), frames, place, columns, _origin("sleap", len(rows)), DEFAULT)


def from_supervision(
    keypoints: Sequence[Any], names: Sequence[str], *, skeleton: Skeleton | None = None
) -> PoseSet:
    """A pose set of predictions from `supervision.KeyPoints`, one object per frame, and the frames' names.

    `xy` [n, K, 2] and `confidence` [n, K] are read; a joint at (0, 0) without confidence was not found.

    Raises:
        UsageError: P179 when an object has another form, or names and objects differ in number.
    """
    if len(keypoints) != len(names):
        raise _odd("supervision keypoints", ValueError(f"{len(keypoints)} objects and {len(names)} names"))
    rows: list[Array] = []
    scores: list[Array] = []
    row: list[int] = []
    try:
        for at, one in enumerate(keypoints):
            xy = np.asarray(one.xy, dtype=np.float64)
            if not xy.size:
                continue
            given = getattr(one, "confidence", None)
            if given is None:
                given = getattr(one, "keypoint_confidence", None)
            score = np.full(xy.shape[:2], np.nan) if given is None else np.asarray(given, dtype=np.float64)
            if xy.ndim != 3 or xy.shape[2] != 2 or score.shape != xy.shape[:2]:
                raise ValueError(f"xy of shape {xy.shape} with confidence of shape {score.shape}")
            rows.append(xy)
            scores.append(score)
            row += [at] * len(xy)
        joints = rows[0].shape[1] if rows else 17
        every = np.concatenate([np.zeros((0, joints, 2)), *rows])
        score = np.concatenate([np.zeros((0, joints)), *scores])
    except (TypeError, ValueError, AttributeError) as error:
        raise _odd("supervision keypoints", error) from None
    found = joints_by_count(joints, ReadOptions(Role.PREDICTIONS, skeleton=skeleton), "supervision keypoints")
    absent = ((every == 0).all(axis=2) & ~(score > 0)) | ~np.isfinite(every).all(axis=2)
    seen = np.where(absent, 0, 2).astype(np.int8)
    columns = {"xy": every, "seen": seen, "joint_score": score, "score": mean_score(score, seen)}
    frames = frames_of(list(names), DEFAULT, "supervision keypoints")
    place = np.asarray(row, dtype=np.int64)
    return pose_set(found, frames, place, columns, _origin("supervision", len(every)), DEFAULT)


def _point_scores(instance: Any, joints: int) -> Array:
    points = getattr(instance, "points", None)
    names = getattr(getattr(points, "dtype", None), "names", None) or ()
    if points is not None and "score" in names and len(points) == joints:
        return np.asarray(points["score"], dtype=np.float64)
    return np.full(joints, np.nan)


def _named(joints: list[str], skeleton: Skeleton | None) -> Skeleton:
    return skeleton or match_names(joints) or skeleton_from_names(joints)


def _origin(format: str, records: int) -> Origin:
    return Origin(f"<{format}>", "", format, records)


def _odd(what: str, error: Exception) -> UsageError:
    return UsageError(
        "P179", where=what, what=f"has another form than its library documents ({shown(error, 100)})"
    )
