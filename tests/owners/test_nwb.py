"""pynwb with ndx-pose reads the NWB files that we write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval import datasets
from poseval.datasets import Role, WriteOptions
from tests.datasets.real_libraries import NAMES, video

pytest.importorskip("h5py", reason="NWB needs it")
pynwb = pytest.importorskip("pynwb", reason="needs pynwb")
pytest.importorskip("ndx_pose", reason="needs ndx-pose")


@pytest.fixture(params=Role, ids=lambda role: role.value)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """The role, and the module `behavior` of the file."""
    path = tmp_path / "a.nwb"
    datasets.get_format("nwb").write(video(request.param), path, WriteOptions(request.param))
    with pynwb.NWBHDF5IO(str(path), "r") as io:
        yield request.param, io.read().processing["behavior"]


def test_the_file_is_valid(tmp_path: Path) -> None:
    for role in Role:
        path = tmp_path / f"{role.value}.nwb"
        datasets.get_format("nwb").write(video(role), path, WriteOptions(role))
        with pynwb.NWBHDF5IO(str(path), "r") as io:
            assert [str(fault) for fault in pynwb.validate(io=io)] == []


def test_every_joint_is_found(opened: Any) -> None:
    role, behavior = opened
    poses = video(role)
    skeleton = behavior["Skeletons"].skeletons["skeleton"]
    assert list(skeleton.nodes[:]) == list(poses.skeleton.joints)
    np.testing.assert_array_equal(skeleton.edges[:], poses.skeleton.limbs)
    if role is Role.TRUTH:
        training = behavior["PoseTraining"]
        frames = training.training_frames.training_frames
        assert len(frames) == len(NAMES)
        count = 0
        for frame in frames.values():
            for one in frame.skeleton_instances.skeleton_instances.values():
                count += 1
                assert one.node_locations.shape == (17, 2)
        assert count == len(poses)
        return
    names = {"track2": [1, 3], "track5": [0, 2]}  # rows of the people on each track
    assert {name for name in behavior.data_interfaces if name != "Skeletons"} == set(names)
    for name, rows in names.items():
        estimate = behavior[name]
        for joint, label in enumerate(poses.skeleton.joints):
            series = estimate.pose_estimation_series[label]
            data = series.data[:]
            for row in rows:
                if not poses.people.seen[row, joint]:
                    continue
                at = int(np.flatnonzero((data == poses.people.xy[row, joint]).all(axis=1))[0])
                assert series.confidence[at] == poses.people.joint_score[row, joint]
