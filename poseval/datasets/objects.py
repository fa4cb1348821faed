"""Pose sets from objects of other libraries in memory: movement, sleap-io and supervision.

None of them is imported: the attributes that their documentation names are read, anything else is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from poseval.datasets.animals.individuals import tracks_of
from poseval.datasets.assembly import frames_of, joints_by_count, mean_score, pose_set, predicted
from poseval.datasets.base import ReadOptions, Role
from poseval.errors import UsageError, shown, wrong_type
from poseval.limits import DEFAULT
from poseval.poses import Array, Origin, PoseSet
from poseval.skeletons import Skeleton, SkeletonLike, load_skeleton, match_names, skeleton_from_names
from poseval.skeletons.agreement import agreed, contradiction


def from_movement(
    dataset: Any, *, role: str | Role = "predictions", skeleton: SkeletonLike | None = None
) -> PoseSet:
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
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise _odd("movement dataset", error) from None
    labelled = np.asarray(np.isfinite(cube).all(axis=3))
    row, who = np.nonzero(labelled.any(axis=2))
    seen = np.where(labelled[row, who], 2, 0).astype(np.int8)
    columns: dict[str, Array] = {"xy": cube[row, who], "seen": seen, "track": who.astype(np.int64)}
    if Role.of(role) is Role.PREDICTIONS:
        columns |= {"joint_score": score[row, who], "score": mean_score(score[row, who], seen)}
    frames = frames_of([str(number) for number in range(len(cube))], DEFAULT, "movement dataset")
    return pose_set(_named(joints, skeleton), frames, row, columns, _origin("movement", len(row)), DEFAULT)


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
        raise _odd("sleap-io labels", error) from None
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
    return pose_set(_named(joints, skeleton), frames, place, columns, _origin("sleap", len(rows)), DEFAULT)


def from_supervision(
    keypoints: Sequence[Any], names: Sequence[str], *, skeleton: SkeletonLike | None = None
) -> PoseSet:
    """A pose set of predictions from `supervision.KeyPoints`, one object per frame, and the frames' names.

    `xy` [n, K, 2], `keypoint_confidence` [n, K] (`confidence` before 0.29), `detection_confidence` [n] and
    `visible` [n, K] are read. A joint is not there where `visible` denies it, or at (0, 0) without
    confidence. The score is the detection's confidence, else the mean of the joints'.

    Raises:
        UsageError: P179 when an object has another form, or names and objects differ in number.
    """
    what = "supervision keypoints"
    for name, value in (("keypoints", keypoints), ("names", names)):
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise wrong_type(name, value, "a list with an item for each frame")
    if len(keypoints) != len(names):
        raise _odd(what, ValueError(f"{len(keypoints)} objects and {len(names)} names"))
    try:
        parts = [(at, *_frame_points(one)) for at, one in enumerate(keypoints)]
        found = [part for part in parts if len(part[1])]
        joints = found[0][1].shape[1] if found else 17
        xy = np.concatenate([np.zeros((0, joints, 2)), *(part[1] for part in found)])
        score = np.concatenate([np.zeros((0, joints)), *(part[2] for part in found)])
        whole = np.concatenate([np.zeros(0), *(part[3] for part in found)])
        visible = np.concatenate([np.zeros((0, joints), dtype=np.bool_), *(part[4] for part in found)])
    except (TypeError, ValueError, AttributeError) as error:
        raise _odd(what, error) from None
    given = None if skeleton is None else load_skeleton(skeleton)
    known = joints_by_count(joints, ReadOptions(Role.PREDICTIONS, skeleton=given), what)
    seen = np.where(visible, predicted(xy, score), 0).astype(np.int8)
    mean = mean_score(score, seen)
    columns = {
        "xy": xy,
        "seen": seen,
        "joint_score": score,
        "score": np.where(np.isnan(whole), mean, whole),
    }
    frames = frames_of(list(names), DEFAULT, what)
    place = np.repeat([part[0] for part in found], [len(part[1]) for part in found]).astype(np.int64)
    return pose_set(known, frames, place, columns, _origin("supervision", len(xy)), DEFAULT)


def _frame_points(one: Any) -> tuple[Array, Array, Array, Array]:
    """Places [n, K, 2], confidences [n, K] and [n] (NaN where not given), and visibility [n, K]."""
    xy = np.asarray(one.xy, dtype=np.float64)
    if not xy.size:
        xy = np.zeros((0, 0, 2))
    if xy.ndim != 3 or xy.shape[2] != 2:
        raise ValueError(f"xy of shape {xy.shape}")
    given = getattr(one, "keypoint_confidence", None)
    if given is None and not hasattr(one, "keypoint_confidence"):
        given = getattr(one, "confidence", None)
    out = []
    for name, value, shape, missing in (
        ("confidence", given, xy.shape[:2], np.nan),
        ("detection_confidence", getattr(one, "detection_confidence", None), xy.shape[:1], np.nan),
        ("visible", getattr(one, "visible", None), xy.shape[:2], True),
    ):
        column = np.full(shape, missing) if value is None or not len(xy) else np.asarray(value)
        if column.shape != shape:
            raise ValueError(f"xy of shape {xy.shape} with {name} of shape {column.shape}")
        out.append(column)
    return xy, out[0].astype(np.float64), out[1].astype(np.float64), out[2].astype(np.bool_)


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


def _named(joints: list[str], skeleton: SkeletonLike | None) -> Skeleton:
    own = match_names(joints) or skeleton_from_names(joints)
    if skeleton is None:
        return own
    asked = load_skeleton(skeleton)
    found = agreed(own, asked)
    if found is None:
        raise contradiction(own, asked, "joints of the object")
    return found


def _origin(format: str, records: int) -> Origin:
    return Origin(f"<{format}>", "", format, records)


def _odd(what: str, error: Exception) -> UsageError:
    return UsageError("P179", where=what, what=f"is not as its library documents it ({shown(error, 100)})")
