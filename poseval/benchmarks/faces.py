"""Face landmarks: 300W, WFLW, COFW, AFLW (19 points and PIFA), AFLW2000-3D and LaPa, scored by NME."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import numpy as np

from poseval.benchmarks.base import Benchmark, its_skeleton_alone, no_slices
from poseval.benchmarks.rule_sets import CORRECTED, RuleSet
from poseval.benchmarks.single import one_each
from poseval.metrics.error_curve import Grid
from poseval.metrics.joint_error import Precision
from poseval.metrics.nme import Nme, Over, Points
from poseval.poses import Bools, PoseSet
from poseval.results.layout import Layout
from poseval.results.values import Summary

HRNET = RuleSet("hrnet", frozenset({"N06"}), "HRNet-Facial-Landmark-Detection lib/core/evaluation.py@f776dbe")
MMPOSE = RuleSet("mmpose", frozenset({"M07", "N01"}), "mmpose 1.3.2 NME@759b39c")
PIPNET = RuleSet("pipnet", frozenset({"N02", "N03"}), "PIPNet lib/functions.py@b9eab58, also STAR")
SBR = RuleSet("sbr", frozenset({"N04"}), "landmark-detection SBR/lib/xvision/common_eval.py@1d4fd20")
YAW = (30.0, 60.0)  # degrees: edges of the bins over |yaw|


def nme(
    rules: RuleSet,
    truth: PoseSet,
    per_joint: bool,
    *,
    by: str = "outer_eye",
    at: tuple[float, ...] = (0.1, 0.08),
    bins: tuple[float, ...] = (),
) -> tuple[Nme]:
    """The NME with the quirks of the rule set."""
    grid = Grid.EXACT
    if rules.keeps("N02"):
        grid = Grid.PIPNET
    elif rules.keeps("N04"):
        grid = Grid.SBR
    return (
        Nme(
            "box_side" if rules.keeps("N07") else by,
            Over.POINTS if rules.keeps("N01") else Over.IMAGES,
            at,
            grid,
            Points.ALL if rules.keeps("N06") else Points.LABELLED,
            bins,
            Precision.SINGLE if rules.keeps("M07") or rules.keeps("N05") else Precision.DOUBLE,
            per_joint,
        ),
    )


def pifa_nme(rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Nme]:
    """By the size of 68 fitted landmarks, balanced over yaw, where they are there; else by the crop (N08)."""
    if "face_size" not in truth.people.extra or not rules.keeps("N08"):
        return nme(rules, truth, per_joint, by="box_sqrt", at=(0.1,))
    bins = YAW if "yaw" in truth.people.extra else ()
    return nme(rules, truth, per_joint, by="face_size", at=(0.1,), bins=bins)


def marked(truth: PoseSet, *, marks: Iterable[str]) -> dict[str, Bools]:
    """Groups of frames by WFLW's attributes (such as occlusion), for those that occur."""
    extra = truth.people.extra
    found = {name: extra[name].astype(np.bool_) for name in marks if name in extra}
    return {name: _frames(truth, faces) for name, faces in found.items() if faces.any()}


def by_folder(truth: PoseSet) -> dict[str, Bools]:
    """Common and challenge by the folder of the image; the test set has neither."""
    paths = truth.frames.path if any(truth.frames.path) else truth.frames.key
    folders = [set(path.lower().split("/")[:-1]) for path in paths.tolist()]
    of = {"common": {"helen", "lfpw"}, "challenge": {"ibug"}}
    masks = {
        name: np.array([bool(f & wanted) for f in folders], dtype=np.bool_) for name, wanted in of.items()
    }
    return {name: mask for name, mask in masks.items() if mask.any()}


def by_yaw(truth: PoseSet) -> dict[str, Bools]:
    """Faces by yaw, where it is known: up to 30, 60 and 90 degrees."""
    yaw = truth.people.extra.get("yaw")
    if yaw is None:
        return {}
    bins = np.searchsorted(YAW, np.abs(yaw), side="left")
    return {
        name: _frames(truth, bins == index) for index, name in enumerate(("yaw<=30", "yaw30-60", "yaw>60"))
    }


def _frames(truth: PoseSet, faces: Bools) -> Bools:
    """Which frames [F] hold one of some faces [N]."""
    out = np.zeros(len(truth.frames), dtype=np.bool_)
    out[truth.people.frame[faces]] = True
    return out


def has_yaw(benchmark: Benchmark, truth: PoseSet) -> bool:
    """Whether there is one face per frame, with the benchmark's landmarks and yaw angles."""
    return its_skeleton_alone(benchmark, truth) and "yaw" in truth.people.extra


