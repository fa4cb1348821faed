"""The flow tracker of Simple Baselines: what propagation and each similarity are there for."""

from __future__ import annotations

import numpy as np
import pytest

from poseval import tracking
from poseval.errors import UsageError
from poseval.poses import Floats
from poseval.skeletons import skeleton_from_names
from poseval.tracking import FrameInput, Resources, Tracker
from poseval.tracking.bodies import clip as clip_boxes
from poseval.tracking.bodies import extent, grow
from poseval.tracking.flow import PointFlow
from poseval.tracking.flow_tracker import FlowTracker, Similarity
from poseval.tracking.offline import track
from tests.tracking.scenes import COCO, SIZE, Clip, clip, named, switches, true_flow, walkers


def tracker_of(config: FlowTracker, scene: Clip) -> Tracker:
    return config.tracker(COCO, Resources(flow=true_flow(scene)))


def runners() -> Clip:
    """Six people side by side who move one place to the right in each frame."""
    return walkers(frames=8, people=6, step=60.0, gap=60.0)


@pytest.mark.parametrize("similarity", [Similarity.FLOW, Similarity.MULTI_FLOW])
@pytest.mark.parametrize("propagate", [False, True])
def test_no_switch_where_overlap_fails(similarity: Similarity, propagate: bool) -> None:
    scene = runners()
    for plain in ("greedy(measure=iou)", "greedy(measure=oks)", "hungarian(measure=iou)"):
        assert switches(scene.run(tracking.parse(plain).tracker(COCO))) > 20
    for own in (Similarity.BOX, Similarity.POSE):
        config = FlowTracker(similarity=own, propagate=False)
        assert switches(scene.run(config.tracker(COCO))) > 20
    config = FlowTracker(similarity=similarity, propagate=propagate)
    seen = scene.run(tracker_of(config, scene))
    assert switches(seen) == 0
    assert named(seen) == 8 * 6


@pytest.mark.parametrize(("gap", "queue", "bridged"), [(4, 5, True), (5, 5, False), (9, 10, True)])
def test_multi_flow_bridges_an_occlusion_shorter_than_its_queue(gap: int, queue: int, bridged: bool) -> None:
    scene = walkers(frames=20, people=3, step=25.0, gap=200.0)
    scene.shown[6 : 6 + gap, 1] = False
    multi = FlowTracker(queue=queue, propagate=False)
    single = FlowTracker(similarity=Similarity.FLOW, queue=queue, propagate=False)
    assert switches(scene.run(tracker_of(multi, scene))) == (0 if bridged else 1)
    assert switches(scene.run(tracker_of(single, scene))) == 1


def test_propagation_fills_a_missed_detection() -> None:
    scene = walkers(frames=8, people=3, step=25.0, gap=200.0)
    scene.shown[4, 1] = False
    tracker = tracker_of(FlowTracker(similarity=Similarity.FLOW), scene)
    for t in range(8):
        identity = tracker.step(scene.frame(t))
        if t == 3:
            before = identity[scene.order(3).tolist().index(1)]
        assert len(tracker.added.identity) == (1 if t == 4 else 0)
        if t == 4:
            assert tracker.added.identity.tolist() == [before]
            np.testing.assert_allclose(tracker.added.bodies.xy[0], scene.xy[4, 1], atol=1e-9)
    assert identity[scene.order(7).tolist().index(1)] == before
    off = tracker_of(FlowTracker(similarity=Similarity.FLOW, propagate=False), scene)
    assert switches(scene.run(off)) == 1


def test_a_pose_set_gains_the_propagated_person() -> None:
    scene = walkers(frames=6, people=2, step=10.0, gap=300.0)
    scene.shown[3, 0] = False
    poses = scene.pose_set()
    done = track(poses, FlowTracker(), Resources(flow=true_flow(scene)))
    assert len(done) == len(poses) + 1
    row = int(np.flatnonzero(done.people.extra["who"] == -1)[0])
    assert done.people.frame[row] == 3
    first = done.people.track[(done.people.extra["who"] == 0)]
    assert done.people.track[row] == first[0]
    assert (first == first[0]).all()
    assert done.people.joint_score[row].tolist() == pytest.approx([0.9 * 0.7] * 17)
    assert [(n.code, n.count) for n in done.origin.notices] == [("N161", 1)]


