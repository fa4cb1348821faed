"""calibration: expected calibration error by plain loops, adaptive bins, undefined values."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from poseval.errors import UsageError
from poseval.metrics.base import Need
from poseval.metrics.calibration import Calibration
from poseval.metrics.oks_scene import AreaSource, SceneRules, scene_of
from poseval.poses.aligned import Aligned
from tests.metrics.oks_people import JOINTS, aligned, boxes, copied, crowded, poses
from tests.oracles import coco_matching


def by_loops(pairs: list[tuple[float, float]], bins: int) -> float:
    """ECE of (score, similarity): bin b holds what begins within its part of the sorted list."""
    pairs = sorted(pairs)
    total = 0.0
    for b in range(bins):
        mine = []
        for score, oks in pairs:
            before = sum(other < score for other, _ in pairs)  # equal scores stay together
            if before * bins // len(pairs) == b:
                mine.append((score, oks))
        if mine:
            gap = sum(score for score, _ in mine) / len(mine) - sum(oks for _, oks in mine) / len(mine)
            total += len(mine) / len(pairs) * abs(gap)
    return total


def pairs_of(given: Aligned, match: float) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    scene = scene_of(given, SceneRules())
    ranges = np.array([[0, np.inf]])
    columns = (scene.detections, scene.poses, scene.targets, scene.people, scene.sigmas)
    whole, single = [], []
    for cell in coco_matching.match(*columns, np.array([match]), ranges, 20):
        for pose, person, skip in zip(cell["row"], cell["matched"][0, 0], cell["skip"][0, 0], strict=True):
            if skip:
                continue
            xy, score = scene.detections.xy[pose], float(scene.detections.score[pose])
            if person < 0:
                whole.append((score, 0.0))
                continue
            whole.append((score, coco_matching.oks(xy, scene.targets, person, scene.sigmas)))
            for k in range(JOINTS):
                if scene.targets.labelled[person, k]:
                    d = math.dist(xy[k], scene.targets.xy[person, k])
                    area = scene.targets.area[person]
                    oks = math.exp(-(d**2) / (2 * (2 * scene.sigmas[k]) ** 2 * area))
                    single.append((float(given.predictions.people.joint_score[pose, k]), oks))
    return whole, single


@pytest.mark.parametrize("bins", [1, 3, 10])
@pytest.mark.parametrize("seed", range(4))
def test_both_errors_are_those_of_plain_loops(bins: int, seed: int) -> None:
    given, metric = crowded(seed, frames=8), Calibration(bins=bins)
    found = metric.reduce(metric.tally(given))
    for name, pairs in zip(("ECE", "joint_ECE"), pairs_of(given, metric.match), strict=True):
        assert found.get(name) == pytest.approx(by_loops(pairs, bins), abs=1e-9), name


def test_weights_are_copies() -> None:
    given, metric = crowded(5), Calibration(bins=4)
    weight = np.array([2, 0, 1, 3, 0, 1])
    copies = metric.reduce(metric.tally(copied(given, weight)))
    assert metric.headline(metric.reduce(metric.tally(given), weight)) == pytest.approx(
        metric.headline(copies)
    )


def exact(scores: list[float], off: float = 0.0) -> Aligned:
    """One person per frame, found `off` pixels away."""
    count = len(scores)
    xy = poses(np.random.default_rng(1), count)
    truth = {"xy": xy, "area": np.full(count, 4000.0), "box": boxes(xy)}
    found = {"xy": xy + off, "score": np.array(scores), "area": np.full(count, 4000.0)}
    frames = list(range(count))
    return aligned(frames, frames, count, truth_columns=truth, found_columns=found)


def test_exact_poses_of_score_08_are_off_by_02() -> None:
    metric = Calibration()
    found = metric.reduce(metric.tally(exact([0.8] * 30)))
    assert found.get("ECE") == pytest.approx(0.2)
    assert found.get("score", slice="bin 1") == pytest.approx(0.8)
    assert found.get("OKS", slice="bin 1") == pytest.approx(1.0)
    assert math.isnan(found.get("joint_ECE"))  # no joint has a score
    assert found.where(statistic="joint_ECE")[0].why == "no labelled joint of a match has a score"


def test_bins_have_equal_weight_however_scores_are_spread() -> None:
    metric = Calibration(bins=5)
    scores = np.concatenate([np.linspace(0.9, 0.99, 40), np.linspace(0, 0.1, 10)]).tolist()
    found = metric.reduce(metric.tally(exact(scores)))
    assert [row.n for row in found.where(statistic="OKS")] == [10] * 5


def test_scores_that_are_no_fractions_have_no_calibration() -> None:
    metric = Calibration()
    (row,) = metric.reduce(metric.tally(exact([3.0, 9.0]))).where(statistic="ECE")
    assert math.isnan(row.value)
    assert row.why == "scores are not between 0 and 1"
    assert metric.reliability(metric.tally(exact([3.0, 9.0]))) == []


def test_the_curve_has_errors_by_units() -> None:
    metric = Calibration(bins=2)
    tally = metric.tally(crowded(2, frames=12))
    poses_curve, joints_curve = metric.reliability(tally)
    assert (poses_curve.label, joints_curve.label) == ("poses", "joints")
    assert poses_curve.off == metric.reduce(tally).get("ECE")
    assert (poses_curve.error > 0).all()
    weights = np.random.default_rng(0).multinomial(tally.units, np.full(tally.units, 1 / tally.units), 400)
    drawn = [metric.reduce(tally, weight).get("joint_OKS", slice="bin 2") for weight in weights]
    assert joints_curve.error[1] == pytest.approx(np.std(drawn), rel=0.5)  # as the bootstrap finds, roughly


@pytest.mark.parametrize("seed", range(3))
def test_the_curve_by_plain_loops(seed: int) -> None:
    """Means of each bin, and the error of its mean similarity, units drawn as a whole."""
    metric = Calibration(bins=4)
    tally = metric.tally(crowded(seed, frames=9))
    found = metric.reduce(tally)
    for curve, (what, score, oks) in zip(
        metric.reliability(tally),
        (("OKS", "score", "oks"), ("joint_OKS", "joint_score", "joint_oks")),
        strict=True,
    ):
        unit, first, second = (tally.unit_of(score), tally.column(score), tally.column(oks))
        rows = sorted(zip(first.tolist(), second.tolist(), unit.tolist(), strict=True))
        bins: dict[int, list[tuple[float, float, int]]] = {}
        for row in rows:
            before = sum(other[0] < row[0] for other in rows)
            bins.setdefault(before * 4 // len(rows), []).append(row)
        assert curve.count.tolist() == [len(bins[b]) for b in sorted(bins)]
        assert curve.what == what.replace("_", " ")
        for place, b in enumerate(sorted(bins)):
            mine = bins[b]
            likeness = sum(row[1] for row in mine) / len(mine)
            by_unit: dict[int, float] = {}
            for row in mine:
                by_unit[row[2]] = by_unit.get(row[2], 0.0) + row[1] - likeness
            error = math.sqrt(sum(value**2 for value in by_unit.values())) / len(mine)
            assert curve.error[place] == pytest.approx(error, abs=1e-12)
            assert curve.value[place] == pytest.approx(likeness, abs=1e-12)
            (one,) = found.where(statistic=what, slice=f"bin {b + 1}")
            assert (one.value, one.n) == (pytest.approx(likeness, abs=1e-12), len(mine))
            (one,) = found.where(statistic=score, slice=f"bin {b + 1}")
            assert one.value == pytest.approx(sum(row[0] for row in mine) / len(mine), abs=1e-12)
            assert (one.n, one.value) == (len(mine), curve.score[place])
        assert {row.slice for row in found.where(statistic=what)} == {f"bin {b + 1}" for b in bins}


@pytest.mark.parametrize(("scores", "fine"), [([0.0, 1.0], True), ([0.0, 1.01], False), ([-0.01, 1], False)])
def test_scores_from_0_to_1_are_fractions(scores: list[float], fine: bool) -> None:
    metric = Calibration(bins=2)
    found = metric.reduce(metric.tally(exact(scores)))
    assert math.isnan(found.get("ECE")) != fine
    if fine:
        assert found.get("ECE") == pytest.approx(0.5)


def test_labelled_joints_with_a_score_count() -> None:
    given = exact([0.5, 0.5])
    score = np.tile([np.nan, 0.2, 0.4, 0.6, 1.0], (2, 1))
    found = given.predictions.people.with_columns(joint_score=score)
    seen = np.array([[2, 2, 1, 0, 2], [0, 0, 0, 2, 2]])
    sides = Aligned(
        replace(given.truth, people=given.truth.people.with_columns(seen=seen)),
        replace(given.predictions, people=found),
    )
    metric = Calibration(bins=1)
    (row,) = metric.reduce(metric.tally(sides)).where(statistic="joint_ECE")
    assert row.n == 5  # 0.2, 0.4 and 1 of the first, 0.6 and 1 of the second
    assert row.value == pytest.approx(1 - (0.2 + 0.4 + 1 + 0.6 + 1) / 5)


@pytest.mark.parametrize(
    "wrong", [{"bins": 0}, {"match": 0.0}, {"max_dets": 0}, {"sigma": -1.0}, {"sigma": math.inf}]
)
def test_parameters_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        Calibration(**wrong)
    assert caught.value.code == "P122"


def test_what_it_needs_follows_from_where_areas_and_sigmas_come_from() -> None:
    assert Calibration().needs == {Need.SCORES, Need.SIGMAS, Need.AREA}
    assert Calibration(area=AreaSource.EXTENT).needs == {Need.SCORES, Need.SIGMAS}
    assert Calibration(sigma=0.1).needs == {Need.SCORES, Need.AREA}
