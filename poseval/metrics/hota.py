"""HOTA per joint or per whole pose: detection, association and localisation in one number."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from poseval.kernels.tracking import Scene
from poseval.metrics.base import Metric, Need, Tally
from poseval.metrics.joint_rows import Empty, JointRows, ratio, unit_rows, unlabelled_reasons
from poseval.metrics.parameters import always
from poseval.metrics.tracking_scene import (
    Scale,
    Similarity,
    needs_of,
    pose_similarity,
    scene_of,
    sequence_tally,
)
from poseval.poses import Array, Floats, Ints
from poseval.poses.aligned import Aligned
from poseval.results.values import Value, Values

ALPHAS: Floats = np.arange(1, 20) * 5 / 100  # 0.05, 0.10 ... 0.95, as values show them
LEVELS: Floats = np.arange(0.05, 0.99, 0.05)  # the same as TrackEval and the kit have them: 9 differ by a bit
RADIUS = 0.5001  # head sizes at which the similarity of a joint reaches 0 (PoseTrack21, hota_pose.py)
SUMS = ("association", "association_recall", "association_precision", "fragments", "similarity")
HEADLINE = ("HOTA", "DetA", "AssA", "LocA")
STATISTICS = (
    *HEADLINE,
    *("DetRe", "DetPr", "AssRe", "AssPr", "FragA", "RHOTA", "FA-HOTA", "FA-RHOTA"),
)
BY_ALPHA = ("HOTA", "DetA", "AssA")  # totals that are listed for every alpha, too


class Frames(enum.Enum):
    """Which ground truth counts as missed in a frame without predictions."""

    OWN = "own"  # the joints labelled in it
    SEQUENCE = "sequence"  # the joints of the whole sequence, as the PoseTrack21 kit counts


class Matching(enum.Enum):
    """What the one assignment of a frame maximises."""

    ALIGNED = "aligned"  # similarity times how well the two tracks agree over the sequence, as TrackEval
    PLAIN = "plain"  # similarity alone, as the PoseTrack21 kit


class Total(enum.Enum):
    """How joints become one number."""

    POOLED = "pooled"  # sums over joints
    POSETRACK21 = "posetrack21"  # detections pooled; association a mean of means per sequence


@dataclass(frozen=True)
class Hota(Metric):
    """Higher order tracking accuracy.

    The similarity of a joint is max(0, 1 - distance / 0.5001 head sizes); of whole poses their OKS or PCKh.
    In each frame one assignment serves all thresholds alpha (0.05 to 0.95); a pair whose similarity reaches
    alpha is a true positive. The assignment maximises similarity times the global alignment of the two
    tracks: the Jaccard index of their frames, weighted by likeness. DetA = TP / (TP + FN + FP); AssA is the
    mean over true positives of TPA / (TPA + FNA + FPA), where TPA counts the frames that the two tracks
    share; LocA is their mean similarity; HOTA = sqrt(DetA AssA) per alpha. FragA is like AssA, where a shared
    track that another prediction interrupts counts in pieces. Numbers are means over alpha.

    Association is combined over sequences weighted by true positives. `assignment=plain`, `frames=sequence`,
    `total=posetrack21` and `empty=posetrack21` reproduce the PoseTrack21 kit; TrackEval reads the same zeros.
    """

    similarity: Similarity = always(Similarity.JOINT)
    area: Scale = Scale.GIVEN
    assignment: Matching = Matching.ALIGNED
    frames: Frames = Frames.OWN
    total: Total = Total.POOLED
    empty: Empty = Empty.UNDEFINED
    per_joint: bool = False
    sigma: float = 0.0  # of OKS, for all joints; 0 takes those of the skeleton

    name: ClassVar[str] = "hota"
    unit: ClassVar[str] = "sequence"
    threshold: ClassVar[str] = "localisation threshold alpha"
    together: ClassVar[tuple[str, ...]] = ("HOTA", "DetA", "AssA")
    measure: ClassVar[frozenset[str]] = frozenset({"similarity"})
    headlines: ClassVar[tuple[str, ...]] = HEADLINE
    formula: ClassVar[str] = (
        "HOTA = mean over alpha of sqrt(DetA AssA); DetA = TP / (TP + FN + FP); AssA = mean over true "
        "positives of TPA / (TPA + FNA + FPA)"
    )
    undefined: ClassVar[str] = "a joint that is never labelled"
    source: ClassVar[str] = (
        "Luiten et al. 2021; JonathonLuiten/TrackEval 1.3.0, metrics/hota.py; Doering et al. 2022; "
        "anDoer/PoseTrack21 3e61960, metrics/hota_pose.py"
    )

    @property
    def needs(self) -> frozenset[Need]:  # type: ignore[override]
        """Track ids, and the columns that the similarity needs."""
        return needs_of(self.similarity, self.area, self.sigma)

    def tally(self, aligned: Aligned) -> Tally:
        """One row per sequence: counts [K] and sums [K, A] of each joint and alpha."""
        scene = scene_of(aligned, self.similarity)
        radius = RADIUS
        if self.similarity is not Similarity.JOINT:
            scene.use_pairs(pose_similarity(aligned, scene, self.similarity, self.area, self.sigma))
            radius = 0.0
        counts = scene.hota(LEVELS, radius, aligned=self.assignment is Matching.ALIGNED)
        counts |= lonely_frames(scene, aligned.truth.frames.sequence, len(aligned.truth.frames.sequences))
        return sequence_tally(self.name, aligned, self.similarity, counts)

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        """All statistics per joint, group and in total; HOTA, DetA and AssA in total per alpha."""
        weights = np.ones(tally.units, dtype=np.int64) if weight is None else weight
        units = {name: tally.per_unit(name) for name in tally.tables["sequences"].columns}
        sums = self.sums(units, weights)
        numbers = ratios(sums, self.empty)
        total = self.totals(units, weights)
        objects = sums["objects"]
        rows = JointRows.of(tally, self.per_joint, strict=False)
        why = unlabelled_reasons(tally.facts["joints"], objects)
        out: list[Value] = []
        for name in STATISTICS:
            out += rows(name, numbers[name].mean(axis=1), _mean(total[name]), n=objects, why=why)
        for name in BY_ALPHA:
            reason = next((text for text in why if text), "undefined")
            out += [
                Value(
                    self.name,
                    name,
                    threshold=float(alpha),
                    value=float(value),
                    n=int(objects.sum()),
                    why=reason if math.isnan(value) else "",
                )
                for alpha, value in zip(ALPHAS, total[name], strict=True)
            ]
        return Values(out)

    def reduce_headline(self, tally: Tally, weight: Ints | None = None) -> Values:
        """The same without the rows per alpha and without statistics that no summary shows."""
        return Values(row for row in self.reduce(tally, weight) if row.statistic in HEADLINE)

    def by_unit(self, tally: Tally) -> Values:
        """Totals of every sequence alone."""
        units = {name: tally.per_unit(name) for name in tally.tables["sequences"].columns}
        found = ratios(self._pooled(units), self.empty)
        totals = {name: found[name].mean(axis=1) for name in STATISTICS}
        return unit_rows(self.name, tally, totals, units["objects"].sum(axis=1), "no labelled joint")

    def sums(self, units: Mapping[str, Array], weight: Ints) -> dict[str, Any]:
        """Weighted sums over sequences: matched, missed, false [K, A], the association sums, objects [K]."""
        return {name: np.tensordot(weight, column, axes=1) for name, column in self._counts(units).items()}

    def _counts(self, units: Mapping[str, Array]) -> dict[str, Any]:
        """Of each sequence: matched, missed, false and the association sums [U, K, A], objects [U, K]."""
        matched = units["matched"]
        return {
            **{name: units[name] for name in SUMS},
            "matched": matched,
            "missed": missed_joints(units, self.frames),
            "false": units["hypotheses"][..., None] - matched,
            "objects": units["objects"],
        }

    def totals(self, units: Mapping[str, Array], weight: Ints) -> dict[str, Floats]:
        """All statistics [A] over joints and sequences."""
        pooled = {name: weight[None, :] @ column for name, column in self._pooled(units).items()}
        return {name: values[0] for name, values in ratios(pooled, self.empty).items()}

    def _pooled(self, units: Mapping[str, Array]) -> dict[str, Any]:
        """The counts of each sequence over joints [U, A], objects [U]."""
        pooled = {name: column.sum(axis=1) for name, column in self._counts(units).items()}
        if self.total is Total.POSETRACK21:
            # The mean over joints of the sequence's association, times its true positives.
            matched = units["matched"]
            for name in SUMS:
                floor = 1.0 if name == "similarity" else 0.0
                pooled[name] = matched.sum(axis=1) * ratio(units[name], matched, empty=floor).mean(axis=1)
        return pooled


def lonely_frames(scene: Scene, sequence: Ints, units: int) -> dict[str, Ints]:
    """Frames per unit with true people and no predicted ones, and predicted people per unit."""
    people, predicted = np.diff(scene.truth.start), np.diff(scene.predictions.start)
    alone, total = np.zeros(units, dtype=np.int64), np.zeros(units, dtype=np.int64)
    np.add.at(alone, sequence, (people > 0) & (predicted == 0))
    np.add.at(total, sequence, predicted)
    return {"frames_alone": alone, "predicted_people": total}


def missed_joints(units: Mapping[str, Array], frames: Frames) -> Array:
    """False negatives [U, K, A]."""
    missed = units["objects"][..., None] - units["matched"]
    if frames is Frames.OWN:
        return missed
    # Every frame without predictions misses the whole sequence, unless nothing is predicted at all.
    extra = units["frames_alone"][:, None] * units["objects"] - units["objects_alone"]
    out: Array = missed + (extra * (units["predicted_people"] > 0)[:, None])[..., None]
    return out


def ratios(sums: Mapping[str, Any], empty: Empty) -> dict[str, Floats]:
    """The statistics [K, A] from sums [K, A]; `empty` gives the values of a joint that is never labelled."""
    matched, missed, false = sums["matched"], sums["missed"], sums["false"]
    zero = math.nan if empty is Empty.UNDEFINED else 0.0
    out = {
        "DetA": ratio(matched, matched + missed + false, empty=zero),
        "DetRe": ratio(matched, matched + missed, empty=zero),
        "DetPr": ratio(matched, matched + false, empty=zero),
        "AssA": ratio(sums["association"], matched),
        "AssRe": ratio(sums["association_recall"], matched),
        "AssPr": ratio(sums["association_precision"], matched),
        "FragA": ratio(sums["fragments"], matched),
        "LocA": ratio(sums["similarity"], matched),
    }
    # Without a true positive nothing is associated: 0; and what is not found is found exactly: LocA is 1.
    for name in ("AssA", "AssRe", "AssPr", "FragA", "LocA"):
        out[name] = np.where(matched == 0, 1.0 if name == "LocA" else 0.0, out[name])
    out["HOTA"] = np.sqrt(out["DetA"] * out["AssA"])
    out["RHOTA"] = np.sqrt(out["DetRe"] * out["AssA"])
    out["FA-HOTA"] = np.sqrt(out["DetA"] * np.sqrt(out["AssA"] * out["FragA"]))
    out["FA-RHOTA"] = np.sqrt(out["DetRe"] * np.sqrt(out["AssA"] * out["FragA"]))
    if empty is Empty.UNDEFINED:
        known = (sums["objects"] > 0)[..., None]
        out = {name: np.where(known, values, math.nan) for name, values in out.items()}
    return out


def _mean(values: Floats) -> float:
    return float(values.mean())
