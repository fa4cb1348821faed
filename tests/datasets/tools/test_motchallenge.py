"""MOTChallenge's text: boxes from pixel 1, frames from 1, boxes that are not evaluated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from poseval import datasets
from poseval.datasets import ReadOptions, Role, WriteOptions
from poseval.errors import InputError
from poseval.poses import Frames, People, PoseSet
from poseval.skeletons import get_skeleton

T, P = Role.TRUTH, Role.PREDICTIONS


def read(path: Path, text: str, role: Role = T) -> PoseSet:
    """The text as a file."""
    path.write_text(text)
    return datasets.read(path, ReadOptions(role), "motchallenge")


def test_truth_and_results(tmp_path: Path) -> None:
    truth = read(tmp_path / "gt.txt", "1,7,1,1,4,8,1,1,1\n3,7,11,21,4,8,0,1,0.5\n")
    assert truth.people.box.tolist() == [[0, 0, 4, 8], [10, 20, 14, 28]]
    assert truth.people.track.tolist() == [7, 7]
    assert truth.people.crowd.tolist() == [False, True]
    assert truth.frames.number.tolist() == [1, 3]
    found = read(tmp_path / "det.txt", "1,-1,1,1,4,8,0.5,-1,-1,-1\n", P)
    assert (found.people.score.tolist(), found.people.track.tolist()) == ([0.5], [-1])
    assert not found.people.seen.any()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1,7,1,1,4\n", "P204"),
        ("1,7,1,1,4,8,1,1,1\n1,7,1,1,4,8,1\n", "P204"),
        ("0,7,1,1,4,8,1,1,1\n", "P303"),
        ("1.5,7,1,1,4,8,1,1,1\n", "P303"),
        ("1,7.5,1,1,4,8,1,1,1\n", "P303"),
        ("1,7,1,1,-4,8,1,1,1\n", "P307"),
        ("1,7,1,1,4,8,1,1e308,1\n", "P303"),
        ("1,7,1,nan,4,8,1,1,1\n", "P301"),
        ("1,7,1,one,4,8,1,1,1\n", "P203"),
    ],
)
def test_wrong_lines_are_refused(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path / "gt.txt", text)
    assert caught.value.code == code


@pytest.mark.parametrize("role", [T, P])
def test_boxes_are_made_from_joints_where_none_is_given(role: Role, tmp_path: Path) -> None:
    skeleton = get_skeleton("coco17")
    xy = np.zeros((3, 17, 2))
    seen = np.zeros((3, 17), dtype=np.int8)
    xy[0, :2] = [[10, 20], [14, 28]]
    seen[0, :2] = 2
    box = np.asarray([[np.nan] * 4, [0.0, 0.0, 4.0, 8.0], [np.nan] * 4])
    people = People(xy, np.zeros(3, dtype=np.int64), seen=seen, box=box, score=np.ones(3))
    path = tmp_path / "boxes.txt"
    poses = PoseSet(skeleton, Frames(["a"]), people)
    losses = datasets.get_format("motchallenge").write(poses, path, WriteOptions(role))
    assert losses.made == {"boxes computed from the joints": 1}
    assert losses.dropped["people without a box or joints"] == 1
    assert losses.kept_people == 2
    again = datasets.read(path, ReadOptions(role), "motchallenge")
    assert again.people.box.tolist() == [[10, 20, 14, 28], [0, 0, 4, 8]]
