"""LightTrack: its helpers against the recorded reference program, then what it does."""

from __future__ import annotations

import numpy as np
import pytest

from poseval import tracking
from poseval.errors import UsageError
from poseval.poses import Floats
from poseval.tracking import Bodies, FrameInput, Resources
from poseval.tracking.lighttrack import (
    LightTrack,
    PoseMatching,
    from_corner,
    inferred_boxes,
    is_key_frame,
    joint_distance,
    lost,
    overlapping,
    whole_pixel_grow,
)
from poseval.tracking.similarity import box_iou
from tests.shared import shared_path
from tests.tracking.scenes import COCO, Clip, clip, crossing, named, switches, walkers


@pytest.fixture
def helpers() -> dict[str, np.ndarray]:
    with np.load(shared_path("golden/models/pipeline/lighttrack_helpers.npz")) as archive:
        return dict(archive)


def recorded_bodies(helpers: dict[str, np.ndarray]) -> Bodies:
    joints = helpers["keypoints"].reshape(-1, 15, 3)
    score = joints[:, :, 2]
    return Bodies(joints[:, :, :2], score != 0, score, np.ones(len(joints)), np.ones((len(joints), 4)))


def corners(box: np.ndarray) -> Floats:
    """x, y, width, height as corners."""
    return np.concatenate([box[:, :2], box[:, :2] + box[:, 2:]], axis=1)


def test_boxes_from_keypoints(helpers: dict[str, np.ndarray]) -> None:
    box, fit = inferred_boxes(recorded_bodies(helpers), 0.2)
    assert fit.all()
    np.testing.assert_allclose(box, corners(helpers["bbox_from_keypoints"]), rtol=1e-12)


def test_loss_by_the_best_four_joints(helpers: dict[str, np.ndarray]) -> None:
    assert lost(recorded_bodies(helpers).joint_score, 0.6).tolist() == helpers["lost"].tolist()


def test_the_graph_of_a_pose(helpers: dict[str, np.ndarray]) -> None:
    relative = np.trunc(from_corner(recorded_bodies(helpers)))
    assert relative.astype(int).tolist() == helpers["graph"].tolist()


def test_overlap_counts_the_last_pixel(helpers: dict[str, np.ndarray]) -> None:
    found = box_iou(corners(helpers["iou_a"]), corners(helpers["iou_b"]), pixel=1.0)
    np.testing.assert_allclose(np.diagonal(found), helpers["iou"], rtol=1e-12)


def test_spatial_consistency(helpers: dict[str, np.ndarray]) -> None:
    alike = box_iou(corners(helpers["spatial_query"]), corners(helpers["spatial_prev"]), pixel=1.0)
    match = overlapping(alike, 0.3)
    assert np.where(match >= 0, 100 + match, -1).tolist() == helpers["spatial_id"].tolist()


def test_key_frames(helpers: dict[str, np.ndarray]) -> None:
    assert [is_key_frame(k, 2) for k in range(10)] == helpers["keyframe_interval2"].tolist()


def test_boxes_without_joints_or_too_large_are_unfit() -> None:
    joints = np.array([[[0.0, 0.0], [2100.0, 50.0]], [[5.0, 5.0], [9.0, 9.0]], [[5.0, 5.0], [50.0, 90.0]]])
    score = np.array([[0.9, 0.9], [3.0, 0.0], [0.9, 0.9]])
    bodies = Bodies(joints, score > 0, score, np.ones(3), np.ones((3, 4)))
    assert inferred_boxes(bodies, 0.2)[1].tolist() == [False, False, True]
    assert whole_pixel_grow(np.array([[0.0, 0.0, 99.0, 50.0]]), 0.2).tolist() == [[-9.0, -5.0, 108.0, 55.0]]


@pytest.mark.parametrize("interval", [1, 2, 3, 5])
def test_people_apart_keep_their_identity(interval: int) -> None:
    seen = walkers(frames=20, people=5).run(LightTrack(interval=interval).tracker(COCO))
    assert switches(seen) == 0
    assert named(seen) == 100


