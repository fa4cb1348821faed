"""Which people are hard: the fractions of joint errors by size, crowding and number of labelled joints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from poseval.diagnosis.error_types import Fault, Labels, Scene
from poseval.metrics.person_groups import overlaps
from poseval.poses import Bools, Ints
from poseval.poses.aligned import Aligned

LABELLED_JOINTS = "labelled joints"
JOINT_BINS = ((1, 5), (6, 10), (11, 15), (16, 10_000))
CROWD_BINS = ((0, 0), (1, 2), (3, 10_000))


@dataclass(frozen=True)
class Group:
    """People of one kind: how many, how many were matched, and their joints per class [6]."""

    by: str
    name: str
    people: int
    matched: int
    joints: Ints


Kind = tuple[str, str, Bools]  # by what, name, and who of the true people [G]


def groups(aligned: Aligned, scene: Scene, labels: Labels) -> list[Group]:
    """Groups by number of labelled joints, crowding and size (terciles of the people that count)."""
    return [_group(by, name, chosen, labels) for by, name, chosen in kinds_of(aligned, scene)]


def kinds_of(aligned: Aligned, scene: Scene) -> list[Kind]:
    """The groups that are not empty, and for each which of the people that count belong to it."""
    counted = ~scene.targets.ignored
    joints = scene.targets.labelled.sum(axis=1)
    near = overlaps(aligned.truth)
    out: list[Kind] = []
    for by, column, bins in (
        (LABELLED_JOINTS, joints, JOINT_BINS),
        ("overlapping boxes", near, CROWD_BINS),
    ):
        for low, high in bins:
            name = str(low) if low == high else f"{low}+" if high >= 10_000 else f"{low}-{high}"
            out.append((by, name, counted & (column >= low) & (column <= high)))
    size = np.sqrt(scene.targets.area)
    if counted.any():
        ends = np.quantile(size[counted], [1 / 3, 2 / 3])
        cuts = [-np.inf, *ends, np.inf]
        for name, low, high in zip(
            ("small third", "middle third", "large third"), cuts[:-1], cuts[1:], strict=True
        ):
            out.append(("size", name, counted & (size > low) & (size <= high)))
    return [kind for kind in out if kind[2].any()]


def _group(by: str, name: str, chosen: Bools, labels: Labels) -> Group:
    inside = chosen[labels.person]
    fault = labels.fault[inside]
    joints = np.array([(fault == kind).sum() for kind in Fault], dtype=np.int64)
    return Group(by, name, int(chosen.sum()), int(inside.sum()), joints)
