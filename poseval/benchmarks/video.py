"""Single people in video: JHMDB, Penn Action and Human3.6M."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

import numpy as np

from poseval.benchmarks.base import Benchmark, Scored, its_format, its_joints, its_skeleton_alone
from poseval.benchmarks.rule_sets import CORRECTED, RuleSet
from poseval.benchmarks.single import kinds, one_each, with_kinds
from poseval.benchmarks.tables import COLUMNS, by_kind, itself
from poseval.metrics.base import Metric
from poseval.metrics.epe import Epe
from poseval.metrics.joint_error import Ends, Precision
from poseval.metrics.pck import Absent, Compare, MeanOf, Pck
from poseval.poses import Bools, PoseSet
from poseval.results.layout import Layout
from poseval.results.values import Summary

MMPOSE = RuleSet("mmpose", frozenset({"M03", "M05", "M07", "M11"}), "mmpose 1.3.2 JhmdbPCKAccuracy@759b39c")
MMPOSE_0 = RuleSet(
    "mmpose",
    frozenset({"M03", "M05", "M07"}),
    "mmpose 0.29 TopDownH36MDataset@0700205, joints by place (M15)",
)
SPLITS = ("split1", "split2", "split3")


def jhmdb_metrics(rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
    """PCK at 0.05, 0.1 and 0.2 of the longer side of the box, the same of the torso, and EPE."""
    single = Precision.SINGLE if rules.keeps("M07") else Precision.DOUBLE
    box = Pck(
        "bbox",
        (0.2, 0.1, 0.05),
        Compare.LT if rules.keeps("M03") else Compare.LE,
        head=("head",),
        mean=MeanOf.JOINTS,
        absent=Absent.MINUS_ONE if rules.keeps("M05") else Absent.SKIP,
        precision=single,
        per_joint=per_joint,
    )
    torso = replace(box, norm="torso", ends=Ends.ANY if rules.keeps("M11") else Ends.LABELLED)
    if truth.people.box.size and np.isnan(truth.people.box).all():
        return (torso, Epe(single))  # folders without puppet masks have no boxes
    return (box, torso, Epe(single))


def split_videos(truth: PoseSet) -> Mapping[str, Bools]:
    """The test videos of each split, where the ground truth says."""
    return {name: truth.frames.extra[name] for name in SPLITS if name in truth.frames.extra}


def jhmdb_numbers(scored: Sequence[Scored], rules: RuleSet) -> Summary:
    """Torso numbers are called tPCK; with splits every number is the mean of its splits."""
    whole: Summary = {}
    apart: Summary = {}
    for metric, items in groupby(scored, key=lambda item: item.metric):
        prefix = "t" if metric.has(norm="torso") else ""
        found: dict[str, Summary] = {}
        for item in items:
            numbers = [*item._replace(slice="").numbers(), *kinds(item, ("PCK@0.2",))]
            found[item.slice] = {prefix + number.key: number for number in numbers}
        splits = [found[name] for name in SPLITS if name in found]
        for key, number in found[""].items():
            mean = float(np.mean([split[key].value for split in splits])) if splits else number.value
            whole[key] = number._replace(value=mean)
        for name, numbers_of in found.items():
            if name:
                apart |= {f"{name}/{key}": n._replace(slice=name) for key, n in numbers_of.items()}
    return whole | apart


def jhmdb_table(summary: Summary) -> Layout | None:
    """mmpose's columns, a row per normaliser; then EPE in pixels, which has only a mean."""
    rows = {key: by_kind(key) for key in ("PCK@0.2", "tPCK@0.2")}
    if summary.keys().isdisjoint(rows):
        return None
    rows |= {key: itself(key) for key in ("PCK@0.1", "PCK@0.05", "tPCK@0.1", "tPCK@0.05", "EPE")}
    shown = tuple((key, keys) for key, keys in rows.items() if key in summary)
    return Layout((*COLUMNS, "Mean"), shown)


def penn_metrics(rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Pck, Pck]:
    """PCK over all points, and the mean over joints."""
    points = Pck("bbox", (0.2,), per_joint=per_joint, head=("head",))
    return (points, replace(points, mean=MeanOf.JOINTS, per_joint=False))


