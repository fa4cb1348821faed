"""MPII Human Pose, single people: PCKh by the rules of four tools that papers take their digits from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from poseval.benchmarks.rule_sets import CORRECTED, RuleSet
from poseval.benchmarks.single import SinglePerson
from poseval.metrics.base import Metric
from poseval.metrics.joint_error import Precision, ZeroScale
from poseval.metrics.pck import Absent, Compare, MeanOf, Pck
from poseval.poses import PoseSet
from poseval.results.layout import Layout

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
COLUMNS = ("Head", "Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle")


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


class MpiiVal(SinglePerson):
    """The 2,958 people of Tompson's validation list, on which papers report PCKh."""

    name: ClassVar[str] = "mpii-val"
    title: ClassVar[str] = "MPII Human Pose, validation set, PCKh"
    source: ClassVar[str] = "Andriluka et al. 2014; the evaluation kit, HRNet, mmpose and pytorch-pose"
    skeleton: ClassVar[str | None] = "mpii16"
    rule_sets: ClassVar[tuple[RuleSet, ...]] = (OFFICIAL, HRNET, MMPOSE, PYTORCH_POSE, CORRECTED)
    truth_formats: ClassVar[tuple[str, ...]] = ("mpii-gt", "mpii-json", "mpii-h5")
    prediction_formats: ClassVar[tuple[str, ...]] = ("pose-mat", "pose-array", "mpii-gt")
    sizes: ClassVar[Mapping[int, str]] = {2958: "the validation set"}
    kinds_of: ClassVar[tuple[str, ...]] = ("PCKh@0.5",)

    def recognise(self, truth: PoseSet) -> float:
        """MPII's joints, one person per frame."""
        if truth.origin.format in self.truth_formats:
            return 0.95
        return 0.4 if truth.skeleton.name == "mpii16" and len(truth) == len(truth.frames) else 0.0

    def metrics(self, rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
        """PCKh with the quirks of the rule set."""
        return (pckh(rules, per_joint),)

    def layout(self, summary: Mapping[str, float]) -> Layout | None:
        """The papers' columns."""
        if "PCKh@0.5/head" not in summary:
            return None
        blank = ("",) * len(COLUMNS)
        rows = [
            (
                "PCKh@0.5",
                (*(f"PCKh@0.5/{name.lower()}" for name in COLUMNS), "PCKh@0.5", "PCKh@0.5/upper_body", "AUC"),
            ),
            ("PCKh@0.1", (*blank, "PCKh@0.1", "", "")),
        ]
        shown = {key.partition("/")[2] for key in summary if key.startswith("PCKh@0.5/")}
        for joint in sorted(shown - {name.lower() for name in COLUMNS} - {"upper_body"}):
            rows.append((joint, (*blank, f"PCKh@0.5/{joint}", "", "")))
        return Layout((*COLUMNS, "Mean", "UBody", "AUC"), tuple(rows))
