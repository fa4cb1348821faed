"""AlphaPose: its three layouts, tracks in all their forms, scores above one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval import datasets
from poseval.datasets import ReadOptions, Role, Source
from poseval.errors import InputError
from poseval.poses import PoseSet

P = Role.PREDICTIONS


def record(name: str = "1.jpg", **more: Any) -> dict[str, Any]:
    """One person of the list."""
    flat = [value for joint in range(17) for value in (10.0 + joint, 20.0, 0.5)]
    return {
        "image_id": name,
        "category_id": 1,
        "keypoints": flat,
        "score": 3.04,
        "box": [1, 2, 30, 40],
        **more,
    }


def read(path: Path, content: Any) -> PoseSet:
    """The content as a file, recognised."""
    path.write_text(json.dumps(content))
    assert datasets.recognise(Source(path), P) == "alphapose"
    return datasets.read(path, ReadOptions(P))


def test_the_list(tmp_path: Path) -> None:
    poses = read(tmp_path / "a.json", [record("10.jpg"), record("9.jpg"), record("10.jpg")])
    assert poses.frames.key.tolist() == ["10.jpg", "9.jpg"]
    assert poses.people.frame.tolist() == [0, 0, 1]
    assert poses.people.score.tolist() == [3.04] * 3
    assert poses.people.box[0].tolist() == [1, 2, 31, 42]


@pytest.mark.parametrize(
    ("idx", "track"), [(4, 4), (4.0, 4), ([4], 4), ([[4]], 4), ([4, 4.0], 4), ([4, 5], -1), ([], -1)]
)
def test_tracks_are_numbers_or_lists_of_them(tmp_path: Path, idx: Any, track: int) -> None:
    poses = read(tmp_path / "a.json", [record(idx=idx)])
    assert poses.people.track.tolist() == [track]
    assert ("N503" in [n.code for n in poses.origin.notices]) == (idx == [4, 5])


@pytest.mark.parametrize(
    ("people", "joints"), [("people", "pose_keypoints_2d"), ("bodies", "joints")], ids=["open", "cmu"]
)
def test_the_keyed_layouts(tmp_path: Path, people: str, joints: str) -> None:
    flat = [value for joint in range(18) for value in (10.0 + joint, 20.0, 0.5)]
    content = {"1.jpg": {people: [{joints: flat}]}, "2.jpg": {people: []}}
    poses = read(tmp_path / "a.json", content)
    assert poses.skeleton.name == "openpose_coco18"
    assert poses.frames.key.tolist() == ["1.jpg", "2.jpg"]
    assert poses.people.score.tolist() == [0.5]
    np.testing.assert_array_equal(poses.people.xy[0, :, 0], 10.0 + np.arange(18))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"keypoints": [1.0, 2.0, 0.5] * 16}, "P204"),
        ({"keypoints": [1.0] * 50}, "P204"),
        ({"keypoints": None}, "P302"),
        ({"score": None}, "P302"),
        ({"box": [1, 2, -3, 4]}, "P307"),
        ({"box": [1, 2, 3]}, "P204"),
        ({"idx": "four"}, "P303"),
        ({"idx": -4}, "P303"),
        ({"idx": 1.5}, "P303"),
        ({"image_id": None}, "P302"),
    ],
)
def test_wrong_records_are_refused(tmp_path: Path, change: dict[str, Any], code: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([record(), record(**change)]))
    with pytest.raises(InputError) as caught:
        datasets.read(path, ReadOptions(P), "alphapose")
    assert code in caught.value.counts, caught.value


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"1.jpg": {"people": [{"pose_keypoints_2d": [1.0] * 53}]}}, "P204"),
        ({"1.jpg": {"people": [{"pose_keypoints_2d": "text"}]}}, "P203"),
        ({"1.jpg": {"people": 3}}, "P206"),
        ({f"{n}.jpg": {"people": [{"pose_keypoints_2d": [1.0, 2.0, 0.5] * n}]} for n in (18, 17)}, "P204"),
    ],
)
def test_wrong_frames_are_refused(tmp_path: Path, content: Any, code: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError) as caught:
        datasets.read(path, ReadOptions(P), "alphapose")
    assert caught.value.code == code
