"""Cross-check of joint_ap: assignment, ranking and area again, in plain loops over frames and people.

Sources: assignGTmulti.m, getRPC.m and VOCap.m of the MPII kit, and eval_helpers.py of poseval after them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from poseval.compat.crosschecks.base import Case, Difference
from poseval.compat.crosschecks.plain import Point, apart, differs
from poseval.errors import UsageError
from poseval.metrics.base import Metric, Tally
from poseval.metrics.joint_ap import MISSING_SCORE, JointAp, Ties
from poseval.metrics.joint_rows import Empty
from poseval.poses import People


class Ranked(NamedTuple):
    """One predicted joint: its score, its place in the files, and whether it is right."""

    score: float
    place: int
    right: bool


def check(metric: Metric, tally: Tally, case: Case) -> list[Difference]:
    """AP, precision and recall of every joint and in total."""
    if not isinstance(metric, JointAp):
        raise UsageError("P145", where=f"metric {metric}", what="is not joint_ap")
    joints = case.truth.skeleton.joints
    predicted: list[list[Ranked]] = [[] for _ in joints]
    labelled = [0] * len(joints)
    for true, found in frames(case):
        for person in true:
            for joint, flag in enumerate(case.truth.people.seen[person]):
                labelled[joint] += int(flag > 0)
        near = {(row, person): near_joints(case, person, row, metric.at) for row in found for person in true}
        owner = assign(case, true, found, near)
        for row in found:
            for joint, point in enumerate(points_of(case.predictions.people, row)):
                if point is None:
                    continue
                score = float(case.predictions.people.joint_score[row, joint])
                score = MISSING_SCORE if math.isnan(score) else score
                right = row in owner and near[row, owner[row]][joint]
                predicted[joint].append(Ranked(score, row, right))
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


def frames(case: Case) -> Iterator[tuple[list[int], list[int]]]:
    """Rows of the true and the predicted people of each frame."""
    sides: list[dict[int, list[int]]] = [{}, {}]
    for rows, poses in zip(sides, (case.truth, case.predictions), strict=True):
        for row, frame in enumerate(poses.people.frame):
            rows.setdefault(int(frame), []).append(row)
    for frame in range(len(case.truth.frames)):
        yield sides[0].get(frame, []), sides[1].get(frame, [])


def points_of(people: People, row: int) -> list[Point | None]:
    """Joints of a person; None where there is none."""
    return [
        (float(x), float(y)) if flag > 0 else None
        for (x, y), flag in zip(people.xy[row], people.seen[row], strict=True)
    ]


def near_joints(case: Case, person: int, row: int, at: float) -> list[bool]:
    """Whether each joint of a predicted pose lies within `at` head sizes of the labelled one."""
    head = float(case.truth.people.head[person])
    true, found = points_of(case.truth.people, person), points_of(case.predictions.people, row)
    return [
        a is not None and b is not None and apart(a, b) / head <= at for a, b in zip(true, found, strict=True)
    ]


def assign(
    case: Case, true: list[int], found: list[int], near: dict[tuple[int, int], list[bool]]
) -> dict[int, int]:
    """True person of each predicted one that owns one."""
    best: dict[int, tuple[float, int]] = {}
    for row in found:
        for person in true:
            count = int((case.truth.people.seen[person] > 0).sum())
            share = sum(near[row, person]) / count if count else -1.0
            if count and (row not in best or share > best[row][0]):
                best[row] = (share, person)
    owner: dict[int, int] = {}
    for person in true:
        own, top = -1, 0.0
        for row in found:
            if row in best and best[row][1] == person and best[row][0] > top:
                own, top = row, best[row][0]
        if own >= 0:
            owner[own] = person
    return owner


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
    return area(metric, predicted, wanted), precision, recall


def area(metric: JointAp, predicted: list[Ranked], wanted: int) -> float:
    """Area under the precision made monotone from the right, over recall."""
    if not wanted:
        return math.nan
    backward = -1 if metric.ties is Ties.LATER_FIRST else 1
    order = sorted(predicted, key=lambda item: (-item.score, backward * item.place))
    curve: list[tuple[float, float]] = []
    hits = 0
    for rank, item in enumerate(order, 1):
        hits += item.right
        following = order[rank] if rank < len(order) else None
        if metric.ties is Ties.TOGETHER and following is not None and following.score == item.score:
            continue
        curve.append((hits / wanted, hits / rank))
    total, height = 0.0, 0.0
    for index in range(len(curve) - 1, -1, -1):
        recall, precision = curve[index]
        height = max(height, precision)
        total += (recall - (curve[index - 1][0] if index else 0.0)) * height
    return total