def test_a_guess_fades_and_ends() -> None:
    scene = walkers(frames=9, people=1, step=5.0)
    scene.shown[4:] = False
    tracker = tracker_of(FlowTracker(decay=0.7), scene)
    counts = []
    for t in range(9):
        tracker.step(scene.frame(t))
        counts.append(len(tracker.added.identity))
    assert counts == [0, 0, 0, 0, 1, 1, 0, 0, 0]  # 0.9, 0.63, 0.44, then below 0.4


def test_nobody_is_propagated_out_of_the_image() -> None:
    scene = walkers(frames=4, people=1, step=400.0)
    scene.xy[:, 0, :, 0] += 500.0
    scene.shown[3] = False
    tracker = tracker_of(FlowTracker(), scene)
    scene.run(tracker)
    assert scene.xy[3, 0, :, 0].min() > SIZE[0]
    assert len(tracker.added.identity) == 0


def test_the_propagated_box_is_the_joints_grown_by_fifteen_percent() -> None:
    scene = walkers(frames=3, people=1, step=20.0)
    scene.shown[2] = False
    tracker = tracker_of(FlowTracker(), scene)
    scene.run(tracker)
    low, high = scene.xy[2, 0].min(axis=0), scene.xy[2, 0].max(axis=0)
    margin = 0.075 * (high - low)
    np.testing.assert_allclose(tracker.added.bodies.box[0], [*(low - margin), *(high + margin)])


def test_a_box_is_cut_at_the_border() -> None:
    box = np.array([[-5.0, 10.0, 1300.0, 800.0]])
    assert clip_boxes(box, SIZE).tolist() == [[0.0, 10.0, 1279.0, 719.0]]
    assert clip_boxes(box, None) is box
    assert grow(np.array([[0.0, 0.0, 100.0, 200.0]]), 0.15).tolist() == [[-7.5, -15.0, 107.5, 215.0]]


def test_the_pose_model_looks_into_the_propagated_boxes() -> None:
    scene = walkers(frames=3, people=2, step=20.0, gap=300.0)
    scene.shown[2, 0] = False
    asked: list[Floats] = []

    def pose(frame: FrameInput, box: Floats) -> tuple[Floats, Floats]:
        asked.append(box)
        return scene.xy[frame.number, :1] + 0.5, np.full((1, 17), 0.8)

    resources = Resources(flow=true_flow(scene), pose=pose)
    tracker = FlowTracker().tracker(COCO, resources)
    seen = scene.run(tracker)
    assert [len(box) for box in asked] == [1]
    np.testing.assert_allclose(tracker.added.bodies.xy[0], scene.xy[2, 0] + 0.5)
    assert tracker.added.bodies.joint_score[0].tolist() == [0.8] * 17
    assert tracker.added.bodies.score.tolist() == [pytest.approx(0.8)]
    assert tracker.added.identity.tolist() == [seen[1][0]]


def test_a_person_the_pose_model_does_not_see_is_gone() -> None:
    scene = walkers(frames=3, people=1)
    scene.shown[2] = False
    resources = Resources(
        flow=true_flow(scene), pose=lambda frame, box: (np.zeros((1, 17, 2)), np.full((1, 17), 0.3))
    )
    tracker = FlowTracker().tracker(COCO, resources)
    scene.run(tracker)
    assert len(tracker.added.identity) == 0


def test_boxes_compete_by_score_where_detections_have_no_right_of_way() -> None:
    scene = walkers(frames=3, people=1, step=4.0)
    scene.score[2] = 0.55
    first = tracker_of(FlowTracker(), scene)
    assert scene.run(first)[2] == {0: 0}
    assert len(first.added.identity) == 0
    published = tracker_of(FlowTracker(detections_first=False), scene)
    assert scene.run(published)[2] == {0: -1}  # the propagated box scores 0.63
    assert published.added.identity.tolist() == [0]


@pytest.mark.parametrize(("first", "named_rows"), [(True, 2), (False, 1)])
def test_detections_suppress_each_other_only_as_published(first: bool, named_rows: int) -> None:
    scene = clip(np.array([[[300.0, 300.0], [306.0, 300.0]]]))
    seen = scene.run(tracker_of(FlowTracker(detections_first=first), scene))
    assert named(seen) == named_rows


