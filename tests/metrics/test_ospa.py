"""OSPA and OSPA(2): by brute force, and as metrics of sets."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from poseval.errors import MismatchError, UsageError
from poseval.metrics import parse
from poseval.metrics.ospa import Ospa
from poseval.metrics.ospa_tracks import Counted, Ospa2
from poseval.metrics.ospa_visibility import Levels
from poseval.metrics.tracking_scene import Scale, Similarity
from poseval.poses import Frames, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.skeletons import get_skeleton
from tests.oracles.ospa import Tracks, ospa, ospa2, overlap

FRAMES = 5
KIND = get_skeleton("coco17")
SETTINGS = pytest.mark.parametrize(("cutoff", "order"), [(1.0, 1.0), (0.6, 1.0), (1.0, 2.0), (0.7, 2.0)])
SEEDS = pytest.mark.parametrize("seed", range(25))


def film(seed: int, most: int = 4) -> Tracks:
    """Up to four tracks of boxes with gaps, near one another."""
    rng = np.random.default_rng(seed)
    out = {}
    for track in range(int(rng.integers(0, most + 1))):
        low, size = rng.integers(0, 30, 2), rng.integers(10, 30, 2)
        seen = {}
        for frame in range(FRAMES):
            low = low + rng.integers(-3, 4, 2)
            if rng.random() < 0.8:
                seen[frame] = (*low.tolist(), *(low + size).tolist())
        if seen:
            out[10 + track] = seen
    return out


def aligned(truth: Tracks, found: Tracks, frames: int = FRAMES) -> Aligned:
    table = Frames(
        np.array([str(n) for n in range(frames)]),
        sequence=np.zeros(frames, dtype=np.int64),
        number=np.arange(frames),
        sequences=("one",),
    )
    return Aligned(*(PoseSet(KIND, table, people_of(side)) for side in (truth, found)))


def people_of(tracks: Tracks) -> People:
    rows = sorted((frame, track) for track, seen in tracks.items() for frame in seen)
    count = len(rows)
    box = np.array([tracks[track][frame] for frame, track in rows], dtype=float).reshape(count, 4)
    return People(
        np.zeros((count, 17, 2)),
        np.array([frame for frame, _ in rows], dtype=np.int64),
        np.zeros((count, 17), dtype=np.int8),
        box=box,
        track=np.array([track for _, track in rows], dtype=np.int64),
    )


def value(metric: Ospa | Ospa2, scene: Aligned, name: str) -> float:
    found = metric.reduce(metric.tally(scene)).get(name)
    assert found is not None
    return float(found)


def distances(a: Tracks, b: Tracks, cutoff: float, order: float) -> tuple[float, float]:
    scene = aligned(a, b)
    return (
        value(Ospa(Similarity.IOU, cutoff, order), scene, "OSPA"),
        value(Ospa2(Similarity.IOU, cutoff, order), scene, "OSPA2"),
    )


@SETTINGS
@SEEDS
def test_every_assignment_tried_says_the_same(seed: int, cutoff: float, order: float) -> None:
    truth, found = film(seed), film(seed + 1000)
    wanted = (
        ospa(truth, found, FRAMES, overlap, cutoff, order),
        ospa2(truth, found, overlap, cutoff, order),
    )
    assert distances(truth, found, cutoff, order) == pytest.approx(wanted, abs=1e-12)


@SETTINGS
@SEEDS
def test_the_axioms_of_a_metric_hold(seed: int, cutoff: float, order: float) -> None:
    a, b, c = (film(seed + shift) for shift in (0, 2000, 3000))
    assert distances(a, a, cutoff, order) == (0.0, 0.0)
    there, back = distances(a, b, cutoff, order), distances(b, a, cutoff, order)
    assert there == pytest.approx(back, abs=1e-12)
    if a != b:
        assert there[1] > 0
    around = np.add(distances(a, c, cutoff, order), distances(c, b, cutoff, order))
    assert (np.array(there) <= around + 1e-9).all()
    assert max(there) <= cutoff + 1e-12


@SEEDS
def test_parts_add_up_at_order_1(seed: int) -> None:
    scene = aligned(film(seed), film(seed + 1000))
    for metric in (Ospa(Similarity.IOU), Ospa2(Similarity.IOU)):
        found = {row.statistic: row.value for row in metric.reduce(metric.tally(scene))}
        name = metric.headlines[0]
        assert found[f"{name}_loc"] + found[f"{name}_card"] == pytest.approx(found[name], abs=1e-12)


def test_by_hand() -> None:
    """Two people, one found with an overlap of a half, the other missed in two of the five frames."""
    box, half = (0, 0, 10, 10), (0, 0, 5, 10)
    truth = {1: dict.fromkeys(range(5), box), 2: dict.fromkeys((0, 1), (50, 50, 60, 60))}
    found = {7: dict.fromkeys(range(5), half)}
    scene = aligned(truth, found)
    assert value(Ospa(Similarity.IOU), scene, "OSPA") == pytest.approx((2 * (0.5 + 1) / 2 + 3 * 0.5) / 5)
    assert value(Ospa2(Similarity.IOU), scene, "OSPA2") == pytest.approx((0.5 + 1) / 2)
    assert value(Ospa2(Similarity.IOU), scene, "OSPA2_card") == pytest.approx(0.5)


@SEEDS
def test_one_more_prediction_far_away_never_helps(seed: int) -> None:
    truth, found = film(seed), film(seed + 1000)
    more = {**found, 99: dict.fromkeys(range(FRAMES), (900, 900, 910, 910))}
    less = distances(truth, found, 1, 1)
    assert (np.array(distances(truth, more, 1, 1)) >= np.array(less) - 1e-12).all()


def test_a_broken_track_costs() -> None:
    whole = {1: dict.fromkeys(range(4), (0, 0, 10, 10))}
    broken = {1: dict.fromkeys((0, 1), (0, 0, 10, 10)), 2: dict.fromkeys((2, 3), (0, 0, 10, 10))}
    scene = aligned(whole, broken, 4)
    assert value(Ospa(Similarity.IOU), scene, "OSPA") == 0
    assert value(Ospa2(Similarity.IOU), scene, "OSPA2") == pytest.approx((0.5 + 1) / 2)


def test_frames_without_predictions_can_be_left_out() -> None:
    truth, found = {1: dict.fromkeys(range(4), (0, 0, 10, 10))}, {1: dict.fromkeys((0, 1), (0, 0, 10, 10))}
    scene = aligned(truth, found, 4)
    assert value(Ospa2(Similarity.IOU), scene, "OSPA2") == 0.5
    assert value(Ospa2(Similarity.IOU, frames=Counted.PREDICTED), scene, "OSPA2") == 0


@pytest.mark.parametrize("sides", [(True, False), (False, True), (False, False)])
def test_with_nobody_on_a_side(sides: tuple[bool, bool]) -> None:
    one = {1: dict.fromkeys(range(FRAMES), (0, 0, 10, 10))}
    wanted = 1.0 if any(sides) else 0.0
    assert distances(*(one if side else {} for side in sides), 1, 1) == (wanted, wanted)


def posed(offset: float, flags: np.ndarray, frames: int = 2) -> Aligned:
    """One person, found `offset` pixels to the right at every joint."""
    table = Frames(
        np.arange(frames).astype(str), sequence=np.zeros(frames, dtype=np.int64), sequences=("one",)
    )
    rng = np.random.default_rng(3)
    xy = np.tile(rng.uniform(0, 100, (1, 17, 2)), (frames, 1, 1))
    at, track = np.arange(frames), np.zeros(frames, dtype=np.int64)
    truth = People(
        xy, at, np.ones((frames, 17)), area=np.full(frames, 4000.0), track=track,
        extra={"visibility": np.tile(flags, (frames, 1))},
    )  # fmt: skip
    found = People(xy + np.array([offset, 0]), at, np.ones((frames, 17)), track=track)
    return Aligned(PoseSet(KIND, table, truth), PoseSet(KIND, table, found))


def test_numbers_by_visibility() -> None:
    flags = np.array([0] * 5 + [1] * 6 + [2] * 6)
    scene = posed(8.0, flags)
    sigma = np.asarray(KIND.sigmas)
    distance = 1 - np.exp(-64 / (2 * (2 * sigma) ** 2 * 4000))
    metric = Ospa2(visibility=Levels.ALL)
    assert value(metric, scene, "OSPA2") == pytest.approx(distance.mean())
    for flag, name in enumerate(("invisible", "occluded", "visible")):
        assert value(metric, scene, f"OSPA2_{name}") == pytest.approx(distance[flags == flag].mean())


def test_joints_in_place_count_or_not() -> None:
    scene = posed(8.0, np.full(17, 2))
    xy = scene.truth.people.xy.copy()
    xy[:, 0, 0] += 8  # one joint of 17 is off
    found = replace(scene.predictions, people=scene.predictions.people.with_columns(xy=xy))
    scene = Aligned(scene.truth, found)
    whole, off = (
        value(Ospa2(visibility=levels), scene, "OSPA2_visible") for levels in (Levels.ALL, Levels.OFF)
    )
    assert off == pytest.approx(17 * whole)


def test_visibility_must_be_known() -> None:
    scene = posed(1.0, np.full(17, 2))
    truth = replace(scene.truth, people=scene.truth.people.with_columns(extra={}))
    scene = Aligned(truth, scene.predictions)
    with pytest.raises(MismatchError) as caught:
        Ospa2(visibility=Levels.ALL).tally(scene)
    assert caught.value.code == "P410"


@pytest.mark.parametrize(
    "text", ["ospa(similarity=joint)", "ospa2(cutoff=0)", "ospa(cutoff=2)", "ospa2(order=0.5)"]
)
def test_parameters_that_cannot_be(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert caught.value.code == "P122"


def test_names_come_back() -> None:
    for metric in (Ospa(), Ospa2(Similarity.PCKH, 0.5, 2.0, Scale.EXTENT, frames=Counted.PREDICTED)):
        assert parse(str(metric)) == metric
    assert math.isnan(Ospa().reduce(Ospa().tally(aligned({}, {}, 0))).get("OSPA"))
