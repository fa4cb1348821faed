"""Cross-check of joint_ap: ranking and area again, in plain loops over people.

Sources: assignGTmulti.m, getRPC.m and VOCap.m of the MPII kit, and eval_helpers.py of poseval after them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from poseval.compat.crosschecks.base import Case, Difference
from poseval.compat.crosschecks.plain import differs
from poseval.compat.crosschecks.videos import videos_of
from poseval.compat.official.posetrack_poses import MISSING_SCORE, area, near, numpy_orders, owners
from poseval.errors import UsageError
from poseval.metrics.base import Metric, Tally
from poseval.metrics.joint_ap import JointAp, Ties
from poseval.metrics.joint_rows import Empty


class Ranked(NamedTuple):
    """One predicted joint: its score, its place in the files, and whether it is right."""

    score: float
    place: int
    right: bool


def check(metric: Metric, tally: Tally, case: Case) -> list[Difference]:
    """AP, precision and recall of every joint and in total.

    Raises:
        UsageError: P104 for another metric.
        CannotCheck: NumPy does not run without vector instructions, whose order of equal scores is asked for.
    """
    if not isinstance(metric, JointAp):
        raise UsageError("P104", where=f"metric {metric}", what="is not checked here", wanted="joint_ap")
    joints = case.truth.skeleton.joints
    predicted: list[list[Ranked]] = [[] for _ in joints]
    labelled = [0] * len(joints)
    place = 0
    for truth, found in (pair for video in videos_of(case) for pair in video.frames):
        for true in truth.people:
            for joint in true.joints:
                labelled[joint] += 1
        owner = owners(truth.people, found.people, metric.at)
        for row, person in enumerate(found.people):
            place += 1
            for joint, point in person.joints.items():
                right = row in owner and near(truth.people[owner[row]], joint, point, metric.at)
                predicted[joint].append(Ranked(person.scores.get(joint, MISSING_SCORE), place, right))
    if metric.ties is Ties.OFFICIAL:
        orders = numpy_orders([[item.score for item in one] for one in predicted])
        predicted = [
            [one[row]._replace(place=place) for place, row in enumerate(order)]
            for one, order in zip(predicted, orders, strict=True)
        ]
    values = type(metric)(metric.at, metric.ties, metric.empty, True).reduce(tally)
    rows = [numbers(metric, ranked, count) for ranked, count in zip(predicted, labelled, strict=True)]
    out = []
    for column, statistic in enumerate(("AP", "precision", "recall")):
        theirs = [row[column] for row in rows]
        known = [value for value in theirs if not math.isnan(value)]
        total = sum(known) / len(known) if known else math.nan
        out.append(differs(statistic, values.get(statistic), total))
        for name, value in zip(joints, theirs, strict=True):
            out.append(differs(f"{statistic}/{name}", values.get(statistic, name), value))
    return out


def numbers(metric: JointAp, predicted: list[Ranked], labelled: int) -> tuple[float, float, float]:
    """AP, precision and recall of one joint."""
    if metric.empty is not Empty.UNDEFINED and not predicted:
        return 0.0, 0.0, 0.0
    wanted = max(labelled, 1) if metric.empty is Empty.POSETRACK21 else labelled
    hits = sum(item.right for item in predicted)
    recall = hits / wanted if wanted else math.nan
    precision = hits / len(predicted) if predicted else math.nan
    if metric.empty is Empty.UNDEFINED and not labelled:
        precision = math.nan
    return area(steps(metric, predicted), wanted), precision, recall


def steps(metric: JointAp, predicted: list[Ranked]) -> list[list[bool]]:
    """Hits in the order of the curve; equal scores are one step or one by one."""
    backward = -1 if metric.ties in (Ties.LATER_FIRST, Ties.OFFICIAL) else 1
    out: list[list[bool]] = []
    before = math.nan
    for item in sorted(predicted, key=lambda item: (-item.score, backward * item.place)):
        if metric.ties is Ties.TOGETHER and item.score == before:
            out[-1].append(item.right)
        else:
            out.append([item.right])
        before = item.score
    return out