def test_detections_choose_before_guesses() -> None:
    # The person jumps where the flow does not follow: the guess stays behind and fits the track exactly.
    scene = clip(np.array([[[300.0, 300.0]], [[360.0, 300.0]]]), scale=2.0)
    still = PointFlow(lambda points, before, now: points)
    config = FlowTracker(similarity=Similarity.BOX, overlap=0.4)
    tracker = config.tracker(COCO, Resources(flow=still))
    assert switches(scene.run(tracker)) == 0
    assert tracker.added.identity.tolist() == [1]
    pooled = FlowTracker(similarity=Similarity.BOX, overlap=0.4, detections_first=False)
    assert switches(scene.run(pooled.tracker(COCO, Resources(flow=still)))) == 1


def test_low_scores_are_no_detections_and_low_joints_do_not_count() -> None:
    scene = walkers(frames=3, people=2, gap=300.0)
    scene.score[:, 1] = 0.1
    seen = scene.run(tracker_of(FlowTracker(), scene))
    assert [frame[1] for frame in seen] == [-1, -1, -1]
    frames = [scene.frame(t) for t in range(2)]
    for frame in frames:
        frame.bodies.score[:] = 0.9
    frames[1].bodies.joint_score[:, :9] = 0.1
    frames[1].bodies.xy[:, :9] += 500.0  # wrong, but known to be doubtful
    for all_joints, same in ((False, True), (True, False)):
        config = FlowTracker(floor=0.6, propagate=False, all_joints=all_joints)
        tracker = tracker_of(config, scene)
        first, second = (tracker.step(frame) for frame in frames)
        assert (set(first.tolist()) == set(second.tolist())) is same


def test_without_flow_it_says_what_to_pass() -> None:
    with pytest.raises(UsageError, match="--images") as caught:
        FlowTracker().tracker(COCO)
    assert caught.value.code == "P163"
    assert FlowTracker(similarity=Similarity.POSE, propagate=False).tracker(COCO) is not None
    assert [FlowTracker(similarity=s, propagate=False).needs_flow for s in Similarity] == [
        False,
        False,
        True,
        True,
    ]


def test_empty_frames() -> None:
    scene = walkers(frames=5, people=2)
    scene.shown[[0, 3]] = False
    seen = scene.run(tracker_of(FlowTracker(propagate=False), scene))
    assert switches(seen) == 0
    assert len(extent(np.zeros((0, 17, 2)), np.zeros((0, 17), dtype=np.bool_))) == 0


@pytest.mark.parametrize(("recent_first", "changes"), [(True, 1), (False, 6)])
def test_a_name_left_by_a_double_does_not_come_and_go(recent_first: bool, changes: int) -> None:
    # In the second frame the person is found twice; later detections fall on either pose in turn.
    aside = np.array([4, 4, -4, 4, -4, 4, -4, 4.0])
    x = np.stack([300 + aside, np.full(8, 296.0)], axis=1)
    scene = clip(np.stack([x, np.full((8, 2), 300.0)], axis=2))
    scene.shown[:, 1] = np.arange(8) == 1
    still = PointFlow(lambda points, before, now: points)
    config = FlowTracker(propagate=False, recent_first=recent_first)
    seen = scene.run(config.tracker(COCO, Resources(flow=still)))
    assert switches([{0: frame[0]} for frame in seen]) == changes


@pytest.mark.parametrize(("pose_overlap", "doubles"), [(0.5, 0), (1.0, 1)])
def test_a_guess_on_a_detected_pose_goes_whatever_the_boxes(pose_overlap: float, doubles: int) -> None:
    scene = walkers(frames=2, people=1, step=5.0)
    tracker = tracker_of(FlowTracker(pose_overlap=pose_overlap), scene)
    tracker.step(scene.frame(0))
    frame = scene.frame(1)
    frame.bodies.box[:] = grow(frame.bodies.box, 1.5)  # a detector that draws wide boxes
    assert tracker.step(frame).tolist() == [0]
    assert len(tracker.added.identity) == doubles


def test_boxes_alone_need_no_sigmas() -> None:
    odd = skeleton_from_names([f"feeler_{k}" for k in range(17)])
    still = Resources(flow=PointFlow(lambda points, before, now: points))
    scene = walkers(frames=2, people=2)
    tracker = FlowTracker(similarity=Similarity.BOX, pose_overlap=1.0).tracker(odd, still)
    assert switches(scene.run(tracker)) == 0
    with pytest.raises(UsageError) as caught:
        FlowTracker(similarity=Similarity.BOX).tracker(odd, still)
    assert caught.value.code == "P112"
