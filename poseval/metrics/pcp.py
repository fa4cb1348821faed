"""PCP: the fraction of sticks (limbs) whose two ends lie near their ground truth, strict or loose."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from poseval.errors import UsageError
from poseval.metrics.base import Metric, Need, Table, Tally
from poseval.metrics.joint_error import distance, predicted, require
from poseval.metrics.parameters import always
from poseval.poses import Bools, Floats, Ints
from poseval.poses.aligned import Aligned
from poseval.results.values import Value, Values
from poseval.skeletons import Skeleton
from poseval.skeletons.sticks import Stick, sticks_of


class Ends(enum.Enum):
    """The condition for a correct stick."""

    STRICT = "strict"  # both ends within `at` of the stick's length
    LOOSE = "loose"  # the mean of the two errors within it


@dataclass(frozen=True)
class Pcp(Metric):
    """Fraction of sticks whose ends lie within `at` of the true stick's length from their true ends.

    A stick counts when all joints that make its ends are labelled. Strict PCP wants both ends within, loose
    PCP the mean of the two errors, which gives higher numbers.
    """

    at: float = always(0.5)  # threshold as a fraction of the stick's length
    ends: Ends = always(Ends.STRICT)  # what must lie within it
    per_joint: bool = False  # shows sticks in the summary

    name = "pcp"
    needs = frozenset({Need.ALONE})
    source = (
        "Ferrari et al., Progressive search space reduction (CVPR 2008); strict reading: Pishchulin et al., "
        "Poselet conditioned pictorial structures (CVPR 2013); bearpaw/eval_pose utils/eval_pcp.m"
    )
    formula: ClassVar[str] = (
        "PCP = #(sticks with |a - a'| <= t * |ab| and |b - b'| <= t * |ab|) / #(labelled sticks), "
        "a, b the true ends; loose: (|a - a'| + |b - b'|) / 2 <= t * |ab|"
    )
    undefined: ClassVar[str] = "no stick of a kind has both ends labelled"

    def __post_init__(self) -> None:
        """Raises UsageError P122 for parameters that cannot be."""
        require(self.at >= 0, self.name, "at", self.at, "a number of at least 0")

    def tally(self, aligned: Aligned) -> Tally:
        """One row per true person: which sticks count, and which are right.

        Raises:
            UsageError: P117 when the skeleton has no stick.
        """
        skeleton = aligned.truth.skeleton
        sticks = sticks_of(skeleton)
        if not sticks:
            raise UsageError(
                "P195",
                where=f"skeleton {skeleton.name}",
                what="has no limb that PCP scores",
                wanted="wrist, elbow, shoulder, hip, knee, ankle or head joints with sides",
            )
        people = aligned.truth.people
        theirs, there = predicted(aligned)
        true = [_ends(skeleton, stick, people.xy, people.seen > 0) for stick in sticks]
        said = [_ends(skeleton, stick, theirs, there) for stick in sticks]
        counted, hit = [], []
        for (a, b, known), (pa, pb, given) in zip(true, said, strict=True):
            length = distance(a, b)
            with np.errstate(divide="ignore", invalid="ignore"):
                first, second = distance(pa, a) / length, distance(pb, b) / length
                right = (
                    (first <= self.at) & (second <= self.at)
                    if self.ends is Ends.STRICT
                    else (first + second) / 2 <= self.at
                )
            counted.append(known)
            hit.append(right & known & given)
        shape = (len(people), len(sticks))
        columns = {
            "counted": np.reshape(np.asarray(counted).T, shape),
            "hit": np.asarray(hit).T.reshape(shape),
        }
        return Tally(
            str(self),
            aligned.unit_keys("frame"),
            {"people": Table(people.frame, columns)},
            {"sticks": [stick.name for stick in sticks]},
        )

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        """The mean over all sticks, each kind's mean of its two sides, then each stick."""
        names: list[str] = tally.facts["sticks"]
        hit, counted = tally.sum("hit", weight), tally.sum("counted", weight)
        out = [self._share("", [int(hit.sum())], [int(counted.sum())])]
        kinds: dict[str, list[int]] = {}
        for index, name in enumerate(names):
            side, _, kind = name.partition("_")
            kinds.setdefault(kind if side in ("left", "right") else name, []).append(index)
        for kind, members in kinds.items():
            out.append(self._share(kind, [int(hit[i]) for i in members], [int(counted[i]) for i in members]))
        single = {value.joint for value in out}
        out += [
            self._share(name, [int(hit[i])], [int(counted[i])])
            for i, name in enumerate(names)
            if name not in single
        ]
        return Values(out)

    def _share(self, stick: str, hits: Sequence[int], counts: Sequence[int]) -> Value:
        shares = [hit / count for hit, count in zip(hits, counts, strict=True) if count]
        if not shares:
            return Value(str(self), "PCP", stick, why=f"no labelled {stick or 'stick'}")
        why = f"{len(shares)} of {len(counts)} sides are labelled" if len(shares) < len(counts) else ""
        return Value(str(self), "PCP", stick, value=sum(shares) / len(shares), n=sum(counts), why=why)


def _ends(skeleton: Skeleton, stick: Stick, xy: Floats, known: Bools) -> tuple[Floats, Floats, Bools]:
    """Both ends [N, 2] of a stick, and whether all joints that make them are known [N]."""
    first, second = (list(skeleton.indices(joints)) for joints in stick[1:])
    whole: Bools = np.logical_and.reduce(known[:, first + second], axis=1)
    with np.errstate(invalid="ignore"):
        a: Floats = xy[:, first].mean(axis=1)
        b: Floats = xy[:, second].mean(axis=1)
    return a, b, whole
