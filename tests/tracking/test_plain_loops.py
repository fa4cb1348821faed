"""SORT, OC-SORT and ByteTrack name people as their plain twins do, on random walks with gaps and crowds."""

from __future__ import annotations

import numpy as np
import pytest

from poseval.tracking.bytetrack import ByteTrack
from poseval.tracking.ocsort import OcSort
from poseval.tracking.similarity import Measure
from poseval.tracking.sort import Sort
from tests.oracles.trackers import ByteTrackTwin, OcSortTwin, SortTwin
from tests.tracking.scenes import COCO, FIGURE, Clip

SEEDS = range(6)


def crowd(seed: int, frames: int = 40, people: int = 6) -> Clip:
    """People of several sizes who walk, turn, hide and come back near one another; scores of all heights."""
    rng = np.random.default_rng(seed)
    place = rng.uniform(100, 400, (people, 2))
    speed = rng.normal(0, 9, (people, 2))
    size = rng.uniform(0.6, 1.6, people)
    xy = np.zeros((frames, people, 17, 2))
    for t in range(frames):
        turning = rng.random(people) < 0.1
        speed[turning] = rng.normal(0, 9, (int(turning.sum()), 2))
        place = place + speed
        size = size * rng.uniform(0.95, 1.05, people)
        xy[t] = place[:, None] + size[:, None, None] * FIGURE + rng.normal(0, 2, (people, 17, 2))
    shown = rng.random((frames, people)) < 0.8
    for person in range(people):
        start = int(rng.integers(0, frames - 8))
        shown[start : start + int(rng.integers(2, 9)), person] = False
    shown[int(rng.integers(frames))] = False
    return Clip(xy, shown, rng.choice([0.05, 0.3, 0.6, 0.65, 0.7, 0.9, 1.0], shown.shape))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "config",
    [
        Sort(min_hits=3, max_age=1),
        Sort(min_hits=1, max_age=3),
        Sort(iou=0.1, min_hits=0),
        Sort(min_hits=2, max_age=5),
    ],
    ids=str,
)
def test_sort(config: Sort, seed: int) -> None:
    same(config.tracker(COCO), SortTwin(config), seed)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "config",
    [
        OcSort(score=0.0),
        OcSort(min_hits=1, delta=1, max_age=5),
        OcSort(score=0.2, inertia=2.0, min_hits=0, iou=0.15),
    ],
    ids=str,
)
def test_ocsort(config: OcSort, seed: int) -> None:
    same(config.tracker(COCO), OcSortTwin(config), seed)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "config",
    [
        ByteTrack(measure=Measure.IOU, fuse_score=True),
        ByteTrack(buffer=2, measure=Measure.IOU, double=0.6),
        ByteTrack(match=0.9, second=0.9, buffer=5, measure=Measure.IOU, fuse_score=True),
    ],
    ids=str,
)
def test_bytetrack(config: ByteTrack, seed: int) -> None:
    same(config.tracker(COCO), ByteTrackTwin(config), seed)


def same(tracker, twin, seed: int) -> None:  # type: ignore[no-untyped-def]
    scene = crowd(seed)
    names: set[int] = set()
    for t in range(scene.frames):
        frame = scene.frame(t)
        ours, wanted = tracker.step(frame).tolist(), twin.step(frame.bodies.box, frame.bodies.score)
        assert ours == wanted, f"frame {t}"
        names.update(ours)
    assert len(names) > 6