def test_newcomers_wait_for_a_key_frame() -> None:
    scene = walkers(frames=8, people=2, gap=300.0)
    scene.shown[:3, 1] = False
    seen = scene.run(LightTrack(interval=2).tracker(COCO))
    assert [frame.get(1) for frame in seen] == [None, None, None, -1, 1, 1, 1, 1]


def test_a_lost_person_makes_the_frame_a_key_frame() -> None:
    scene = walkers(frames=4, people=2, gap=300.0)
    scene.shown[0, 1] = False
    tracker = LightTrack(interval=10).tracker(COCO)
    assert tracker.step(scene.frame(0)).tolist() == [0]
    assert sorted(tracker.step(scene.frame(1)).tolist()) == [-1, 0]
    doubtful = scene.frame(2)
    doubtful.bodies.joint_score[:] = 0.5
    assert sorted(tracker.step(doubtful).tolist()) == [0, 1]


def test_only_the_last_frame_is_remembered() -> None:
    scene = walkers(frames=6, people=1, step=2.0)
    scene.shown[3] = False
    assert switches(scene.run(LightTrack().tracker(COCO))) == 1


def swapped_places() -> Clip:
    """Two people who jump: boxes no longer overlap, but the poses (one stretched) still tell who is who."""
    scene = clip(np.array([[[200.0, 200.0], [600.0, 200.0]], [[900.0, 400.0], [300.0, 550.0]]]))
    for t in range(2):
        centre = scene.xy[t, 1].mean(axis=0)
        scene.xy[t, 1] = centre + (scene.xy[t, 1] - centre) * [1.8, 0.7]
    return scene


def test_poses_tell_people_apart_where_boxes_cannot() -> None:
    scene = swapped_places()
    assert switches(scene.run(LightTrack(interval=1).tracker(COCO))) == 0
    assert switches(scene.run(tracking.parse("greedy(measure=both)").tracker(COCO))) == 2
    scene.xy[1] += np.random.default_rng(0).normal(0, 2, scene.xy[1].shape)
    assert switches(scene.run(LightTrack(interval=1, pose_floor=1.0).tracker(COCO))) == 2


def test_without_pose_matching_boxes_alone_decide() -> None:
    scene = swapped_places()
    assert switches(scene.run(tracking.parse("lighttrack(interval=1,matching=none)").tracker(COCO))) == 2
    near = walkers(frames=4, people=2, step=2.0)
    assert switches(near.run(LightTrack(interval=1, matching=PoseMatching.NONE).tracker(COCO))) == 0


def test_distances_of_joints_do_not_depend_on_place_and_size() -> None:
    scene = clip(np.array([[[200.0, 200.0], [600.0, 200.0]], [[900.0, 400.0], [300.0, 550.0]]]))
    for t in range(2):  # one stands on their head
        scene.xy[t, 1] = 2 * scene.xy[t, 1].mean(axis=0) - scene.xy[t, 1]
    scene.xy[1] *= 1.5
    matching = LightTrack(interval=1, matching=PoseMatching.DISTANCE)
    assert switches(scene.run(matching.tracker(COCO))) == 0
    strict = LightTrack(interval=1, matching=PoseMatching.DISTANCE, joint_distance=0.0)
    scene.xy[1] += np.random.default_rng(0).normal(0, 2, scene.xy[1].shape)
    assert switches(scene.run(strict.tracker(COCO))) == 2


def test_a_distance_of_joints_by_hand() -> None:
    square = np.array([[[0.0, 0.0], [10.0, 0.0], [0.0, 20.0], [10.0, 20.0]]])
    moved = square.copy()
    moved[0, 1] = (5.0, 10.0)  # half a box away in both directions
    seen, some = np.ones((1, 4), dtype=np.bool_), np.array([[True, False, True, True]])
    score, one, box = np.full((1, 4), 0.5), np.ones(1), np.zeros((1, 4))
    first, second = Bodies(square, seen, score, one, box), Bodies(moved, seen, score, one, box)
    np.testing.assert_allclose(joint_distance(first, second), [[np.sqrt(0.5) / 4]])
    hidden = Bodies(moved, some, score, one, box)
    np.testing.assert_allclose(joint_distance(first, hidden), [[0.0]])
    none = Bodies(moved, ~seen, score, one, box)
    assert np.isinf(joint_distance(first, none)).all()


