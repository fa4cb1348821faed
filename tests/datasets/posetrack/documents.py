"""Annotations of PoseTrack made by hand, and what the reader makes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from poseval.datasets import ReadOptions, Role, read
from poseval.errors import InputError
from poseval.limits import Limits
from poseval.poses import PoseSet
from poseval.skeletons import get_skeleton

NAMES = list(get_skeleton("posetrack17slots").joints)


OURS = get_skeleton("posetrack15_poseval").joints


def document(frames: int = 3, people: int = 2) -> dict[str, Any]:
    """A small PoseTrack18 file of one video."""
    images = [
        {
            "id": 10003420000 + f,
            "frame_id": 10003420000 + f,
            "vid_id": "000342",
            "nframes": frames,
            "file_name": f"images/val/000342_mpii_test/{f:06d}.jpg",
            "is_labeled": True,
            "ignore_regions_x": [],
            "ignore_regions_y": [],
        }
        for f in range(frames)
    ]
    annotations = [
        {
            "id": 100 * f + p,
            "image_id": images[f]["id"],
            "track_id": p,
            "category_id": 1,
            "bbox": [10 * p, 20, 50.5, 60],
            "bbox_head": [5, 6, 30, 40],
            "keypoints": [value for k in range(17) for value in (100.5 + k + 40 * p, 50.25 + 2 * k, 1)],
            "scores": [],
        }
        for f in range(frames)
        for p in range(people)
    ]
    return {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "person", "keypoints": list(NAMES), "skeleton": []}],
    }


def saved(node: Any, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(node), "utf-8")
    return path


def load(node: Any, tmp_path: Path, role: Role = Role.TRUTH, limits: Limits | None = None) -> PoseSet:
    path = saved(node, tmp_path / "000342_mpii_test.json")
    options = ReadOptions(role) if limits is None else ReadOptions(role, limits=limits)
    return read(path, options)


def refused(node: Any, tmp_path: Path, role: Role = Role.TRUTH) -> InputError:
    with pytest.raises(InputError) as caught:
        load(node, tmp_path, role)
    return caught.value


def codes(poses: PoseSet) -> set[str]:
    return {notice.code for notice in poses.origin.notices}
