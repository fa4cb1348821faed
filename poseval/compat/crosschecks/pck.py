"""Cross-checks of pck, pdj, pcp and presence: the published rules again, in plain loops."""

from __future__ import annotations

import math
from itertools import pairwise

from poseval.compat.crosschecks.base import Case, Difference
from poseval.compat.crosschecks.plain import apart, differs, middle, people, relative, scale_of, span
from poseval.errors import UsageError
from poseval.metrics.base import Metric, Tally
from poseval.metrics.joint_error import ZeroScale
from poseval.metrics.pck import HEAD_JOINTS, Absent, Compare, MeanOf, Pck
from poseval.metrics.pcp import Ends, Pcp
from poseval.skeletons import Skeleton
from poseval.skeletons.sticks import sticks_of

UPPER_BODY = {
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
}


def check_pck(metric: Metric, tally: Tally, case: Case) -> list[Difference]:
    """Every threshold, kind and joint, and the curve's areas."""
    if not isinstance(metric, Pck):
        raise UsageError("P104", where=f"metric {metric}", what="is not checked here", wanted="pck or pdj")
    skeleton = case.truth.skeleton
    errors: list[list[float]] = [[] for _ in skeleton.joints]
    voids = [0] * len(skeleton.joints)
    for person in people(case, metric.precision):
        length = scale_of(person, skeleton, metric.norm, metric.ends, metric.precision)
        for joint, point in enumerate(person.truth):
            if point is None or math.isnan(length):
                continue
            if length > 0:
                errors[joint].append(relative(person, joint, length, metric.precision))
            elif metric.zero is ZeroScale.OVERWRITTEN:
                voids[joint] += 1
            else:
                errors[joint].append(math.inf)
    found = metric.reduce(tally)
    out = []
    for number, at in enumerate(metric.at):
        called = (metric.called or metric.at)[number]
        name = f"{metric.base_name}@{called:g}"
        shares = pck_shares(metric, errors, voids if number else [0] * len(voids), at)
        sizes = [len(error) + void for error, void in zip(errors, voids, strict=True)]
        out.append(differs(name, found.get(name), pck_mean(metric, skeleton, shares, sizes)))
        for kind, members in pck_kinds(metric, skeleton).items():
            theirs = pck_kind(metric, [shares[index] for index in members])
            out.append(differs(f"{name}/{kind}", found.get(name, kind), theirs))
        if set(skeleton.joints) >= UPPER_BODY:
            members = [index for index, joint in enumerate(skeleton.joints) if joint in UPPER_BODY]
            right = sum(shares[index] * sizes[index] for index in members if sizes[index])
            whole = sum(sizes[index] for index in members)
            theirs = right / whole if whole else math.nan
            out.append(differs(f"{name}/upper_body", found.get(name, "upper_body"), theirs))
        for joint, share in enumerate(shares):
            label = skeleton.joints[joint]
            if label not in pck_kinds(metric, skeleton):
                out.append(differs(f"{name}/{label}", found.get(name, label), share))
    if metric.curve_to > 0:
        count = round(metric.curve_to / metric.curve_step)
        steps = [metric.curve_step * step for step in range(count)] + [metric.curve_to]
        curve = []
        for step in steps:
            shares = pck_shares(metric, errors, voids, step)
            sizes = [len(error) + void for error, void in zip(errors, voids, strict=True)]
            curve.append(pck_mean(metric, skeleton, shares, sizes))
        points = list(zip(steps, curve, strict=True))
        area = sum((low + high) / 2 * (t - s) for (s, low), (t, high) in pairwise(points))
        out.append(differs("AUC", found.get("AUC"), area / steps[-1]))
        out.append(differs("AUC_mean", found.get("AUC_mean"), sum(curve) / len(curve)))
    return out


def pck_shares(metric: Pck, errors: list[list[float]], voids: list[int], at: float) -> list[float]:
    """Fraction of right joints, NaN without any."""
    shares = []
    for error, void in zip(errors, voids, strict=True):
        right = void
        for value in error:
            if value < at or (value == at and metric.compare is Compare.LE):
                right += 1
        total = len(error) + void
        shares.append(right / total if total else math.nan)
    return shares


