"""Presence: who and what is predicted at all."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from poseval.metrics.presence import Presence
from poseval.poses.aligned import Aligned
from tests.metrics.single import pair_up


def test_shares_by_hand_and_with_weights() -> None:
    """Four people of 16 joints: all predicted, one joint missing, half missing, nobody predicted."""
    given = np.full((4, 16), 2)
    given[1, 3] = 0
    given[2, :8] = 0
    scene = pair_up(np.zeros((4, 16, 2)), np.ones((4, 16, 2)), given=given)
    three = scene.predictions.people.take(np.arange(3))
    scene = Aligned(scene.truth, replace(scene.predictions, people=three))
    metric = Presence()
    tally = metric.tally(scene)
    found = {row.statistic: (row.value, row.n) for row in metric.reduce(tally)}
    assert found == {"complete_people": (1 / 4, 4), "predicted_joints": ((16 + 15 + 8) / 64, 64)}
    weighted = {row.statistic: (row.value, row.n) for row in metric.reduce(tally, np.array([2, 1, 0, 0]))}
    assert weighted == {"complete_people": (2 / 3, 3), "predicted_joints": (47 / 48, 48)}


def test_nobody_wanted_is_undefined() -> None:
    scene = pair_up(np.zeros((1, 16, 2)), np.zeros((1, 16, 2)))
    metric = Presence()
    rows = list(metric.reduce(metric.tally(scene), np.array([0])))
    assert [row.statistic for row in rows] == ["complete_people", "predicted_joints"]
    assert all(math.isnan(row.value) and row.why == "no person is expected" for row in rows)
