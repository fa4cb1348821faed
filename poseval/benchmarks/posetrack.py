"""PoseTrack17, 18 and 21: pose estimation and tracking in videos.

Rule sets: `poseval-2017` reproduces the program of the challenges with the py-motmetrics of its time, to
which the published numbers belong; `poseval-2020` the same program with today's py-motmetrics;
`posetrack21` the kit of PoseTrack21; `trackeval` scores tracks as TrackEval does; `corrected` mends the
faults of all. Each kept fault has its id in docs/quirks.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from poseval.benchmarks.base import Benchmark, Part, PartValues
from poseval.benchmarks.posetrack_frames import evaluated, evaluated_frames
from poseval.benchmarks.posetrack_pairing import pair
from poseval.benchmarks.rule_sets import RuleSet
from poseval.metrics.base import Metric
from poseval.metrics.clear_mot import ClearMot, Events, Motp
from poseval.metrics.hota import Frames, Hota, Matching, Total
from poseval.metrics.identity import Identity
from poseval.metrics.joint_ap import JointAp, Ties
from poseval.metrics.joint_rows import Empty
from poseval.metrics.reid_hota import Pieces, ReidHota
from poseval.poses import Notice, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.layout import Layout

POSEVAL = frozenset({"P02", "P03", "P04", "P05", "P06", "P14", "P23", "P24", "P27", "P28", "P31", "P32"})
RULES_2017 = RuleSet(
    "poseval-2017", POSEVAL, "the poseval program with py-motmetrics of 2017: published numbers"
)
RULES_2020 = RuleSet("poseval-2020", POSEVAL | {"P01"}, "the poseval program with py-motmetrics 1.1 or later")
RULES_21 = RuleSet(
    "posetrack21",
    frozenset(
        {"P06", "P08", "P10", "P14", "P21", "P22", "P23", "P25", "P26", "P28", "P29", "P30", "P31", "P32"}
    ),
    "the PoseTrack21 kit; CLEAR MOT by poseval-2017, as its paper",
)
RULES_TRACKEVAL = RuleSet(
    "trackeval", frozenset({"P32", "T01", "T02"}), "CLEAR MOT, HOTA and identities as TrackEval 1.3.0"
)
CORRECTED = RuleSet("corrected", frozenset(), "the published definitions, faults of the programs mended")

GROUPS = ("head", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
HEADER = ("Head", "Shou", "Elb", "Wri", "Hip", "Knee", "Ankl", "Total")
ROWS = ("AP", "MOTA", "MOTP", "precision", "recall", "IDF1", "HOTA", "DetA", "AssA", "LocA")
LABELS = {"precision": "Prec", "recall": "Rec", "reid/HOTA": "Re-id HOTA"}


class PoseTrack(Benchmark):
    """What the PoseTrack benchmarks share."""

    source: ClassVar[str] = "leonid-pishchulin/poseval 4258a15; anDoer/PoseTrack21 3e61960"
    skeleton: ClassVar[str | None] = "posetrack15_poseval"
    rule_sets: ClassVar[tuple[RuleSet, ...]] = (
        *(RULES_2017, RULES_2020, RULES_21, RULES_TRACKEVAL, CORRECTED),
    )
    unit: ClassVar[str] = "sequence"
    unit_rows: ClassVar[bool] = True
    truth_formats: ClassVar[tuple[str, ...]] = ("posetrack17", "posetrack18", "posetrack21")
    prediction_formats: ClassVar[tuple[str, ...]] = ("posetrack17", "posetrack18", "posetrack21")
    tracking: ClassVar[bool] = True
    own_format: ClassVar[str]

    def recognise(self, truth: PoseSet) -> float:
        """By the form of the files; sets made in memory by their joints and heads."""
        if truth.origin.format == self.own_format:
            return 0.9
        known = truth.skeleton.name == self.skeleton and bool(np.isfinite(truth.people.head).any())
        return 0.4 if known else 0.0

    def metrics(self, rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
        """Pose AP, and for tracking CLEAR MOT, identities and HOTA."""
        return (joint_ap(rules, per_joint), *(tracking_metrics(rules, per_joint) if self.tracking else ()))

    def prepare(
        self,
        truth: PoseSet,
        predictions: PoseSet,
        rules: RuleSet,
        metrics: Sequence[Metric] = (),
        per_joint: bool = False,
    ) -> tuple[list[Part], list[Notice]]:
        """Pair sequences and frames, choose what is evaluated.

        Under `posetrack21` the CLEAR numbers are a part of their own, made by the rules of `poseval-2017`.

        Raises:
            MismatchError: P48x when sequences or frames do not belong together.
        """
        strict = rules.keeps("P04") or rules.keeps("P22")
        needed = None if strict else evaluated_frames(truth, rules)
        aligned, notices = pair(truth, predictions, needed=needed)
        chosen = tuple(metrics) or self.metrics(rules, aligned.truth, per_joint)
        filtered, more = evaluated(aligned, rules)
        if self.tracking and not metrics:
            reid, why = reid_metrics(filtered, rules, per_joint)
            chosen, more = chosen + reid, more + why
        by_poseval = tuple(m for m in chosen if rules.name == RULES_21.name and isinstance(m, ClearMot))
        own = tuple(metric for metric in chosen if metric not in by_poseval)
        parts = [Part("", filtered, own)] if own else []
        if by_poseval:
            parts.append(Part("poseval", evaluated(aligned, RULES_2017)[0], by_poseval))
        return parts, notices + more

    def summary(self, values: PartValues, rules: RuleSet) -> dict[str, float]:
        """`AP`, `AP/head` ... of each statistic in the order of the papers; joints with --per-joint."""
        rows = [(metric, found) for per_metric in values.values() for metric, found in per_metric.items()]
        tracked = any(isinstance(metric, ClearMot) for metric, _ in rows)
        out: dict[str, float] = {}
        for metric, found in rows:
            wanted = set(metric.headline(found))
            if tracked and isinstance(metric, JointAp):
                wanted -= {"precision", "recall"}  # the tables of the papers mean those of tracking
            prefix = "reid/" if isinstance(metric, ReidHota) else ""
            if any(prefix + name in out for name in wanted):
                prefix = f"{metric}/"
            for row in found:
                if row.statistic in wanted and not row.slice and np.isnan(row.threshold):
                    key = f"{row.statistic}/{row.joint}" if row.joint else row.statistic
                    out[prefix + key] = row.value
        order = {name: index for index, name in enumerate(ROWS)}
        return dict(sorted(out.items(), key=lambda item: order.get(item[0].partition("/")[0], len(order))))

    def deviations(self, rules: RuleSet, truth: PoseSet, predictions: PoseSet) -> list[str]:
        """Says under which rule sets no PoseTrack numbers are published."""
        out = super().deviations(rules, truth, predictions)
        if rules.keeps("T01"):
            out.append("rules trackeval: no PoseTrack numbers are published by them")
        return out

    def layout(self, summary: Mapping[str, float]) -> Layout | None:
        """Groups as columns and statistics as rows, in percent, as the PoseTrack papers print."""
        rows = tuple(
            (LABELS.get(name, name), (*(f"{name}/{group}" for group in GROUPS), name))
            for name in (*ROWS, "reid/HOTA")
            if name in summary
        )
        return Layout(HEADER, rows) if rows else None


def joint_ap(rules: RuleSet, per_joint: bool) -> JointAp:
    """Pose AP under a rule set."""
    empty = Empty.POSEVAL if rules.keeps("P24") else Empty.UNDEFINED
    if rules.keeps("P25"):
        empty = Empty.POSETRACK21
    ties = Ties.LATER_FIRST if rules.keeps("P06") else Ties.TOGETHER
    return JointAp(ties=ties, empty=empty, per_joint=per_joint)


def clear_mot(rules: RuleSet, per_joint: bool) -> ClearMot:
    """CLEAR MOT under a rule set."""
    if rules.keeps("T01"):
        empty = Empty.TRACKEVAL if rules.keeps("T02") else Empty.UNDEFINED
        return ClearMot(events=Events.TRACKEVAL, empty=empty, per_joint=per_joint)
    return ClearMot(
        last_frame=not rules.keeps("P02"),
        dummies=rules.keeps("P03"),
        motp=Motp.EVENTS if rules.keeps("P01") else Motp.MATCHES,
        empty=Empty.POSEVAL if rules.keeps("P05") else Empty.UNDEFINED,
        per_joint=per_joint,
    )


def tracking_metrics(rules: RuleSet, per_joint: bool) -> tuple[Metric, ...]:
    """CLEAR MOT, identities and HOTA."""
    clear = clear_mot(RULES_2017 if rules.name == RULES_21.name else rules, per_joint)
    zeros = Empty.TRACKEVAL if rules.keeps("T02") else Empty.UNDEFINED
    hota = Hota(
        assignment=Matching.PLAIN if rules.keeps("P31") else Matching.ALIGNED,
        frames=Frames.SEQUENCE if rules.keeps("P08") else Frames.OWN,
        total=Total.POSETRACK21 if rules.keeps("P26") else Total.POOLED,
        empty=Empty.POSETRACK21 if rules.keeps("P29") else zeros,
        per_joint=per_joint,
    )
    return (clear, Identity(empty=zeros, per_joint=per_joint), hota)


def reid_metrics(
    aligned: Aligned, rules: RuleSet, per_joint: bool
) -> tuple[tuple[Metric, ...], list[Notice]]:
    """Re-identification HOTA where both sides say who everybody is; a notice where only the truth does."""
    known = [
        bool((side.people.extra.get("person_id", np.full(len(side), -1)) >= 0).all()) and len(side) > 0
        for side in (aligned.truth, aligned.predictions)
    ]
    if not known[0]:
        return (), []
    if not known[1]:
        return (), [Notice("N488", "re-identification is not scored: predictions have no person_id")]
    metric = ReidHota(
        pieces=Pieces.ACROSS if rules.keeps("P30") else Pieces.WITHIN,
        frames=Frames.SEQUENCE if rules.keeps("P08") else Frames.OWN,
        empty=Empty.POSETRACK21 if rules.keeps("P29") else Empty.UNDEFINED,
        per_joint=per_joint,
    )
    return (metric,), []


class PoseTrack17(PoseTrack):
    """PoseTrack 2017 challenge 3: multi-person tracking."""

    name: ClassVar[str] = "posetrack17"
    title: ClassVar[str] = "PoseTrack17, pose tracking"
    own_format: ClassVar[str] = "posetrack17"


class PoseTrack17SingleFrame(PoseTrack17):
    """PoseTrack 2017 challenge 1: pose estimation in single frames, AP alone."""

    name: ClassVar[str] = "posetrack17-single-frame"
    title: ClassVar[str] = "PoseTrack17, pose estimation in single frames"
    tracking: ClassVar[bool] = False


class PoseTrack18(PoseTrack):
    """PoseTrack 2018."""

    name: ClassVar[str] = "posetrack18"
    title: ClassVar[str] = "PoseTrack18, pose estimation and tracking"
    own_format: ClassVar[str] = "posetrack18"


class PoseTrack21(PoseTrack):
    """PoseTrack21; its own kit is the reference, with HOTA and re-identification."""

    name: ClassVar[str] = "posetrack21"
    title: ClassVar[str] = "PoseTrack21, pose estimation, tracking and re-identification"
    rule_sets: ClassVar[tuple[RuleSet, ...]] = (
        *(RULES_21, RULES_2017, RULES_2020, RULES_TRACKEVAL, CORRECTED),
    )
    own_format: ClassVar[str] = "posetrack21"