def both_on_one() -> Clip:
    """One person, then two detections that both overlap them."""
    scene = clip(np.array([[[300.0, 300.0], [900.0, 300.0]], [[300.0, 300.0], [312.0, 300.0]]]))
    scene.shown[0, 1] = False
    return scene


def test_two_detections_share_an_identity_only_by_the_flag() -> None:
    scene = both_on_one()
    assert sorted(scene.run(LightTrack(interval=1).tracker(COCO))[1].values()) == [0, 1]
    faulty = LightTrack(interval=1, shared_identity=True)
    assert sorted(scene.run(faulty.tracker(COCO))[1].values()) == [0, 0]


def test_the_faulty_rule_takes_the_first_pose_that_fits() -> None:
    near = np.array([[[200.0, 200.0], [600.0, 200.0]], [[900.0, 500.0], [1100.0, 500.0]]])
    faulty = LightTrack(interval=1, shared_identity=True)
    assert set(clip(near).run(faulty.tracker(COCO))[1].values()) == {0}
    sound = clip(near).run(LightTrack(interval=1).tracker(COCO))
    assert set(sound[1].values()) == {0, 1}


def test_between_key_frames_a_pose_model_needs_no_detections() -> None:
    scene = walkers(frames=6, people=2, step=10.0, gap=300.0)
    asked: list[Floats] = []

    def pose(frame: FrameInput, box: Floats) -> tuple[Floats, Floats]:
        asked.append(box)
        inside = (scene.xy[frame.number][None] >= box[:, None, None, :2]) & (
            scene.xy[frame.number][None] <= box[:, None, None, 2:]
        )
        person = inside.all(axis=3).sum(axis=2).argmax(axis=1)
        return scene.xy[frame.number, person], np.full((len(box), 17), 0.9)

    tracker = LightTrack(interval=3).tracker(COCO, Resources(pose=pose))
    empty = Bodies.empty(17)
    names = []
    for t in range(6):
        blind = FrameInput(empty, number=t)
        followed = tracker.follow(blind)
        assert followed is (t % 3 != 0)
        if followed:
            names.append(sorted(tracker.added.identity.tolist()))
            order = np.argsort(tracker.added.bodies.xy[:, 0, 0])
            np.testing.assert_allclose(tracker.added.bodies.xy[order], scene.xy[t])
        else:
            names.append(sorted(tracker.step(scene.frame(t)).tolist()))
            assert len(tracker.added.identity) == 0
    assert names == [[0, 1]] * 6
    assert [len(box) for box in asked] == [2, 2, 2, 2]


def test_a_loss_seen_by_the_pose_model_asks_for_detections() -> None:
    scene = walkers(frames=3, people=1)
    resources = Resources(pose=lambda frame, box: (np.zeros((1, 17, 2)), np.full((1, 17), 0.2)))
    tracker = LightTrack(interval=5).tracker(COCO, resources)
    assert not tracker.follow(scene.frame(0))
    assert tracker.step(scene.frame(0)).tolist() == [0]
    assert not tracker.follow(FrameInput(Bodies.empty(17), number=1))
    assert tracker.step(scene.frame(1)).tolist() == [0]
    assert tracker.step(scene.frame(2)).tolist() == [0]  # step alone tries, loses and detects as well


def test_the_network_needs_its_matcher() -> None:
    with pytest.raises(UsageError, match="--sgcn") as caught:
        LightTrack(matching=PoseMatching.SGCN).tracker(COCO)
    assert caught.value.code == "P163"
    near_first = Resources(
        matcher=lambda now, before: np.arange(len(now) * len(before)).reshape(len(now), -1) + 0.0
    )
    scene = swapped_places()
    seen = scene.run(LightTrack(interval=1, matching=PoseMatching.SGCN).tracker(COCO, near_first))
    assert len(set(seen[0].values()) & set(seen[1].values())) >= 1


def test_crossing_people_and_empty_frames() -> None:
    scene = crossing()
    scene.shown[[0, 9]] = False
    seen = scene.run(LightTrack().tracker(COCO))
    assert seen[0] == {}
    assert all(identity >= 0 for t in range(2, 31, 2) for identity in seen[t].values())
