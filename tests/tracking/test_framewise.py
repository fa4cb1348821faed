"""Greedy and Hungarian trackers."""

from __future__ import annotations

import numpy as np
import pytest

from poseval import tracking
from tests.tracking.scenes import COCO, clip, named, switches, walkers

PLAIN = ["greedy", "greedy(measure=iou)", "greedy(measure=both)", "greedy(order=rows)", "hungarian",
         "hungarian(measure=iou)", "hungarian(measure=both)"]  # fmt: skip


@pytest.mark.parametrize("name", PLAIN)
def test_people_apart_keep_their_identity(name: str) -> None:
    scene = walkers(frames=20, people=5)
    seen = scene.run(tracking.parse(name).tracker(COCO))
    assert switches(seen) == 0
    assert named(seen) == 100
    assert len({identity for frame in seen for identity in frame.values()}) == 5


def test_identities_count_from_zero_in_row_order() -> None:
    scene = walkers(frames=2, people=3)
    tracker = tracking.parse("greedy").tracker(COCO)
    assert tracker.step(scene.frame(0)).tolist() == [0, 1, 2]
    assert tracker.step(scene.frame(0)).tolist() == [0, 1, 2]


def test_memory_bridges_missed_frames() -> None:
    scene = walkers(frames=6, people=2, step=1.0)
    scene.shown[2:4, 0] = False
    short = scene.run(tracking.parse("greedy(memory=2)").tracker(COCO))
    long = scene.run(tracking.parse("greedy(memory=3)").tracker(COCO))
    assert switches(short) == 1
    assert switches(long) == 0


def test_a_person_in_view_is_not_taken_for_a_remembered_one() -> None:
    scene = walkers(frames=5, people=2, step=1.0)
    scene.shown[1, 0] = False
    seen = scene.run(tracking.parse("hungarian(memory=5)").tracker(COCO))
    assert switches(seen) == 0
    assert len({identity for frame in seen for identity in frame.values()}) == 2


def test_the_hungarian_tracker_finds_pairs_that_greedy_breaks() -> None:
    # Both people step right; the left one lands nearest to where the right one was.
    before = np.array([(100.0, 300.0), (150.0, 300.0)])
    scene = clip(np.stack([before, before + np.array([30.0, 0.0])]))
    assert switches(scene.run(tracking.parse("hungarian(measure=iou,floor=0.1)").tracker(COCO))) == 0
    assert switches(scene.run(tracking.parse("greedy(measure=iou,floor=0.1)").tracker(COCO))) == 2


@pytest.mark.parametrize("name", PLAIN)
def test_empty_frames(name: str) -> None:
    scene = walkers(frames=3, people=2)
    scene.shown[1] = False
    tracker = tracking.parse(name).tracker(COCO)
    seen = scene.run(tracker)
    assert seen[1] == {}
    assert set(seen[2].values()) == {2, 3}


def test_both_measures_have_half_of_the_weight() -> None:
    for name in ("greedy", "hungarian"):
        both = tracking.parse(f"{name}(measure=both)")
        assert both == tracking.parse(f"{name}(measure=both,weight=0.5)")
        assert both != tracking.parse(f"{name}(measure=both,weight=1)")
