"""PoseFlow: track numbers of people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from poseval import datasets
from poseval.datasets import ReadOptions, Role
from poseval.errors import ValueRangeError
from tests.fuzz.seeds import small_sets

TRUTH = small_sets()[0]


def file_with(tmp_path: Path, **more: Any) -> Path:
    person = {"keypoints": [5.0, 6.0, 0.5] * len(TRUTH.skeleton), "scores": 1.5, **more}
    path = tmp_path / "alphapose-results-forvis-tracked.json"
    path.write_text(json.dumps({TRUTH.frames.key[0]: [person]}))
    return path


@pytest.mark.parametrize(
    ("more", "track"), [({}, -1), ({"idx": None}, -1), ({"idx": 3}, 3), ({"idx": 4.0}, 4)]
)
def test_track_numbers(more: dict[str, Any], track: int, tmp_path: Path) -> None:
    options = ReadOptions(Role.PREDICTIONS, TRUTH)
    assert datasets.read(file_with(tmp_path, **more), options, "poseflow").people.track.tolist() == [track]


@pytest.mark.parametrize("idx", [float("nan"), float("inf"), -1, 2.5, 2.0**53, "3", True, [1]])
def test_what_numbers_no_track_is_refused(idx: object, tmp_path: Path) -> None:
    """NaN ended the reader in an internal error, and the others lost their track without a word."""
    with pytest.raises(ValueRangeError, match=r"\[0\]\.idx: is") as caught:
        datasets.read(file_with(tmp_path, idx=idx), ReadOptions(Role.PREDICTIONS, TRUTH), "poseflow")
    assert caught.value.code == "P303"
