"""SORT, ByteTrack and OC-SORT: what each adds over matching frame by frame."""

from __future__ import annotations

import numpy as np
import pytest

from poseval import tracking
from poseval.tracking.ocsort import OcSort, _heading
from tests.tracking.scenes import COCO, clip, crossing, named, switches, walkers

PUBLISHED = "bytetrack(high=0.6,start=0.7,measure=iou,fuse_score=true)"
NAMES = ["sort", "bytetrack", "ocsort"]


@pytest.mark.parametrize("name", NAMES)
def test_people_apart_keep_their_identity(name: str) -> None:
    seen = walkers(frames=20, people=5).run(tracking.parse(name).tracker(COCO))
    assert switches(seen) == 0
    assert named(seen) == 100


@pytest.mark.parametrize("name", ["sort(max_age=5)", "bytetrack", "ocsort"])
def test_motion_carries_a_person_behind_another(name: str) -> None:
    # The nearer person hides the other for four frames; frame by frame the identity is lost.
    scene = crossing(frames=41)
    scene.shown[18:22, 1] = False
    assert switches(scene.run(tracking.parse("greedy(measure=iou)").tracker(COCO))) > 0
    assert switches(scene.run(tracking.parse(name).tracker(COCO))) == 0


@pytest.mark.parametrize("name", NAMES)
def test_empty_frames_and_an_empty_start(name: str) -> None:
    scene = walkers(frames=12, people=2, step=2.0)
    scene.shown[:2] = False
    seen = scene.run(tracking.parse(name).tracker(COCO))
    assert seen[0] == seen[1] == {}
    assert switches(seen) == 0
    assert all(identity >= 0 for identity in seen[-1].values())


def test_sort_names_a_track_after_min_hits() -> None:
    scene = walkers(frames=10, people=2, step=3.0)
    scene.shown[:5, 1] = False
    seen = scene.run(tracking.parse("sort(min_hits=3)").tracker(COCO))
    assert [frame.get(1) for frame in seen[5:9]] == [-1, -1, -1, 1]
    assert [frame[0] for frame in seen] == [0] * 10


def test_sort_forgets_after_max_age() -> None:
    scene = walkers(frames=12, people=1, step=2.0)
    scene.shown[5:7] = False
    assert switches(scene.run(tracking.parse("sort(min_hits=0,max_age=1)").tracker(COCO))) == 1
    assert switches(scene.run(tracking.parse("sort(min_hits=0,max_age=2)").tracker(COCO))) == 0


def test_bytetrack_keeps_a_person_whose_score_drops() -> None:
    scene = walkers(frames=12, people=2, step=4.0)
    scene.score[5:8, 0] = 0.2
    seen = scene.run(tracking.parse(PUBLISHED).tracker(COCO))
    assert switches(seen) == 0
    assert named(seen) == 24
    alone = scene.run(tracking.parse(PUBLISHED.replace("high", "low=0.6,high")).tracker(COCO))
    assert [alone[t][0] for t in (5, 6, 7)] == [-1, -1, -1]


def test_bytetrack_starts_no_track_from_a_low_score() -> None:
    scene = walkers(frames=6, people=2)
    scene.score[:, 1] = 0.65
    seen = scene.run(tracking.parse(PUBLISHED).tracker(COCO))
    assert {frame[1] for frame in seen} == {-1}


def test_bytetrack_names_a_later_person_in_its_second_frame() -> None:
    scene = walkers(frames=6, people=2)
    scene.shown[:2, 1] = False
    seen = scene.run(tracking.parse(PUBLISHED).tracker(COCO))
    assert [frame.get(1) for frame in seen] == [None, None, -1, 1, 1, 1]


def test_bytetrack_drops_a_tentative_track_that_is_missed_once() -> None:
    scene = walkers(frames=8, people=2)
    scene.shown[:2, 1] = False
    scene.shown[3, 1] = False
    seen = scene.run(tracking.parse(PUBLISHED).tracker(COCO))
    assert [seen[t][1] for t in (2, 4, 5)] == [-1, -1, 1]


@pytest.mark.parametrize(("double", "changes"), [(0.15, 1), (0.0, 0)])
def test_bytetrack_ends_the_younger_of_two_tracks_on_one_person(double: float, changes: int) -> None:
    # Person 0 stood there for long and is lost; person 1, known for a short time, walks past the spot.
    t = np.arange(70)
    walk = 700.0 - 25.0 * (t - 36)
    x = np.stack([np.full(70, 303.0), walk], axis=1)
    scene = clip(np.stack([x, np.full((70, 2), 300.0)], axis=2))
    scene.shown[40:, 0] = False
    scene.shown[:36, 1] = False
    seen = scene.run(tracking.parse(PUBLISHED.replace("high", f"double={double},high")).tracker(COCO))
    assert switches([{1: frame[1]} for frame in seen[36:]]) == changes


