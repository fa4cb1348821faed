"""What the diagnosis sees of files: sizes, boxes, flags and scores."""

from __future__ import annotations

import numpy as np
import pytest

from poseval.diagnosis import error_types
from poseval.diagnosis.diagnose import diagnose, diagnose_if_possible
from poseval.diagnosis.error_types import (
    AREA_RANGES,
    GOOD,
    HEAD_RANGES,
    HEAD_SIGMA,
    LOCALISED,
    MAX_DETS,
    MISS,
    Fault,
    Scale,
    label,
    match_scene,
    scene_of,
)
from poseval.errors import MismatchError, UsageError
from poseval.poses import PoseSet
from poseval.poses.aligned import Aligned
from poseval.skeletons import Skeleton
from tests.diagnosis.test_error_types import COCO, poses, scene

HERE = np.zeros(2)


def changed(aligned: Aligned, truth: dict[str, object], found: dict[str, object]) -> Aligned:
    sides = [
        PoseSet(side.skeleton, side.frames, side.people.with_columns(**columns))  # type: ignore[arg-type]
        for side, columns in ((aligned.truth, truth), (aligned.predictions, found))
    ]
    return Aligned(*sides)


def test_sizes_and_sigmas_are_those_of_the_scale() -> None:
    aligned = scene(poses(HERE), area=[2e4, 3e4], head=[30.0, 40.0])
    by_area, by_head = scene_of(aligned, Scale.AREA), scene_of(aligned, Scale.HEAD)
    assert by_area.targets.area.tolist() == [2e4, 3e4]
    assert by_area.sigmas.tolist() == aligned.truth.skeleton.sigma_array.tolist()
    assert by_head.targets.area.tolist() == [900.0, 1600.0]
    assert by_head.sigmas.tolist() == [HEAD_SIGMA] * 17


def test_one_person_without_a_size_is_refused() -> None:
    with pytest.raises(MismatchError, match="1 of 2 people have no head"):
        scene_of(scene(poses(HERE), head=[30.0, np.nan]), Scale.HEAD)


def test_nobody_labelled_or_counted_is_ignored() -> None:
    seen = np.full((2, 17), 2, dtype=np.int8)
    seen[1] = 0
    aligned = scene(poses(HERE), seen=seen)
    assert scene_of(aligned, Scale.AREA).targets.ignored.tolist() == [False, True]
    assert scene_of(scene(poses(HERE)), Scale.AREA).targets.ignored.tolist() == [False, False]
    assert scene_of(scene(poses(HERE), crowd=[True, False]), Scale.AREA).targets.ignored.tolist() == [
        True,
        False,
    ]
    # The file's count goes before the flags; -1 is none given.
    counted = changed(aligned, {"extra": {"num_keypoints": np.array([0, 3])}}, {})
    assert scene_of(counted, Scale.AREA).targets.ignored.tolist() == [True, False]
    unknown = changed(aligned, {"extra": {"num_keypoints": np.array([-1, -1])}}, {})
    assert scene_of(unknown, Scale.AREA).targets.ignored.tolist() == [False, True]
    one = changed(aligned, {"extra": {"num_keypoints": np.array([1, 1])}}, {})
    assert scene_of(one, Scale.AREA).targets.ignored.tolist() == [False, False]


def test_boxes_are_as_the_file_has_them_and_far_away_where_it_has_none() -> None:
    given = scene(poses(HERE), box=[[1.0, 2.0, 11.0, 22.0], [5.0, np.nan, 6.0, 7.0]])
    assert scene_of(given, Scale.AREA).targets.box.tolist() == [[1, 2, 10, 20], [np.inf, np.inf, 0, 0]]


def test_scores_are_those_of_people_or_the_mean_of_their_joints() -> None:
    joint_score = np.linspace(0, 1, 34).reshape(2, 17)
    joint_score[1, 3] = np.nan
    aligned = changed(scene(poses(HERE)), {}, {"joint_score": joint_score})
    assert scene_of(aligned, Scale.AREA).detections.score.tolist() == [1.0, 0.5]
    without = changed(aligned, {}, {"score": np.full(2, np.nan)})
    wanted = np.nanmean(joint_score, axis=1)
    assert scene_of(without, Scale.AREA).detections.score == pytest.approx(wanted)
    some = changed(aligned, {}, {"score": np.array([0.25, np.nan])})
    assert scene_of(some, Scale.AREA).detections.score[0] == 0.25


def test_joints_without_a_prediction_lie_nowhere_and_areas_are_taken_from_joints() -> None:
    seen = np.full((2, 17), 2, dtype=np.int8)
    seen[0, 4] = 0
    xy = poses(HERE)
    xy[0, 4] = 1e5
    aligned = changed(scene(xy), {}, {"seen": seen, "area": np.array([np.nan, 77.0])})
    detections = scene_of(aligned, Scale.AREA).detections
    assert np.isinf(detections.xy[0, 4]).all()
    assert np.isfinite(np.delete(detections.xy[0], 4, axis=0)).all()
    sides = np.ptp(np.delete(xy[0], 4, axis=0), axis=0)
    assert detections.area.tolist() == [pytest.approx(sides[0] * sides[1]), 77.0]


