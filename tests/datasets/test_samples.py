"""Every small real file: recognised by content, read, and one person of it checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from poseval import datasets
from poseval.datasets import ReadOptions, Role, Source
from poseval.errors import FormatError
from tests.shared import shared_path

T, P = Role.TRUTH, Role.PREDICTIONS
# file, role, format, people, frames, joints, row, joint, x, y (read off the file by hand)
READ = [
    ("openpose_json/000000000000_keypoints.json", P, "openpose", 1, 1, 18, 0, 2, 208.0, 384.0),
    (
        "alphapose_json/alphapose-results.json",
        P,
        "alphapose",
        25,
        3,
        17,
        0,
        1,
        807.257568359375,
        169.0900115966797,
    ),
    ("deeplabcut_csv/dlc_testdata.csv", T, "deeplabcut", 3, 4, 3, 1, 0, 12, 13),
    ("deeplabcut_csv/dlc_testdata_v2.csv", T, "deeplabcut", 3, 4, 3, 1, 2, 15, 16),
    ("deeplabcut_multi_csv/CollectedData_LM.csv", T, "deeplabcut", 7, 4, 5, 4, 3, 22, 23),
    ("deeplabcut_multi_csv/madlc_testdata.csv", T, "deeplabcut", 5, 4, 3, 1, 1, 8, 9),
    ("deeplabcut_multi_csv/madlc_testdata_v2.csv", T, "deeplabcut", 5, 4, 3, 4, 2, 26, 27),
    ("deeplabcut_multi_csv/maudlc_testdata.csv", T, "deeplabcut", 7, 4, 5, 6, 4, 34, 35),
    (
        "deeplabcut_project/CollectedData_Pranav.csv",
        T,
        "deeplabcut",
        116,
        116,
        4,
        0,
        3,
        87.11,
        152.69799999999998,
    ),
    (
        "deeplabcut_project/CollectedData_Pranav.h5",
        T,
        "deeplabcut-h5",
        116,
        116,
        4,
        0,
        3,
        87.11,
        152.69799999999998,
    ),
    (
        "deeplabcut_h5/m3v1mp4DLC_resnet50_openfieldAug20shuffle1_30000.h5.gz",
        P,
        "deeplabcut-h5",
        2330,
        2330,
        4,
        0,
        0,
        77.29780578613281,
        88.87557983398438,
    ),
]


@pytest.mark.parametrize(
    ("file", "role", "name", "people", "frames", "joints", "row", "joint", "x", "y"),
    READ,
    ids=[case[0] for case in READ],
)
def test_sample_is_recognised_and_read(
    file: str,
    role: Role,
    name: str,
    people: int,
    frames: int,
    joints: int,
    row: int,
    joint: int,
    x: float,
    y: float,
) -> None:
    if file.endswith((".h5", ".h5.gz", ".slp", ".nwb.gz")):
        pytest.importorskip("h5py")
    path = shared_path(f"samples/formats/{file}")
    assert datasets.recognise(Source(path), role) == name
    poses = datasets.read(path, ReadOptions(role))
    assert poses.origin.format == name
    assert (len(poses), len(poses.frames), len(poses.skeleton)) == (people, frames, joints)
    np.testing.assert_array_equal(poses.people.xy[row, joint], (x, y))
    assert poses.people.seen[row, joint] == 2


def test_openpose_confidences_and_joints_not_found() -> None:
    path = shared_path("samples/formats/openpose_json/000000000000_keypoints.json")
    people = datasets.read(path, ReadOptions(P)).people
    assert people.joint_score[0, 0] == 0.8377877473831177
    assert np.flatnonzero(people.seen[0] == 0).tolist() == [9, 10, 12, 13]
    # The mean of the fourteen confidences in the file.
    assert people.score[0] == pytest.approx(0.71459501, abs=5e-8)


def test_alphapose_scores_exceed_one_and_boxes_become_corners() -> None:
    path = shared_path("samples/formats/alphapose_json/alphapose-results.json")
    people = datasets.read(path, ReadOptions(P)).people
    assert people.score[0] == pytest.approx(3.0371522)
    assert (people.box[:, 2:] > people.box[:, :2]).all()


def test_poseflow_sample_is_no_json() -> None:
    path = shared_path("samples/formats/alphapose_json/poseflow-alpha-pose-results-sample.json")
    with pytest.raises(FormatError, match="line 164") as caught:
        datasets.read(path, ReadOptions(P))
    assert caught.value.code == "P210"
