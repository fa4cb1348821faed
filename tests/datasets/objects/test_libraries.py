"""Objects of other libraries, stood in for by small ones with the attributes that are read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import poseval
from poseval.errors import MismatchError, UsageError


class Labelled:
    """The little of an xarray DataArray that is used."""

    def __init__(self, values: Any, dims: tuple[str, ...], **coords: Any) -> None:
        self.values, self.dims = np.asarray(values), dims
        self.coords = {name: SimpleNamespace(values=value) for name, value in coords.items()}

    def transpose(self, *dims: str) -> Labelled:
        return Labelled(self.values.transpose([self.dims.index(name) for name in dims]), dims)


def movement() -> dict[str, Labelled]:
    position = np.arange(2 * 2 * 3 * 1, dtype=float).reshape(
        2, 2, 3, 1
    )  # time, space, keypoints, individuals
    position[1, :, 0, 0] = np.nan
    dims = ("time", "space", "keypoints", "individuals")
    return {
        "position": Labelled(position, dims, keypoints=["snout", "left_ear", "right_ear"]),
        "confidence": Labelled(np.full((2, 3, 1), 0.5), ("time", "keypoints", "individuals")),
    }


def test_from_movement() -> None:
    poses = poseval.from_movement(movement())
    assert poses.skeleton.joints == ("snout", "left_ear", "right_ear")
    assert poses.people.xy[0].tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
    assert poses.people.seen.tolist() == [[2, 2, 2], [0, 2, 2]]
    assert poses.people.score.tolist() == [0.5, 0.5]
    assert poses.skeleton.flip == (0, 2, 1)


def sleap_labels() -> SimpleNamespace:
    track = SimpleNamespace(name="a")
    video = SimpleNamespace(filename="v.mp4")
    instance = SimpleNamespace(numpy=lambda: np.asarray([[1.0, 2.0], [np.nan, np.nan]]), track=track)
    frame = SimpleNamespace(frame_idx=7, video=video, user_instances=[instance], predicted_instances=[])
    return SimpleNamespace(
        skeletons=[SimpleNamespace(node_names=["A", "B"])],
        tracks=[track],
        videos=[video],
        labeled_frames=[frame],
    )


def test_from_sleap() -> None:
    labels = sleap_labels()
    poses = poseval.from_sleap(labels)
    assert poses.frames.key.tolist() == ["7"]
    assert poses.people.track.tolist() == [0]
    assert poses.people.seen.tolist() == [[2, 0]]
    assert len(poseval.from_sleap(labels, role="predictions")) == 0


def test_from_supervision() -> None:
    xy = np.ones((2, 17, 2))
    xy[1, 3] = 0
    confidence = np.full((2, 17), 0.25)
    confidence[1, 3] = 0
    first = SimpleNamespace(xy=xy, confidence=confidence)
    none = SimpleNamespace(xy=np.zeros((0, 17, 2)), confidence=None)
    poses = poseval.from_supervision([first, none], ["a.jpg", "b.jpg"])
    assert poses.skeleton.name == "coco17"
    assert (len(poses), len(poses.frames)) == (2, 2)
    assert poses.people.seen[1, 3] == 0
    assert poses.people.score.tolist() == [0.25, 0.25]


@pytest.mark.parametrize("call", [poseval.from_movement, poseval.from_sleap])
def test_other_objects_are_refused(call: Any) -> None:
    with pytest.raises(UsageError) as caught:
        call(object())
    assert caught.value.code == "P179"


def test_names_must_match_objects() -> None:
    with pytest.raises(UsageError) as caught:
        poseval.from_supervision([], ["a"])
    assert caught.value.code == "P179"


def test_supervision_may_know_scores_and_visibility() -> None:
    one = SimpleNamespace(
        xy=np.ones((1, 17, 2)),
        keypoint_confidence=np.full((1, 17), 0.5),
        detection_confidence=np.asarray([0.75]),
        visible=np.arange(17)[None] != 4,
    )
    people = poseval.from_supervision([one], ["a.jpg"]).people
    assert people.score.tolist() == [0.75]
    assert np.flatnonzero(people.seen[0] == 0).tolist() == [4]
    one.visible = np.ones((2, 17))
    with pytest.raises(UsageError) as caught:
        poseval.from_supervision([one], ["a.jpg"])
    assert caught.value.code == "P179"


def test_pictures_of_sleap_name_its_frames() -> None:
    video = SimpleNamespace(filename=["a/3.jpg", "a/7.jpg"])
    frame = SimpleNamespace(frame_idx=1, video=video, user_instances=[], predicted_instances=[])
    labels = SimpleNamespace(
        skeletons=[SimpleNamespace(node_names=["A"])], tracks=[], videos=[video], labeled_frames=[frame]
    )
    assert poseval.from_sleap(labels).frames.key.tolist() == ["a/7.jpg"]


def test_the_real_movement() -> None:
    load = pytest.importorskip("movement.io.load_poses", reason="needs movement")
    rng = np.random.default_rng(0)
    position, confidence = rng.uniform(0, 100, (5, 2, 3, 2)), rng.uniform(0, 1, (5, 3, 2))
    position[2, :, :, 1] = np.nan
    made = load.from_numpy(position, confidence, ["a", "b"], ["snout", "left_ear", "right_ear"], fps=30)
    poses = poseval.from_movement(made)
    assert poses.people.frame.tolist() == [0, 0, 1, 1, 2, 3, 3, 4, 4]
    assert poses.people.track.tolist() == [0, 1, 0, 1, 0, 0, 1, 0, 1]
    np.testing.assert_array_equal(poses.people.xy[1], position[0, :, :, 1].T)
    np.testing.assert_array_equal(poses.people.joint_score[1], confidence[0, :, 1])


def test_the_real_supervision() -> None:
    supervision = pytest.importorskip("supervision", reason="needs supervision")
    xy = np.ones((2, 17, 2), dtype=np.float32)
    confidence = np.full((2, 17), 0.25, dtype=np.float32)
    made = supervision.KeyPoints(xy=xy, keypoint_confidence=confidence)
    poses = poseval.from_supervision([made, supervision.KeyPoints.empty()], ["a.jpg", "b.jpg"])
    assert (len(poses), len(poses.frames)) == (2, 2)
    assert poses.people.score.tolist() == [0.25, 0.25]


def test_a_skeleton_beside_named_joints_is_compared_with_them() -> None:
    mixed = poseval.Skeleton("mixed", ("right_ear", "snout", "left_ear"), (2, 1, 0), sigmas=(0.1, 0.2, 0.3))
    poses = poseval.from_movement(movement(), skeleton=mixed)
    assert poses.skeleton.joints == ("snout", "left_ear", "right_ear")
    assert poses.skeleton.sigmas == (0.2, 0.3, 0.1)
    other = poseval.Skeleton("other", ("nose", "left_ear", "right_ear"), (0, 2, 1))
    with pytest.raises(MismatchError) as caught:
        poseval.from_movement(movement(), skeleton=other)
    assert caught.value.code == "P407"
