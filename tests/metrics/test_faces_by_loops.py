"""NME of faces against plain loops over random people, with weights."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from poseval.errors import UsageError
from poseval.metrics.error_curve import CED_STEPS
from poseval.metrics.nme import Nme, Over, Points
from poseval.poses.aligned import Aligned
from poseval.results.values import Direction
from tests.metrics.loops import WEIGHTS, errors
from tests.metrics.single import pair_up, random_pair, values


@pytest.mark.parametrize("weight", WEIGHTS, ids=["plain", "weighted"])
def test_nme(weight: np.ndarray) -> None:
    """Means over images and points, spread, median, failure rate and area; all landmarks predicted."""
    scene = random_pair(3, skeleton="ibug68", noise=2.0)
    length = np.array([math.dist(*xy[[36, 45]]) for xy in scene.truth.people.xy])
    seen = scene.truth.people.seen.copy()
    seen[:, [36, 45]] = 2
    truth = replace(scene.truth, people=scene.truth.people.with_columns(seen=seen))
    scene = Aligned(truth, scene.predictions)
    table = np.array(errors(scene, length))
    own = np.nanmean(table, axis=1)
    written = np.repeat(own, weight)
    metric = Nme("outer_eye", at=(0.05, 0.01))
    tally = metric.tally(scene)
    found = metric.reduce(tally, weight)
    assert found.get("NME") == pytest.approx(written.mean())
    assert found.get("NME_std") == pytest.approx(written.std())
    assert found.get("NME_median") == pytest.approx(np.median(written))
    for t in (0.05, 0.01):
        assert found.get(f"FR@{t}") == pytest.approx((written > t).mean())
        assert found.get(f"AUC@{t}") == pytest.approx(np.clip(1 - written / t, 0, None).mean())
    curve = [row for row in found if row.statistic == "CED"]
    assert [row.threshold for row in curve] == pytest.approx(np.linspace(0, 0.05, CED_STEPS))
    assert [row.value for row in curve] == pytest.approx(
        [(written <= t).mean() for t in np.linspace(0, 0.05, 101)]
    )
    pooled = Nme("outer_eye", Over.POINTS)
    points = np.repeat(table, weight, axis=0)
    assert pooled.reduce(pooled.tally(scene), weight).get("NME") == pytest.approx(np.nanmean(points))
    for joint in (0, 36, 67):
        row = found.where(joint=f"kpt-{joint}")[0]
        assert row.value == pytest.approx(np.nanmean(points[:, joint]))
        assert row.n == int((~np.isnan(points[:, joint])).sum())
    assert {row.n for row in found if not row.joint} == {int(weight.sum())}


def test_nme_of_faces_without_a_length_or_landmarks() -> None:
    truth = np.random.default_rng(0).uniform(0, 99, (4, 68, 2))
    seen = np.full((4, 68), 2)
    seen[0, 36] = 0
    seen[1] = 0
    scene = pair_up(truth, truth, "ibug68", seen=seen)
    metric = Nme()
    found = metric.reduce(metric.tally(scene), np.array([3, 1, 1, 0]))
    assert (found[0].value, found[0].n) == (0, 1)
    assert found[0].why == "3 faces without outer_eye, not scored"
    nobody = metric.reduce(metric.tally(scene), np.array([1, 1, 0, 0]))
    assert {"NME", "FR@0.1", "AUC@0.1"} <= {row.statistic for row in nobody}
    assert all(math.isnan(row.value) and row.n == 0 for row in nobody)
    assert nobody[0].why == "1 face without outer_eye, not scored"
    empty = metric.reduce(metric.tally(scene), np.array([0, 1, 0, 0]))
    assert empty[0].why == "no face with a landmark"


def test_a_face_without_a_prediction_leaves_a_pooled_mean_alone_where_it_weighs_nothing() -> None:
    truth = np.random.default_rng(0).uniform(0, 99, (2, 68, 2))
    given = np.full((2, 68), 2)
    given[1, 3] = 0
    metric = Nme("pixels", Over.POINTS)
    tally = metric.tally(pair_up(truth, truth + np.array([2.0, 0.0]), "ibug68", given=given))
    assert metric.reduce(tally, np.array([1, 0])).get("NME") == pytest.approx(2.0)
    assert math.isnan(metric.reduce(tally).get("NME"))


def test_nme_of_all_landmarks_needs_them_to_have_a_place() -> None:
    truth = np.zeros((1, 68, 2))
    truth[0, 5] = np.nan
    seen = np.full((1, 68), 2)
    seen[0, [5, 6]] = 0
    predicted = np.zeros((1, 68, 2))
    predicted[0, 6] = [67.0, 0.0]
    found = values(Nme("pixels", points=Points.ALL), pair_up(truth, predicted, "ibug68", seen=seen))
    assert found.get("NME") == pytest.approx(1.0)


def test_yaw_on_an_edge_belongs_to_the_lower_bin() -> None:
    truth = np.zeros((4, 68, 2))
    predicted = truth + np.array([1.0, 2.0, 4.0, 8.0])[:, None, None] * np.array([1.0, 0.0])
    scene = pair_up(truth, predicted, "ibug68", extra={"yaw": np.array([30.0, -30.5, -60.0, 61.0])})
    metric = Nme("pixels", bins=(30.0, 60.0))
    tally = metric.tally(scene)
    found = metric.reduce(tally)
    bins = {row.slice: (row.value, row.n) for row in found if row.slice}
    assert bins == {"yaw<=30": (1, 1), "yaw30-60": (3, 2), "yaw>60": (8, 1)}
    assert found.get("NME") == 4
    heavy = metric.reduce(tally, np.array([1, 3, 1, 1]))
    assert {row.slice: (row.value, row.n) for row in heavy if row.slice}["yaw30-60"] == (2.5, 4)
    shown = metric.headline_rows(found)
    assert [row.slice for row in shown if row.slice] == list(bins)
    assert "NME_std" not in {row.statistic for row in shown}


def test_nme_directions_and_bounds() -> None:
    metric = Nme()
    assert metric.direction("CED") is Direction.HIGHER
    assert metric.direction("AUC@0.1") is Direction.HIGHER
    assert metric.direction("NME") is metric.direction("FR@0.1") is Direction.LOWER
    assert Nme(at=(10.0,)).at == (10.0,)
    for wrong in ({"at": (0.0,)}, {"at": (10.5,)}, {"bins": (0.0,)}, {"bins": (30.0, 30.0)}):
        with pytest.raises(UsageError):
            Nme(**wrong)  # type: ignore[arg-type]
