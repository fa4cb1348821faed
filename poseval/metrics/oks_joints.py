"""OKS and AP of each joint alone: what `oks_ap` adds with `per_joint`."""

from __future__ import annotations

import math

import numpy as np

from poseval.kernels.coco import Detections, Matching, Targets, match
from poseval.metrics.base import Table, Tally
from poseval.metrics.oks_scene import Scene
from poseval.metrics.ranking import curves, means, weighted_people
from poseval.poses import Array, Bools, Floats, Ints
from poseval.results.values import Value

# Similarities are added as multiples of 2^-36, so that sums do not depend on order or grouping: 134 million
# pairs fit, and a mean is off by 7e-12 at most.
FIXED_POINT = 2.0**36
COLUMNS = ("joint_hit", "joint_skip", "joint_counted")


def _alone(scene: Scene, joint: int) -> tuple[Detections, Targets]:
    """The scene's people with one joint only."""
    targets, detections = scene.targets, scene.detections
    labelled: Bools = targets.labelled[:, joint : joint + 1]
    one = Targets(
        targets.xy[:, joint : joint + 1],
        labelled,
        targets.area,
        targets.box,
        targets.ignored | ~labelled[:, 0],
        targets.crowd,
        targets.unseen,
    )
    return Detections(detections.xy[:, joint : joint + 1], detections.score, detections.area), one


def add_joints(
    scene: Scene,
    thresholds: Floats,
    main_range: Floats,
    max_dets: int,
    detections: dict[str, Array],
    people: dict[str, Array],
) -> None:
    """Add masks [R, K] and flags [N, K] of each joint alone, in the main area range [1, 2]."""
    hits, skips, counted = [], [], []
    for joint in range(len(scene.joints)):
        poses, targets = _alone(scene, joint)
        found = match(
            poses,
            scene.poses,
            targets,
            scene.people,
            scene.sigmas[joint : joint + 1],
            thresholds,
            main_range,
            max_dets,
        )
        found = scene.without_outside(found)
        hits.append(found.hit[:, 0])
        skips.append(found.skip[:, 0])
        counted.append(~found.truth_skip[:, 0])
    detections["joint_hit"] = np.stack(hits, axis=1)
    detections["joint_skip"] = np.stack(skips, axis=1)
    people["joint_counted"] = np.stack(counted, axis=1)


def matches(scene: Scene, found: Matching, lowest: int, unit: Ints) -> Table:
    """Similarity per joint of the counted matches at threshold `lowest`, as multiples of 2^-36."""
    rows = np.flatnonzero(found.hit[:, 0] & np.uint64(1 << lowest))
    person = found.matched[rows, 0, lowest]
    off = scene.detections.xy[found.row[rows]] - scene.targets.xy[person]
    scale = (scene.targets.area[person] + np.spacing(1))[:, None]
    labelled = scene.targets.labelled[person]
    error = np.where(labelled, (off**2).sum(axis=2), 0.0) / (scene.sigmas * 2) ** 2 / scale / 2
    similarity = np.where(labelled, np.rint(np.exp(-error) * FIXED_POINT), 0.0)
    return Table(unit[rows], {"joint_oks": similarity.astype(np.int64), "joint_matched": labelled})


def joint_rows(metric: str, tally: Tally, thresholds: int, weight: Ints | None) -> list[Value]:
    """OKS and AP of each joint under weights [U]."""
    joints, categories = tally.facts["joints"], len(tally.facts["categories"])
    alone = curves(tally, categories, thresholds, weight, COLUMNS)
    return _rows(
        metric,
        joints,
        tally.sum("joint_oks", weight),
        tally.sum("joint_matched", weight),
        np.array([alone.mean("AP", -1, k) for k in range(len(joints))]),
        alone.positives.sum(axis=0),
    )


def joint_rows_under(metric: str, tally: Tally, thresholds: int, weights: Ints) -> list[list[Value]]:
    """`joint_rows` under each weight vector of [B, U]."""
    joints, categories = tally.facts["joints"], len(tally.facts["categories"])
    wanted = [("AP", -1, k) for k in range(len(joints))]
    alone = means(tally, categories, thresholds, weights, wanted, COLUMNS)
    people = weighted_people(tally, categories, weights, COLUMNS[2])
    total = weights @ tally.per_unit("joint_oks")
    count = weights @ tally.per_unit("joint_matched")
    return [_rows(metric, joints, *parts) for parts in zip(total, count, alone, people, strict=True)]


def _rows(
    metric: str, joints: list[str], total: Ints, count: Ints, average: Floats, people: Ints
) -> list[Value]:
    out = []
    for k, joint in enumerate(joints):
        n, found = int(count[k]), int(people[k])
        oks = float(total[k]) / FIXED_POINT / n if n else math.nan
        why = "" if n else "no match has this joint labelled"
        out.append(Value(metric, "OKS", joint=joint, value=oks, n=n, why=why))
        why = "" if found else "no person has this joint labelled"
        out.append(Value(metric, "AP", joint=joint, value=float(average[k]), n=found, why=why))
    return out
