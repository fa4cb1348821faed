"""Sources that the tests of convert share."""

from __future__ import annotations

from pathlib import Path

import pytest

from poseval import datasets
from poseval.datasets import Role, WriteOptions
from tests.fuzz.seeds import small_sets

T, P = Role.TRUTH, Role.PREDICTIONS


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, Path]:
    """The same people as COCO truth and results, an OpenPose folder and YOLO labels."""
    truth, predictions = small_sets()
    for name, target, poses, role in (
        ("coco", "gt.json", truth, T),
        ("coco", "dt.json", predictions, P),
        ("openpose", "openpose", predictions, P),
        ("yolo", "yolo", predictions, P),
        ("native", "native.npz", predictions, P),
    ):
        datasets.get_format(name).write(poses, tmp_path / target, WriteOptions(role, truth=truth))
    return {path.name.split(".")[0]: path for path in tmp_path.iterdir()}
