"""EPE, and the area under PCK over pixel distances."""

from __future__ import annotations

import math

import numpy as np

from poseval.metrics import parse
from poseval.metrics.epe import Area, Auc, Epe
from poseval.metrics.pck import Compare, MeanOf
from tests.metrics.single import pair_up, values


def two_joints(errors: list[list[float]], **more: object):  # type: ignore[no-untyped-def]
    """People of the 68-point skeleton of which only the first two points are labelled."""
    count = len(errors)
    seen = np.zeros((count, 68))
    seen[:, :2] = 2
    truth = np.zeros((count, 68, 2))
    predicted = truth.copy()
    predicted[:, :2, 0] = errors
    return pair_up(truth, predicted, "ibug68", seen=seen, **more)  # type: ignore[arg-type]


def test_epe_is_the_mean_over_labelled_points() -> None:
    found = values(Epe(), two_joints([[1, 3], [2, 6]]))
    assert found.get("EPE") == 3.0
    assert found.get("EPE", "kpt-1") == 4.5
    assert found.where(joint="kpt-2")[0].why == "no labelled kpt-2"


def test_epe_with_a_missing_prediction_is_undefined_and_says_why() -> None:
    given = np.full((2, 68), 2)
    given[1, 1] = 0
    row = values(Epe(), two_joints([[1, 3], [2, 6]], given=given))[0]
    assert math.isnan(row.value)
    assert row.why == "1 of 4 labelled joint points have no prediction, or an infinite one"
    assert values(Epe(), two_joints([[1, 3], [2, 6]], given=given)).get("EPE", "kpt-0") == 1.5


def test_areas_by_each_rule() -> None:
    scene = two_joints([[0.0, 10.0], [5.0, 20.0]])

    def area(rule: Area, mean: MeanOf = MeanOf.JOINTS) -> float:
        metric = Auc(limit=10.0, steps=2, area=rule, compare=Compare.LE, mean=mean)
        return values(metric, scene).get("AUC")

    # Point 0: half at 0, all from 5. Point 1: none before 10, half there. Thresholds 0, 5, 10.
    assert area(Area.LEFT) == (0.25 + 0.5) / 2
    assert area(Area.TRAPEZOID) == ((0.25 + 0.5) / 2 + (0.5 + 0.75) / 2) / 2
    assert area(Area.EXACT) == (1 + 0.5 + 0 + 0) / 4
    assert area(Area.EXACT, MeanOf.POINTS) == 0.375


def test_strictly_below_at_the_first_threshold_is_nothing() -> None:
    metric = Auc(limit=10.0, steps=2)
    assert values(metric, two_joints([[0.0, 0.0]])).get("AUC") == 0.5


def test_nothing_labelled_is_undefined() -> None:
    scene = pair_up(np.zeros((1, 68, 2)), np.zeros((1, 68, 2)), "ibug68", seen=np.zeros((1, 68)))
    assert math.isnan(values(Auc(), scene).get("AUC"))
    assert math.isnan(values(Epe(), scene).get("EPE"))


def test_names_read_back() -> None:
    for metric in (Epe(), Auc("bbox", 0.5, 10, Area.EXACT)):
        assert parse(str(metric)) == metric
    assert str(Auc()) == "auc(norm=pixels,limit=30,steps=20)"


def test_a_percentile_is_not_moved_on_by_rounding() -> None:
    """64.4 % of 250 distances are 161 of them; the product of doubles is a little more."""
    errors = np.arange(1.0, 251.0)
    rows = values(Epe(percentiles=(64.4,)), two_joints(errors.reshape(125, 2).tolist()))
    assert 250 * 64.4 / 100 > 161
    assert rows.get("EPE_p64.4") == 161


def test_what_is_undefined_keeps_its_names() -> None:
    scene = pair_up(np.zeros((1, 68, 2)), np.zeros((1, 68, 2)), "ibug68", seen=np.zeros((1, 68)))
    (row,) = values(Auc(), scene)
    assert (row.metric, row.statistic, row.why) == (str(Auc()), "AUC", "no labelled joint")
