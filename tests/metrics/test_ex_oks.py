"""Extended OKS against plain loops, pair by pair."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from poseval.metrics import parse
from poseval.metrics.base import Need
from poseval.metrics.ex_oks import Edge, ExOks
from poseval.metrics.oks_ap import OksAp
from poseval.metrics.oks_scene import AreaSource
from poseval.poses.aligned import Aligned
from tests.metrics.oks_people import JOINTS, SKELETON, aligned
from tests.metrics.single import values


def window(box: np.ndarray, padding: float) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper corner of a box brought to 3:4 by growing its short side, times the padding."""
    width, height = box[2] - box[0], box[3] - box[1]
    if width / height > 3 / 4:
        size = np.array([width, width * 4 / 3])
    else:
        size = np.array([height * 3 / 4, height])
    centre = np.array([box[0] + width / 2, box[1] + height / 2])
    return centre - size * padding / 2, centre + size * padding / 2


def border(point: np.ndarray, low: np.ndarray, high: np.ndarray, edge: Edge) -> float:
    """Squared distance of a point to the border."""
    sides = [min(point[k] - low[k], high[k] - point[k]) for k in range(2)]
    if edge is Edge.CORNER:
        return sides[0] ** 2 + sides[1] ** 2
    if min(sides) >= 0:
        return min(sides) ** 2
    return sum(side**2 for side in sides if side < 0)


def likeness(sides: Aligned, metric: ExOks, frame: int, level: int) -> float:
    """Similarity of the one prediction and the one person of a frame, by the joints of one flag."""
    truth, found = sides.truth.people, sides.predictions.people
    low, high = window(truth.box[frame], metric.padding)
    pad = truth.extra.get("pad_to_contain", np.full(truth.seen.shape, np.nan))[frame]
    terms, outer = [], []
    for k in range(JOINTS):
        flag = int(truth.seen[frame, k])
        if flag > 0 and pad[k] > metric.padding:
            flag = 3
        elif flag > 2 and not math.isnan(pad[k]):
            flag = 1
        claimed = not found.joint_score[frame, k] < metric.confidence
        mine, theirs = truth.xy[frame, k], found.xy[frame, k]
        if flag == 3:
            squared = border(theirs, low, high, metric.edge) if claimed else 0.0
        else:
            squared = float(((mine - theirs) ** 2).sum()) if claimed else border(mine, low, high, metric.edge)
        scale = 2 * (2 * SKELETON.sigma_array[k]) ** 2 * truth.area[frame]
        beyond = sum(max(0.0, low[i] - theirs[i], theirs[i] - high[i]) ** 2 for i in range(2))
        outer.append(math.exp(-beyond / scale))
        if flag and level in (0, flag):
            terms.append(math.exp(-squared / scale))
    chosen = terms or outer
    return sum(chosen) / len(chosen)


def flags(sides: Aligned, metric: ExOks) -> set[int]:
    """Flags that occur."""
    truth = sides.truth.people
    out = truth.seen.astype(int)
    pad = truth.extra.get("pad_to_contain", np.full(out.shape, np.nan))
    out = np.where((out > 2) & ~np.isnan(pad), 1, out)
    return set(np.where((truth.seen > 0) & (pad > metric.padding), 3, out).ravel().tolist()) - {0}


def scene(seed: int, pad: bool = False, frames: int = 8) -> Aligned:
    """A person and a prediction per frame, joints inside and outside of its box, of all flags."""
    rng = np.random.default_rng(seed)
    place = rng.uniform(0, 100, (frames, 2))
    size = rng.uniform(30, 90, (frames, 2))
    box = np.concatenate([place, place + size], axis=1)
    xy = place[:, None] + size[:, None] * rng.uniform(-0.4, 1.4, (frames, JOINTS, 2))
    seen = rng.integers(0, 4, (frames, JOINTS)).astype(np.int8)
    seen[:, 0] = 2
    extra = {}
    if pad:
        extra["pad_to_contain"] = rng.choice([0.8, 1.25, 1.3, np.nan], (frames, JOINTS))
    confidence = rng.choice([0.1, 0.5, 0.9, np.nan, 1.4], (frames, JOINTS))
    confidence[:, 0] = 0.9
    return aligned(
        list(range(frames)),
        list(range(frames)),
        frames,
        truth_columns={
            "xy": xy,
            "seen": seen,
            "area": rng.uniform(5e3, 2e4, frames),
            "box": box,
            "extra": extra,
        },
        found_columns={
            "xy": xy + rng.normal(0, 6, xy.shape),
            "score": np.full(frames, 0.5),
            "area": np.full(frames, 1e4),
            "joint_score": confidence,
        },
    )


