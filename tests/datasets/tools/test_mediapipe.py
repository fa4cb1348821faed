"""MediaPipe's landmarks: shares of images whose sizes must be known, and the csv in pixels."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval import datasets
from poseval.datasets import ReadOptions, Role
from poseval.errors import InputError
from poseval.poses import Frames, PoseSet
from tests.datasets.real_libraries import video

P = Role.PREDICTIONS


def landmarks(**more: Any) -> list[dict[str, Any]]:
    """33 landmarks of one person."""
    return [{"x": 0.5, "y": 0.25, "z": -0.1, "visibility": 0.75, **more} for _ in range(33)]


def frame(**more: Any) -> dict[str, Any]:
    """One image of one person."""
    return {"image": "a.jpg", "width": 200, "height": 100, "pose_landmarks": [landmarks()], **more}


def read(path: Path, content: Any, truth: PoseSet | None = None) -> PoseSet:
    """The content as a file."""
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return datasets.read(path, ReadOptions(P, truth), "mediapipe")


def test_shares_become_pixels(tmp_path: Path) -> None:
    poses = read(tmp_path / "a.json", [frame(), frame(image="b.jpg", pose_landmarks=[])])
    assert poses.skeleton.name == "mediapipe33"
    assert poses.people.xy[0, 0].tolist() == [100, 25]
    assert poses.people.score.tolist() == [0.75]
    assert poses.frames.key.tolist() == ["a.jpg", "b.jpg"]


def test_one_person_may_stand_without_a_list(tmp_path: Path) -> None:
    assert len(read(tmp_path / "a.json", [frame(pose_landmarks=landmarks())])) == 1


def test_sizes_may_come_from_the_truth(tmp_path: Path) -> None:
    whole = video(Role.TRUTH)
    frames = Frames(np.asarray(["a.jpg"]), size=np.asarray([[400.0, 200.0]]), path=np.asarray(["a.jpg"]))
    truth = replace(whole, frames=frames, people=whole.people.take(np.zeros(0, dtype=np.int64)))
    content = [frame(width=None, height=None)]
    assert read(tmp_path / "a.json", content, truth).people.xy[0, 0].tolist() == [200, 50]


def test_the_csv_is_in_pixels_and_has_no_confidence(tmp_path: Path) -> None:
    line = "a.jpg,up," + ",".join(f"{n},{n + 1},0.5" for n in range(33))
    poses = read(tmp_path / "a.csv", line + "\n")
    assert poses.people.xy[0, 2].tolist() == [2, 3]
    assert np.isnan(poses.people.joint_score).all()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ([frame(width=None)], "P308"),
        ([frame(width=-3)], "P308"),
        ([frame(), frame()], "P305"),
        ([frame(pose_landmarks=[landmarks()[:32]])], "P204"),
        ([frame(pose_landmarks=[landmarks(x=None)])], "P203"),
        ([frame(pose_landmarks=[landmarks(x="1")])], "P203"),
        ([frame(pose_landmarks=[3])], "P204"),
        ([3], "P270"),
        ("a.jpg,up,1,2\n", "P204"),
        ("a.jpg,up," + ",".join(["x"] * 99) + "\n", "P203"),
        ("a.jpg,up," + ",".join(["nan"] * 99) + "\n", "P301"),
    ],
)
def test_wrong_landmarks_are_refused(tmp_path: Path, content: Any, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path / ("a.csv" if isinstance(content, str) else "a.json"), content)
    assert caught.value.code == code
