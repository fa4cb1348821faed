"""Whole pose sets: only the identity changes, each sequence stands alone."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from poseval import tracking
from poseval.poses import Frames, People, PoseSet
from poseval.tracking import Resources
from poseval.tracking.bodies import Bodies
from poseval.tracking.offline import Untracked, drop_joints, track, usual
from tests.tracking.scenes import COCO, true_flow, walkers


def same_but_track(before: People, after: People) -> None:
    for f in fields(People):
        if f.name not in ("track", "extra"):
            np.testing.assert_array_equal(getattr(after, f.name), getattr(before, f.name), err_msg=f.name)
    for name, column in before.extra.items():
        np.testing.assert_array_equal(after.extra[name], column)


@pytest.mark.parametrize("name", ["greedy", "hungarian", "sort", "bytetrack", "ocsort"])
def test_every_column_but_the_track_stays(name: str) -> None:
    poses = walkers(frames=8, people=3).pose_set()
    done = track(poses, tracking.parse(name))
    same_but_track(poses.people, done.people)
    for person in range(3):
        assert len(set(done.people.track[poses.people.extra["who"] == person].tolist())) == 1
    assert done.people.track.min() == 0


def test_each_sequence_counts_from_zero_and_frames_go_by_number() -> None:
    one = walkers(frames=6, people=2).pose_set()
    frames = Frames(
        np.array([f"f{i}" for i in range(6)]),
        sequence=np.array([0, 1, 0, 1, 0, 1]),
        number=np.array([2, 0, 1, 1, 0, 2]),  # sequence 0 lies backwards in the file
        sequences=("a", "b"),
    )
    poses = PoseSet(COCO, frames, one.people)
    done = track(poses, tracking.parse("greedy"))
    first = done.people.track[np.isin(done.people.frame, [0, 2, 4])]
    second = done.people.track[np.isin(done.people.frame, [1, 3, 5])]
    assert set(first.tolist()) == set(second.tolist()) == {0, 1}
    # The frame of number 0 names people in row order; it is the last of its sequence in the file.
    assert done.people.track[done.people.frame == 4].tolist() == [0, 1]


def test_rows_without_identity_are_kept_dropped_or_named() -> None:
    scene = walkers(frames=6, people=2)
    scene.shown[:4, 1] = False  # too short for SORT to name
    poses = scene.pose_set()
    keep = track(poses, tracking.parse("sort(min_hits=3,max_age=1)"))
    drop = track(poses, tracking.parse("sort(min_hits=3,max_age=1)"), untracked=Untracked.DROP)
    fresh = track(poses, tracking.parse("sort(min_hits=3,max_age=1)"), untracked=Untracked.FRESH)
    assert (keep.people.track == -1).sum() == 2
    assert len(drop) == len(poses) - 2
    assert (drop.people.track >= 0).all()
    assert sorted(fresh.people.track[fresh.people.extra["who"] == 1].tolist()) == [1, 2]
    assert [(n.code, n.count) for n in keep.origin.notices] == [("N160", 2)]
    assert [(n.code, n.count) for n in drop.origin.notices] == [("N160", 2)]
    assert [(n.code, n.count) for n in fresh.origin.notices] == [("N160", 2)]


def test_rows_below_the_threshold_of_the_flow_tracker_stay_and_the_notice_names_it() -> None:
    scene = walkers(frames=4, people=2, gap=300.0)
    scene.score[:, 1] = 0.1
    poses = scene.pose_set()
    config, flow = tracking.parse("flow"), Resources(flow=true_flow(scene))
    stay = track(poses, config, flow, untracked=usual(config))
    same_but_track(poses.people, stay.people)
    assert sorted(stay.people.track[stay.people.extra["who"] == 1].tolist()) == [1, 2, 3, 4]
    (notice,) = stay.origin.notices
    assert (notice.code, notice.count) == ("N160", 4)
    assert notice.text == (
        "4 of 8 people have no track and each got an identity of its own; "
        "4 of them scored below detection_score=0.2 of flow"
    )
    assert len(track(poses, config, flow, untracked=Untracked.DROP)) == 4


def test_a_row_without_a_place_never_reaches_the_tracker() -> None:
    poses = walkers(frames=3, people=2).pose_set()
    seen = poses.people.seen.copy()
    seen[0] = 0
    poses = replace(poses, people=poses.people.with_columns(seen=seen))
    done = track(poses, tracking.parse("greedy"))
    assert done.people.track[0] == -1
    assert (done.people.track[1:] >= 0).all()


def test_missing_numbers_are_filled_for_the_tracker_only() -> None:
    people = People(
        xy=np.array([[[1.0, 2.0], [5.0, 8.0], [np.nan, np.nan]], [[4.0, 4.0], [4.0, 4.0], [4.0, 4.0]]]),
        frame=np.array([0, 0]),
        seen=np.array([[2, 2, 0], [2, 0, 0]]),
        joint_score=np.array([[0.5, np.nan, np.nan], [np.nan] * 3]),
        box=np.array([[np.nan] * 4, [3.0, 3.0, 3.0, 9.0]]),
    )
    bodies, placed = Bodies.of(people)
    assert placed.tolist() == [True, True]
    assert bodies.joint_score.tolist() == [[0.5, 1.0, 0.0], [1.0, 0.0, 0.0]]
    assert bodies.score.tolist() == [0.75, 1.0]
    assert bodies.box.tolist() == [[1.0, 2.0, 5.0, 8.0], [3.5, 3.5, 4.5, 4.5]]
    assert np.isfinite(bodies.xy).all()


def test_progress_counts_frames() -> None:
    told: list[tuple[int, int]] = []
    track(
        walkers(frames=4).pose_set(),
        tracking.parse("greedy"),
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_weak_joints_are_dropped_but_not_their_scores() -> None:
    poses = walkers(frames=2, people=1).pose_set()
    scores = np.array(poses.people.joint_score)
    scores[0, :3] = 0.3
    scores[1, 0] = np.nan
    poses = replace(poses, people=poses.people.with_columns(joint_score=scores))
    done = drop_joints(poses, 0.4)
    assert (done.people.seen == 0).sum() == 3
    np.testing.assert_array_equal(done.people.joint_score, scores)
    assert [(n.code, n.count) for n in done.origin.notices] == [("N162", 3)]
    assert drop_joints(poses, 0.1).origin.notices == ()
