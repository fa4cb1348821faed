"""OpenPose: folders of frames, older names of the list, joints that were not found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval import datasets
from poseval.datasets import ReadOptions, Role
from poseval.errors import InputError
from poseval.poses import PoseSet
from poseval.skeletons import get_skeleton

P = Role.PREDICTIONS


def person(count: int = 25, scale: float = 1.0, name: str = "pose_keypoints_2d") -> dict[str, Any]:
    """Joints along a line; the second is not found."""
    flat = [scale * value for joint in range(count) for value in (10.0 + joint, 20.0, 0.5 / scale)]
    flat[3:6] = [0.0, 0.0, 0.0]
    return {"person_id": [-1], name: flat}


def frames(path: Path, content: dict[str, Any]) -> Path:
    """A folder of files by their numbers."""
    path.mkdir()
    for name, people in content.items():
        (path / f"{name}_keypoints.json").write_text(json.dumps({"version": 1.3, "people": people}))
    return path


def read(path: Path) -> PoseSet:
    """The folder or file."""
    return datasets.read(path, ReadOptions(P), "openpose")


@pytest.mark.parametrize(("count", "skeleton"), [(25, "openpose_body25"), (18, "openpose_coco18")])
def test_a_folder_is_a_video(tmp_path: Path, count: int, skeleton: str) -> None:
    content = {"v_000000000003": [person(count)], "v_000000000007": [], "v_000000000012": [person(count)] * 2}
    poses = read(frames(tmp_path / "out", content))
    assert poses.skeleton.name == skeleton
    assert poses.frames.number.tolist() == [3, 7, 12]
    assert poses.people.frame.tolist() == [0, 2, 2]
    assert poses.people.seen[0].tolist() == [2, 0, *[2] * (count - 2)]
    assert poses.people.score.tolist() == [0.5] * 3  # the mean of the joints found
    assert [notice.code for notice in poses.origin.notices] == ["N500"]


def test_folders_below_are_sequences(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1_keypoints.json").write_text(json.dumps({"people": [person()]}))
    poses = read(tmp_path)
    assert poses.frames.sequences == ("a", "b")
    assert poses.frames.key.tolist() == ["a/1", "b/1"]


def test_older_files_call_the_list_otherwise(tmp_path: Path) -> None:
    people = [person(18, name="pose_keypoints")]
    assert len(read(frames(tmp_path / "out", {"1": people}))) == 1


def test_scaled_coordinates_are_told(tmp_path: Path) -> None:
    poses = read(frames(tmp_path / "out", {"1": [person(scale=0.01)]}))
    assert "N501" in [notice.code for notice in poses.origin.notices]


def test_other_json_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    path = frames(tmp_path / "out", {"1": [person()]})
    (path / "settings.json").write_text("{}")
    assert len(read(path).frames) == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"people": [person(25), person(18)]}, "P204"),
        ({"people": [{"pose_keypoints_2d": [1.0] * 74}]}, "P204"),
        ({"people": [{"pose_keypoints_2d": "text"}]}, "P203"),
        ({"people": [{"face_keypoints_2d": []}]}, "P206"),
        ({"people": {}}, "P206"),
        ({"version": 1.3}, "P206"),
        ({"people": [{"pose_keypoints_2d": [1.0, 2.0, 0.5] * 24}]}, "P204"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, content: Any, code: str) -> None:
    path = tmp_path / "1_keypoints.json"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError) as caught:
        read(path)
    assert caught.value.code == code


def test_numbers_of_joints_must_be_the_same_in_all_frames(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="18 in 2") as caught:
        read(frames(tmp_path / "out", {"1": [person(25)], "2": [person(18)]}))
    assert caught.value.code == "P204"


def with_ids(*ids: Any) -> list[dict[str, Any]]:
    """People with numbers."""
    return [{**person(), "person_id": value} for value in ids]


def test_person_ids_are_tracks(tmp_path: Path) -> None:
    content = {"1": with_ids([4], [0]), "2": with_ids([0], [-1]), "3": with_ids(7, []), "4": [person(18)][:0]}
    poses = read(frames(tmp_path / "out", content))
    assert poses.people.track.tolist() == [4, 0, 0, -1, 7, -1]


@pytest.mark.parametrize("value", [["x"], [1.5], [1, 2], {"a": 1}, [10**20]])
def test_a_person_id_that_is_no_number_is_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(InputError) as caught:
        read(frames(tmp_path / "out", {"1": with_ids(value)}))
    assert caught.value.code == "P303"
    assert "people[0].person_id" in str(caught.value)


def test_tracks_are_written_and_read_again(tmp_path: Path) -> None:
    poses = read(frames(tmp_path / "out", {"1": with_ids([4], [-1]), "2": with_ids([4])}))
    losses = poseval.write(poses, tmp_path / "again", "openpose", role="predictions")
    assert "tracks" not in losses.dropped
    assert read(tmp_path / "again").people.track.tolist() == [4, -1, 4]


def test_hands_face_and_depths_are_counted_where_there_are_any(tmp_path: Path) -> None:
    one = {
        **person(),
        "face_keypoints_2d": [1.0, 2.0, 0.5],
        "hand_left_keypoints_2d": [],
        "pose_keypoints_3d": [1, 2, 3, 1],
    }
    two = {**person(), "face_keypoints_2d": [1.0, 2.0, 0.5], "hand_right_keypoints_2d": [], "mood": "good"}
    poses = read(frames(tmp_path / "out", {"1": [one], "2": [two]}))
    assert poses.origin.unread == {
        "people[].face_keypoints_2d": 2,
        "people[].pose_keypoints_3d": 1,
        "people[].mood": 1,
        "version": 2,
    }
    assert "nothing dropped" not in str(
        poseval.write(poses, tmp_path / "a.npz", "native", role="predictions")
    )


WHOLE = get_skeleton("coco_wholebody133")
BODY = get_skeleton("openpose_body25")


def whole_person(points: Any, found: int = 133) -> dict[str, Any]:
    """OpenPose's lists of a whole body [133, 3], with a neck, a pelvis and two pupils that it lacks."""
    own = {name: points[at].tolist() for at, name in enumerate(WHOLE.joints)}
    lists = {
        "pose_keypoints_2d": [own.get(name, [1.0, 2.0, 0.5]) for name in BODY.joints],
        "face_keypoints_2d": [*points[23:91].tolist(), [3.0, 4.0, 0.5], [5.0, 6.0, 0.5]],
        "hand_left_keypoints_2d": points[91:112].tolist(),
        "hand_right_keypoints_2d": points[112:133].tolist() if found == 133 else [],
    }
    return {name: [number for point in points for number in point] for name, points in lists.items()}


