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
    (
        "mediapipe_csv/fitness_poses_csvs_out_basic.csv",
        P,
        "mediapipe",
        29,
        29,
        33,
        0,
        1,
        2393.61013,
        881.28326,
    ),
    ("sleap_slp/minimal_instance.slp", T, "sleap", 2, 1, 2, 1, 0, 205.9300539013689, 187.88964024221963),
    ("sleap_slp/small_robot_minimal.slp", T, "sleap", 2, 2, 2, 1, 1, 314.1013268998794, 135.3723616999181),
    (
        "sleap_analysis_h5/small_robot.000_small_robot_3_frame.analysis.h5",
        P,
        "sleap-analysis",
        3,
        3,
        3,
        0,
        0,
        322.8760097729464,
        60.30785503530056,
    ),
    (
        "nwb_ndx_pose/0.1.1_poseestimation_nodes_edges.nwb.gz",
        P,
        "nwb",
        100,
        100,
        2,
        0,
        1,
        0.972374151165637,
        0.1094470997892284,
    ),
    (
        "nwb_ndx_pose/0.3.0_poseestimation_two_cameras.nwb.gz",
        P,
        "nwb",
        10,
        10,
        2,
        0,
        0,
        0.6369616873214543,
        0.2697867137638703,
    ),
    ("cvat_xml/export_task_train.xml", T, "cvat", 1, 2, 3, 0, 1, 3.0, 4.0),
    ("cvat_xml/for_video_annotations.xml", T, "cvat", 1, 2, 3, 0, 2, 2.23, 3.16),
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


def test_motchallenge_sample_holds_a_box_and_no_joints() -> None:
    path = shared_path("samples/formats/motchallenge/gt.txt")
    poses = datasets.read(path, ReadOptions(T))
    assert poses.origin.format == "motchallenge"
    # 1,-1,0,4,4,8,1,3,1.0: corner (0, 4) counted from 1, four wide, eight high.
    assert poses.people.box.tolist() == [[-1.0, 3.0, 3.0, 11.0]]
    assert not poses.people.seen.any()


def test_cvat_project_names_an_image_of_two_subsets_by_its_subset() -> None:
    path = shared_path("samples/formats/cvat_xml/export_project_annotations.xml")
    poses = datasets.read(path, ReadOptions(T))
    assert len(set(poses.frames.key.tolist())) == len(poses.frames)


@pytest.mark.parametrize(
    "file",
    [
        "alphatracker_json/at_testdata.json",
        "sleap_json/minimal_instance.json",
        "sleap_analysis_csv/minimal_instance.000_centered_pair_low_quality.analysis.csv",
        "motchallenge/labels.txt",
    ],
)
def test_formats_that_are_not_read_are_refused(file: str) -> None:
    path = shared_path(f"samples/formats/{file}")
    for role in Role:
        with pytest.raises(FormatError) as caught:
            datasets.read(path, ReadOptions(role))
        assert caught.value.code == "P201"
