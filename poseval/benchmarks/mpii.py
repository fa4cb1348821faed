"""MPII Human Pose, single people: PCKh by the rules of four tools that papers take their digits from."""

from __future__ import annotations

from functools import partial

from poseval.benchmarks.base import Benchmark, its_format, its_skeleton_alone
from poseval.benchmarks.rule_sets import CORRECTED, RuleSet
from poseval.benchmarks.single import one_each, with_kinds
from poseval.benchmarks.tables import COLUMNS, by_kind, itself
from poseval.metrics.joint_error import Precision, ZeroScale
from poseval.metrics.pck import Absent, Compare, MeanOf, Pck
from poseval.poses import PoseSet
from poseval.results.layout import Layout
from poseval.results.values import Summary

OFFICIAL = RuleSet(
    "official-kit", frozenset({"M08"}), "MPII evaluation kit, as in anibali/eval-mpii-pose@938ef9a"
)
HRNET = RuleSet("hrnet", frozenset({"M01", "M02", "M08", "M14"}), "HRNet lib/dataset/mpii.py@6f69e46")
MMPOSE = RuleSet(
    "mmpose", frozenset({"M02", "M03", "M05", "M06", "M07"}), "mmpose 1.3.2 MpiiPCKAccuracy@759b39c"
)
PYTORCH_POSE = RuleSet(
    "pytorch-pose",
    frozenset({"M02", "M03", "M04", "M08", "M14"}),
    "pytorch-pose evaluation/eval_PCKh.py@edc7aec",
)
OUTSIDE = ("pelvis", "thorax")  # joints that no PCKh counts


def pckh(rules: RuleSet, per_joint: bool = False) -> Pck:
    """PCKh at 0.5 and 0.1 with its curve, under a rule set."""
    absent = Absent.SKIP
    if rules.keeps("M05"):
        absent = Absent.MINUS_ONE
    elif rules.keeps("M08"):
        absent = Absent.ALL_UNDEFINED if rules.keeps("M14") else Absent.UNDEFINED
    return Pck(
        norm="head",
        at=(0.5, 0.11) if rules.keeps("M01") else (0.5, 0.1),
        called=(0.5, 0.1) if rules.keeps("M01") else (),
        compare=Compare.LT if rules.keeps("M03") else Compare.LE,
        curve_to=0.5,
        leave_out=OUTSIDE,
        head=("head_top",) if rules.keeps("M02") else ("upper_neck", "head_top"),
        mean=MeanOf.JOINTS if rules.keeps("M04") else MeanOf.POINTS,
        absent=absent,
        zero=ZeroScale.OVERWRITTEN if rules.keeps("M06") else ZeroScale.REFUSE,
        precision=Precision.SINGLE if rules.keeps("M07") else Precision.DOUBLE,
        per_joint=per_joint,
    )


def pckh_metrics(rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Pck]:
    """PCKh with the quirks of the rule set."""
    return (pckh(rules, per_joint),)


def pckh_table(summary: Summary) -> Layout | None:
    """The papers' columns; joints, where asked for, in rows of their own."""
    if "PCKh@0.5/head" not in summary:
        return None
    named = {name.lower() for name in COLUMNS} | {"upper_body"}
    joints = {number.joint for key, number in summary.items() if key == f"PCKh@0.5/{number.joint}"}
    rows = [
        ("PCKh@0.5", (*by_kind("PCKh@0.5"), "PCKh@0.5/upper_body", "AUC")),
        ("PCKh@0.1", (*itself("PCKh@0.1"), "", "")),
        *((joint, (*itself(f"PCKh@0.5/{joint}"), "", "")) for joint in sorted(joints - named)),
    ]
    return Layout((*COLUMNS, "Mean", "UBody", "AUC"), tuple(rows))


MPII_VAL = Benchmark(  # the 2,958 people of Tompson's validation list, on which papers report PCKh
    name="mpii-val",
    title="MPII Human Pose, validation set, PCKh",
    primary="PCKh@0.5",
    cluster="image",
    source="Andriluka et al. 2014; the evaluation kit, HRNet, mmpose and pytorch-pose",
    skeletons=("mpii16",),
    fixed_skeleton=True,
    rule_sets=(OFFICIAL, HRNET, MMPOSE, PYTORCH_POSE, CORRECTED),
    truth_formats=("mpii-gt", "mpii-json", "mpii-h5"),
    prediction_formats=("pose-mat", "pose-array", "mpii-gt"),
    signs=((its_format, 0.95), (its_skeleton_alone, 0.4)),
    sizes={2958: "the validation set"},
    metrics=pckh_metrics,
    pair=one_each,
    summary=partial(with_kinds, of=("PCKh@0.5",)),
    layout=pckh_table,
)
