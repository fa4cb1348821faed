"""Pose sets as PoseTrack18 and PoseTrack21 files."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from poseval.datasets.base import Losses, Role, WriteOptions
from poseval.datasets.posetrack.sequences import skeleton
from poseval.datasets.posetrack.write import (
    Columns,
    columns_of,
    extent,
    image_ids,
    lose_for_role,
    numbers,
    write_sequences,
)
from poseval.poses import Ints, PoseSet
from poseval.skeletons import get_skeleton

SLOTS = get_skeleton("posetrack17slots")
PEOPLE_PER_IMAGE = 1000  # annotation ids are image id * 1000 + place, as annotations outnumber 100 in crowds


def write(poses: PoseSet, path: Path, options: WriteOptions, reid: bool) -> Losses:
    """Write PoseTrack18 files, or PoseTrack21 with `reid`.

    Raises:
        UsageError: see `write_sequences`.
    """
    columns = columns_of(poses)
    poses = columns.poses
    lose_for_role(columns, options.role)
    ids, renamed = image_ids(poses)
    losses = columns.losses
    losses.lose("frame names that are not numbers (kept as file names)", renamed)
    _lose(columns, options.role, reid)
    write_sequences(
        poses, path, options, lambda index, frames: _document(columns, ids, frames, options.role, reid)
    )
    return losses


def _lose(columns: Columns, role: Role, reid: bool) -> None:
    people = columns.poses.people
    losses = columns.losses
    if "listed" in people.extra:
        losses.lose(
            "people without a list of points (written as zeros)", int((~people.extra["listed"]).sum())
        )
    if "person_id" in people.extra and not reid:
        losses.lose("person ids", int((people.extra["person_id"] >= 0).sum()))
    at_origin = np.all(columns.xy == 0, axis=2)
    hidden = np.logical_and(at_origin, columns.seen == 1)
    losses.lose("hidden joints at (0, 0) (written as visible)", int(hidden.sum()))
    if role is Role.PREDICTIONS:
        scored = ~np.isnan(columns.joint_score)
        some = scored.any(axis=1)
        absent = int(((columns.seen > 0) & ~scored)[some].sum())
        losses.lose("missing joint scores of people with other joint scores (written as 0)", absent)


def _document(columns: Columns, ids: Ints, frames: Ints, role: Role, reid: bool) -> dict[str, Any]:
    images = [_image(columns, ids, frame, len(frames), role, reid) for frame in frames.tolist()]
    people = [
        _person(columns, int(ids[frame]), frame, row, role, reid)
        for frame in frames.tolist()
        for row in range(columns.start[frame], columns.start[frame + 1])
    ]
    limbs = [[a + 1, b + 1] for a, b in SLOTS.limbs]
    category = {
        "supercategory": "person",
        "id": 1,
        "name": "person",
        "keypoints": list(SLOTS.joints),
        "skeleton": limbs,
    }
    return {"images": images, "annotations": people, "categories": [category]}


def _image(columns: Columns, ids: Ints, frame: int, count: int, role: Role, reid: bool) -> dict[str, Any]:
    frames = columns.poses.frames
    label = columns.label(frame)
    out: dict[str, Any] = {
        "file_name": label,
        "id": int(ids[frame]),
        "frame_id": int(ids[frame]),
        "vid_id": PurePosixPath(label).parent.name.partition("_")[0],
        "nframes": count,
        "is_labeled": bool(frames.labelled[frame]),
    }
    for name, value in zip(("width", "height"), frames.size[frame].tolist(), strict=True):
        if value == value:
            out[name] = int(value) if value.is_integer() else value
    if role is Role.TRUTH or columns.region_start[frame] < columns.region_start[frame + 1]:
        polygons = columns.polygons(frame)
        out["ignore_regions_x"] = [[x for x, _ in polygon] for polygon in polygons]
        out["ignore_regions_y"] = [[y for _, y in polygon] for polygon in polygons]
    if reid:
        out["has_labeled_person"] = bool(columns.start[frame] < columns.start[frame + 1])
    return out


def _person(columns: Columns, image: int, frame: int, row: int, role: Role, reid: bool) -> dict[str, Any]:
    people = columns.poses.people
    given = int(people.source_id[row])
    out: dict[str, Any] = {
        "id": given if given >= 0 else image * PEOPLE_PER_IMAGE + row - int(columns.start[frame]),
        "image_id": image,
        "category_id": 1,
        "keypoints": _keypoints(columns, row),
        "scores": _scores(columns, row) if role is Role.PREDICTIONS else [],
    }
    if columns.tracked[row]:
        out["track_id"] = int(columns.track[row])
    for name, box in (("bbox", people.box[row]), ("bbox_head", columns.head_box[row])):
        if not np.isnan(box).any():
            x0, y0, x1, y1 = box.tolist()
            out[name] = [x0, y0, extent(x0, x1), extent(y0, y1)]
    if role is Role.PREDICTIONS and not np.isnan(people.score[row]):
        out["score"] = float(people.score[row])
    if reid and "person_id" in people.extra and people.extra["person_id"][row] >= 0:
        out["person_id"] = int(people.extra["person_id"][row])
    return out


def _keypoints(columns: Columns, row: int) -> list[float] | list[int]:
    """51 numbers in the official order; ears and absent joints are zeros."""
    whole = columns.poses.people.extra.get("whole")
    out: list[float] = []
    place = {name: index for index, name in enumerate(skeleton().joints)}
    xy, seen = columns.xy[row].tolist(), columns.seen[row].tolist()
    for name in SLOTS.joints:
        index = place.get(name, -1)
        if index < 0 or not seen[index]:
            out += (0, 0, 0)
            continue
        x, y = xy[index]
        visible = 0 if seen[index] == 1 and (x or y) else 1
        out += (x, y, visible)
    return numbers(out, whole is not None and bool(whole[row]))


def _scores(columns: Columns, row: int) -> list[float]:
    """One score per keypoint, 0 where there is none; an empty list for a person without any."""
    score = columns.joint_score[row]
    if np.isnan(score).all():
        return []
    known = dict(zip(skeleton().joints, np.nan_to_num(score).tolist(), strict=True))
    return [known.get(name, 0.0) for name in SLOTS.joints]