def test_bytetrack_tells_poses_apart_whose_boxes_are_the_same() -> None:
    # One seen from behind: the same outline, with left and right joints exchanged.
    scene = clip(300 + np.random.default_rng(0).normal(0, 2, (30, 2, 2)))
    scene.xy[:, 1] = scene.xy[:, 1][:, list(COCO.flip)]
    boxes = scene.run(tracking.parse("bytetrack(measure=iou,fuse_score=true)").tracker(COCO))
    assert switches(boxes) > 5
    for name in (
        "bytetrack",
        "bytetrack(measure=oks,fuse_score=true)",
        "bytetrack(measure=both,fuse_score=true)",
    ):
        assert switches(scene.run(tracking.parse(name).tracker(COCO))) == 0


def test_bytetrack_moves_poses_with_their_boxes() -> None:
    # Hidden for ten frames, a walker is a body's width farther on than where the last pose was.
    scene = walkers(frames=40, people=1, step=6.0)
    scene.shown[20:30] = False
    seen = scene.run(tracking.parse("bytetrack").tracker(COCO))
    assert switches(seen) == 0


def test_ocsort_finds_a_person_who_turned_while_hidden() -> None:
    # The person stops while out of sight: the filter overshoots, the last observation does not.
    t = np.arange(30)
    x = np.where(t < 12, 100 + 12.0 * t, 100 + 12.0 * 12)
    scene = clip(np.stack([x, np.full(30, 300.0)], axis=1)[:, None])
    scene.shown[13:21] = False
    lost = scene.run(tracking.parse("sort(max_age=30,min_hits=0)").tracker(COCO))
    found = scene.run(tracking.parse("ocsort(min_hits=0)").tracker(COCO))
    assert switches(lost) == 1
    assert switches(found) == 0


def test_ocsort_runs_the_filter_anew_along_the_gap() -> None:
    # Standing still while hidden is what a straight line between the two sights says, so the filter must
    # end as if it had seen all of it.
    t = np.arange(24)
    x = np.where(t < 12, 100 + 12.0 * t, 100 + 12.0 * 12)
    scene = clip(np.stack([x, np.full(24, 300.0)], axis=1)[:, None])
    state = []
    for hidden in (True, False):
        scene.shown[13:20] = not hidden
        tracker = OcSort(min_hits=0).tracker(COCO)
        scene.run(tracker)
        state.append(tracker._filters)  # type: ignore[attr-defined]
    for column in ("x", "v", "pp", "pv", "vv"):
        np.testing.assert_allclose(getattr(state[0], column), getattr(state[1], column), rtol=1e-9)


def test_ocsort_direction_decides_between_equal_overlaps() -> None:
    # A fast walker meets a box equally far ahead and behind: only the direction tells them apart.
    t = np.arange(8)
    scene = clip(np.stack([400 + 4.0 * t, np.full(8, 300.0)], axis=1)[:, None])
    tracker = tracking.parse("ocsort(min_hits=0,inertia=2)").tracker(COCO)
    for k in range(7):
        tracker.step(scene.frame(k))
    here = scene.xy[7, 0]
    both = clip(np.zeros((1, 2, 2)))
    aside = np.array([8.0, 0.0])
    both.xy[0, 0], both.xy[0, 1] = here - aside, here + aside
    rows = both.order(0).tolist()
    identity = tracker.step(both.frame(0))
    assert identity[rows.index(1)] == 0
    assert identity[rows.index(0)] == 1


def test_ocsort_direction_across_counts_nothing_whatever_the_score() -> None:
    """A sure row that lies across the track's way adds 0, one of half its score halfway to it a little."""
    t = np.arange(8)
    scene = clip(np.stack([400 + 4.0 * t, np.full(8, 300.0)], axis=1)[:, None])
    tracker = tracking.parse("ocsort(min_hits=0,score=0.4,inertia=100)").tracker(COCO)
    for k in range(7):
        tracker.step(scene.frame(k))
    earlier = scene.xy[4, 0]  # observed three frames ago: directions begin there
    both = clip(np.zeros((1, 2, 2)))
    both.xy[0, 0], both.xy[0, 1] = earlier + np.array([0.0, 8.0]), earlier + np.array([8.0, 8.0])
    both.score[0] = [1.0, 0.5]
    rows = both.order(0).tolist()
    identity = tracker.step(both.frame(0))
    assert identity[rows.index(1)] == 0


def test_ocsort_leaves_rows_of_low_score_alone() -> None:
    scene = walkers(frames=5, people=2)
    scene.score[:, 1] = 0.5
    seen = scene.run(tracking.parse("ocsort(score=0.6,min_hits=3)").tracker(COCO))
    assert {frame[1] for frame in seen} == {-1}
    assert {frame[0] for frame in seen} == {0}


def test_a_heading_is_that_of_centres() -> None:
    """A millionth of a pixel is as long as what keeps the division defined."""
    before, now = np.array([0.0, 0.0, 2.0, 2.0]), np.array([1e-6, 0.0, 2.0 + 1e-6, 2.0])
    assert _heading(before, now) == pytest.approx([0.5, 0.0], abs=1e-6)
    assert _heading(before, before + 8) == pytest.approx([0.5**0.5] * 2, abs=1e-6)