def test_face_and_hands_with_the_skeleton_of_the_whole_body(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    points = np.round(rng.uniform(1, 400, (2, 133, 3)), 3)
    points[:, :, 2] /= 400
    people = [whole_person(points[0]), whole_person(points[1], found=112)]
    path = tmp_path / "a_keypoints.json"
    path.write_text(json.dumps({"version": 1.3, "people": people}))
    found = datasets.read(path, ReadOptions(P, skeleton=WHOLE))
    assert found.skeleton is WHOLE
    np.testing.assert_array_equal(found.people.xy[0], points[0, :, :2])
    np.testing.assert_array_equal(found.people.xy[1, :112], points[1, :112, :2])
    assert found.people.seen[1].tolist() == [2] * 112 + [0] * 21
    np.testing.assert_array_equal(found.people.joint_score[0], points[0, :, 2])
    body = datasets.read(path, ReadOptions(P))
    assert body.skeleton is BODY
    assert "people[].face_keypoints_2d" in body.origin.unread
    people[1]["face_keypoints_2d"] = people[1]["face_keypoints_2d"][:30]
    path.write_text(json.dumps({"version": 1.3, "people": people}))
    with pytest.raises(InputError, match=r"people\[1\]\.face_keypoints_2d: has 30 numbers") as caught:
        datasets.read(path, ReadOptions(P, skeleton=WHOLE))
    assert caught.value.code == "P204"
