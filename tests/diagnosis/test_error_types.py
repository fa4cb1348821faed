"""Hand-made scenes: each class appears exactly where it was put."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from poseval.diagnosis.diagnose import diagnose
from poseval.diagnosis.error_types import AREA_RANGES, HEAD_SIGMA, Fault, Scale, label, match_scene, scene_of
from poseval.diagnosis.optimal_scores import Suppression
from poseval.errors import MismatchError
from poseval.poses import Floats, Frames, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.skeletons import get_skeleton

COCO = get_skeleton("coco17")
LEFT, RIGHT, NOSE = COCO.index("left_wrist"), COCO.index("right_wrist"), COCO.index("nose")


def poses(offset: Floats) -> Floats:
    """Two people of a height of 170 pixels, spread over the frame [2, 17, 2]."""
    rng = np.random.default_rng(3)
    body = rng.uniform(0, 170, (17, 2))
    return np.stack([body, body[::-1] + 60]) + offset


def scene(xy: Floats, **truth: object) -> Aligned:
    true = poses(np.zeros(2))
    low, high = true.min(axis=1), true.max(axis=1)
    base: dict[str, object] = {
        "area": [2e4, 2e4],
        "head": [30.0, 30.0],
        "box": np.concatenate([low, high], 1),
    }
    frames = Frames(np.array(["0"]))
    people = People(xy=true, frame=np.zeros(2, dtype=int), **{**base, **truth})  # type: ignore[arg-type]
    found = People(xy=xy, frame=np.zeros(len(xy), dtype=int), score=np.linspace(1, 0.5, len(xy)))
    return Aligned(PoseSet(COCO, frames, people), PoseSet(COCO, frames, found))


def faults(xy: Floats) -> np.ndarray:
    made = scene_of(scene(xy), Scale.AREA)
    found = match_scene(made, np.array([0.1]), AREA_RANGES[:1])
    out = np.zeros((2, 17), dtype=int)
    labels = label(made, found, 0)
    out[labels.person] = labels.fault
    return out


def test_perfect_poses_are_good() -> None:
    assert (faults(poses(np.zeros(2))) == Fault.GOOD).all()


def test_a_little_off_is_jitter() -> None:
    xy = poses(np.zeros(2))
    xy[0, NOSE, 0] += 2 * COCO.sigma_array[NOSE] * np.sqrt(2 * 2e4 * -np.log(0.7))
    assert faults(xy)[0, NOSE] == Fault.JITTER


def test_exchanged_sides_are_inversions() -> None:
    xy = poses(np.zeros(2))
    xy[0, [LEFT, RIGHT]] = xy[0, [RIGHT, LEFT]]
    found = faults(xy)
    assert found[0, [LEFT, RIGHT]].tolist() == [Fault.INVERSION, Fault.INVERSION]
    assert (np.delete(found, [LEFT, RIGHT], axis=1) == Fault.GOOD).all()


def test_another_persons_joint_is_a_swap() -> None:
    xy = poses(np.zeros(2))
    xy[0, LEFT] = xy[1, LEFT]
    assert faults(xy)[0, LEFT] == Fault.SWAP


def test_far_from_everything_is_a_miss() -> None:
    xy = poses(np.zeros(2))
    xy[0, LEFT] = 5000
    assert faults(xy)[0, LEFT] == Fault.MISS


def test_head_scale_puts_half_a_head_at_half_similarity() -> None:
    assert np.exp(-(0.5**2) / (2 * HEAD_SIGMA) ** 2 / 2) == pytest.approx(0.5)


def test_diagnosis_by_head_size_needs_no_area() -> None:
    found = diagnose(scene(poses(np.zeros(2)), area=None))
    assert found.scale is Scale.HEAD
    assert found.ranges[0].counts[Fault.GOOD].sum() == 34
    assert found.ranges[0].lrp.olrp == 0
    assert (
        "AP by OKS, which compares whole poses, with the size of a head as the scale of a person, is 100.0"
        in found.to_text()
    )


def test_no_size_at_all_is_refused() -> None:
    with pytest.raises(MismatchError) as caught:
        diagnose(scene(poses(np.zeros(2)), area=None, head=None))
    assert caught.value.code == "P410"


def test_a_missed_person_and_a_background_pose_make_the_worst_frame() -> None:
    xy = np.stack([poses(np.zeros(2))[0], poses(np.array([9000.0, 0]))[1]])
    found = diagnose(scene(xy))
    (worst,) = found.worst
    assert (worst.missed, worst.background) == (1, 1)
    assert found.ranges[0].gains.missed.tolist() == [1] * 10
    assert found.ranges[0].gains.false_positives.tolist() == [1] * 10
    assert found.ranges[0].lrp.false_negative == 0.5


def test_lrp_of_a_known_scene() -> None:
    xy = np.concatenate([poses(np.zeros(2)), poses(np.array([9000.0, 0]))[:1]])
    found = diagnose(scene(xy)).ranges[0].lrp
    # Scores are 1, 0.75 and 0.5 (the pose far away): above 0.5 both hits stay and nothing else does.
    assert found.olrp == 0
    assert found.threshold == pytest.approx(0.51)


@pytest.mark.filterwarnings("error")
def test_joints_that_were_not_predicted_lower_no_optimal_score() -> None:
    """Two people far apart, one without a nose, one without any joint: all optimal scores are numbers."""
    full = scene_of(scene(poses(np.zeros(2))), Scale.AREA)
    whole, _ = Suppression.of(full).optimal_scores(AREA_RANGES[0])
    xy = full.detections.xy.copy()
    xy[0, NOSE] = np.inf
    scores, best = Suppression.of(full).moved(xy).optimal_scores(AREA_RANGES[0])
    assert np.isfinite(scores).all()
    assert best[0] == pytest.approx(16 / 17)
    assert scores[1] >= whole[1]
    xy[0] = np.inf
    scores, _ = Suppression.of(full).moved(xy).optimal_scores(AREA_RANGES[0])
    assert scores.tolist() == [0.0, 1.0]  # nobody is near it, so the other keeps its own


@pytest.mark.parametrize("joints", [slice(0, 1), slice(0, 17)])
def test_moved_joints_change_the_factors_of_their_pairs(joints: slice) -> None:
    """Joints that move together or alone: as if the pairs had been made of the new places."""
    given = scene_of(scene(np.repeat(poses(np.zeros(2))[:1], 3, axis=0)), Scale.AREA)
    xy = given.detections.xy.copy()
    xy[1, joints] += 12.0
    moved = Suppression.of(given).moved(xy)
    anew = Suppression.of(replace(given, detections=replace(given.detections, xy=xy)))
    assert moved.factor.tolist() == anew.factor.tolist()
    assert moved.factor.tolist() != Suppression.of(given).factor.tolist()
    for size in AREA_RANGES:
        for ours, wanted in zip(moved.optimal_scores(size), anew.optimal_scores(size), strict=True):
            assert ours.tolist() == wanted.tolist()
