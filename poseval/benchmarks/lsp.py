"""LSP, FLIC and PARSE: PCK, PDJ and strict PCP by the rules of bearpaw/eval_pose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from poseval.benchmarks.base import PartValues
from poseval.benchmarks.rule_sets import CORRECTED, RuleSet
from poseval.benchmarks.single import SinglePerson
from poseval.metrics.base import Metric
from poseval.metrics.pck import Absent, Pck, Pdj
from poseval.metrics.pcp import Pcp
from poseval.poses import PoseSet
from poseval.results.layout import Layout
from poseval.skeletons.sticks import is_stick_skeleton

EVAL_POSE = RuleSet("eval-pose", frozenset({"M08"}), "bearpaw/eval_pose@f6c71b6")
JOINTS = ("Ankle", "Knee", "Hip", "Wrist", "Elbow", "Shoulder", "Head")
STICKS = ("Lower_leg", "Upper_leg", "Lower_arm", "Upper_arm", "Head", "Torso")


class Lsp(SinglePerson):
    """Leeds Sports Pose: the last 1,000 of its 2,000 people.

    The labels come person-centric and observer-centric; the reader tells which and names the skeleton after
    it, so that signatures of the two never look alike.
    """

    name: ClassVar[str] = "lsp"
    title: ClassVar[str] = "Leeds Sports Pose, 14 joints, PCK, PDJ and PCP"
    source: ClassVar[str] = "Johnson and Everingham 2010; evaluation by bearpaw/eval_pose"
    skeleton: ClassVar[str | None] = "lsp14"
    rule_sets: ClassVar[tuple[RuleSet, ...]] = (EVAL_POSE, CORRECTED)
    truth_formats: ClassVar[tuple[str, ...]] = ("lsp-mat",)
    prediction_formats: ClassVar[tuple[str, ...]] = ("pose-mat", "pose-array")
    sizes: ClassVar[Mapping[int, str]] = {1000: "the test half"}
    kinds_of: ClassVar[tuple[str, ...]] = ("PCK@0.2", "PDJ@0.2", "PCP")
    head: ClassVar[tuple[str, ...]] = ("neck", "head_top")
    columns: ClassVar[tuple[str, ...]] = JOINTS
    sticks: ClassVar[tuple[str, ...]] = STICKS

    def recognise(self, truth: PoseSet) -> float:
        """By the format of the file."""
        return 0.9 if truth.origin.format in self.truth_formats else 0.0

    def metrics(self, rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
        """PCK by the torso with its curve, PDJ and strict PCP; of arrays of sticks PCP alone."""
        if is_stick_skeleton(truth.skeleton):
            return (Pcp(),)
        absent = Absent.UNDEFINED if rules.keeps("M08") else Absent.SKIP
        pck = Pck("torso", (0.2,), curve_to=0.2, head=self.head, absent=absent, per_joint=per_joint)
        return (pck, Pdj(head=self.head, absent=absent), Pcp())

    def layout(self, summary: Mapping[str, float]) -> Layout | None:
        """The kit's three tables under one another, in its own order."""
        rows: list[tuple[str, tuple[str, ...]]] = []
        width = max(len(self.columns), len(self.sticks))
        names = tuple(name.lower() for name in self.columns)
        blank = ("",) * (width - len(names))
        if "PCK@0.2" in summary:
            rows.append(("PCK@0.2", (*(f"PCK@0.2/{n}" for n in names), *blank, "PCK@0.2", "AUC")))
        if "PDJ@0.2" in summary:
            rows.append(("PDJ@0.2", (*(f"PDJ@0.2/{n}" for n in names), *blank, "PDJ@0.2", "")))
        header = (*self.columns, *blank, "Mean", "AUC")
        if not rows:
            sticks = tuple(f"PCP/{name.lower()}" for name in self.sticks)
            return Layout((*self.sticks, "Mean"), (("PCP", (*sticks, "PCP")),)) if "PCP" in summary else None
        if "PCP" in summary:
            rows.append(("PCP", (*("",) * width, "PCP", "")))
            rows += [
                (f"PCP {name.lower()}", (*("",) * width, f"PCP/{name.lower()}", "")) for name in self.sticks
            ]
        return Layout(header, tuple(rows))


class Parse(Lsp):
    """Image Parse: the last 205 of its 305 people."""

    name: ClassVar[str] = "parse"
    title: ClassVar[str] = "PARSE, 14 joints, PCK, PDJ and PCP"
    source: ClassVar[str] = "Ramanan 2006; evaluation by bearpaw/eval_pose"
    skeleton: ClassVar[str | None] = "parse14"
    truth_formats: ClassVar[tuple[str, ...]] = ("parse-mat",)
    sizes: ClassVar[Mapping[int, str]] = {205: "the test half"}


class Flic(Lsp):
    """Frames Labeled In Cinema: 1,016 test people, upper bodies.

    The kit's table of PCP calls the torso "Head" and the head "Torso" (quirk M12).
    """

    name: ClassVar[str] = "flic"
    title: ClassVar[str] = "FLIC, 10 or 11 joints, PCK, PDJ and PCP"
    source: ClassVar[str] = "Sapp and Taskar 2013; evaluation by bearpaw/eval_pose"
    skeleton: ClassVar[str | None] = "flic10"
    also: ClassVar[tuple[str, ...]] = ("flic11",)
    rule_sets: ClassVar[tuple[RuleSet, ...]] = (
        RuleSet("eval-pose", frozenset({"M08", "M12"}), "bearpaw/eval_pose@f6c71b6"),
        CORRECTED,
    )
    truth_formats: ClassVar[tuple[str, ...]] = ("flic-mat",)
    sizes: ClassVar[Mapping[int, str]] = {1016: "the test set"}
    head: ClassVar[tuple[str, ...]] = ("nose", "neck")
    columns: ClassVar[tuple[str, ...]] = ("Head", "Shoulder", "Elbow", "Wrist", "Hip")
    sticks: ClassVar[tuple[str, ...]] = ("Head", "Torso", "Upper_arm", "Lower_arm")

    def metrics(self, rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
        """As for LSP; the 11 joints of the release have no neck, so that their head row is the nose."""
        if "neck" in truth.skeleton.joints or is_stick_skeleton(truth.skeleton):
            return super().metrics(rules, truth, per_joint)
        absent = Absent.UNDEFINED if rules.keeps("M08") else Absent.SKIP
        pck = Pck("torso", (0.2,), curve_to=0.2, head=("nose",), absent=absent, per_joint=per_joint)
        return (pck, Pdj(head=("nose",), absent=absent), Pcp())

    def summary(self, values: PartValues, rules: RuleSet) -> dict[str, float]:
        """Under the kit's rules the labels of head and torso sticks are exchanged, as its table has them."""
        out = super().summary(values, rules)
        if rules.keeps("M12") and {"PCP/head", "PCP/torso"} <= out.keys():
            out["PCP/head"], out["PCP/torso"] = out["PCP/torso"], out["PCP/head"]
        return out