def pck_mean(metric: Pck, skeleton: Skeleton, shares: list[float], sizes: list[int]) -> float:
    """The number without a joint."""
    kept = [
        (share, size)
        for share, size, joint in zip(shares, sizes, skeleton.joints, strict=True)
        if joint not in metric.leave_out and not math.isnan(share)
    ]
    if not kept:
        return math.nan
    if metric.mean is MeanOf.JOINTS:
        return sum(share for share, _ in kept) / len(kept)
    return sum(share * size for share, size in kept) / sum(size for _, size in kept)


def pck_kinds(metric: Pck, skeleton: Skeleton) -> dict[str, list[int]]:
    """Joints of each row."""
    kinds: dict[str, list[int]] = {}
    head = metric.head or [joint for joint in HEAD_JOINTS if joint in skeleton.joints]
    if head:
        kinds["head"] = [skeleton.index(joint) for joint in head]
    for joint in skeleton.joints:
        side, _, kind = joint.partition("_")
        if (
            side in ("left", "right")
            and f"left_{kind}" in skeleton.joints
            and f"right_{kind}" in skeleton.joints
        ):
            kinds[kind] = [skeleton.index(f"left_{kind}"), skeleton.index(f"right_{kind}")]
    return kinds


def pck_kind(metric: Pck, shares: list[float]) -> float:
    """Mean of the joints of one row."""
    known = [share for share in shares if not math.isnan(share)]
    if metric.absent is Absent.MINUS_ONE:
        return sum(-1.0 if math.isnan(share) else share for share in shares) / len(shares)
    if not known or (metric.absent is Absent.UNDEFINED and len(known) < len(shares)):
        return math.nan
    return sum(known) / len(known)


def check_pcp(metric: Metric, tally: Tally, case: Case) -> list[Difference]:
    """Every stick, and their mean."""
    if not isinstance(metric, Pcp):
        raise UsageError("P104", where=f"metric {metric}", what="is not checked here", wanted="pcp")
    skeleton = case.truth.skeleton
    right: dict[str, int] = {}
    total: dict[str, int] = {}
    for stick in sticks_of(skeleton):
        sides = [[skeleton.index(joint) for joint in end] for end in (stick.a, stick.b)]
        right[stick.name] = total[stick.name] = 0
        for person in people(case):
            length = span(person.truth, sides)
            if math.isnan(length):
                continue
            total[stick.name] += 1
            true, found = (
                [middle(points, side) for side in sides] for points in (person.truth, person.found)
            )
            off = [
                math.inf if b is None or a is None else apart(a, b) for a, b in zip(true, found, strict=True)
            ]
            if length == 0:
                continue
            first, second = off[0] / length, off[1] / length
            loose = metric.ends is Ends.LOOSE
            within = (first + second) / 2 <= metric.at if loose else max(first, second) <= metric.at
            right[stick.name] += int(within)
    values = metric.reduce(tally)
    everything = sum(total.values())
    mean = sum(right.values()) / everything if everything else math.nan
    out = [differs("PCP", values.get("PCP"), mean)]
    for name, count in total.items():
        share = right[name] / count if count else math.nan
        out.append(differs(f"PCP/{name}", values.get("PCP", name), share))
    return out


def check_presence(metric: Metric, tally: Tally, case: Case) -> list[Difference]:
    """The fractions of people with every joint, and of joints."""
    given = whole = wanted = count = 0
    for person in people(case):
        found = sum(point is not None for point in person.found)
        given, wanted, count = given + found, wanted + len(person.found), count + 1
        whole += int(found == len(person.found))
    values = metric.reduce(tally)
    return [
        differs("complete_people", values.get("complete_people"), whole / count if count else math.nan),
        differs("predicted_joints", values.get("predicted_joints"), given / wanted if wanted else math.nan),
    ]
