"""Predictions image by image, as detectors return them: a mapping of images to arrays, or a list of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from poseval.datasets.base import ReadOptions
from poseval.datasets.objects.arrays import from_arrays
from poseval.datasets.objects.columns import array_of, numbers
from poseval.errors import UsageError, shown
from poseval.poses import PoseSet

# What libraries call a column -> the argument of `from_arrays`.
FIELDS = {
    "scores": "score",
    "score": "score",
    "keypoint_scores": "joint_score",
    "keypoints_scores": "joint_score",
    "visibility": "visibility",
    "boxes": "box",
    "bboxes": "box",
    "track_ids": "track",
    "areas": "area",
}
PER_JOINT = frozenset({"joint_score", "visibility"})
IMAGE = ("image_id", "frame")


def by_image(value: Any) -> list[tuple[Any, Mapping[str, Any]]] | None:
    """Images with their fields, of which `keypoints` is [n, K, 2 or 3]; None for anything else.

    Forms: a mapping of images to fields, a mapping of images to lists of people, whose keypoints are
    [K, 2 or 3], and a list of fields with an `image_id`.
    """
    if isinstance(value, Mapping):
        inside = list(value.items())
        if inside and all(_has_keypoints(fields) for _, fields in inside):
            return inside
        lists = all(isinstance(people, (list, tuple)) for people in value.values())
        if inside and lists and all(_has_keypoints(one) for people in value.values() for one in people):
            return [(image, _together(people)) for image, people in inside]
        return None
    if not isinstance(value, (list, tuple)) or not value or not all(_has_keypoints(one) for one in value):
        return None
    if any(np.ndim(array_of(one["keypoints"])) != 3 or not set(IMAGE) & one.keys() for one in value):
        return None
    return [(next(one[name] for name in IMAGE if name in one), one) for one in value]


def _has_keypoints(value: Any) -> bool:
    return isinstance(value, Mapping) and "keypoints" in value


def _together(people: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The fields of several people as arrays; `scores` of one person are those of its joints."""
    names = {name: name for one in people for name in one}
    if "scores" in names and np.ndim(array_of(people[0].get("scores", 0))) == 1:
        names["scores"] = "keypoint_scores"
    if "bbox" in names:
        names["bbox"] = "boxes"
    found = {new: [array_of(one[old]) for one in people if old in one] for old, new in names.items()}
    return {name: np.stack(values) for name, values in found.items() if len(values) == len(people)} or {
        "keypoints": np.zeros((0, 0, 2))
    }


def from_images(images: Sequence[tuple[Any, Mapping[str, Any]]], options: ReadOptions, name: str) -> PoseSet:
    """A pose set of predictions on the images; an image may have nobody.

    Raises:
        UsageError: P851 another shape, with the image, P855 an image twice, or a column of some images.
    """
    unread: Counter[str] = Counter()
    columns: dict[str, list[Any]] = {}
    frame: list[Any] = []
    frames = [image for image, _ in images]
    for image, fields in images:
        where = f"{name}: image {shown(image, 60)}"
        points = array_of(fields["keypoints"])
        if not points.size:
            continue
        given = {"keypoints": numbers(f"{where}: keypoints", points, (None, None, None), "[n, K, 2 or 3]")}
        rows, joints = given["keypoints"].shape[:2]
        for field, value in fields.items():
            column = FIELDS.get(field)
            if column is None or value is None:
                unread.update([] if field in ("keypoints", *IMAGE) else [field])
                continue
            shape = (rows, joints) if column in PER_JOINT else (rows, 4) if column == "box" else (rows,)
            given[column] = numbers(f"{where}: {field}", value, shape, f"{list(shape)}")
        if given["keypoints"].shape[2] == 3 and PER_JOINT & given.keys():
            given["keypoints"] = given["keypoints"][..., :2]
            unread["third column of keypoints"] += 1
        if columns and columns.keys() != given.keys():
            differ = sorted(columns.keys() ^ given.keys())
            raise UsageError(
                "P855",
                where=where,
                what=f"has other columns than images before it: {', '.join(differ)}",
                wanted="the same columns for every image",
            )
        for column, array in given.items():
            columns.setdefault(column, []).append(array)
        frame += [image] * rows
    skeleton = options.skeleton or (options.truth.skeleton if options.truth is not None else None)
    keypoints = _stacked(columns.pop("keypoints", []), len(skeleton) if skeleton is not None else 17, name)
    if skeleton is not None and len(skeleton) != keypoints.shape[1]:
        skeleton = options.skeleton
    joined: dict[str, Any] = {name: np.concatenate(arrays) for name, arrays in columns.items()}
    made = from_arrays(
        keypoints,
        frame=frame,
        frames=frames,
        third="score" if keypoints.shape[2] == 3 else None,
        skeleton=skeleton,
        **joined,
    )
    return replace(made, origin=replace(made.origin, path=name, unread=dict(unread)))


def _stacked(arrays: list[Any], joints: int, name: str) -> Any:
    if not arrays:
        return np.zeros((0, joints, 2))
    shapes = sorted({array.shape[1:] for array in arrays})
    if len(shapes) > 1:
        raise UsageError(
            "P855",
            where=name,
            what=f"have people of different shapes: {' and '.join(str(list(shape)) for shape in shapes)}",
            wanted="the same number of joints and columns for everyone",
        )
    return np.concatenate(arrays)