def error_table(summary: Summary) -> Layout | None:
    """NME, failure rate and area in percent, a row per subset; distances in pixels."""
    if "NME" not in summary:
        return None
    header = tuple(key for key, number in summary.items() if key == number.statistic)
    apart = [
        key
        for key, number in summary.items()
        if number.statistic == "NME" and key != "NME" and not number.joint and "=" not in number.slice
    ]
    names = [key.removesuffix("/NME") for key in apart]
    rows = [("all" if names else "", header)]
    rows += [(name, tuple(f"{name}/{key}" for key in header)) for name in names]
    return Layout(header, tuple(rows), digits=2)


# 300 faces in-the-wild: common (HELEN and LFPW), challenge (iBUG), full, and the 600 of the test set.
W300 = Benchmark(
    name="300w",
    title="300W, 68 landmarks, NME by the outer eye corners",
    primary="NME",
    cluster="image",
    source="Sagonas et al. 2013; HRNet-Facial-Landmark-Detection",
    skeletons=("ibug68",),
    fixed_skeleton=True,
    rule_sets=(HRNET, MMPOSE, PIPNET, SBR, CORRECTED),
    truth_formats=("face-csv", "face-coco", "face-pts"),
    prediction_formats=("face-csv", "pose-mat", "pose-array", "face-pts", "coco"),
    signs=((its_skeleton_alone, 0.6),),
    sizes={689: "full", 554: "common", 135: "challenge", 600: "test"},
    metrics=nme,
    pair=one_each,
    slices=by_folder,
    layout=error_table,
)
WFLW = replace(
    W300,
    name="wflw",
    title="WFLW, 98 landmarks, NME by the outer eye corners, six subsets",
    source="Wu et al. 2018 (LAB); HRNet-Facial-Landmark-Detection",
    skeletons=("wflw98",),
    truth_formats=("wflw-txt", "face-csv", "face-coco"),
    sizes={2500: "the test set"},
    slices=partial(marked, marks=("pose", "expression", "illumination", "makeup", "occlusion", "blur")),
)
COFW = replace(  # some tools take the pupils: `nme(by=pupil)`
    W300,
    name="cofw",
    title="COFW, 29 landmarks, NME by the outer eye corners",
    source="Burgos-Artizzu et al. 2013; HRNet-Facial-Landmark-Detection",
    skeletons=("cofw29",),
    truth_formats=("cofw-mat", "face-csv", "face-coco"),
    sizes={507: "the test set"},
    slices=no_slices,
)
AFLW19 = replace(
    COFW,
    name="aflw19",
    title="AFLW, 19 landmarks, NME by the face size",
    source="Zhu et al. 2016; HRNet-Facial-Landmark-Detection",
    skeletons=("aflw19",),
    # mmpose takes the longer side of the box for the size that the list gives (quirk N07).
    rule_sets=(HRNET, replace(MMPOSE, quirks=MMPOSE.quirks | {"N07"}), PIPNET, SBR, CORRECTED),
    truth_formats=W300.truth_formats,
    sizes={4386: "full", 1314: "frontal"},
    metrics=partial(nme, by="face_size"),
)
AFLW_PIFA = replace(  # PIFA's selection: 21 points, missing ones left out
    COFW,
    name="aflw-pifa",
    title="AFLW (PIFA), 21 landmarks, visible points, NME by the box",
    source="Jourabloo and Liu 2015; 3DDFA benchmark_aflw.py",
    skeletons=("aflw21",),
    rule_sets=(RuleSet("3ddfa", frozenset({"N08"}), "3DDFA benchmark_aflw.py@4ff2cea"), CORRECTED),
    truth_formats=("face-npy",),
    sizes={},
    metrics=pifa_nme,
    slices=by_yaw,
)
AFLW2000 = replace(
    COFW,
    name="aflw2000-3d",
    title="AFLW2000-3D, 68 landmarks, NME balanced over yaw",
    source="Zhu et al. 2016 (3DDFA); 3DDFA benchmark_aflw2000.py",
    skeletons=("ibug68",),
    rule_sets=(RuleSet("3ddfa", frozenset({"N05"}), "3DDFA benchmark_aflw2000.py"), CORRECTED),
    truth_formats=("face-npy",),
    signs=((has_yaw, 0.9),),
    sizes={2000: "the whole set"},
    metrics=partial(nme, by="landmark_sqrt", at=(0.1,), bins=YAW),
)
LAPA = replace(
    COFW,
    name="lapa",
    title="LaPa, 106 landmarks, NME by the outer eye corners",
    source="Liu et al. 2020; mmpose",
    skeletons=("lapa106",),
    truth_formats=("lapa-txt", "face-coco"),
    sizes={2000: "the test set"},
)