@pytest.mark.parametrize("edge", list(Edge))
@pytest.mark.parametrize("pad", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_oks_is_the_mean_over_pairs_and_flags(edge: Edge, pad: bool, seed: int) -> None:
    metric = ExOks(thresholds=(1e-300,), ranges=("all:0:1e10",), edge=edge, published=False)
    sides = scene(seed, pad)
    levels = [0, *sorted(flags(sides, metric))]
    wanted = [likeness(sides, metric, frame, level) for frame in range(8) for level in levels]
    row = values(metric, sides).where(statistic="OKS")[0]
    assert row.n == len(wanted)
    assert row.value == pytest.approx(sum(wanted) / len(wanted), rel=1e-6)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("padding", [1.0, 1.6])
def test_the_window_grows_with_the_padding(seed: int, padding: float) -> None:
    metric = ExOks(thresholds=(1e-300,), ranges=("all:0:1e10",), padding=padding, confidence=0.6)
    sides = scene(seed)
    levels = [0, *sorted(flags(sides, metric))]
    wanted = [likeness(sides, metric, frame, level) for frame in range(8) for level in levels]
    assert values(metric, sides).get("OKS") == pytest.approx(sum(wanted) / len(wanted), rel=1e-6)


def test_precision_looks_at_the_joints_of_one_flag() -> None:
    """Whose likeness by a flag reaches the threshold is found; without such joints nobody counts."""
    sides = scene(5)
    for threshold in (0.5, 0.75):
        metric = ExOks(thresholds=(threshold,), ranges=("all:0:1e10",), published=False)
        found = values(metric, sides)
        for level, name in ((0, "AR"), (1, "AP_v1"), (2, "AP_v2"), (3, "AP_v3")):
            due = [f for f in range(8) if level == 0 or (sides.truth.people.seen[f] == level).any()]
            hits = sum(likeness(sides, metric, frame, level) >= threshold for frame in due)
            row = found.where(statistic=name)[0]
            assert row.n == len(due)
            if level == 0:
                assert row.value == hits / len(due)
            elif hits == 0:
                assert row.value == 0


def test_a_flag_that_never_occurs_is_undefined_and_says_so() -> None:
    sides = scene(1)
    people = sides.truth.people.with_columns(seen=np.full((8, JOINTS), 2, dtype=np.int8))
    plain = Aligned(sides.truth.__class__(SKELETON, sides.truth.frames, people), sides.predictions)
    found = values(ExOks(), plain)
    assert [row.statistic for row in found][:4] == ["AP", "AP_v1", "AP_v2", "AP_v3"]
    assert found.where(statistic="AP_v1")[0].why == "no joint has the flag 1"
    assert math.isnan(found.get("AP_v3"))
    assert found.get("AP_v2") == found.get("AP")


def test_parameters_are_those_of_the_plain_metric() -> None:
    assert ExOks().thresholds == OksAp().thresholds
    assert ExOks().max_dets == OksAp().max_dets == 20
    assert Need.BOXES in ExOks(area=AreaSource.BOX).needs
    assert Need.AREA not in ExOks(area=AreaSource.BOX).needs
    assert Need.AREA in ExOks().needs
    assert parse("ex_oks(edge=side,published=no)") == ExOks(edge=Edge.SIDE, published=False)


def test_flat_boxes_have_a_window() -> None:
    """A side of 0 is taken as 1 where the ratio of the sides is asked for."""
    sides = scene(2, frames=2)
    box = np.array([[10.0, 10.0, 10.0, 50.0], [10.0, 10.0, 40.0, 10.0]])
    people = sides.truth.people.with_columns(box=box)
    flat = Aligned(sides.truth.__class__(SKELETON, sides.truth.frames, people), sides.predictions)
    metric = ExOks(padding=1.0)
    sized = metric._window(np.concatenate([box[:, :2], box[:, 2:] - box[:, :2]], axis=1))
    assert sized.tolist() == [[-5.0, 10.0, 25.0, 50.0], [10.0, -10.0, 40.0, 30.0]]
    small = metric._window(np.array([[0.0, 0.0, 0.0, 1.5], [0.0, 0.0, 0.6, 0.0]]))
    assert (small[:, 2:] - small[:, :2]).tolist() == [[1.125, 1.5], [0.75, 0.0]]
    assert np.isfinite(values(metric, flat).get("OKS"))


def test_a_person_without_extent_is_found_where_every_joint_is_right() -> None:
    """As one whose extent is far below what is added to it in double precision."""
    sides, found = scene(0), []
    for area in (0.0, 1e-20):
        people = sides.truth.people.with_columns(area=np.full(len(sides.truth), area))
        exact = people.with_columns(score=np.ones(len(people)))
        made = Aligned(replace(sides.truth, people=people), replace(sides.truth, people=exact))
        found.append(ExOks().reduce(ExOks().tally(made)).get("OKS"))
    assert found[0] == found[1]
    assert 0.5 < found[0] <= 1
