"""py-motmetrics reads the MOTChallenge files that we write, and finds perfect tracks perfect."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from poseval import datasets
from poseval.datasets import Role, WriteOptions
from poseval.poses import PoseSet
from tests.datasets.real_libraries import video

motmetrics = pytest.importorskip("motmetrics", reason="reads the files")


def boxed(role: Role) -> PoseSet:
    """The video with a box for everyone."""
    poses = video(role)
    corner = np.array([[10.0, 20], [200, 30], [14, 22], [205, 33]])
    box = np.concatenate([corner, corner + np.array([50, 100])], axis=1)
    return replace(poses, people=poses.people.with_columns(box=box))


def test_perfect_tracks_are_perfect(tmp_path: Path) -> None:
    for role, form in ((Role.TRUTH, "mot16"), (Role.PREDICTIONS, "mot15-2D")):
        path = tmp_path / f"{role.value}.txt"
        datasets.get_format("motchallenge").write(boxed(role), path, WriteOptions(role))
        found = motmetrics.io.loadtxt(str(path), fmt=form)
        assert found.index.get_level_values("FrameId").tolist() == [1, 1, 2, 4]
        assert found.index.get_level_values("Id").tolist() == [5, 2, 5, 2]
        np.testing.assert_allclose(found[["X", "Y"]].to_numpy(), boxed(role).people.box[:, :2])
        np.testing.assert_allclose(found[["Width", "Height"]].to_numpy(), [[50, 100]] * 4)
    truth = motmetrics.io.loadtxt(str(tmp_path / "truth.txt"), fmt="mot16")
    predictions = motmetrics.io.loadtxt(str(tmp_path / "predictions.txt"), fmt="mot15-2D")
    pair = motmetrics.MOTAccumulator()  # its own comparison of files needs NumPy 1
    for frame in (1, 2, 4):
        sides = [table.loc[frame] for table in (truth, predictions)]
        corner = [side[["X", "Y"]].to_numpy() for side in sides]
        far = np.abs(corner[0][:, None] - corner[1][None]).max(axis=2)
        pair.update(sides[0].index, sides[1].index, np.where(far < 5, far, np.nan), frame)
    summary = motmetrics.metrics.create().compute(pair, metrics=["mota", "idf1"], name="a")
    assert summary.loc["a"].tolist() == [1.0, 1.0]
