"""PoseTrack17, 18 and 21: pose estimation and tracking in videos.

Rule sets: `posetrack-2017` reproduces the program of the challenges with the py-motmetrics of its time, which
gave the published numbers; `posetrack-2020` the same program with today's py-motmetrics; `posetrack21` the
kit of PoseTrack21; `trackeval` scores tracks as TrackEval does; `corrected` fixes the faults of all. Each
kept fault has its id in docs/quirks.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from poseval.benchmarks import rule_sets
from poseval.benchmarks.base import Benchmark, Pair, Part, Parts, Scored
from poseval.benchmarks.posetrack_frames import evaluated, evaluated_frames
from poseval.benchmarks.posetrack_pairing import pair
from poseval.benchmarks.rule_sets import RuleSet
from poseval.benchmarks.tables import by_kind
from poseval.metrics.base import Metric, Need
from poseval.metrics.clear_mot import ClearMot, Events, Motp
from poseval.metrics.hota import Frames, Hota, Matching, Total
from poseval.metrics.identity import Identity
from poseval.metrics.joint_ap import JointAp, Ties
from poseval.metrics.joint_rows import Empty
from poseval.metrics.reid_hota import Pieces, ReidHota
from poseval.poses import Notice, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.layout import Layout
from poseval.results.values import Summary

POSEVAL = frozenset({"P02", "P03", "P04", "P05", "P06", "P14", "P23", "P24", "P27", "P28", "P31", "P32"})
RULES_2017 = RuleSet(
    "posetrack-2017", POSEVAL, "the official program (poseval) with py-motmetrics of 2017: published numbers"
)
RULES_2020 = RuleSet(
    "posetrack-2020", POSEVAL | {"P01"}, "the official program (poseval) with py-motmetrics 1.1 or later"
)
RULES_21 = RuleSet(
    "posetrack21",
    frozenset(
        {"P06", "P08", "P10", "P14", "P21", "P22", "P23", "P25", "P26", "P28", "P29", "P30", "P31", "P32"}
    ),
    "the PoseTrack21 kit; CLEAR MOT by posetrack-2017, as its paper",
)
RULES_TRACKEVAL = RuleSet(
    "trackeval",
    frozenset({"P32", "T01", "T02"}),
    "CLEAR MOT, HOTA and identities as TrackEval 1.3.0",
    incomparable="no PoseTrack numbers are published by them",
)
CORRECTED = replace(rule_sets.CORRECTED, title="the published definitions, faults of the programs fixed")

GROUPS = ("head", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
HEADER = ("Head", "Shou", "Elb", "Wri", "Hip", "Knee", "Ankl", "Total")
ROWS = ("AP", "MOTA", "MOTP", "precision", "recall", "IDF1", "HOTA", "DetA", "AssA", "LocA")
LABELS = {"precision": "Prec", "recall": "Rec", "reid/HOTA": "Re-id HOTA"}


def pair_videos(truth: PoseSet, predictions: PoseSet, rules: RuleSet) -> Pair:
    """Pair sequences and frames. The programs require all frames, other rules only the evaluated ones.

    Raises:
        MismatchError: P48x when sequences or frames do not belong together.
    """
    strict = rules.keeps("P04") or rules.keeps("P22")
    return pair(truth, predictions, needed=None if strict else evaluated_frames(truth, rules))


def videos(
    aligned: Aligned,
    rules: RuleSet,
    metrics: tuple[Metric, ...],
    per_joint: bool,
    *,
    tracking: bool = True,
) -> Parts:
    """What is evaluated in each frame, with re-identification if both sides have person ids.

    Under `posetrack21` the CLEAR numbers are a part of their own, made by the rules of `posetrack-2017`.
    """
    filtered, notices = evaluated(aligned, rules)
    chosen = metrics or (poses_and_tracks if tracking else poses)(rules, filtered.truth, per_joint)
    if tracking and not metrics:
        reid, why = reid_metrics(filtered, rules, per_joint)
        chosen, notices = chosen + reid, notices + why
    by_poseval = tuple(m for m in chosen if rules.name == RULES_21.name and isinstance(m, ClearMot))
    own = tuple(metric for metric in chosen if metric not in by_poseval)
    parts = [Part("", filtered, own)] if own else []
    if by_poseval:
        parts.append(Part("poseval", evaluated(aligned, RULES_2017)[0], by_poseval))
    return parts, notices


def poses(rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
    """Pose AP."""
    return (joint_ap(rules, per_joint),)


def poses_and_tracks(rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
    """Pose AP, CLEAR MOT, identities and HOTA."""
    clear = clear_mot(RULES_2017 if rules.name == RULES_21.name else rules, per_joint)
    zeros = Empty.TRACKEVAL if rules.keeps("T02") else Empty.UNDEFINED
    hota = Hota(
        assignment=Matching.PLAIN if rules.keeps("P31") else Matching.ALIGNED,
        frames=Frames.SEQUENCE if rules.keeps("P08") else Frames.OWN,
        total=Total.POSETRACK21 if rules.keeps("P26") else Total.POOLED,
        empty=Empty.POSETRACK21 if rules.keeps("P29") else zeros,
        per_joint=per_joint,
    )
    return (joint_ap(rules, per_joint), clear, Identity(empty=zeros, per_joint=per_joint), hota)


def joint_ap(rules: RuleSet, per_joint: bool) -> JointAp:
    """Pose AP under a rule set."""
    empty = Empty.POSEVAL if rules.keeps("P24") else Empty.UNDEFINED
    if rules.keeps("P25"):
        empty = Empty.POSETRACK21
    ties = Ties.LATER_FIRST if rules.keeps("P06") else Ties.TOGETHER
    return JointAp(ties=Ties(rules.ties) if rules.ties else ties, empty=empty, per_joint=per_joint)


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


def reid_metrics(
    aligned: Aligned, rules: RuleSet, per_joint: bool
) -> tuple[tuple[Metric, ...], list[Notice]]:
    """Re-identification HOTA where both sides have identities; a notice where only the ground truth has."""
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


def joint_numbers(scored: Sequence[Scored], rules: RuleSet) -> Summary:
    """`AP`, `AP/head` ... of each statistic in the order of the papers, then of each slice."""
    out: Summary = {}
    for name in dict.fromkeys(item.slice for item in scored):
        found = _joint_numbers([item for item in scored if item.slice == name])
        if name:
            found = {
                f"{name}/{key}": n._replace(slice=f"{name}/{n.slice}" if n.slice else name)
                for key, n in found.items()
            }
        out |= found
    return out


def _joint_numbers(scored: Sequence[Scored]) -> Summary:
    """The numbers of one slice; joints with --per-joint."""
    of_tracks = {
        number.statistic for item in scored if Need.TRACKS in item.metric.needs for number in item.numbers()
    }
    out: Summary = {}
    for item in scored:
        wanted = {number.statistic for number in item.numbers()}
        prefix = f"{item.metric.heading}/" if item.metric.heading else ""
        if not prefix and Need.TRACKS not in item.metric.needs:
            wanted -= of_tracks  # the precision and recall in the tables of the papers are those of tracking
        if any(prefix + name in out for name in wanted):
            prefix = f"{item.metric}/"
        for row in item.values:
            if row.statistic in wanted and math.isnan(row.threshold):
                number = item.metric.number(row)
                out[prefix + number.key] = number
    order = {name: index for index, name in enumerate(ROWS)}
    places = {
        key: order.get(number.statistic, len(order)) if key == number.key else len(order)
        for key, number in out.items()
    }
    return {key: out[key] for key in sorted(out, key=places.__getitem__)}


def joint_table(summary: Summary) -> Layout | None:
    """Groups as columns and statistics as rows, in percent, as the PoseTrack papers print."""
    rows = tuple(
        (LABELS.get(name, name), by_kind(name, GROUPS)) for name in (*ROWS, "reid/HOTA") if name in summary
    )
    return Layout(HEADER, rows) if rows else None


def has_heads(benchmark: Benchmark, truth: PoseSet) -> bool:
    """Whether the set has the joints of the benchmark, and head sizes; asked of sets made in memory."""
    return truth.skeleton.name == benchmark.skeletons[0] and bool(np.isfinite(truth.people.head).any())


def of_format(benchmark: Benchmark, truth: PoseSet, *, name: str) -> bool:
    """Whether the files are of the year of format `name`."""
    return truth.origin.first_format == name


POSETRACK17 = Benchmark(  # challenge 3: multi-person tracking
    name="posetrack17",
    title="PoseTrack17, pose tracking",
    primary="MOTA",
    source="leonid-pishchulin/poseval 4258a15; anDoer/PoseTrack21 3e61960",
    skeletons=("posetrack15_poseval",),
    rule_sets=(RULES_2017, RULES_2020, RULES_21, RULES_TRACKEVAL, CORRECTED),
    unit="sequence",
    unit_rows=True,
    truth_formats=("posetrack17", "posetrack18", "posetrack21"),
    prediction_formats=("posetrack17", "posetrack18", "posetrack21"),
    signs=((partial(of_format, name="posetrack17"), 0.9), (has_heads, 0.4)),
    metrics=poses_and_tracks,
    pair=pair_videos,
    parts=videos,
    summary=joint_numbers,
    layout=joint_table,
)
POSETRACK17_SINGLE_FRAME = replace(  # challenge 1: pose estimation in single frames, AP alone
    POSETRACK17,
    name="posetrack17-single-frame",
    title="PoseTrack17, pose estimation in single frames",
    primary="AP",
    metrics=poses,
    parts=partial(videos, tracking=False),
)
POSETRACK18 = replace(
    POSETRACK17,
    name="posetrack18",
    title="PoseTrack18, pose estimation and tracking",
    signs=((partial(of_format, name="posetrack18"), 0.9), (has_heads, 0.4)),
)
POSETRACK21 = replace(  # its own kit is the reference, with HOTA and re-identification
    POSETRACK17,
    name="posetrack21",
    title="PoseTrack21, pose estimation, tracking and re-identification",
    rule_sets=(RULES_21, RULES_2017, RULES_2020, RULES_TRACKEVAL, CORRECTED),
    signs=((partial(of_format, name="posetrack21"), 0.9), (has_heads, 0.4)),
)
