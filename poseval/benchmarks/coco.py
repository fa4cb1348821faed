"""The COCO keypoint family: one matching rule, different skeletons, areas and ways to ignore.

Sources: cocodataset/cocoapi (pycocotools 2.0.11), Jeff-sjtu/CrowdPose, liruilong940607/OCHumanApi,
jin-s13/COCO-WholeBody, jin-s13/xtcocoapi (xtcocotools 1.14.3), AlexTheBad/AP-10K, and mmpose's use of them
for AI Challenger, Halpe and Human-Art.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from poseval.benchmarks.base import (
    Benchmark,
    Part,
    Parts,
    Scored,
    headlines,
    its_format,
    its_joints,
    no_slices,
)
from poseval.benchmarks.rule_sets import CORRECTED, RuleSet
from poseval.metrics.base import Metric
from poseval.metrics.oks_ap import OksAp
from poseval.metrics.oks_scene import AreaSource, BodyPart, Confident, Crowds, IgnoreBy
from poseval.poses import Bools, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.layout import Layout
from poseval.results.values import Summary
from poseval.skeletons import get_skeleton

HEADER = ("AP", "AP50", "AP75", "AP_M", "AP_L", "AR", "AR50", "AR75", "AR_M", "AR_L")
SIZES = frozenset({"AP_M", "AP_L", "AR_M", "AR_L"})

# Faults of pycocotools that `corrected` fixes; other paragraphs of docs/quirks.md hold in both rule sets.
COCO_QUIRKS = frozenset({"C01", "C02"})

# In the names of ExLPose's images; those of its other cameras (ExLPose-OCN) lie in folders of their own.
EXPOSURE = re.compile(r"_gain_[\d.]+_exposure_\d|(^|/)PID_(A7M3|RICOH3)/")

# CrowdPose's code splits images by crowd index at 0.2 and 0.8, its paper says 0.1 and 0.8; published numbers
# come from the code.
CROWDS = {"easy": (-math.inf, 0.2), "medium": (0.2, 0.8), "hard": (0.8, math.inf)}


def oks_ap(
    rules: RuleSet, truth: PoseSet, per_joint: bool, *, area: AreaSource = AreaSource.FILE
) -> tuple[OksAp]:
    """OKS-AP with pycocotools' parameters; an annotation with id 0 counts under corrected rules."""
    return (OksAp(area=area, id_zero=rules.keeps("C02"), per_joint=per_joint),)


def xtcocotools_ap(
    rules: RuleSet, truth: PoseSet, per_joint: bool, *, area: AreaSource = AreaSource.FILE
) -> tuple[OksAp]:
    """OKS-AP with xtcocotools' parameters: flags say who is ignored, results without confidence drop out."""
    return (OksAp(area=area, ignore=IgnoreBy.FLAGS, drop_zero_confidence=True, per_joint=per_joint),)


