"""Annotations of PoseTrack17, lists of rectangles and points."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.datasets.posetrack.documents import codes, load, refused


def annolist() -> dict[str, Any]:
    """A small PoseTrack17 file."""

    def point(joint: int, x: float, y: float, **more: float) -> dict[str, Any]:
        return {"id": [joint], "x": [x], "y": [y], **{k: [v] for k, v in more.items()}}

    person = {
        "x1": [10],
        "y1": [20],
        "x2": [40],
        "y2": [60],
        "track_id": [3],
        "annopoints": [
            {"point": [point(0, 1.5, 2), point(13, 3, 4.5, is_visible=0), point(14, 5, 6, score=0.25)]}
        ],
    }
    frames = [
        {"image": [{"name": f"images/v/{f:08d}.jpg"}], "imgnum": [f], "annorect": [copy.deepcopy(person)]}
        for f in (1, 2)
    ]
    frames[1]["ignore_regions"] = [{"point": [{"x": [x], "y": [y]} for x, y in ((0, 0), (9, 0), (9, 9.5))]}]
    return {"annolist": frames}


def test_posetrack17(tmp_path: Path) -> None:
    poses = load(annolist(), tmp_path)
    people = poses.people
    assert poses.origin.format == "posetrack17"
    assert poses.frames.key.tolist() == ["images/v/00000001.jpg", "images/v/00000002.jpg"]
    assert people.seen[0].tolist() == [2, *[0] * 12, 1, 2]
    assert people.xy[0, 13].tolist() == [3, 4.5]
    assert people.joint_score[0, 14] == 0.25
    assert np.isnan(people.joint_score[0, :14]).all()
    assert people.head[0] == pytest.approx(30.0)
    assert people.track.tolist() == [3, 3]
    assert poses.ignore.vertices.tolist() == [[0, 0], [9, 0], [9, 9.5]]
    assert poses.ignore.frame.tolist() == [1]


def test_posetrack17_lists_of_points(tmp_path: Path) -> None:
    node = annolist()
    points = node["annolist"][0]["annorect"][0]["annopoints"][0]["point"]
    points.append({"id": [0], "x": [99], "y": [99]})  # the first one counts
    points.append({"id": [15], "x": [1], "y": [1]})  # no such joint
    node["annolist"][1]["annorect"] += [
        {"track_id": [4]},
        {"annopoints": [{"point": []}]},
        {"annopoints": []},
    ]
    poses = load(node, tmp_path)
    assert poses.people.xy[0, 0].tolist() == [1.5, 2]
    assert poses.people.extra["listed"].tolist() == [True, True, False, True, False]
    assert poses.people.track.tolist() == [3, 3, 4, -1, -1]
    assert {"N477", "N478"} <= codes(poses)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda f: f.pop("image"), "P204"),
        (lambda f: f["annorect"][0].update(track_id=3), "P203"),
        (lambda f: f["annorect"][0].update(track_id=[1.5]), "P303"),
        (lambda f: f["annorect"][0].update(x1=[1, 2]), "P204"),
        (lambda f: f["annorect"][0]["annopoints"][0]["point"][0].pop("x"), "P206"),
        (lambda f: f["annorect"][0]["annopoints"][0]["point"][0].update(x=["1"]), "P203"),
    ],
)
def test_posetrack17_faults(change: Any, code: str, tmp_path: Path) -> None:
    node = annolist()
    change(node["annolist"][0])
    error = refused(node, tmp_path)
    assert code in error.counts
    assert "annolist[0]" in str(error)


def test_frames_of_posetrack17_may_be_empty(tmp_path: Path) -> None:
    node = annolist()
    node["annolist"][0]["annorect"] = []
    del node["annolist"][1]["annorect"]
    poses = load(node, tmp_path)
    assert len(poses) == 0
    assert poses.frames.labelled.tolist() == [False, False]