def test_hidden_joints_that_were_predicted_count() -> None:
    aligned = changed(scene(poses(HERE)), {}, {"seen": np.ones((2, 17), dtype=np.int8)})
    assert np.isfinite(scene_of(aligned, Scale.AREA).detections.xy).all()


def test_nobody_matched_has_no_labels() -> None:
    made = scene_of(scene(poses(np.array([9000.0, 0]))), Scale.AREA)
    labels = label(made, match_scene(made, np.array([0.1]), HEAD_RANGES), 0)
    assert labels.counts().sum() == 0
    assert labels.counts().shape == (len(Fault), 17)


def test_a_person_half_a_head_off_is_at_the_limit_of_a_miss() -> None:
    """By head size a similarity of 0.5 is half a head."""
    near, far = poses(HERE), poses(HERE)
    near[:, 0, 0] += 14.9
    far[:, 0, 0] += 15.1
    kinds = []
    for xy in (near, far):
        made = scene_of(scene(xy, head=[30.0, 30.0]), Scale.HEAD)
        labels = label(made, match_scene(made, np.array([0.1]), HEAD_RANGES), 0)
        kinds.append(Fault(labels.fault[0, 0]).name)
    assert kinds == ["JITTER", "MISS"]


def test_the_scale_is_area_only_where_everybody_has_one_and_joints_have_sigmas() -> None:
    assert diagnose(scene(poses(HERE))).scale is Scale.AREA
    assert len(diagnose(scene(poses(HERE))).ranges) == 3
    some = diagnose(scene(poses(HERE), area=[2e4, np.nan]))
    assert (some.scale, [item.size.name for item in some.ranges]) == (Scale.HEAD, ["all"])
    aligned = scene(poses(HERE))
    names = aligned.truth.skeleton.joints
    bare = Skeleton("bare", names, tuple(aligned.truth.skeleton.flip))
    plain = Aligned(
        PoseSet(bare, aligned.truth.frames, aligned.truth.people),
        PoseSet(bare, aligned.truth.frames, aligned.predictions.people),
    )
    assert diagnose(plain).scale is Scale.HEAD
    with pytest.raises(UsageError) as caught:
        diagnose(plain, scale=Scale.AREA)
    assert caught.value.code == "P112"
    nothing = scene(poses(HERE), area=None, head=None)
    assert diagnose_if_possible(nothing) is None
    assert diagnose_if_possible(aligned) is not None


def test_limits_are_those_of_the_paper_and_of_coco() -> None:
    assert (GOOD, MISS, LOCALISED, MAX_DETS) == (0.85, 0.5, 0.1, 20)
    assert [(item.name, item.low, item.high) for item in AREA_RANGES] == [
        ("all", 1024, 1e10),
        ("medium", 1024, 9216),
        ("large", 9216, 1e10),
    ]
    assert [(item.name, item.low, item.high) for item in HEAD_RANGES] == [("all", 0, np.inf)]
    assert [kind.name for kind in Fault] == ["NONE", "GOOD", "JITTER", "INVERSION", "SWAP", "MISS"]


def test_people_of_no_size_are_met_exactly_or_not_at_all() -> None:
    xy = poses(HERE)
    xy[0, 3] += 1e-3
    made = scene_of(scene(xy, head=[0.0, 30.0]), Scale.HEAD)
    labels = label(made, match_scene(made, np.array([0.1]), HEAD_RANGES), 0)
    row = int(np.flatnonzero(labels.person == 0)[0])
    assert [Fault(kind).name for kind in labels.fault[row, 2:5]] == ["GOOD", "MISS", "GOOD"]


def test_a_joint_where_another_persons_and_the_own_mirrored_one_meet_is_a_swap() -> None:
    """Of equals the other person's joint goes before the mirrored one."""
    true = poses(HERE)
    left, right = COCO.index("left_wrist"), COCO.index("right_wrist")
    xy = true.copy()
    xy[0, left] = true[0, right]
    aligned = scene(xy)
    moved = true.copy()
    moved[1, left] = true[0, right]
    both = changed(aligned, {"xy": moved}, {})
    made = scene_of(both, Scale.AREA)
    labels = label(made, match_scene(made, np.array([0.1]), HEAD_RANGES), 0)
    row = int(np.flatnonzero(labels.person == 0)[0])
    assert Fault(labels.fault[row, left]).name == "SWAP"
    alone = scene_of(aligned, Scale.AREA)
    labels = label(alone, match_scene(alone, np.array([0.1]), HEAD_RANGES), 0)
    row = int(np.flatnonzero(labels.person == 0)[0])
    assert Fault(labels.fault[row, left]).name == "INVERSION"


def test_a_similarity_on_the_limit_of_a_miss_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    xy = poses(HERE)
    xy[0, 0, 0] += 3.0
    made = scene_of(scene(xy), Scale.AREA)
    found = match_scene(made, np.array([0.1]), HEAD_RANGES)
    row = int(np.flatnonzero(label(made, found, 0).person == 0)[0])
    monkeypatch.setattr(error_types, "MISS", float(label(made, found, 0).best[row, 0]))
    assert label(made, found, 0).fault[row, 0] != Fault.MISS
