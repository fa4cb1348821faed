"""Numbers per joint as value rows: joints, groups of joints in the order of papers, and their mean."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from poseval.metrics.base import Tally
from poseval.poses import Array, Floats, Ints
from poseval.results.values import Value, Values
from poseval.skeletons import Skeleton

HEAD = ("head_top", "head_bottom", "nose")  # one group where the skeleton has the top of the head


class Empty(enum.Enum):
    """The value of a joint that is never labelled."""

    UNDEFINED = "undefined"  # no number, and no part in any mean
    POSEVAL = "poseval"  # the zeros and NaN of the poseval program
    POSETRACK21 = "posetrack21"  # the zeros of the PoseTrack21 kit
    TRACKEVAL = "trackeval"  # the zeros of TrackEval


def groups_of(skeleton: Skeleton) -> dict[str, list[int]]:
    """Joint indices per group: `head` of a PoseTrack skeleton, then left and right of each kind."""
    groups = {name: list(members) for name, members in skeleton.groups.items()}
    if all(name in groups for name in HEAD):
        head = [member for name in HEAD for member in groups.pop(name)]
        order = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
        rest = {name: groups[name] for name in order if name in groups}
        return {"head": head, **rest, **{k: v for k, v in groups.items() if k not in rest}}
    return groups


def joint_facts(skeleton: Skeleton | None) -> dict[str, Any]:
    """What a tally stores of the skeleton; whole poses (None) have no joints."""
    if skeleton is None:
        return {"joints": [], "groups": {}}
    return {"joints": list(skeleton.joints), "groups": groups_of(skeleton)}


def mean_of_defined(values: Floats, axis: int = -1) -> Floats:
    """Mean along an axis over entries that are not NaN; NaN where none is defined."""
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    out: Floats = np.divide(total, count, out=np.full(np.shape(total), math.nan), where=count > 0)
    return out


def ratio(above: Array, below: Array, empty: float = math.nan) -> Floats:
    """above / below; `empty` where below is 0."""
    above, below = np.broadcast_arrays(np.asarray(above, dtype=np.float64), below)
    out: Floats = np.divide(above, below, out=np.full(above.shape, empty), where=np.asarray(below) != 0)
    return out


@dataclass(frozen=True)
class JointRows:
    """Makes value rows of one metric from numbers per joint.

    `strict`: a group with an undefined joint is undefined (as the reference tools print it); otherwise a
    group is the mean of its defined joints.
    """

    metric: str
    joints: Sequence[str]
    groups: Mapping[str, Sequence[int]]
    per_joint: bool
    strict: bool

    @staticmethod
    def of(tally: Tally, per_joint: bool, strict: bool) -> JointRows:
        """Rows for the joints that the tally names."""
        return JointRows(tally.metric, tally.facts["joints"], tally.facts["groups"], per_joint, strict)

    def __call__(
        self,
        statistic: str,
        values: Floats,
        total: float | None = None,
        n: Array | None = None,
        why: Sequence[str] = (),
        add: bool = False,
    ) -> list[Value]:
        """Rows of one statistic: its total first, then groups, then joints when wanted.

        values [K]; `total` replaces the mean over defined joints; n [K] counts what each number rests on;
        why [K] says why a number is undefined; `add` sums over joints instead of averaging.
        """
        count = np.ones(len(values), dtype=np.int64) if n is None else n
        reasons = list(why) or [""] * len(values)
        rows = [self._row(statistic, "", range(len(values)), values, count, reasons, add, total, False)]
        if not self.joints:
            return rows
        for name, members in self.groups.items():
            rows.append(self._row(statistic, name, members, values, count, reasons, add, None, self.strict))
        if self.per_joint:
            for index, name in enumerate(self.joints):
                if name not in self.groups:
                    rows.append(self._row(statistic, name, [index], values, count, reasons, add, None, True))
        return rows

    def _row(
        self,
        statistic: str,
        joint: str,
        members: Sequence[int],
        values: Floats,
        count: Array,
        reasons: Sequence[str],
        add: bool,
        total: float | None,
        strict: bool,
    ) -> Value:
        part = [float(values[index]) for index in members]
        known = [value for value in part if not math.isnan(value)]
        if total is not None:
            value = total
        elif add:
            value = float(sum(part))
        elif not known or (strict and len(known) < len(part)):
            value = math.nan
        else:
            value = sum(known) / len(known)
        reason = ""
        if math.isnan(value):
            reason = next((reasons[i] for i in members if math.isnan(values[i]) and reasons[i]), "undefined")
        n = int(sum(int(count[index]) for index in members))
        return Value(self.metric, statistic, joint, value=value, n=n, why=reason)


def unlabelled_reasons(joints: Sequence[str], labelled: Array) -> list[str]:
    """Why a number per joint is undefined where the ground truth never labels the joint; "" elsewhere."""
    names = list(joints) or ["pose"]
    return ["" if count else f"no labelled {name}" for name, count in zip(names, labelled, strict=True)]


def unit_rows(metric: str, tally: Tally, totals: dict[str, Floats], n: Ints, why: str) -> Values:
    """Value rows of statistics [U], one slice per unit."""
    keys = [str(key) for key in tally.keys]
    counts = n.tolist()
    return Values(
        Value(metric, statistic, "", key, math.nan, value, count, why if math.isnan(value) else "")
        for statistic, values in totals.items()
        for key, value, count in zip(keys, values.tolist(), counts, strict=True)
    )
