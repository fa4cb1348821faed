"""Writing SLEAP's projects: the tables of form 1.3, as sleap-io and SLEAP itself read them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from poseval.datasets.animals.individuals import TRACK
from poseval.datasets.animals.sleap_skeleton import metadata_of
from poseval.datasets.base import Losses, Role
from poseval.datasets.capabilities import losses_of
from poseval.datasets.containers.hdf5_write import fixed_texts
from poseval.poses import Array, Floats, Ints, PoseSet
from poseval.poses.frame_names import named

FORM = 1.3
INSTANCE = np.dtype(
    [
        ("instance_id", "i8"),
        ("instance_type", "u1"),
        ("frame_id", "u8"),
        ("skeleton", "u4"),
        ("track", "i4"),
        ("from_predicted", "i8"),
        ("score", "f8"),  # SLEAP writes f4; a score of ours must come back as it was
        ("point_id_start", "u8"),
        ("point_id_end", "u8"),
        ("tracking_score", "f4"),
    ]
)
FRAME = np.dtype(
    [
        ("frame_id", "u8"),
        ("video", "u4"),
        ("frame_idx", "u8"),
        ("instance_id_start", "u8"),
        ("instance_id_end", "u8"),
    ]
)
POINT = np.dtype([("x", "f8"), ("y", "f8"), ("visible", "?"), ("complete", "?")])
PREDICTED_POINT = np.dtype([*POINT.descr, ("score", "f8")])


def losses(poses: PoseSet, holds: frozenset[str]) -> Losses:
    """What of a pose set a project cannot hold. Sizes are kept if all frames of a sequence have the same."""
    sequence = poses.frames.sequence
    if all(_shape(poses, np.flatnonzero(sequence == one)) for one in np.unique(sequence).tolist()):
        holds = holds | {"frame sizes"}
    return losses_of(poses, holds)


def fill(file: Any, poses: PoseSet, role: Role) -> None:
    """Put the project into an empty file."""
    predictions = role is Role.PREDICTIONS
    metadata = file.create_group("metadata")
    metadata.attrs["format_id"] = FORM
    metadata.attrs["json"] = np.bytes_(metadata_of(poses.skeleton))
    tracks = np.unique(poses.people.track[poses.people.track >= 0])
    rows = [json.dumps([0, f"{TRACK}_{track}"], separators=(",", ":")) for track in tracks.tolist()]
    videos, place = _videos(poses)
    file["tracks_json"] = fixed_texts(rows)
    file["videos_json"] = fixed_texts([json.dumps(video, separators=(",", ":")) for video in videos])
    file["suggestions_json"] = np.zeros(0)
    points = _points(poses, predictions)
    file["points"] = np.zeros(0, dtype=POINT) if predictions else points
    file["pred_points"] = points if predictions else np.zeros(0, dtype=PREDICTED_POINT)
    file["instances"] = _instances(poses, tracks, predictions)
    start = poses.frame_start()
    frames = np.zeros(len(poses.frames), dtype=FRAME)
    frames["frame_id"] = np.arange(len(frames))
    frames["video"], frames["frame_idx"] = place.T
    frames["instance_id_start"], frames["instance_id_end"] = start[:-1], start[1:]
    file["frames"] = frames


def _points(poses: PoseSet, predictions: bool) -> Array:
    people = poses.people
    found = people.seen > 0
    points = np.zeros(found.size, dtype=PREDICTED_POINT if predictions else POINT)
    xy = np.where(found[:, :, None], people.xy, np.nan)
    points["x"], points["y"] = xy.reshape(-1, 2).T
    points["visible"] = found.reshape(-1)
    if predictions:
        points["score"] = np.where(found, people.joint_score, np.nan).reshape(-1)
    return points


def _instances(poses: PoseSet, tracks: Ints, predictions: bool) -> Array:
    people = poses.people
    count = len(poses.skeleton)
    out = np.zeros(len(people), dtype=INSTANCE)
    out["instance_id"] = np.arange(len(people))
    out["instance_type"] = int(predictions)
    out["frame_id"] = people.frame
    out["track"] = np.where(people.track >= 0, np.searchsorted(tracks, people.track), -1)
    out["from_predicted"] = -1
    out["score"] = people.score if predictions else 0.0
    out["point_id_start"] = np.arange(len(people)) * count
    out["point_id_end"] = out["point_id_start"] + count
    return out


def _videos(poses: PoseSet) -> tuple[list[dict[str, Any]], Ints]:
    """The videos, and video and index [F, 2] of each frame.

    Frames of a video file keep their numbers in it; the images of each sequence are a video of their own.
    """
    frames = poses.frames
    files = frames.extra.get("video", np.zeros(len(frames), dtype="U1"))
    out: list[dict[str, Any]] = []
    place = np.zeros((len(frames), 2), dtype=np.int64)
    for name in dict.fromkeys(files[files != ""].tolist()):
        rows = np.flatnonzero(files == name)
        place[rows] = np.stack([np.full(len(rows), len(out)), frames.number[rows]], axis=1)
        out.append(_video_file(name, _shape(poses, rows), int(frames.number[rows].max()) + 1))
    names = named(frames)
    for sequence in np.unique(frames.sequence[files == ""]).tolist():
        rows = np.flatnonzero((frames.sequence == sequence) & (files == ""))
        place[rows] = np.stack([np.full(len(rows), len(out)), np.arange(len(rows))], axis=1)
        out.append(_pictures([names[row] for row in rows.tolist()], _shape(poses, rows)))
    return out, place


def _video_file(name: str, size: tuple[float, float] | None, length: int) -> dict[str, Any]:
    """A video file; SLEAP counts its frames when it opens it, until then there are `length`."""
    shape = [length, int(size[1]), int(size[0]), 3] if size else None
    backend = {"type": "MediaVideo", "filename": name, "shape": shape, "grayscale": False}
    return {"filename": name, "backend": backend}


def _pictures(names: list[str], size: tuple[float, float] | None) -> dict[str, Any]:
    """A video that is a list of images."""
    width, height = (int(size[0]), int(size[1])) if size else (None, None)
    backend = {
        "type": "ImageVideo",
        "filename": names[0],
        "filenames": names,
        "shape": [len(names), height, width, 3] if size else None,
        "height_": height,
        "width_": width,
        "channels_": 3,
        "grayscale": False,
    }
    return {"filename": names[0], "backend": backend}


def _shape(poses: PoseSet, rows: Ints) -> tuple[float, float] | None:
    """Width and height of frames where all have the same in whole pixels."""
    sizes: Floats = poses.frames.size[rows]
    if not len(sizes) or np.isnan(sizes).any() or (sizes != sizes[0]).any() or (sizes % 1 != 0).any():
        return None
    return float(sizes[0, 0]), float(sizes[0, 1])