def penn_numbers(scored: Sequence[Scored], rules: RuleSet) -> Summary:
    """The pooled number and its kinds, then the mean over joints (`PCK@0.2_mean`)."""
    pooled: list[Scored] = []
    means: list[Scored] = []
    for item in scored:
        (means if item.metric.has(mean=MeanOf.JOINTS) else pooled).append(item)
    out = with_kinds(pooled, rules, of=("PCK@0.2",))
    return out | {f"{number.key}_mean": number for item in means for number in item.numbers()}


def penn_table(summary: Summary) -> Layout | None:
    """Kinds of joints, the pooled number and the mean over joints."""
    if "PCK@0.2" not in summary:
        return None
    return Layout((*COLUMNS, "All", "Mean"), (("PCK@0.2", (*by_kind("PCK@0.2"), "PCK@0.2_mean")),))


def h36m_metrics(rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
    """PCK at 0.2 of the longer side of the box, and EPE in pixels."""
    single = Precision.SINGLE_ERROR if rules.keeps("M07") else Precision.DOUBLE
    pck = Pck(
        "bbox",
        (0.2,),
        Compare.LT if rules.keeps("M03") else Compare.LE,
        head=("head_top",),
        mean=MeanOf.JOINTS,
        absent=Absent.MINUS_ONE if rules.keeps("M05") else Absent.SKIP,
        precision=single,
        per_joint=per_joint,
    )
    return (pck, Epe(single))


def h36m_table(summary: Summary) -> Layout | None:
    """The two numbers of mmpose's table, after the kinds of joints."""
    if "PCK@0.2" not in summary:
        return None
    shown = (*by_kind("PCK@0.2"), *(("EPE",) if "EPE" in summary else ()))
    return Layout((*COLUMNS, "Mean", "EPE")[: len(shown)], (("PCK@0.2", shown),))


# Rows are the kinds of the fifteen joints; neck and belly are in the mean alone, which is over joints.
JHMDB = Benchmark(
    name="jhmdb",
    title="JHMDB, 15 joints, PCK by box and torso, three splits",
    primary="PCK@0.2",
    cluster="sequence",
    source="Jhuang et al. 2013; mmpose JhmdbPCKAccuracy",
    skeletons=("jhmdb15",),
    fixed_skeleton=True,
    rule_sets=(MMPOSE, CORRECTED),
    truth_formats=("jhmdb-coco", "jhmdb-splits", "jhmdb-mat"),
    prediction_formats=("coco", "jhmdb-splits", "pose-mat", "pose-array"),
    signs=((its_format, 0.95), (its_skeleton_alone, 0.3)),
    metrics=jhmdb_metrics,
    pair=one_each,
    slices=split_videos,
    summary=jhmdb_numbers,
    layout=jhmdb_table,
)
PENN_ACTION = Benchmark(
    name="penn-action",
    title="Penn Action, 13 joints, PCK by the box",
    primary="PCK@0.2",
    cluster="sequence",
    source="Zhang et al. 2013; protocol of Luo et al., LSTM Pose Machines (CVPR 2018)",
    skeletons=("penn_action13",),
    fixed_skeleton=True,
    truth_formats=("penn-action",),
    prediction_formats=("pose-mat", "pose-array"),
    signs=((its_format, 0.95),),
    metrics=penn_metrics,
    pair=one_each,
    summary=penn_numbers,
    layout=penn_table,
)
# Its file names the sides of the legs the other way round; joints are taken by place, as mmpose does (M15).
H36M_2D = Benchmark(
    name="h36m-2d",
    title="Human3.6M in 2D, 17 joints, PCK by the box and EPE",
    primary="PCK@0.2",
    cluster="image",
    source="Ionescu et al. 2014; mmpose 0.29 TopDownH36MDataset",
    skeletons=("h36m17",),
    fixed_skeleton=True,
    rule_sets=(MMPOSE_0, CORRECTED),
    truth_formats=("coco",),
    prediction_formats=("coco", "pose-mat", "pose-array"),
    signs=((its_joints, 0.8),),
    metrics=h36m_metrics,
    pair=one_each,
    summary=partial(with_kinds, of=("PCK@0.2",)),
    layout=h36m_table,
)
