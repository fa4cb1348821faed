"""MOTChallenge's text: boxes from pixel 1, frames from 1, boxes that are not evaluated."""

from __future__ import annotations

from pathlib import Path

import pytest

from poseval import datasets
from poseval.datasets import ReadOptions, Role
from poseval.errors import InputError
from poseval.poses import PoseSet

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
        ("1,7,1,nan,4,8,1,1,1\n", "P301"),
        ("1,7,1,one,4,8,1,1,1\n", "P203"),
    ],
)
def test_wrong_lines_are_refused(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path / "gt.txt", text)
    assert caught.value.code == code
