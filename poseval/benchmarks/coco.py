"""The COCO keypoint family: one matching rule, different skeletons, areas and ways to ignore.

Sources: cocodataset/cocoapi (pycocotools 2.0.11), Jeff-sjtu/CrowdPose, liruilong940607/OCHumanApi,
jin-s13/COCO-WholeBody, jin-s13/xtcocoapi (xtcocotools 1.14.3), AlexTheBad/AP-10K, and mmpose's use of them
for AI Challenger, Halpe and Human-Art.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from poseval.benchmarks.alignment import align
from poseval.benchmarks.base import Benchmark, Part, PartValues
from poseval.benchmarks.rule_sets import CORRECTED, RuleSet
from poseval.metrics.base import Metric
from poseval.metrics.oks_ap import OksAp
from poseval.metrics.oks_scene import AreaSource, BodyPart, IgnoreBy
from poseval.poses import Bools, Notice, PoseSet
from poseval.results.layout import Layout
from poseval.skeletons import get_skeleton

HEADER = ("AP", "AP50", "AP75", "AP_M", "AP_L", "AR", "AR50", "AR75", "AR_M", "AR_L")

# Faults of pycocotools that `corrected` mends; other paragraphs of docs/quirks.md hold in both rule sets.
COCO_QUIRKS = frozenset({"C01", "C02"})


class CocoKeypoints(Benchmark):
    """COCO keypoints as pycocotools scores them."""

    name: ClassVar[str] = "coco-keypoints"
    title: ClassVar[str] = "COCO keypoint detection, 17 joints"
    source: ClassVar[str] = "cocodataset/cocoapi, pycocotools 2.0.11"
    skeleton: ClassVar[str | None] = "coco17"
    rule_sets: ClassVar[tuple[RuleSet, ...]] = (
        RuleSet("reference", COCO_QUIRKS, "pycocotools 2.0.11"),
        CORRECTED,
    )
    truth_formats: ClassVar[tuple[str, ...]] = ("coco",)
    prediction_formats: ClassVar[tuple[str, ...]] = ("coco",)

    def recognise(self, truth: PoseSet) -> float:
        """COCO's joints by name, from a COCO file."""
        return 0.8 if self._has_joints(truth) and truth.origin.format == "coco" else 0.0

    def _has_joints(self, truth: PoseSet) -> bool:
        return self.skeleton is not None and truth.skeleton.joints == get_skeleton(self.skeleton).joints

    def metrics(self, rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
        """OKS-AP with pycocotools' parameters; an annotation with id 0 counts under corrected rules."""
        return (OksAp(id_zero=rules.keeps("C02"), per_joint=per_joint),)

    def layout(self, summary: Mapping[str, float]) -> Layout | None:
        """The ten numbers in a row, and a row per joint where asked."""
        if "AP" not in summary:
            return None
        shown = tuple(key for key in HEADER if key in summary)
        joints = [key[3:] for key in summary if key.startswith("AP/")]
        rows = [("", shown)]
        if joints:
            blank = ("",) * (len(shown) - 1)
            rows = [("all joints", (*shown, "OKS"))]
            rows += [(joint, (f"AP/{joint}", *blank, f"OKS/{joint}")) for joint in joints]
            return Layout((*shown, "OKS"), tuple(rows))
        return Layout(shown, tuple(rows))


class CrowdPose(CocoKeypoints):
    """CrowdPose: area is 0.53 of the box, and AP is told apart by crowd index.

    The code splits at 0.2 and 0.8, the paper says 0.1 and 0.8; published numbers come from the code.
    """

    name: ClassVar[str] = "crowdpose"
    title: ClassVar[str] = "CrowdPose, 14 joints, easy / medium / hard by crowd index"
    source: ClassVar[str] = "Jeff-sjtu/CrowdPose, crowdposetools"
    skeleton: ClassVar[str | None] = "crowdpose14"
    rule_sets: ClassVar[tuple[RuleSet, ...]] = (
        RuleSet("reference", COCO_QUIRKS | {"C14"}, "crowdposetools"),
        CORRECTED,
    )
    optional: ClassVar[frozenset[str]] = frozenset({"area"})
    SPLITS: ClassVar[tuple[tuple[str, float, float], ...]] = (
        ("easy", -math.inf, 0.2),
        ("medium", 0.2, 0.8),
        ("hard", 0.8, math.inf),
    )

    def recognise(self, truth: PoseSet) -> float:
        """CrowdPose's joints, or images that carry a crowd index."""
        if "crowd_index" in truth.frames.extra and len(truth.skeleton) == 14:
            return 0.95
        return 0.7 if self._has_joints(truth) else 0.0

    def metrics(self, rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
        """OKS-AP with areas from boxes; the field num_keypoints decides who is ignored."""
        return (OksAp(area=AreaSource.BOX, per_joint=per_joint),)

    def slices(self, truth: PoseSet) -> Mapping[str, Bools]:
        """Images by crowd index; none when the file has no index."""
        index = truth.frames.extra.get("crowd_index")
        if index is None:
            return {}
        return {name: (index >= low) & (index < high) for name, low, high in self.SPLITS}

    def summary(self, values: PartValues, rules: RuleSet) -> dict[str, float]:
        """The official names; splits rounded to four decimals under the reference rules."""
        found = super().summary(values, rules)
        out = {key: found[key] for key in found if "/" not in key and key not in _SIZES}
        for name, _, _ in self.SPLITS:
            if f"{name}/AP" in found:
                value = found[f"{name}/AP"]
                out[f"AP_{name}"] = float(np.round(value, 4)) if rules.keeps("C14") else value
        out.update((key, value) for key, value in found.items() if key.startswith(("AP/", "OKS/")))
        return out

    def layout(self, summary: Mapping[str, float]) -> Layout | None:
        """The papers' columns: AP, AP50, AP75, AR, ..., easy, medium, hard."""
        base = super().layout(summary)
        splits = tuple(f"AP_{name}" for name, _, _ in self.SPLITS if f"AP_{name}" in summary)
        if base is None or not splits:
            return base
        (label, keys), *rest = base.rows
        return Layout((*base.header, *splits), ((label, (*keys, *splits)), *rest))


_SIZES = frozenset({"AP_M", "AP_L", "AR_M", "AR_L"})


class OCHuman(CocoKeypoints):
    """OCHuman in its COCO form; the area in the file is the box area. Never guessed."""

    name: ClassVar[str] = "ochuman"
    title: ClassVar[str] = "OCHuman in its COCO form, 17 joints"
    source: ClassVar[str] = "liruilong940607/OCHumanApi; evaluation by pycocotools"
    skeleton: ClassVar[str | None] = "ochuman17"

    def recognise(self, truth: PoseSet) -> float:
        """Never guessed: nothing in the file tells it from COCO."""
        return 0.0


class HumanArt(CocoKeypoints):
    """Human-Art with COCO's 17 joints or its own 21. The 17-joint form is named by hand."""

    name: ClassVar[str] = "humanart"
    title: ClassVar[str] = "Human-Art, 17 or 21 joints"
    source: ClassVar[str] = "IDEA-Research/HumanArt; evaluation by xtcocotools"
    skeleton: ClassVar[str | None] = "humanart21"

    def recognise(self, truth: PoseSet) -> float:
        """The 21-joint form, by joint names."""
        return 0.8 if self._has_joints(truth) else 0.0


class Aic(CocoKeypoints):
    """AI Challenger in its COCO form, with the challenge's own sigmas; its area is 0.53 of the box.

    The COCO form that mmpose publishes has no areas, and mmpose scores it with `use_area=False`.
    """

    name: ClassVar[str] = "aic"
    title: ClassVar[str] = "AI Challenger keypoints in COCO form, 14 joints"
    source: ClassVar[str] = "AI Challenger 2017 evaluation; mmpose"
    skeleton: ClassVar[str | None] = "aic14"
    optional: ClassVar[frozenset[str]] = frozenset({"area"})

    def recognise(self, truth: PoseSet) -> float:
        """AI Challenger's joints by name."""
        return 0.8 if self._has_joints(truth) else 0.0

    def metrics(self, rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
        """OKS-AP with areas from boxes."""
        return (OksAp(area=AreaSource.BOX, id_zero=rules.keeps("C02"), per_joint=per_joint),)


class Ap10k(CocoKeypoints):
    """AP-10K: animals of many categories on one skeleton; AP is the mean over annotated categories."""

    name: ClassVar[str] = "ap10k"
    title: ClassVar[str] = "AP-10K animals, 17 joints, many categories"
    source: ClassVar[str] = "AlexTheBad/AP-10K; evaluation by xtcocotools"
    skeleton: ClassVar[str | None] = "ap10k17"

    def recognise(self, truth: PoseSet) -> float:
        """AP-10K's joints by name."""
        return 0.8 if self._has_joints(truth) else 0.0


class _WholeBodyParts(CocoKeypoints):
    """Several evaluations on one file: each part with its own joints, sigmas and scores."""

    PARTS: ClassVar[tuple[BodyPart, ...]] = ()

    def part_metric(self, part: BodyPart, per_joint: bool) -> Metric:
        """The metric of one part: ignored without a labelled joint there, dropped without confidence."""
        return OksAp(part=part, ignore=IgnoreBy.FLAGS, drop_zero_confidence=True, per_joint=per_joint)

    def prepare(
        self,
        truth: PoseSet,
        predictions: PoseSet,
        rules: RuleSet,
        metrics: Sequence[Metric] = (),
        per_joint: bool = False,
    ) -> tuple[list[Part], list[Notice]]:
        """One evaluation per part; metrics chosen by hand run once, on all joints."""
        if metrics:
            return super().prepare(truth, predictions, rules, metrics, per_joint)
        aligned, notices = align(truth, predictions)
        return [Part(p.value, aligned, (self.part_metric(p, per_joint),)) for p in self.PARTS], notices

    def layout(self, summary: Mapping[str, float]) -> Layout | None:
        """A row per part."""
        rows = [(part.value, tuple(f"{part.value}/{key}" for key in HEADER)) for part in self.PARTS]
        rows = [row for row in rows if row[1][0] in summary]
        return Layout(HEADER, tuple(rows)) if rows else super().layout(summary)


class CocoWholeBody(_WholeBodyParts):
    """COCO-WholeBody: body, feet, face, hands and all 133 joints, each the plain COCO procedure."""

    name: ClassVar[str] = "coco-wholebody"
    title: ClassVar[str] = "COCO-WholeBody, 133 joints in six evaluations"
    source: ClassVar[str] = "jin-s13/COCO-WholeBody, evaluation scripts"
    skeleton: ClassVar[str | None] = "coco_wholebody133"
    PARTS: ClassVar[tuple[BodyPart, ...]] = (
        BodyPart.BODY,
        BodyPart.FOOT,
        BodyPart.FACE,
        BodyPart.LEFT_HAND,
        BodyPart.RIGHT_HAND,
        BodyPart.WHOLE_BODY,
    )

    def recognise(self, truth: PoseSet) -> float:
        """133 joints."""
        return 0.95 if self._has_joints(truth) else 0.0


class Halpe(_WholeBodyParts):
    """Halpe full body (136 joints) or Halpe 26; halpecocotools computes in float32, we in float64."""

    name: ClassVar[str] = "halpe"
    title: ClassVar[str] = "Halpe full body, 136 joints in five evaluations, or 26 joints"
    source: ClassVar[str] = "Fang-Haoshu/Halpe-FullBody, halpecocotools 0.0.1; mmpose"
    skeleton: ClassVar[str | None] = "halpe136"
    PARTS: ClassVar[tuple[BodyPart, ...]] = (
        BodyPart.BODY,
        BodyPart.FOOT,
        BodyPart.FACE,
        BodyPart.HAND,
        BodyPart.WHOLE_BODY,
    )

    def recognise(self, truth: PoseSet) -> float:
        """136 or 26 joints by name."""
        known = (get_skeleton("halpe136").joints, get_skeleton("halpe26").joints)
        return 0.9 if truth.skeleton.joints in known else 0.0

    def prepare(
        self,
        truth: PoseSet,
        predictions: PoseSet,
        rules: RuleSet,
        metrics: Sequence[Metric] = (),
        per_joint: bool = False,
    ) -> tuple[list[Part], list[Notice]]:
        """Five evaluations of 136 joints; 26 joints are scored as one body."""
        if len(truth.skeleton) != len(get_skeleton("halpe136")) and not metrics:
            return super().prepare(truth, predictions, rules, (OksAp(per_joint=per_joint),), per_joint)
        return super().prepare(truth, predictions, rules, metrics, per_joint)


class PlainOks(CocoKeypoints):
    """OKS-AP for any COCO-like file whose categories name their keypoints; sigmas must be known or given."""

    name: ClassVar[str] = "oks"
    title: ClassVar[str] = "plain OKS-AP for any COCO-like file"
    skeleton: ClassVar[str | None] = None

    def recognise(self, truth: PoseSet) -> float:
        """Any COCO file that no other benchmark claims."""
        return 0.3 if truth.origin.format == "coco" else 0.0
