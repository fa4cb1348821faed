"""HOTA's statistics from sums, by hand, and its rows per alpha."""

from __future__ import annotations

import math

import numpy as np
import pytest

from poseval.metrics.hota import (
    ALPHAS,
    HEADLINE,
    LEVELS,
    STATISTICS,
    Frames,
    Hota,
    Total,
    missed_joints,
    ratios,
)
from poseval.metrics.joint_rows import Empty
from tests.metrics.test_tracks_by_hand import FOUND, TRUTH, sides, walk

SUMS = {
    "matched": np.array([[6]]),
    "missed": np.array([[2]]),
    "false": np.array([[4]]),
    "association": np.array([[3.0]]),
    "association_recall": np.array([[4.0]]),
    "association_precision": np.array([[5.0]]),
    "fragments": np.array([[2.0]]),
    "similarity": np.array([[5.5]]),
    "objects": np.array([8]),
}


def test_every_statistic_by_hand() -> None:
    found = {name: float(values[0, 0]) for name, values in ratios(SUMS, Empty.UNDEFINED).items()}
    det, rec, pre = 6 / 12, 6 / 8, 6 / 10
    ass, frag = 3 / 6, 2 / 6
    wanted = {
        "DetA": det,
        "DetRe": rec,
        "DetPr": pre,
        "AssA": ass,
        "AssRe": 4 / 6,
        "AssPr": 5 / 6,
        "FragA": frag,
        "LocA": 5.5 / 6,
        "HOTA": math.sqrt(det * ass),
        "RHOTA": math.sqrt(rec * ass),
        "FA-HOTA": math.sqrt(det * math.sqrt(ass * frag)),
        "FA-RHOTA": math.sqrt(rec * math.sqrt(ass * frag)),
    }
    assert found == pytest.approx(wanted)
    assert set(found) == set(STATISTICS)


@pytest.mark.parametrize("empty", list(Empty))
def test_nothing_matched(empty: Empty) -> None:
    """Nothing is associated, and what is not found is found exactly."""
    nothing = {**SUMS, "matched": np.array([[0]]), "missed": np.array([[8]])}
    found = {name: float(values[0, 0]) for name, values in ratios(nothing, empty).items()}
    assert (found["LocA"], found["AssA"], found["FragA"], found["DetA"], found["HOTA"]) == (1, 0, 0, 0, 0)


def test_nothing_labelled_is_undefined_or_zero() -> None:
    nothing = {**SUMS, "objects": np.array([0]), "missed": np.array([[0]]), "matched": np.array([[0]])}
    assert all(np.isnan(values).all() for values in ratios(nothing, Empty.UNDEFINED).values())
    zero = ratios({**nothing, "false": np.array([[0]])}, Empty.TRACKEVAL)
    assert float(zero["DetA"][0, 0]) == float(zero["DetPr"][0, 0]) == float(zero["DetRe"][0, 0]) == 0


def test_thresholds() -> None:
    assert ALPHAS.tolist() == [round(0.05 * step, 2) for step in range(1, 20)]
    assert pytest.approx(ALPHAS) == LEVELS


def test_rows_per_alpha_are_the_totals_at_each() -> None:
    """Everything lies 2 pixels off, 0.2 head sizes: a similarity of 0.6 matches at alphas up to 0.6."""
    metric = Hota()
    tally = metric.tally(sides(walk(5), walk(1, 2.0)))
    found = metric.reduce(tally)
    curve = [row for row in found if not math.isnan(row.threshold)]
    assert {row.statistic for row in curve} == {"HOTA", "DetA", "AssA"}
    for row in curve:
        assert row.value == (1 if row.threshold <= 0.6 else 0)
        assert (row.n, row.why) == (8, "")
    assert found.get("HOTA") == pytest.approx(12 / 19)
    # Found at 0.6 where matched, and exactly where nothing is.
    assert found.get("LocA") == pytest.approx((12 * (1 - 0.2 / 0.5001) + 7) / 19)
    assert {row.statistic for row in metric.reduce_headline(tally)} == set(HEADLINE)
    assert {row.statistic for row in metric.by_unit(tally)} == set(STATISTICS)


def test_an_unlabelled_joint_says_why_at_every_alpha() -> None:
    metric = Hota(per_joint=True)
    found = metric.reduce(metric.tally(sides([], FOUND)))
    whys = {row.why for row in found if math.isnan(row.value)}
    assert whys == {"no labelled left_wrist", "no labelled right_wrist"}
    assert all(row.why.startswith("no labelled") for row in found if not math.isnan(row.threshold))


def test_weights_repeat_sequences() -> None:
    tally = Hota().tally(sides(TRUTH, FOUND))
    once, twice = Hota().reduce(tally), Hota().reduce(tally, np.array([2]))
    assert [row.value for row in twice] == pytest.approx([row.value for row in once], nan_ok=True)
    assert twice[0].n == 2 * once[0].n == 16


def test_frames_without_predictions_miss_the_whole_sequence_as_the_kit_counts() -> None:
    units = {
        "objects": np.array([[5], [5]]),
        "matched": np.array([[[3]], [[0]]]),
        "frames_alone": np.array([2, 4]),
        "objects_alone": np.array([[2], [5]]),
        "predicted_people": np.array([3, 0]),
    }
    assert missed_joints(units, Frames.OWN).ravel().tolist() == [2, 5]
    # Two frames miss all 5 instead of their own 2; where nothing is predicted at all the count stays.
    assert missed_joints(units, Frames.SEQUENCE).ravel().tolist() == [2 + 2 * 5 - 2, 5]


def test_the_kits_total_is_a_mean_of_joints_times_all_matches() -> None:
    """One of two joints is never matched: its association is 0, and its localisation 1."""
    one = np.array([[[4], [0]]])  # [U, K, A]
    sums = {name: np.array([[[3.0], [0.0]]]) for name in ("association", "association_recall")}
    sums |= {name: np.array([[[2.0], [0.0]]]) for name in ("association_precision", "fragments")}
    units = {
        "matched": one,
        **sums,
        "similarity": np.array([[[3.6], [0.0]]]),
        "objects": np.array([[5, 5]]),
        "hypotheses": np.array([[6, 2]]),
    }
    pooled = Hota(total=Total.POSETRACK21)._pooled(units)
    assert pooled["association"].tolist() == [[pytest.approx(4 * (3 / 4 + 0) / 2)]]
    assert pooled["association_recall"].tolist() == pooled["association"].tolist()
    assert pooled["fragments"].tolist() == [[pytest.approx(4 * (2 / 4 + 0) / 2)]]
    assert pooled["similarity"].tolist() == [[pytest.approx(4 * (3.6 / 4 + 1) / 2)]]
    assert pooled["matched"].tolist() == [[4]]
    assert (pooled["missed"].tolist(), pooled["false"].tolist()) == ([[6]], [[4]])
    assert pooled["objects"].tolist() == [10]
    plain = Hota()._pooled(units)
    assert plain["association"].tolist() == [[3.0]]
    assert plain["similarity"].tolist() == [[3.6]]
