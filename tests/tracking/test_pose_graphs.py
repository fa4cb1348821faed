"""Pairs of poses for the graph network, and the matcher that asks it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from poseval.errors import UsageError
from poseval.poses import Frames, People, PoseSet
from poseval.skeletons import get_skeleton
from poseval.tracking import Bodies, Resources
from poseval.tracking.lighttrack import LightTrack, PoseMatching
from poseval.tracking.pose_graphs import GraphMatcher, graph_joints, graphs, pose_pairs
from tests.shared import shared_path
from tests.tracking.scenes import COCO, clip

POSETRACK = get_skeleton("posetrack15_poseval")


def truth(frames: int = 4) -> PoseSet:
    """Two sequences: 0 and 1 stand on each other, 2 jumps out of its own box in each frame."""
    people, numbers, sequence = 3, np.tile(np.arange(frames), 2), np.repeat([0, 1], frames)
    shape = np.random.default_rng(3).uniform(0, 60, (people, 15, 2))
    base = np.array([[100.0, 100.0], [110.0, 105.0], [300.0, 100.0]])
    xy = np.concatenate([shape + (base + np.outer([0, 0, 1], [100.0 * n, 0.0]))[:, None, :] for n in numbers])
    rows = people * 2 * frames
    return PoseSet(
        POSETRACK,
        Frames(
            np.arange(2 * frames).astype(str), sequence=sequence, number=5 * numbers, sequences=("a", "b")
        ),
        People(
            xy,
            np.repeat(np.arange(2 * frames), people),
            track=np.tile(np.arange(people), 2 * frames),
            joint_score=np.ones((rows, 15)),
        ),
    )


def test_pairs_of_one_and_of_two() -> None:
    pairs = pose_pairs(truth())
    assert pairs.same.sum() == 2 * 3 * 3  # two sequences, three people, three steps
    assert (~pairs.same).sum() == 2 * 4 * 3  # three pairs in each of eight frames
    assert (pairs.same & pairs.hard).sum() == 2 * 3  # who jumps never overlaps
    assert (~pairs.same & pairs.hard).sum() == 2 * 4  # who stand on each other
    easy = pairs.same & ~pairs.hard
    np.testing.assert_array_equal(pairs.first[easy], pairs.second[easy])
    assert len(pairs) == len(pairs.first) == 42


def test_people_who_say_little_are_left_out() -> None:
    whole = truth()
    seen = np.array(whole.people.seen)
    seen[whole.people.track == 0, 7:] = 0
    few = replace(whole, people=whole.people.with_columns(seen=seen))
    assert pose_pairs(few).same.sum() == 2 * 2 * 3
    tiny = np.array(whole.people.xy)
    tiny[whole.people.track == 0] *= 0.05
    small = replace(whole, people=whole.people.with_columns(xy=tiny))
    assert (~pose_pairs(small).same).sum() == 2 * 4


def test_a_missed_frame_makes_no_pair() -> None:
    whole = truth()
    away = (whole.people.track == 1) & (whole.frames.number[whole.people.frame] == 10)
    assert pose_pairs(replace(whole, people=whole.people.take(~away))).same.sum() == 2 * (3 + 3 + 1)


def test_a_truth_without_tracks_is_refused() -> None:
    whole = truth()
    bare = replace(whole, people=whole.people.with_columns(track=np.full(len(whole), -1)))
    with pytest.raises(UsageError, match="no tracks") as caught:
        pose_pairs(bare)
    assert caught.value.code == "P166"


def test_the_network_needs_its_joints() -> None:
    assert graph_joints(POSETRACK).tolist() == list(range(15))
    slots = get_skeleton("posetrack17slots")
    assert [slots.joints[k] for k in graph_joints(slots)] == list(POSETRACK.joints)
    with pytest.raises(UsageError, match="head_bottom, head_top") as caught:
        graph_joints(COCO)
    assert caught.value.code == "P165"


def test_graphs_are_those_of_the_reference_program() -> None:
    with np.load(shared_path("golden/models/pipeline/lighttrack_helpers.npz")) as archive:
        joints, wanted = archive["keypoints"].reshape(-1, 15, 3), archive["graph"]
    score = joints[:, :, 2]
    count = len(joints)
    bodies = Bodies(joints[:, :, :2], np.ones(score.shape, bool), score, np.ones(count), np.ones((count, 4)))
    np.testing.assert_array_equal(graphs(bodies, np.arange(15)), wanted)


@pytest.mark.models
def test_lighttrack_matches_by_the_network() -> None:
    torch = pytest.importorskip("torch")
    from poseval.models.networks.sgcn import SGCN

    torch.manual_seed(1)
    model = SGCN().eval()
    whole = truth()
    bodies, _ = Bodies.of(whole.people)
    matcher = GraphMatcher(POSETRACK, model)
    distance = matcher(bodies.take(slice(0, 3)), bodies.take(slice(3, 6)))
    assert distance.shape == (3, 3)
    np.testing.assert_allclose(np.diagonal(distance), 0.0, atol=1e-5)  # the same poses, the jumper's too
    limit = float(distance[~np.eye(3, dtype=bool)].min()) / 2
    config = LightTrack(matching=PoseMatching.SGCN, pose_distance=limit, interval=1)
    tracker = config.tracker(POSETRACK, Resources(matcher=matcher))
    names = [
        tracker.step(replace(clip_frame, bodies=bodies.take(slice(3 * t, 3 * t + 3))))
        for t, clip_frame in enumerate([clip(np.zeros((1, 1, 2))).frame(0)] * 4)
    ]
    assert [name.tolist() for name in names] == [[0, 1, 2]] * 4
