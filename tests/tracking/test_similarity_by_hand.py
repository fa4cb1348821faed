"""Overlap, suppression, sigmas that are borrowed, and parameters of trackers, by hand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from poseval.errors import UsageError
from poseval.skeletons import Skeleton, get_skeleton
from poseval.tracking.base import UNTRACKED, Config, FrameInput, Tracker
from poseval.tracking.bytetrack import ByteTrack
from poseval.tracking.framewise import Greedy, Hungarian
from poseval.tracking.ocsort import OcSort
from poseval.tracking.similarity import Likeness, Measure, box_iou, oks, sigmas_of, suppress_boxes
from poseval.tracking.sort import Sort
from tests.oracles.trackers import iou
from tests.tracking.scenes import COCO, clip, walkers


@pytest.mark.parametrize("pixel", [0.0, 1.0])
def test_iou_is_the_plain_one(pixel: float) -> None:
    rng = np.random.default_rng(0)
    corner = rng.integers(0, 12, (7, 2)).astype(float)
    a = np.concatenate([corner, corner + rng.integers(0, 9, (7, 2))], axis=1)
    b = a[::-1] + np.array([1.0, 0.0, 3.0, 2.0])
    grown_a, grown_b = (box + np.array([0, 0, pixel, pixel]) for box in (a, b))
    wanted = [[iou(one, other) for other in grown_b] for one in grown_a]
    np.testing.assert_allclose(box_iou(a, b, pixel), wanted)


def test_suppression_takes_the_best_score_first_and_the_first_of_equals() -> None:
    box = np.array([[0, 0, 9, 9], [0, 0, 9, 9], [0, 5, 9, 14], [30, 30, 39, 39]], dtype=float)
    score = np.array([0.5, 0.9, 0.9, 0.1])
    # The second and third share 50 of 150 pixels.
    assert suppress_boxes(box, score, 1 / 3).tolist() == [1, 2, 3]
    assert suppress_boxes(box, score, 0.33).tolist() == [1, 3]
    assert suppress_boxes(box, np.full(4, 0.5), 1.0).tolist() == [0, 1, 2, 3]
    assert suppress_boxes(np.zeros((0, 4)), np.zeros(0), 0.5).tolist() == []


def test_oks_with_one_sided_use_and_areas_of_nothing() -> None:
    a, b = np.zeros((1, 2, 2)), np.array([[[0.0, 0.0], [3.0, 4.0]]])
    area, sigmas = np.array([50.0]), np.array([0.1, 0.2])
    far = math.exp(-25 / (2 * 75 * (2 * 0.2) ** 2))
    whole = oks(a, b, area, area * 2, sigmas)
    assert whole[0, 0] == pytest.approx((1 + far) / 2)
    use = np.array([[False, True]])
    assert oks(a, b, area, area * 2, sigmas, use)[0, 0] == pytest.approx(far)
    assert oks(a, b, area, area * 2, sigmas, None, use)[0, 0] == pytest.approx(far)
    assert oks(a, b, area, area * 2, sigmas, use, ~use)[0, 0] == 0
    nothing = oks(a, b, area * 0, area * 0, sigmas)
    assert nothing[0, 0] == pytest.approx(0.5)
    rng = np.random.default_rng(0)
    a, b, use = rng.random((2, 3, 2)), rng.random((4, 3, 2)), rng.random((4, 3)) < 0.5
    sizes, three = (np.full(2, 0.5), np.full(4, 0.5)), np.full(3, 0.1)
    every = np.ones((2, 3), dtype=bool)
    assert oks(a, b, *sizes, three, None, use) == pytest.approx(oks(a, b, *sizes, three, every, use))
    assert oks(b, a, *sizes[::-1], three, use) == pytest.approx(oks(a, b, *sizes, three, None, use).T)


def test_sigmas_come_from_the_first_skeleton_that_has_them() -> None:
    own = Skeleton("own", ("nose", "head_top"), (0, 1))
    slots, mpii = get_skeleton("posetrack17slots"), get_skeleton("mpii16")
    first, second = sigmas_of(own)
    assert first == slots.sigma_array[slots.index("nose")]
    known = [s for s in (slots, mpii) if s.sigmas is not None and "head_top" in s.joints]
    assert second == known[0].sigma_array[known[0].index("head_top")]
    strange = Skeleton("strange", tuple(f"j{place}" for place in range(7)), tuple(range(7)))
    with pytest.raises(UsageError, match="j0, j1, j2, j3, j4") as caught:
        sigmas_of(strange)
    assert "j5" not in str(caught.value)
    assert Likeness(strange, Measure.IOU).measure is Measure.IOU
    with pytest.raises(UsageError):
        Likeness(strange, Measure.BOTH)


def test_likeness_weighs_half_and_half_by_default() -> None:
    bodies = clip([[(100.0, 300.0), (112.0, 300.0)]]).bodies(0)
    box, pose = (Likeness(COCO, kind)(bodies, bodies) for kind in (Measure.IOU, Measure.OKS))
    np.testing.assert_allclose(Likeness(COCO, Measure.BOTH)(bodies, bodies), (box + pose) / 2)


class Counter(Tracker):
    """Gives everybody a fresh identity."""

    def step(self, frame: FrameInput) -> np.ndarray:
        return self.fresh(len(frame.bodies))


def test_identities_are_never_used_twice() -> None:
    tracker, scene = Counter(COCO), walkers(frames=3, people=2)
    assert [tracker.step(scene.frame(t)).tolist() for t in range(3)] == [[0, 1], [2, 3], [4, 5]]
    assert tracker.fresh(0).tolist() == []
    assert len(tracker.added.identity) == len(tracker.added.bodies) == 0
    assert tracker.added.bodies.joints == 17
    assert tracker.follow(scene.frame(0)) is False
    assert UNTRACKED == -1


@dataclass(frozen=True)
class Some(Config):
    """Parameters."""

    share: float = 0.5
    frames: int = 3
    open: float = 0.0
    on: bool = True
    measure: Measure = Measure.IOU

    name: ClassVar[str] = "some"

    def __post_init__(self) -> None:
        self._bounded(share=(0.0, 1.0), frames=(1, math.inf), open=(-math.inf, math.inf))


def test_parameters_are_shown_and_bounded() -> None:
    assert str(Some()) == "some(share=0.5,frames=3,open=0.0,on=true,measure=iou)"
    for ends in ({"share": 0.0}, {"share": 1.0}, {"frames": 1}, {"open": -1e300}):
        assert Some(**ends) is not None  # type: ignore[arg-type]
    for wrong, words in (({"share": 1.01}, "at least 0, at most 1"), ({"frames": 0}, "at least 1")):
        with pytest.raises(UsageError) as caught:
            Some(**wrong)  # type: ignore[arg-type]
        assert caught.value.code == "P162"
        assert words in str(caught.value)
        assert "at most inf" not in str(caught.value)
    with pytest.raises(UsageError):
        Some(share=math.nan)


@pytest.mark.parametrize(
    "wrong", [{"floor": 1.1}, {"floor": -0.1}, {"memory": 0}, {"weight": 1.1}, {"weight": -0.1}]
)
def test_parameters_of_the_framewise_trackers(wrong: dict[str, float]) -> None:
    for kind in (Greedy, Hungarian):
        with pytest.raises(UsageError):
            kind(**wrong)  # type: ignore[arg-type]
    assert Greedy(floor=1.0, memory=1, weight=1.0) is not None
    assert Hungarian(floor=0.0, memory=1, weight=0.0) is not None


@pytest.mark.parametrize("kind", [Greedy, Hungarian])
@pytest.mark.parametrize("memory", [1, 2, 3])
def test_a_track_is_remembered_for_so_many_frames(kind: type[Greedy | Hungarian], memory: int) -> None:
    """Unseen for `gap` frames, somebody keeps the identity where gap < memory."""
    for gap in range(4):
        scene = walkers(frames=10, people=2, step=1.0)
        scene.shown[4 : 4 + gap, 1] = False
        seen = scene.run(kind(memory=memory).tracker(COCO))
        assert (seen[-1][1] == seen[0][1]) == (gap < memory)
        assert seen[-1][0] == seen[0][0]


def test_sorts_streak_begins_anew_after_a_miss() -> None:
    """Two matches running earn a name: the miss in frame 7 puts it off, or takes it away."""
    scene = walkers(frames=12, people=2, step=2.0)
    scene.shown[:5, 1] = False
    scene.shown[7] = False
    seen = scene.run(Sort(min_hits=2, max_age=3).tracker(COCO))
    assert [frame.get(1) for frame in seen] == [*[None] * 5, -1, -1, None, -1, 1, 1, 1]
    assert [frame.get(0) for frame in seen] == [*[0] * 7, None, -1, 0, 0, 0]


@pytest.mark.parametrize("gap", [1, 2, 3])
def test_sort_forgets_who_was_missed_longer_than_max_age(gap: int) -> None:
    scene = walkers(frames=12, people=1, step=2.0)
    scene.shown[4 : 4 + gap] = False
    seen = scene.run(Sort(min_hits=0, max_age=2).tracker(COCO))
    assert (seen[-1][0] == 0) == (gap <= 2)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        *((Sort, wrong) for wrong in ({"iou": 1.1}, {"iou": -0.1}, {"min_hits": -1}, {"max_age": 0})),
        *((OcSort, wrong) for wrong in ({"iou": 1.1}, {"iou": -0.1}, {"delta": 0}, {"delta": 101})),
        *((OcSort, wrong) for wrong in ({"inertia": -0.1}, {"min_hits": -1}, {"max_age": 0})),
        *((ByteTrack, {name: 1.1}) for name in ("match", "second", "unconfirmed", "double")),
        *((ByteTrack, {name: -0.1}) for name in ("match", "second", "unconfirmed", "double")),
        *((ByteTrack, wrong) for wrong in ({"buffer": -1}, {"low": 0.61}, {"start": 0.29})),
    ],
)
def test_parameters_of_the_box_trackers(
    kind: type[Sort | OcSort | ByteTrack], wrong: dict[str, float]
) -> None:
    with pytest.raises(UsageError) as caught:
        kind(**wrong)
    assert caught.value.code == "P162"


def test_parameters_at_their_ends() -> None:
    for ends in (0.0, 1.0):
        assert Sort(iou=ends, min_hits=0, max_age=1)
        assert OcSort(iou=ends, delta=1, inertia=0.0, min_hits=0, max_age=1)
        assert ByteTrack(match=ends, second=ends, unconfirmed=ends, double=ends, buffer=0)
    assert OcSort(delta=100, score=-1e9)
    assert ByteTrack(high=0.5, low=0.5, start=0.5)


@pytest.mark.parametrize("kind", [Sort, OcSort])
def test_a_box_that_became_impossible_ends_its_track_and_no_other(kind: type[Sort | OcSort]) -> None:
    scene = walkers(frames=6, people=3, step=2.0)
    tracker = kind(min_hits=0).tracker(COCO)
    first = tracker.step(scene.frame(0))
    who = {int(person): int(name) for person, name in zip(scene.order(0), first, strict=True)}
    row = int(np.flatnonzero(scene.order(0) == 1)[0])
    tracker._filters.x[row, 3] = -1.0  # type: ignore[attr-defined]
    now = dict(zip(scene.order(1).tolist(), tracker.step(scene.frame(1)).tolist(), strict=True))
    assert (now[0], now[2]) == (who[0], who[2])
    assert now[1] == 3
    assert len(tracker._identity) == 3  # type: ignore[attr-defined]
