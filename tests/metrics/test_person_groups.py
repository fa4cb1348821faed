"""Groups of people by hand: their sizes, who crowds whom, what is visible, and what they are called."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from poseval.errors import UsageError
from poseval.metrics.person_groups import ATTRIBUTES, PersonGroup, areas
from poseval.poses import Frames, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.skeletons import Skeleton, skeleton_from_names

SKELETON = skeleton_from_names(["left_hand", "right_hand"])


def poses(xy: np.ndarray, frame: list[int], kind: Skeleton = SKELETON, **columns: Any) -> PoseSet:
    count = max([*frame, 1]) + 1
    frames = Frames(np.arange(count).astype(str), size=np.full((count, 2), 100.0))
    return PoseSet(kind, frames, People(xy, np.array(frame, dtype=int), **columns))


def places(*sides: tuple[float, float]) -> np.ndarray:
    """People of two joints whose extents have these sides."""
    return np.array([[[0.0, 0.0], side] for side in sides])


def whole(truth: PoseSet, predictions: PoseSet | None = None) -> Aligned:
    return Aligned(truth, replace(predictions or truth, frames=truth.frames))


def members(name: str, aligned: Aligned) -> dict[str, list[int]]:
    return {key: np.flatnonzero(group.people).tolist() for key, group in ATTRIBUTES[name](aligned)}


def counted(name: str, aligned: Aligned) -> dict[str, list[int]]:
    return {key: np.flatnonzero(group.unmatched).tolist() for key, group in ATTRIBUTES[name](aligned)}


def test_an_area_is_the_files_or_a_part_of_the_box_or_the_extent() -> None:
    nan = [np.nan] * 4
    box = np.array([[10.0, 20.0, 14.0, 25.0], [10.0, 20.0, 14.0, 25.0], nan])
    made = poses(
        places((3, 7)) * np.ones((3, 1, 1)), [0, 0, 0], box=box, area=np.array([50.0, np.nan, np.nan])
    )
    assert areas(made.people).tolist() == pytest.approx([50.0, 0.53 * 4 * 5, 21.0])


def test_sizes_of_people_and_of_predictions() -> None:
    """Ends belong to both; a prediction is as large as its file says, else as its joints extend."""
    ends = np.array([0.5, 1023.0, 1024.0, 9216.0, 9217.0])
    truth = poses(places(*[(1, 1)] * 5), [0] * 5, area=ends)
    sides = ((0.5, 1), (33, 31), (32, 32), (96, 96), (9217, 1))
    wanted = {"small": [0, 1, 2], "medium": [2, 3], "large": [3, 4]}
    for found in (poses(places(*sides), [0] * 5), poses(places(*[(1, 1)] * 5), [0] * 5, area=ends)):
        assert members("size", whole(truth, found)) == wanted
        assert counted("size", whole(truth, found)) == wanted


def test_predictions_count_in_frames_with_a_member() -> None:
    truth, found = poses(places(*[(1, 1)] * 3), [0, 0, 2]), poses(places(*[(1, 1)] * 4), [0, 1, 2, 2])
    group = PersonGroup.of(whole(truth, found), np.array([False, True, False]))
    assert (group.people.tolist(), group.unmatched.tolist()) == (
        [False, True, False],
        [True, False, False, False],
    )
    group = PersonGroup.of(whole(truth, found), np.array([False, False, True]))
    assert group.unmatched.tolist() == [False, False, True, True]


def test_crowds_of_every_size_in_frames_of_their_own() -> None:
    """One person, two of one place, four of one place, and three of which the last stands aside."""
    frame = [0, 1, 1, 2, 2, 2, 2, 3, 3, 3]
    box = np.tile([10.0, 10.0, 30.0, 40.0], (10, 1))
    box[9] += 50
    found = members("crowding", whole(poses(places(*[(1, 1)] * 10), frame, box=box)))
    assert found == {"0": [0, 9], "1-2": [1, 2, 7, 8], "3+": [3, 4, 5, 6]}
    box[3] += 100
    found = members("crowding", whole(poses(places(*[(1, 1)] * 10), frame, box=box)))
    assert found == {"0": [0, 3, 9], "1-2": [1, 2, 4, 5, 6, 7, 8], "3+": []}


def test_a_tenth_in_common_is_no_crowd() -> None:
    """20 of 200 square pixels; one pixel more are 30 of 190."""
    box = np.array([[0.0, 0, 11, 10], [9.0, 0, 20, 10]])
    assert members("crowding", whole(poses(places((1, 1), (1, 1)), [0, 0], box=box)))["1-2"] == []
    box[1] -= [1, 0, 1, 0]
    assert members("crowding", whole(poses(places((1, 1), (1, 1)), [0, 0], box=box)))["1-2"] == [0, 1]


@pytest.mark.parametrize(
    ("joints", "names"),
    [
        (1, ["0", "1"]),
        (2, ["0", "1", "2"]),
        (5, ["0", "1", "2", "3-4", "5"]),
        (14, ["0", "1-4", "5-8", "9-12", "13-14"]),
        (34, ["0", "1-10", "11-20", "21-30", "31-34"]),
    ],
)
def test_visible_joints_are_counted_in_thirds_of_any_skeleton(joints: int, names: list[str]) -> None:
    kind = skeleton_from_names([f"joint{place}" for place in range(joints)])
    seen = np.where(np.arange(joints) < np.arange(joints + 1)[:, None], 2, 1)  # 0, 1, 2 ... visible
    made = poses(np.ones((joints + 1, joints, 2)), [0] * (joints + 1), kind, seen=seen)
    found = members("visible-joints", whole(made))
    assert list(found) == names
    for name, people in found.items():
        low, _, high = name.partition("-")
        assert people == list(range(int(low), int(high or low) + 1))


def test_who_has_no_labelled_joint_is_neither_hidden_nor_not() -> None:
    seen = np.array([[0, 0], [2, 0], [1, 2], [1, 1], [0, 1]])
    made = poses(np.ones((5, 2, 2)), [0] * 5, seen=seen)
    assert members("occlusion", whole(made)) == {"none": [1], "up to half": [2], "over half": [3, 4]}
    kind = skeleton_from_names([f"joint{place}" for place in range(100)])
    rare = np.full((2, 100), 2)
    rare[0, 0] = 1
    made = poses(np.ones((2, 100, 2)), [0, 0], kind, seen=rare)
    assert members("occlusion", whole(made)) == {"none": [1], "up to half": [0], "over half": []}


@pytest.mark.parametrize(
    ("box", "size", "said"), [(3, 100.0, "boxes of people"), (4, np.nan, "sizes of images")]
)
def test_what_a_slice_by_truncation_lacks_is_named(box: int, size: float, said: str) -> None:
    given = np.full((4, 4), np.nan)
    given[:box] = [3, 3, 50, 50]
    frames = Frames(np.array(["a", "b"]), size=np.array([[100.0, 100.0], [size, size]]))
    truth = PoseSet(SKELETON, frames, People(np.ones((4, 2, 2)), np.array([0, 0, 1, 1]), box=given))
    for name in ("truncation", "crowding") if box < 4 else ("truncation",):
        with pytest.raises(UsageError) as caught:
            list(ATTRIBUTES[name](whole(truth)))
        assert caught.value.code == "P830"
        wanted = said if name == "truncation" else "boxes of people"
        assert caught.value.fault.what == f"does not give all {wanted}"


def test_categories_stand_in_the_order_of_their_numbers() -> None:
    names = {7: "dog", 3: "cat"}
    truth, found = (
        poses(np.ones((3, 2, 2)), [0, 0, 0], category=np.array(given)) for given in ([7, 3, 7], [3, 3, 7])
    )
    truth = PoseSet(SKELETON, truth.frames, truth.people, categories=names)
    aligned = whole(truth, found)
    assert list(members("category", aligned).items()) == [("cat", [1]), ("dog", [0, 2])]
    assert counted("category", aligned) == {"cat": [0, 1], "dog": [2]}
