"""AP of joints against a plain twin on random films, with ties of score, weights and missing scores."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest

from poseval.kernels.tracking import ABSENT, HIT
from poseval.metrics.base import Tally
from poseval.metrics.joint_ap import MISSING_SCORE, JointAp, Ties
from poseval.metrics.joint_rows import Empty
from poseval.poses import PoseSet
from poseval.poses.aligned import Aligned
from tests.differential.test_motmetrics import aligned
from tests.kernels.tracking_scenes import Film, random_film
from tests.metrics.single import values
from tests.oracles.tracking import best_pose

Ranked = list[tuple[float, bool]]  # score and hit of a joint's predictions, in the order of rows


# The order of the official program is none that a loop over places could give: test_official_ties.py.
BY_PLACE = [one for one in Ties if one is not Ties.OFFICIAL]


def area(rows: Ranked, due: float, ties: Ties | None) -> float:
    """Area under the monotone precision over recall; without a rule of ties hits of a score go first."""
    if not due:
        return math.nan
    if ties is Ties.TOGETHER:
        ranked = sorted(rows, key=lambda row: -row[0])
        steps = [[hit for _, hit in group] for _, group in groupby(ranked, key=lambda row: row[0])]
    else:
        order = rows[::-1] if ties is Ties.LATER_FIRST else rows
        order = sorted(order, key=lambda row: (-row[0], not row[1] if ties is None else 0))
        steps = [[hit] for _, hit in order]
    hits = count = 0
    points = []
    for step in steps:
        hits, count = hits + sum(step), count + len(step)
        points.append((hits / due, hits / count))
    total = last = 0.0
    for place, (recall, _) in enumerate(points):
        total += (recall - last) * max(precision for _, precision in points[place:])
        last = recall
    return total


def film(seed: int) -> tuple[Film, Aligned]:
    """A film whose predicted joints have scores of five values, some none."""
    made = random_film(seed, crowd=5, length=6, grid=False)
    sides = aligned(made)
    shape = sides.predictions.people.seen.shape
    score = np.random.default_rng(seed).choice([0.1, 0.2, 0.3, 0.4, 0.5, np.nan], shape)
    people = sides.predictions.people.with_columns(joint_score=score)
    return made, Aligned(sides.truth, replace(sides.predictions, people=people))


def rankings(made: Film, sides: Aligned, weight: list[int]) -> tuple[list[Ranked], list[int]]:
    """Predictions of each joint, and how often it is labelled; sequences as often as they weigh."""
    _, label = best_pose(made, 0.5)
    score = np.where(
        np.isnan(sides.predictions.people.joint_score), MISSING_SCORE, sides.predictions.people.joint_score
    )
    sequence = sides.truth.frames.sequence
    rows: list[Ranked] = [[] for _ in range(made.joints)]
    for person, frame in enumerate(sides.predictions.people.frame):
        for joint in range(made.joints):
            if label[person, joint] != ABSENT:
                found = (float(score[person, joint]), bool(label[person, joint] == HIT))
                rows[joint] += [found] * weight[sequence[frame]]
    due = [0] * made.joints
    for person, frame in enumerate(sides.truth.people.frame):
        for joint in range(made.joints):
            due[joint] += int(sides.truth.people.seen[person, joint] > 0) * weight[sequence[frame]]
    return rows, due


@pytest.mark.parametrize("ties", BY_PLACE)
@pytest.mark.parametrize("seed", range(8))
def test_areas_precision_and_recall(seed: int, ties: Ties) -> None:
    made, sides = film(seed)
    metric = JointAp(ties=ties, per_joint=True)
    tally = metric.tally(sides)
    for weight in ([1] * len(made.sequences), [2, 0, 1][: len(made.sequences)]):
        found = metric.reduce(tally, np.array(weight))
        rows, due = rankings(made, sides, weight)
        sums = {"labelled": sum(due), "predicted": sum(map(len, rows))}
        sums["true_positives"] = sum(hit for row in rows for _, hit in row)
        for statistic, total in sums.items():
            assert found.get(statistic) == total
        tied = any(len({score for score, _ in row}) < len(row) for row in rankings(made, sides, [1] * 3)[0])
        assert {"AP_low", "AP_high"} <= {row.statistic for row in found} or not tied
        for joint in range(made.joints):
            name = f"joint_{joint}"
            hits = sum(hit for _, hit in rows[joint])
            wanted = {
                "AP": area(rows[joint], due[joint], ties),
                "AP_low": area(rows[joint], due[joint], Ties.TOGETHER),
                "AP_high": area(rows[joint], due[joint], None),
                "precision": hits / len(rows[joint]) if rows[joint] and due[joint] else math.nan,
                "recall": hits / due[joint] if due[joint] else math.nan,
                "true_positives": hits,
                "predicted": len(rows[joint]),
                "labelled": due[joint],
            }
            for statistic, value in wanted.items():
                if tied or not statistic.startswith("AP_"):
                    row = found.where(statistic=statistic, joint=name)[0]
                    assert row.value == pytest.approx(value, nan_ok=True), (statistic, joint)
                    assert row.n == due[joint]


@pytest.mark.parametrize("ties", BY_PLACE)
@pytest.mark.parametrize("seed", range(4))
def test_sequences_alone(seed: int, ties: Ties) -> None:
    made, sides = film(seed + 20)
    metric = JointAp(ties=ties)
    alone = metric.by_unit(metric.tally(sides))
    for place in range(len(made.sequences)):
        weight = [int(other == place) for other in range(len(made.sequences))]
        rows, due = rankings(made, sides, weight)
        each = [area(row, count, ties) for row, count in zip(rows, due, strict=True)]
        mean = np.nanmean(each) if any(due) else math.nan
        row = alone.where(statistic="AP", slice=f"s{place}")[0]
        assert row.value == pytest.approx(mean, nan_ok=True)
        assert row.n == sum(due)


def test_a_joint_without_labels_reads_as_the_rules_say() -> None:
    """Two predictions of a joint that the truth never labels: undefined, or the zeros of the programs."""
    _, sides = film(3)
    seen = sides.truth.people.seen.copy()
    seen[:, 0] = 0
    people = sides.truth.people.with_columns(seen=seen)
    bare = Aligned(PoseSet(sides.truth.skeleton, sides.truth.frames, people), sides.predictions)
    rows = {
        empty: values(JointAp(empty=empty, per_joint=True), bare).where(joint="joint_0") for empty in Empty
    }
    for statistic in ("AP", "precision", "recall"):
        (undefined,) = rows[Empty.UNDEFINED].where(statistic=statistic)
        assert math.isnan(undefined.value)
        assert undefined.why == "no labelled joint_0"
    assert rows[Empty.POSETRACK21].get("AP", "joint_0") == 0
    assert rows[Empty.POSETRACK21].get("precision", "joint_0") == 0
    assert rows[Empty.POSETRACK21].get("recall", "joint_0") == 0
    assert rows[Empty.POSEVAL].get("precision", "joint_0") == 0


def test_a_joint_that_is_never_predicted() -> None:
    _, sides = film(3)
    seen = sides.predictions.people.seen.copy()
    seen[:, 0] = 0
    people = sides.predictions.people.with_columns(seen=seen)
    silent = Aligned(sides.truth, replace(sides.predictions, people=people))
    found = values(JointAp(per_joint=True), silent).where(joint="joint_0")
    assert (found.get("AP", "joint_0"), found.get("recall", "joint_0")) == (0, 0)
    (precision,) = found.where(statistic="precision")
    assert math.isnan(precision.value)
    assert precision.why == "no predicted joint_0"
    zeros = values(JointAp(per_joint=True, empty=Empty.POSEVAL), silent)
    assert zeros.get("precision", "joint_0") == 0


def test_notices_count_what_has_no_score_and_what_is_tied() -> None:
    made, sides = film(5)
    metric = JointAp(ties=Ties.EARLIER_FIRST)
    tally = metric.tally(sides)
    rows, _ = rankings(made, sides, [1] * 3)
    every = [score for row in rows for score, _ in row]
    without, tied = every.count(MISSING_SCORE), sum(len(row) - len({s for s, _ in row}) for row in rows)
    unscored, ties = metric.notices(tally)
    assert (unscored.code, unscored.count) == ("N432", without)
    assert f"{without} of {len(every)}" in unscored.text
    assert (ties.code, ties.count) == ("N433", tied)
    assert f"{tied} of {len(every)}" in ties.text
    low, high = metric.reduce(tally).get("AP_low"), metric.reduce(tally).get("AP_high")
    assert f"{100 * low:.2f} and {100 * high:.2f} percent" in ties.text
    assert low < high
    for kind, words in (
        (Ties.TOGETHER, "one step"),
        (Ties.LATER_FIRST, "later"),
        (Ties.EARLIER_FIRST, "earlier"),
    ):
        assert words in JointAp(ties=kind).notices(JointAp(ties=kind).tally(sides))[1].text


def test_distinct_scores_have_no_notice_and_no_bounds() -> None:
    _, sides = film(5)
    score = np.arange(sides.predictions.people.seen.size).reshape(sides.predictions.people.seen.shape) / 1e4
    people = sides.predictions.people.with_columns(joint_score=score)
    plain = Aligned(sides.truth, replace(sides.predictions, people=people))
    assert JointAp().notices(JointAp().tally(plain)) == []
    assert "AP_low" not in {row.statistic for row in values(JointAp(), plain)}


def test_a_weighted_answer_is_neither_kept_nor_taken_from_what_is_kept() -> None:
    _, sides = film(5)
    metric, weight = JointAp(), np.array([0, 3, 1])

    def shown(tally: Tally, weights: np.ndarray | None) -> list[str]:
        return [repr((row.statistic, row.joint, row.value, row.n)) for row in metric.reduce(tally, weights)]

    whole, weighted = shown(metric.tally(sides), None), shown(metric.tally(sides), weight)
    assert whole != weighted
    for order in ((None, weight, None), (weight, None, weight)):
        tally = metric.tally(sides)
        assert [shown(tally, weights) for weights in order] == [
            whole if weights is None else weighted for weights in order
        ]