def crowdpose_ap(rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[OksAp]:
    """OKS-AP with areas from boxes; the field num_keypoints decides who is ignored."""
    return (OksAp(area=AreaSource.BOX, id_zero=rules.keeps("C02"), per_joint=per_joint),)


def ap_table(summary: Summary) -> Layout | None:
    """The ten numbers in a row, and a row per joint where asked."""
    if "AP" not in summary:
        return None
    columns = tuple(key for key in HEADER if key in summary)
    joints = [number.joint for key, number in summary.items() if key == f"AP/{number.joint}"]
    if not joints:
        return Layout(columns, (("", columns),))
    blank = ("",) * (len(columns) - 1)
    rows = [("all joints", (*columns, "OKS"))]
    rows += [(joint, (f"AP/{joint}", *blank, f"OKS/{joint}")) for joint in joints]
    return Layout((*columns, "OKS"), tuple(rows))


def coco_joints(benchmark: Benchmark, truth: PoseSet) -> bool:
    """Whether this is a COCO file with the benchmark's joints."""
    return its_joints(benchmark, truth) and its_format(benchmark, truth)


COCO = Benchmark(
    name="coco-keypoints",
    title="COCO keypoint detection, 17 joints",
    primary="AP",
    source="cocodataset/cocoapi, pycocotools 2.0.11",
    skeletons=("coco17",),
    rule_sets=(RuleSet("reference", COCO_QUIRKS, "pycocotools 2.0.11"), CORRECTED),
    truth_formats=("coco",),
    prediction_formats=("coco",),
    signs=((coco_joints, 0.8),),
    metrics=oks_ap,
    layout=ap_table,
)


def has_crowd_index(benchmark: Benchmark, truth: PoseSet) -> bool:
    """Whether images have a crowd index, and people as many joints as in the benchmark."""
    joints = len(get_skeleton(benchmark.skeletons[0]))
    return "crowd_index" in truth.frames.extra and len(truth.skeleton) == joints


def by_crowd_index(truth: PoseSet) -> dict[str, Bools]:
    """Groups of images by crowd index; no groups if the file has no index."""
    index = truth.frames.extra.get("crowd_index")
    if index is None:
        return {}
    return {name: (index >= low) & (index < high) for name, (low, high) in CROWDS.items()}


def without_sizes(scored: Sequence[Scored], rules: RuleSet) -> Summary:
    """The numbers that CrowdPose's program and its relatives print: none by the size of people."""
    return {key: number for key, number in headlines(scored, rules).items() if key not in SIZES}


def crowdpose_numbers(scored: Sequence[Scored], rules: RuleSet) -> Summary:
    """The official names; splits rounded to four decimals under the reference rules."""
    found = headlines(scored, rules)
    whole = {key: number for key, number in found.items() if not number.slice}
    asked = {key: number for key, number in found.items() if number.slice and number.slice not in CROWDS}
    out = {key: number for key, number in whole.items() if not number.joint and key not in SIZES}
    for name in CROWDS:
        if f"{name}/AP" in found:
            number = found[f"{name}/AP"]
            value = float(np.round(number.value, 4)) if rules.keeps("C14") else number.value
            out[f"AP_{name}"] = number._replace(value=value)
    return out | {key: number for key, number in whole.items() if number.joint} | asked


def crowdpose_table(summary: Summary) -> Layout | None:
    """The papers' columns: AP, AP50, AP75, AR, ..., easy, medium, hard."""
    base = ap_table(summary)
    splits = tuple(key for key in (f"AP_{name}" for name in CROWDS) if key in summary)
    if base is None or not splits:
        return base
    (label, keys), *rest = base.rows
    return Layout((*base.header, *splits), ((label, (*keys, *splits)), *rest))


CROWDPOSE = replace(
    COCO,
    name="crowdpose",
    title="CrowdPose, 14 joints, easy / medium / hard by crowd index",
    source="Jeff-sjtu/CrowdPose, crowdposetools",
    skeletons=("crowdpose14",),
    rule_sets=(RuleSet("reference", COCO_QUIRKS | {"C14"}, "crowdposetools"), CORRECTED),
    signs=((has_crowd_index, 0.95), (its_joints, 0.7)),
    metrics=crowdpose_ap,
    slices=by_crowd_index,
    summary=crowdpose_numbers,
    layout=crowdpose_table,
)


def has_exposures(benchmark: Benchmark, truth: PoseSet) -> bool:
    """Whether images are called as ExLPose calls its own; its joints and fields are those of CrowdPose."""
    paths = truth.frames.path.tolist()
    return its_joints(benchmark, truth) and bool(paths) and all(EXPOSURE.search(path) for path in paths)


# CrowdPose's program with other splits: the crowd index is 0 in all of ExLPose, so that easy is everything
# and medium and hard are -1 (C28). Light and camera are files of their own.
EXLPOSE = replace(
    CROWDPOSE,
    name="exlpose",
    title="ExLPose, 14 joints, images in low light",
    source="Lee et al. 2023; sohyun-l/ExLPose, cocoeval_custom.py; mmpose",
    skeletons=("crowdpose14", "exlpose14"),
    rule_sets=(
        RuleSet(
            "reference",
            COCO_QUIRKS,
            "sohyun-l/ExLPose@62defaa cocoeval_custom.py: areas of boxes (C16), without empty splits (C28)",
        ),
        CORRECTED,
    ),
    signs=((has_exposures, 0.96),),
    slices=no_slices,
    summary=without_sizes,
    layout=ap_table,
)
OCHUMAN = replace(  # the area in the file is the box area; nothing in the file tells it from COCO
    COCO,
    name="ochuman",
    title="OCHuman in COCO format, 17 joints",
    source="liruilong940607/OCHumanApi; evaluation by pycocotools",
    skeletons=("ochuman17",),
    signs=(),
)
XTCOCOTOOLS = (
    RuleSet(
        "reference",
        frozenset({"C01"}),
        "xtcocotools 1.14.3: flags decide who is ignored (C08), no confidence drops out (C09)",
    ),
    CORRECTED,
)
HUMANART = replace(  # the 21-joint form is recognised, the 17-joint form is named by hand
    COCO,
    name="humanart",
    title="Human-Art, 17 or 21 joints",
    source="IDEA-Research/HumanArt; evaluation by xtcocotools",
    skeletons=("humanart21",),
    rule_sets=XTCOCOTOOLS,
    signs=((its_joints, 0.8),),
    metrics=xtcocotools_ap,
)
# mmpose's COCO form has no areas, and mmpose scores it with `use_area=False`: 0.53 of the box.
AIC = replace(
    COCO,
    name="aic",
    title="AI Challenger keypoints in COCO format, 14 joints",
    source="AI Challenger 2017 evaluation; mmpose",
    skeletons=("aic14",),
    rule_sets=XTCOCOTOOLS,
    signs=((its_joints, 0.8),),
    metrics=partial(xtcocotools_ap, area=AreaSource.BOX),
)
AP10K = replace(  # animals of many categories on one skeleton: AP is the mean over annotated categories
    COCO,
    name="ap10k",
    title="AP-10K animals, 17 joints, many categories",
    source="AlexTheBad/AP-10K; evaluation by xtcocotools",
    skeletons=("ap10k17",),
    rule_sets=XTCOCOTOOLS,
    signs=((its_joints, 0.8),),
    metrics=xtcocotools_ap,
)
ANIMALPOSE = replace(  # as mmpose scores it; its file has one category, whatever the animal
    AP10K,
    name="animalpose",
    title="Animal-Pose, 20 joints of dogs, cats, sheep, horses and cows",
    source="Cao et al. 2019; mmpose; evaluation by xtcocotools",
    skeletons=("animalpose20",),
)


def body_parts(
    aligned: Aligned,
    rules: RuleSet,
    metrics: tuple[Metric, ...],
    per_joint: bool,
    *,
    names: Sequence[BodyPart],
) -> Parts:
    """Several evaluations on one file: each part with its own joints, sigmas and scores.

    People without a labelled joint of the part are ignored, detections without confidence there dropped.
    Metrics chosen by hand run once, on all joints.
    """
    if metrics:
        return [Part("", aligned, metrics)], []
    (plain,) = xtcocotools_ap(rules, aligned.truth, per_joint)
    plain = replace(
        plain,
        id_zero=rules.keeps("C02"),
        crowds=Crowds.COUNTED if rules.keeps("C29") else Crowds.IGNORED,
        single_precision=rules.keeps("C30"),
        confident=Confident.PERSON if rules.keeps("C31") else Confident.PART,
    )
    return [Part(name.value, aligned, (replace(plain, part=name),)) for name in names], []


def halpe_parts(aligned: Aligned, rules: RuleSet, metrics: tuple[Metric, ...], per_joint: bool) -> Parts:
    """Five evaluations of 136 joints; 26 joints are scored as one body."""
    if len(aligned.truth.skeleton) != len(get_skeleton("halpe136")):
        metrics = metrics or xtcocotools_ap(rules, aligned.truth, per_joint)
    return body_parts(aligned, rules, metrics, per_joint, names=HALPE_PARTS)


def part_table(summary: Summary, *, names: Sequence[BodyPart]) -> Layout | None:
    """A row per part."""
    rows = [(name.value, tuple(f"{name.value}/{key}" for key in HEADER)) for name in names]
    rows = [row for row in rows if row[1][0] in summary]
    return Layout(HEADER, tuple(rows)) if rows else ap_table(summary)


COCO_PARTS = (
    BodyPart.BODY,
    BodyPart.FOOT,
    BodyPart.FACE,
    BodyPart.LEFT_HAND,
    BodyPart.RIGHT_HAND,
    BodyPart.WHOLE_BODY,
)
COCO_WHOLEBODY = replace(
    COCO,
    name="coco-wholebody",
    title="COCO-WholeBody, 133 joints in six evaluations",
    primary="wholebody/AP",
    source="jin-s13/COCO-WholeBody, evaluation scripts",
    skeletons=("coco_wholebody133",),
    rule_sets=(
        RuleSet("reference", COCO_QUIRKS, "jin-s13/COCO-WholeBody@76f3b63 evaluation, myeval_*.py"),
        CORRECTED,
    ),
    signs=((its_joints, 0.95),),
    parts=partial(body_parts, names=COCO_PARTS),
    layout=partial(part_table, names=COCO_PARTS),
)
HALPE_PARTS = (BodyPart.BODY, BodyPart.FOOT, BodyPart.FACE, BodyPart.HAND, BodyPart.WHOLE_BODY)
HALPE_QUIRKS = frozenset({"C29", "C30", "C31"})  # of 136 joints
HALPE = replace(
    COCO,
    name="halpe",
    title="Halpe full body, 136 joints in five evaluations, or 26 joints",
    primary="wholebody/AP",
    source="Fang-Haoshu/Halpe-FullBody, halpecocotools 0.0.1; mmpose",
    skeletons=("halpe136", "halpe26"),
    rule_sets=(
        RuleSet(
            "reference", COCO_QUIRKS | HALPE_QUIRKS, "halpecocotools 0.0.1; 26 joints by xtcocotools 1.14.3"
        ),
        CORRECTED,
    ),
    signs=((its_joints, 0.9),),
    parts=halpe_parts,
    layout=partial(part_table, names=HALPE_PARTS),
)


def can_be_scored(benchmark: Benchmark, truth: PoseSet) -> bool:
    """Whether the file is like COCO's and has what OKS needs: sigmas, and an area for everyone who counts."""
    if truth.skeleton.sigmas is None or not its_format(benchmark, truth):
        return False
    people = truth.people
    given = people.extra.get("num_keypoints")
    counted = (people.is_labelled if given is None else given != 0) & ~people.crowd
    return not np.isnan(people.area[counted]).any()


OKS = replace(  # any COCO-like file whose categories name their keypoints; sigmas must be known or given
    COCO,
    name="oks",
    title="plain OKS-AP for any COCO-like file",
    skeletons=(),
    signs=((can_be_scored, 0.3),),
)
