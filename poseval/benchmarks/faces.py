"""Face landmarks: 300W, WFLW, COFW, AFLW (19 points and PIFA), AFLW2000-3D and LaPa, scored by NME."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np

from poseval.benchmarks.rule_sets import CORRECTED, RuleSet
from poseval.benchmarks.single import SinglePerson
from poseval.metrics.base import Metric
from poseval.metrics.error_curve import Grid
from poseval.metrics.joint_error import Precision
from poseval.metrics.nme import Nme, Over, Points
from poseval.poses import Bools, PoseSet
from poseval.results.layout import Layout

HRNET = RuleSet("hrnet", frozenset({"N06"}), "HRNet-Facial-Landmark-Detection lib/core/evaluation.py@f776dbe")
MMPOSE = RuleSet("mmpose", frozenset({"M07", "N01"}), "mmpose 1.3.2 NME@759b39c")
PIPNET = RuleSet("pipnet", frozenset({"N02", "N03"}), "PIPNet lib/functions.py@b9eab58, also STAR")
SBR = RuleSet("sbr", frozenset({"N04"}), "landmark-detection SBR/lib/xvision/common_eval.py@1d4fd20")


class Face(SinglePerson):
    """What the face benchmarks share: the NME under each tool's rules."""

    rule_sets: ClassVar[tuple[RuleSet, ...]] = (HRNET, MMPOSE, PIPNET, SBR, CORRECTED)
    truth_formats: ClassVar[tuple[str, ...]] = ("face-csv", "face-coco", "face-pts")
    prediction_formats: ClassVar[tuple[str, ...]] = ("face-csv", "pose-mat", "pose-array", "face-pts", "coco")
    by: ClassVar[str] = "outer_eye"
    at: ClassVar[tuple[float, ...]] = (0.1, 0.08)
    subsets: ClassVar[tuple[str, ...]] = ()

    def recognise(self, truth: PoseSet) -> float:
        """By the skeleton, one face per frame."""
        fits = truth.skeleton.name == self.skeleton and len(truth) == len(truth.frames)
        return 0.6 if fits else 0.0

    def metrics(self, rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
        """The NME with the quirks of the rule set."""
        grid = Grid.EXACT
        if rules.keeps("N02"):
            grid = Grid.PIPNET
        elif rules.keeps("N04"):
            grid = Grid.SBR
        return (
            Nme(
                self.normaliser(rules),
                Over.POINTS if rules.keeps("N01") else Over.IMAGES,
                self.at,
                grid,
                Points.ALL if rules.keeps("N06") else Points.LABELLED,
                precision=Precision.SINGLE if rules.keeps("M07") else Precision.DOUBLE,
            ),
        )

    def normaliser(self, rules: RuleSet) -> str:
        """The normaliser of the rule set."""
        return self.by

    def slices(self, truth: PoseSet) -> Mapping[str, Bools]:
        """Subsets that the truth's faces are marked with."""
        out: dict[str, Bools] = {}
        for name in self.subsets:
            marked = truth.people.extra.get(name)
            if marked is not None and marked.any():
                unit = np.zeros(len(truth.frames), dtype=np.bool_)
                unit[truth.people.frame[marked.astype(bool)]] = True
                out[name] = unit
        return out

    def layout(self, summary: Mapping[str, float]) -> Layout | None:
        """NME, failure rate and area in percent, a row per subset; distances in pixels."""
        if "NME" not in summary:
            return None
        header = tuple(key for key in summary if "/" not in key)
        names = [key.removesuffix("/NME") for key in summary if key.endswith("/NME")]
        rows = [("all" if names else "", header)]
        rows += [(name, tuple(f"{name}/{key}" for key in header)) for name in names]
        pixels = frozenset(key for key in summary if key.rpartition("/")[2] == "EPE")
        return Layout(header, tuple(rows), digits=2, plain=pixels)


class W300(Face):
    """300 faces in-the-wild: common (HELEN and LFPW), challenge (iBUG), full, and the 600 of the test set."""

    name: ClassVar[str] = "300w"
    title: ClassVar[str] = "300W, 68 landmarks, NME by the outer eye corners"
    source: ClassVar[str] = "Sagonas et al. 2013; HRNet-Facial-Landmark-Detection"
    skeleton: ClassVar[str | None] = "ibug68"
    sizes: ClassVar[Mapping[int, str]] = {689: "full", 554: "common", 135: "challenge", 600: "test"}

    def slices(self, truth: PoseSet) -> Mapping[str, Bools]:
        """Common and challenge by the folder of the image; the test set has neither."""
        paths = truth.frames.path
        if not any(paths):
            paths = truth.frames.key
        parts = [set(path.lower().split("/")[:-1]) for path in paths.tolist()]
        challenge = np.asarray(["ibug" in part for part in parts], dtype=np.bool_)
        common = np.asarray([bool(part & {"helen", "lfpw"}) for part in parts], dtype=np.bool_)
        return {name: mask for name, mask in (("common", common), ("challenge", challenge)) if mask.any()}


class Wflw(Face):
    """Wider Facial Landmarks in-the-wild, with its six subsets."""

    name: ClassVar[str] = "wflw"
    title: ClassVar[str] = "WFLW, 98 landmarks, NME by the outer eye corners, six subsets"
    source: ClassVar[str] = "Wu et al. 2018 (LAB); HRNet-Facial-Landmark-Detection"
    skeleton: ClassVar[str | None] = "wflw98"
    truth_formats: ClassVar[tuple[str, ...]] = ("wflw-txt", "face-csv", "face-coco")
    sizes: ClassVar[Mapping[int, str]] = {2500: "the test set"}
    subsets: ClassVar[tuple[str, ...]] = ("pose", "expression", "illumination", "makeup", "occlusion", "blur")


class Cofw(Face):
    """Caltech Occluded Faces in the Wild. Some tools take the pupils: `nme(by=pupil)`."""

    name: ClassVar[str] = "cofw"
    title: ClassVar[str] = "COFW, 29 landmarks, NME by the outer eye corners"
    source: ClassVar[str] = "Burgos-Artizzu et al. 2013; HRNet-Facial-Landmark-Detection"
    skeleton: ClassVar[str | None] = "cofw29"
    truth_formats: ClassVar[tuple[str, ...]] = ("cofw-mat", "face-csv", "face-coco")
    sizes: ClassVar[Mapping[int, str]] = {507: "the test set"}


class Aflw19(Face):
    """AFLW with 19 points: NME by the size of the face, as the list gives it."""

    name: ClassVar[str] = "aflw19"
    title: ClassVar[str] = "AFLW, 19 landmarks, NME by the face size"
    source: ClassVar[str] = "Zhu et al. 2016; HRNet-Facial-Landmark-Detection"
    skeleton: ClassVar[str | None] = "aflw19"
    rule_sets: ClassVar[tuple[RuleSet, ...]] = (
        HRNET,
        replace(MMPOSE, quirks=MMPOSE.quirks | {"N07"}),
        PIPNET,
        SBR,
        CORRECTED,
    )
    sizes: ClassVar[Mapping[int, str]] = {4386: "full", 1314: "frontal"}
    by: ClassVar[str] = "face_size"

    def normaliser(self, rules: RuleSet) -> str:
        """The list's size, or mmpose's longer side of the box."""
        return "box_side" if rules.keeps("N07") else self.by


class AflwPifa(Face):
    """AFLW in PIFA's selection: 21 points, missing ones left out, NME by the root of the box's area."""

    name: ClassVar[str] = "aflw-pifa"
    title: ClassVar[str] = "AFLW (PIFA), 21 landmarks, visible points, NME by the box"
    source: ClassVar[str] = "Jourabloo and Liu 2015; 3DDFA benchmark_aflw.py"
    skeleton: ClassVar[str | None] = "aflw21"
    rule_sets: ClassVar[tuple[RuleSet, ...]] = (
        RuleSet("3ddfa", title="3DDFA benchmark_aflw.py@4ff2cea"),
        CORRECTED,
    )
    truth_formats: ClassVar[tuple[str, ...]] = ("face-npy",)
    by: ClassVar[str] = "box_sqrt"
    at: ClassVar[tuple[float, ...]] = (0.1,)

    def slices(self, truth: PoseSet) -> Mapping[str, Bools]:
        """Faces by yaw, where it is known: up to 30, 60 and 90 degrees."""
        yaw = truth.people.extra.get("yaw")
        if yaw is None:
            return {}
        bins = np.searchsorted((30.0, 60.0), np.abs(yaw), side="left")
        out: dict[str, Bools] = {}
        for index, name in enumerate(("yaw<=30", "yaw30-60", "yaw>60")):
            unit = np.zeros(len(truth.frames), dtype=np.bool_)
            unit[truth.people.frame[bins == index]] = True
            out[name] = unit
        return out


class Aflw2000(Face):
    """AFLW2000-3D: NME by the root of the landmark box's area, balanced over three bins of yaw, and plain."""

    name: ClassVar[str] = "aflw2000-3d"
    title: ClassVar[str] = "AFLW2000-3D, 68 landmarks, NME balanced over yaw"
    source: ClassVar[str] = "Zhu et al. 2016 (3DDFA); 3DDFA benchmark_aflw2000.py"
    skeleton: ClassVar[str | None] = "ibug68"
    rule_sets: ClassVar[tuple[RuleSet, ...]] = (
        RuleSet("3ddfa", frozenset({"N05"}), "3DDFA benchmark_aflw2000.py"),
        CORRECTED,
    )
    truth_formats: ClassVar[tuple[str, ...]] = ("face-npy",)
    sizes: ClassVar[Mapping[int, str]] = {2000: "the whole set"}
    by: ClassVar[str] = "landmark_sqrt"
    at: ClassVar[tuple[float, ...]] = (0.1,)

    def recognise(self, truth: PoseSet) -> float:
        """68 points with yaw angles."""
        return 0.9 if super().recognise(truth) and "yaw" in truth.people.extra else 0.0

    def metrics(self, rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
        """The NME balanced over |yaw| up to 30, 60 and 90 degrees."""
        precision = Precision.SINGLE if rules.keeps("N05") else Precision.DOUBLE
        return (Nme(self.by, at=self.at, bins=(30.0, 60.0), precision=precision),)


class Lapa(Face):
    """LaPa: 106 landmarks."""

    name: ClassVar[str] = "lapa"
    title: ClassVar[str] = "LaPa, 106 landmarks, NME by the outer eye corners"
    source: ClassVar[str] = "Liu et al. 2020; mmpose"
    skeleton: ClassVar[str | None] = "lapa106"
    truth_formats: ClassVar[tuple[str, ...]] = ("lapa-txt", "face-coco")
    sizes: ClassVar[Mapping[int, str]] = {2000: "the test set"}
