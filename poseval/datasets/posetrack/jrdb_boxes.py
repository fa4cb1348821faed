"""JRDB's boxes of all people, `labels_2d_stitched`: each is read as a person without joints."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from poseval.datasets.containers.unread import Known
from poseval.datasets.files.document import Document
from poseval.datasets.posetrack.sequences import Clip
from poseval.errors import Faults, shown
from poseval.poses import Array

FIELDS = Known("labels")
NAME = 10  # last characters of an image's path that name it: 000000.jpg


def with_boxes(clip: Clip, document: Document, faults: Faults) -> Clip:
    """The clip, and in each frame a person without joints for every box of the file."""
    place = {path[-NAME:]: row for row, path in enumerate(clip.path.tolist())}
    image: list[int] = []
    boxes: list[list[float]] = []
    labels = document.outline.by_key().get("labels")
    found = None if labels is None else document.tree(labels.start, labels.end, FIELDS, "labels")
    if not isinstance(found, dict):
        faults.add("P278", where=document.name, what="has no labels by image", wanted='{"labels": {...}}')
        return clip
    for name, listed in found.items():
        if name not in place:
            continue
        where = f"{document.name}: labels.{shown(name, 40)}"
        for person in listed if isinstance(listed, list) else [None]:
            box = _box(person)
            if box is None:
                faults.add("P278", where=where, what="has a person without a box", wanted="box: x, y, w, h")
                continue
            image.append(place[name])
            boxes.append(box)
    if not image:
        return clip
    count = len(image)
    corners = np.array(boxes)
    corners[:, 2:] += corners[:, :2]
    joints = clip.people["xy"].shape[1]
    people = {
        "xy": np.full((count, joints, 2), np.nan),
        "seen": np.zeros((count, joints), dtype=np.int8),
        "joint_score": np.full((count, joints), np.nan),
        "track": np.full(count, -1, dtype=np.int64),
        "box": corners,
        "score": np.full(count, np.nan),
        "source_id": np.full(count, -1, dtype=np.int64),
    }
    extra = {
        "head_box": np.full((count, 4), np.nan),
        "area": np.prod(corners[:, 2:] - corners[:, :2], axis=1),
        "visibility": np.full((count, joints), -1, dtype=np.int64),
        "unlabelled": np.ones(count, dtype=np.bool_),
    }
    return replace(
        clip,
        image=np.concatenate([clip.image, np.array(image, dtype=np.int64)]),
        people=_joined(clip.people, people),
        tracked=np.concatenate([clip.tracked, np.zeros(count, dtype=np.bool_)]),
        extra=_joined(clip.extra, extra),
    )


def _box(person: Any) -> list[float] | None:
    box = person.get("box") if isinstance(person, dict) else None
    if not isinstance(box, list) or len(box) != 4:
        return None
    if not all(type(value) in (int, float) and math.isfinite(value) for value in box) or min(box[2:]) < 0:
        return None
    return [float(value) for value in box]


def _joined(first: Mapping[str, Array], second: Mapping[str, Array]) -> dict[str, Array]:
    return {name: np.concatenate([column, second[name]]) for name, column in first.items()}
