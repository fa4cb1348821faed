"""Pixel errors, scales and what is refused about them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from poseval.errors import MismatchError, ValueRangeError
from poseval.metrics.joint_error import (
    Ends,
    Precision,
    ZeroScale,
    check_scale,
    choices,
    in_single,
    labelled,
    named_pairs,
    partner,
    pixel_error,
    predicted,
    relative_error,
    scale,
)
from poseval.poses import Frames, Origin, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.skeletons import Skeleton, get_skeleton
from tests.metrics.single import pair_up

MPII = get_skeleton("mpii16")
SHOULDER, HIP = MPII.index("left_shoulder"), MPII.index("right_hip")


def still(count: int = 1, **more: Any) -> Aligned:
    xy = np.random.default_rng(0).uniform(10, 90, (count, 16, 2))
    return pair_up(xy, xy + np.array([3.0, 4.0]), **more)


def with_truth(scene: Aligned, **columns: Any) -> Aligned:
    people = scene.truth.people.with_columns(**columns)
    return Aligned(replace(scene.truth, people=people), scene.predictions)


def test_predictions_stand_beside_the_person_of_their_frame() -> None:
    scene = still(3)
    order = np.array([2, 0])
    people = scene.predictions.people.with_columns(frame=np.arange(3)).take(np.array([0, 2]))
    moved = Aligned(scene.truth, replace(scene.predictions, people=people))
    assert partner(moved).tolist() == [0, -1, 1]
    xy, there = predicted(moved)
    assert xy[0].tolist() == scene.predictions.people.xy[0].tolist()
    assert xy[2].tolist() == scene.predictions.people.xy[2].tolist()
    assert np.isnan(xy[1]).all()
    assert there.all(axis=1).tolist() == [True, False, True]
    del order


def test_several_people_in_a_frame_are_refused_on_either_side() -> None:
    scene = still(3)
    crowd = scene.predictions.people.with_columns(frame=np.array([0, 2, 2]))
    with pytest.raises(MismatchError, match=r"several predicted people[^)]*00002") as caught:
        partner(Aligned(scene.truth, replace(scene.predictions, people=crowd)))
    assert caught.value.code == "P411"
    with pytest.raises(MismatchError, match="annotated people"):
        partner(Aligned(replace(scene.truth, people=crowd), scene.predictions))


def test_errors_are_euclidean_and_say_what_is_missing() -> None:
    seen = np.full((2, 16), 2)
    seen[0, 1] = 0
    seen[0, 2] = 1
    given = np.full((2, 16), 2)
    given[1, 3] = 0
    scene = still(2, seen=seen, given=given)
    error = pixel_error(scene)
    assert math.isnan(error[0, 1])
    assert error[0, 2] == pytest.approx(5)
    assert error[1, 3] == math.inf
    assert np.isfinite(error[1, np.arange(16) != 3]).all()
    assert labelled(scene)[0, :4].tolist() == [True, False, True, True]
    three = scene.truth.people.with_columns(seen=np.full((2, 16), 3, dtype=np.int8))
    assert not labelled(Aligned(replace(scene.truth, people=three), scene.predictions)).any()


@pytest.mark.parametrize(
    ("rule", "length"),
    [
        ("head", 7.0),
        ("bbox", 40.0),
        ("box_side", 40.0),
        ("box_sqrt", math.sqrt(1200)),
        ("box_diag", 50.0),
        ("pixels", 1.0),
        ("face_size", 9.0),
    ],
)
def test_scales_of_columns(rule: str, length: float) -> None:
    scene = still(1, head=[7.0], box=[[5.0, 6.0, 35.0, 46.0]], extra={"face_size": np.array([9])})
    assert scale(scene, rule).tolist() == [pytest.approx(length)]


def test_scales_of_the_box_around_labelled_joints() -> None:
    truth = np.zeros((2, 16, 2))
    truth[:, 1] = [30, 40]
    truth[:, 2] = [900, 900]
    seen = np.full((2, 16), 2)
    seen[0, 2] = 0
    seen[1] = 0
    scene = pair_up(truth, truth, seen=seen)
    for rule, wanted in (("longest_side", 40), ("landmark_sqrt", math.sqrt(1200)), ("landmark_diag", 50)):
        first, second = scale(scene, rule)
        assert first == pytest.approx(wanted)
        assert math.isnan(second)


def test_a_box_with_a_negative_side_has_that_as_its_length() -> None:
    scene = still(3, box=[[0, 0, -2, 9], [0, 0, 9, -3], [0, 0, 0, 9]])
    for rule, last in (("bbox", 9), ("box_sqrt", 0), ("box_diag", 9)):
        assert scale(scene, rule).tolist() == [-2, -3, last]


def test_named_distances_and_the_torso() -> None:
    pairs = named_pairs(still().truth)
    assert pairs["torso"] == ((SHOULDER,), (HIP,))
    assert choices(still().truth)[-10:] == [
        *("head", "bbox", "box_side", "box_sqrt", "box_diag", "face_size"),
        *("longest_side", "landmark_sqrt", "landmark_diag", "pixels"),
    ]
    only = Skeleton("two", ("left_shoulder", "nose"), (0, 1))
    assert named_pairs(replace_skeleton(still(), only)) == {}
    other = Skeleton("hips", ("right_hip", "nose"), (0, 1))
    assert named_pairs(replace_skeleton(still(), other)) == {}


def replace_skeleton(scene: Aligned, skeleton: Skeleton) -> PoseSet:
    people = People(xy=scene.truth.people.xy[:, :2], frame=scene.truth.people.frame)
    return PoseSet(skeleton, scene.truth.frames, people)


@pytest.mark.parametrize("joint", [SHOULDER, HIP])
def test_both_ends_of_a_distance_must_be_labelled(joint: int) -> None:
    seen = np.full((2, 16), 2)
    seen[0, joint] = 0
    seen[1, joint] = 1
    scene = still(2, seen=seen)
    first, second = scale(scene, "torso")
    assert math.isnan(first)
    xy = scene.truth.people.xy
    assert second == pytest.approx(math.dist(xy[1, SHOULDER], xy[1, HIP]))


def test_all_joints_of_an_end_must_be_labelled() -> None:
    """The pupils of 68 landmarks are means of six each."""
    seen = np.full((3, 68), 2)
    seen[0, 36] = 0
    seen[1, 47] = 0
    truth = np.zeros((3, 68, 2))
    truth[:, 42:48, 0] = [10, 20, 30, 40, 50, 60]
    found = scale(pair_up(truth, truth, "ibug68", seen=seen), "pupil")
    assert np.isnan(found[:2]).all()
    assert found[2] == pytest.approx(35)


@pytest.mark.parametrize(("apart", "wanted"), [(0.5, 8.0), (1.0, 1.0), (1.5, 1.5)])
def test_where_any_coordinates_span_a_scale_short_ones_are_the_predictions(
    apart: float, wanted: float
) -> None:
    truth = np.zeros((1, 16, 2))
    truth[0, HIP, 0] = apart
    guess = np.zeros((1, 16, 2))
    guess[0, HIP, 0] = 8.0
    seen = np.zeros((1, 16))
    assert scale(pair_up(truth, guess, seen=seen), "torso", Ends.ANY).tolist() == [wanted]


def test_in_single_precision_coordinates_are_rounded_as_the_file_has_them() -> None:
    scene = still(1, box=[[0.1, 0.2, 10.3, 20.4]])
    origin = Origin("a", "b", "mpii", 1, base=1.0)
    one = Aligned(replace(scene.truth, origin=origin), scene.predictions)
    rounded = in_single(one.truth).people
    wanted = (scene.truth.people.xy + 1).astype(np.float32).astype(np.float64) - 1
    assert rounded.xy.tolist() == wanted.tolist()
    assert rounded.box.tolist() == scene.truth.people.box.astype(np.float32).astype(float).tolist()
    assert scale(one, "bbox", precision=Precision.SINGLE)[0] == float(
        np.float32(rounded.box[0, 3] - rounded.box[0, 1])
    )
    assert scale(one, "head", precision=Precision.SINGLE).tolist() == pytest.approx([math.nan], nan_ok=True)


def test_in_single_precision_each_coordinate_is_scaled_before_the_root() -> None:
    scene = still(2, seen=np.array([[2] * 16, [0] * 16]))
    length = np.array([3.0, 7.0])
    found = relative_error(scene, length, Precision.SINGLE)
    truth = scene.truth.people.xy.astype(np.float32).astype(np.float64)
    wanted = np.linalg.norm((scene.predictions.people.xy - truth) / length[:, None, None], axis=2)
    assert found[0].tolist() == wanted[0].astype(np.float32).astype(float).tolist()
    assert np.isnan(found[1]).all()


def test_people_without_a_scale_are_not_scored_and_a_scale_of_zero_is_never_right() -> None:
    scene = still(3)
    found = relative_error(scene, np.array([10.0, math.nan, 0.0]))
    assert found[0] == pytest.approx(np.full(16, 0.5))
    assert np.isnan(found[1]).all()
    assert np.isinf(found[2]).all()
    xy = scene.truth.people.xy
    exact = pair_up(xy, xy)
    assert np.isinf(relative_error(exact, np.zeros(3))).all()


def test_a_scale_that_a_scored_person_lacks_is_refused_with_its_place() -> None:
    seen = np.full((4, 16), 2)
    seen[0] = 0
    scene = still(4, seen=seen)
    check_scale(scene, np.array([math.nan, 1.0, 1.0, 1.0]), "head", ZeroScale.REFUSE)
    with pytest.raises(MismatchError, match=r"2 of 4 people have no head[\s\S]*00002\.jpg") as caught:
        check_scale(scene, np.array([math.nan, 1.0, math.nan, math.nan]), "head", ZeroScale.REFUSE)
    assert caught.value.code == "P410"
    # A distance between joints may be unknown.
    check_scale(scene, np.full(4, math.nan), "torso", ZeroScale.REFUSE)


def test_endless_and_empty_scales_are_refused_of_people_that_are_scored() -> None:
    seen = np.full((3, 16), 2)
    seen[0] = 0
    scene = still(3, seen=seen)
    check_scale(scene, np.array([math.inf, 1.0, 2.0]), "torso", ZeroScale.REFUSE)
    check_scale(scene, np.array([-1.0, 1e-300, 2.0]), "torso", ZeroScale.REFUSE)
    with pytest.raises(ValueRangeError, match=r"00002\.jpg") as caught:
        check_scale(scene, np.array([math.inf, 1.0, math.inf]), "torso", ZeroScale.WRONG)
    assert caught.value.code == "P304"
    with pytest.raises(ValueRangeError, match=r"00001\.jpg[\s\S]*scale of 0 pixels[\s\S]*2 people") as caught:
        check_scale(scene, np.array([0.0, 0.0, -4.0]), "torso", ZeroScale.REFUSE)
    assert caught.value.code == "P304"
    for zero in (ZeroScale.WRONG, ZeroScale.OVERWRITTEN):
        check_scale(scene, np.array([0.0, 0.0, -4.0]), "torso", zero)


def test_face_sizes_must_be_there() -> None:
    with pytest.raises(MismatchError, match="face size") as caught:
        scale(still(), "face_size")
    assert caught.value.code == "P410"


def test_frames_keep_their_names() -> None:
    frames = Frames(np.array(["a", "b"]))
    people = People(xy=np.zeros((2, 16, 2)), frame=np.array([0, 1]))
    assert partner(Aligned(PoseSet(MPII, frames, people), PoseSet(MPII, frames, people))).tolist() == [0, 1]


def test_a_predicted_joint_that_is_hidden_is_predicted() -> None:
    """In the order of frames and out of it."""
    scene = still(2, given=np.array([[1] * 8 + [0] * 8] * 2))
    people = scene.predictions.people.with_columns(frame=np.array([0, 1])).take(np.array([1]))
    for found in (scene, Aligned(scene.truth, replace(scene.predictions, people=people))):
        _, there = predicted(found)
        assert there[1].tolist() == [True] * 8 + [False] * 8


def test_the_box_around_joints_does_not_begin_at_the_origin() -> None:
    truth = np.full((1, 16, 2), 1000.0)
    truth[:, 1] += [30, 40]
    assert scale(pair_up(truth, truth), "landmark_diag").tolist() == [50]
