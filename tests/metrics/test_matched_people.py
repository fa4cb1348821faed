"""People that are paired frame by frame, against loops, and what EPE makes of the pairs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from poseval.errors import UsageError
from poseval.metrics.epe import Epe
from poseval.metrics.matched_people import Pairing, _Bodies, likeness, paired, partners
from poseval.poses import Frames, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.values import Direction
from poseval.skeletons import skeleton_from_names
from tests.metrics.single import pair_up, values

SKELETON = skeleton_from_names(["a", "b", "c"])


def scene(seed: int, frames: int = 6) -> Aligned:
    """Up to four people a frame on each side, some joints missing, one body of a single joint."""
    rng = np.random.default_rng(seed)
    sides = []
    names = Frames(np.array([f"f{place}" for place in range(frames)]))
    base = rng.uniform(0, 60, (frames, 4, 3, 2))
    for noise in (0, 6):
        frame = np.sort(rng.integers(0, frames, 2 * frames))
        who = rng.permutation(4)[np.arange(len(frame)) % 4]
        xy = base[frame, who] + rng.normal(0, noise, (len(frame), 3, 2))
        seen = (rng.random((len(frame), 3)) < 0.8) * 2
        seen[0] = (2, 0, 0)
        sides.append(PoseSet(SKELETON, names, People(xy=xy, frame=frame, seen=seen.astype(np.int8))))
    return Aligned(*sides)


def diagonal(xy: np.ndarray, there: np.ndarray) -> float:
    return math.dist(xy[there].max(axis=0), xy[there].min(axis=0)) if there.any() else 0.0


def alike(sides: Aligned, mine: int, theirs: int) -> float:
    """Likeness of two people, joint by joint."""
    truth, found = sides.truth.people, sides.predictions.people
    here, there = truth.seen[mine] > 0, found.seen[theirs] > 0
    longest = max(diagonal(truth.xy[mine], here), diagonal(found.xy[theirs], there))
    total = 0.0
    for k in range(3):
        if here[k] and there[k]:
            d = math.dist(truth.xy[mine, k], found.xy[theirs, k])
            total += max(0.0, 1 - d / longest) if longest > 0 else 1 / (1 + d)
    return total / here.sum() if here.any() else 0.0


def by_loops(sides: Aligned) -> list[int]:
    """Partner of each person of the ground truth."""
    out = [-1] * len(sides.truth.people)
    for frame in range(len(sides.truth.frames)):
        rows = np.flatnonzero(sides.truth.people.frame == frame)
        others = np.flatnonzero(sides.predictions.people.frame == frame)
        table = np.array([[alike(sides, r, o) for o in others] for r in rows]).reshape(len(rows), len(others))
        for r, o in zip(*linear_sum_assignment(-table), strict=True):
            if table[r, o] > 0:
                out[rows[r]] = int(others[o])
    return out


@pytest.mark.parametrize("seed", range(12))
def test_pairs_are_those_of_the_greatest_sum(seed: int) -> None:
    sides = scene(seed)
    wanted = by_loops(sides)
    assert partners(sides).tolist() == wanted
    found = paired(sides, Pairing.MATCHED)
    assert found.truth.people.frame.tolist() == list(range(len(wanted)))
    assert found.truth.frames.key.tolist() == sides.truth.frames.key[sides.truth.people.frame].tolist()
    rows = [row for row in wanted if row >= 0]
    assert found.predictions.people.xy.tolist() == sides.predictions.people.xy[rows].tolist()
    assert found.predictions.people.frame.tolist() == [p for p, row in enumerate(wanted) if row >= 0]
    assert paired(sides, Pairing.ALONE) is sides


@pytest.mark.parametrize("seed", range(4))
def test_epe_of_pairs(seed: int) -> None:
    """Distances of joints that both have; what has no partner counts as not found."""
    sides = scene(seed)
    truth, found = sides.truth.people, sides.predictions.people
    off, missing = [], 0
    for mine, theirs in enumerate(by_loops(sides)):
        for k in np.flatnonzero(truth.seen[mine] > 0):
            if theirs >= 0 and found.seen[theirs, k] > 0:
                off.append(math.dist(truth.xy[mine, k], found.xy[theirs, k]))
            else:
                missing += 1
    metric = Epe(people=Pairing.MATCHED, percentiles=(50.0, 90.0, 100.0))
    rows = {row.statistic: row for row in values(metric, sides) if not row.joint}
    assert rows["EPE"].value == pytest.approx(np.mean(off))
    assert rows["EPE"].n == len(off)
    for number in (50, 90, 100):
        wanted = np.quantile(off, number / 100, method="inverted_cdf")
        assert rows[f"EPE_p{number}"].value == pytest.approx(wanted)
    (share,) = [row for row in rows.values() if metric.direction(row.statistic) is Direction.HIGHER]
    assert (share.value, share.n) == (pytest.approx(len(off) / (len(off) + missing)), len(off) + missing)


def test_percentiles_count_weights_and_need_every_joint() -> None:
    truth = np.zeros((4, 16, 2))
    predicted = truth + np.array([1.0, 2.0, 3.0, 9.0])[:, None, None] * np.array([1.0, 0.0])
    metric = Epe(percentiles=(50.0, 75.0, 1.0))
    tally = metric.tally(pair_up(truth, predicted))
    assert [row.value for row in metric.reduce(tally)][1:4] == [2.0, 3.0, 1.0]
    assert [row.value for row in metric.reduce(tally, np.array([0, 0, 1, 3]))][1:4] == [9.0, 9.0, 3.0]
    nobody = metric.reduce(tally, np.zeros(4, dtype=np.int64))[1]
    assert (math.isnan(nobody.value), nobody.why) == (True, "no measured joint")
    given = np.full((4, 16), 2)
    given[0, 0] = 0
    lacking = metric.tally(pair_up(truth, predicted, given=given))
    assert math.isnan(metric.reduce(lacking)[1].value)
    assert metric.reduce(lacking, np.array([0, 1, 1, 1]))[1].value == 3.0
    for wrong in ((0.0,), (100.5,)):
        with pytest.raises(UsageError):
            Epe(percentiles=wrong)


def test_bodies_of_one_joint_are_alike_by_their_distance() -> None:
    """Without an extent likeness is 1 / (1 + distance): beside one body at 3 pixels, one at 1."""
    names = Frames(np.array(["f"]))
    seen = np.array([[2, 0, 0]], dtype=np.int8)
    mine = People(xy=np.zeros((1, 3, 2)), frame=[0], seen=seen)
    xy = np.zeros((2, 3, 2))
    xy[:, 0, 0] = (3, 1)
    theirs = People(xy=xy, frame=[0, 0], seen=seen.repeat(2, axis=0))
    assert likeness(_Bodies.of(mine), _Bodies.of(theirs)).tolist() == [[0.25, 0.5]]
    sides = Aligned(PoseSet(SKELETON, names, mine), PoseSet(SKELETON, names, theirs))
    assert partners(sides).tolist() == [1]


@pytest.mark.filterwarnings("error")
def test_who_has_no_labelled_joint_is_like_nobody() -> None:
    names = Frames(np.array(["f"]))
    xy = np.array([[[0.0, 0.0], [4.0, 0.0], [0.0, 3.0]]] * 2)
    mine = People(xy=xy, frame=[0, 0], seen=np.array([[0, 0, 0], [2, 2, 2]], dtype=np.int8))
    theirs = People(xy=xy[:1], frame=[0], seen=np.full((1, 3), 2, dtype=np.int8))
    assert likeness(_Bodies.of(mine), _Bodies.of(theirs)).tolist() == [[0.0], [1.0]]
    sides = Aligned(PoseSet(SKELETON, names, mine), PoseSet(SKELETON, names, theirs))
    assert partners(sides).tolist() == [-1, 0]
