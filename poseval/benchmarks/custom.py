"""User-defined skeletons: what can be scored for any ground truth, and which choices that needs.

No file is refused because something is missing. Without areas OKS uses the extent of the labelled joints,
without sigmas one value for all joints, without scores the mean of the joint scores. A notice names each
choice and how to make another.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from poseval import skeletons
from poseval.benchmarks.base import Benchmark, Pair, Part, Parts, by_names
from poseval.benchmarks.rule_sets import RuleSet
from poseval.errors import shown
from poseval.kernels.poses import extent
from poseval.metrics.base import Metric
from poseval.metrics.clear_mot import ClearMot
from poseval.metrics.epe import Epe
from poseval.metrics.hota import Hota
from poseval.metrics.identity import Identity
from poseval.metrics.joint_error import ZeroScale
from poseval.metrics.matched_people import Pairing
from poseval.metrics.oks_ap import OksAp
from poseval.metrics.oks_scene import AreaSource
from poseval.metrics.pck import Pck
from poseval.metrics.tracking_scene import Scale, Similarity
from poseval.poses import Bools, Notice, PoseSet
from poseval.poses.aligned import Aligned

SIGMA = 0.1  # of every joint, as DeepLabCut takes it (pose_estimation_pytorch: oks_sigma)
MOST_DETS = 1000  # per frame: a shoal has more than COCO's 20
EVERY_SIZE = ("all:0:1e10",)  # COCO's medium and large are sizes of people in photographs
PERCENTILES = (50.0, 75.0, 90.0, 95.0)
AT = (0.05, 0.1, 0.2)  # of the longer side of the extent


def metrics(rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
    """OKS-AP, EPE and PCK of matched people, and tracking by the same OKS if the ground truth has tracks."""
    area = AreaSource.FILE if has_areas(truth) else AreaSource.EXTENT
    sigma = 0.0 if truth.skeleton.sigmas is not None else SIGMA
    poses: tuple[Metric, ...] = (
        OksAp(ranges=EVERY_SIZE, max_dets=MOST_DETS, area=area, sigma=sigma, per_joint=per_joint),
        Epe(people=Pairing.MATCHED, percentiles=PERCENTILES, per_joint=per_joint),
        Pck("longest_side", AT, zero=ZeroScale.LEFT_OUT, people=Pairing.MATCHED, per_joint=per_joint),
    )
    if not has_tracks(truth):
        return poses
    size = Scale.GIVEN if area is AreaSource.FILE else Scale.EXTENT
    clear = ClearMot(Similarity.OKS, area=size, sigma=sigma)
    identity = Identity(Similarity.OKS, area=size, sigma=sigma)
    return (*poses, clear, identity, Hota(Similarity.OKS, area=size, sigma=sigma))


def pair(truth: PoseSet, predictions: PoseSet, rules: RuleSet) -> Pair:
    """Labelled frames and joints paired by their names, and a score for every prediction."""
    aligned, notices = by_names(truth, predictions, rules)
    people = aligned.predictions.people
    unknown = np.isnan(people.score)
    if not unknown.any():
        return aligned, notices
    given = np.isfinite(people.joint_score) & (people.seen > 0)
    total, count = np.where(given, people.joint_score, 0.0).sum(axis=1), given.sum(axis=1)
    mean = np.divide(total, count, out=np.ones(len(people)), where=count > 0)
    scored = people.with_columns(score=np.where(unknown, mean, people.score))
    text = (
        f"{shown(predictions.origin.name)}: {int(unknown.sum())} of {len(people)} predictions have no score; "
        "AP ranks them by the mean score of their joints, or by 1 where there is none"
    )
    done = Aligned(aligned.truth, replace(aligned.predictions, people=scored))
    return done, [*notices, Notice("N911", text, int(unknown.sum()))]


def parts(aligned: Aligned, rules: RuleSet, chosen: tuple[Metric, ...], per_joint: bool) -> Parts:
    """All metrics that the two sets allow, and what was chosen to make them possible."""
    if chosen:
        return [Part("", aligned, chosen)], []
    every = metrics(rules, aligned.truth, per_joint)
    notices = [Notice("N912", choices_of(aligned.truth))]
    if has_tracks(aligned.truth) and not has_tracks(aligned.predictions):
        every = tuple(metric for metric in every if metric.unit == "frame")
        name = shown(aligned.predictions.origin.name)
        notices.append(
            Notice("N913", f"{name}: tracks are not scored, because not every person has its own track id")
        )
    return [Part("", aligned, every)], notices


def choices_of(truth: PoseSet) -> str:
    """What was chosen because the file does not say it, and how to choose otherwise."""
    skeleton = truth.skeleton
    area = "those of the file"
    if not has_areas(truth):
        area = "the extent of the labelled joints, because not everyone has one"
    sigma = "those that the file or --sigmas gives"
    if skeleton.name in skeletons.names() and skeleton.sigmas == skeletons.get_skeleton(skeleton.name).sigmas:
        sigma = f"those of {skeleton.name}"
    if skeleton.sigmas is None:
        sigma = f"{SIGMA:g} for every joint (--sigmas gives others, `poseval sigmas` estimates them)"
    ends = ends_of(truth)
    scale = "the longer side of the labelled joints"
    if ends:
        scale += f" (--metric 'pck(norm=joints,between=({ends[0]},{ends[1]}))' gives another)"
    return (
        f"{shown(truth.origin.name)}: scored by benchmark custom. Areas: {area}. Sigmas: {sigma}. "
        f"Scale of PCK: {scale}. See docs/animals.md"
    )


def ends_of(truth: PoseSet) -> tuple[str, ...]:
    """Two joints whose distance can be a scale: the first mirror pair, else the first joint and the last."""
    skeleton = truth.skeleton
    joints = skeleton.joints
    pairs = [(joint, joints[other]) for joint, other in zip(joints, skeleton.flip, strict=True)]
    mirrored = next((one for one in pairs if one[0] != one[1]), None)
    if mirrored is not None:
        return mirrored
    return (joints[0], joints[-1]) if len(joints) > 1 else ()


def counted(truth: PoseSet) -> Bools:
    """Whether each person [N] has a labelled joint and is not a crowd."""
    out: Bools = truth.people.is_labelled & ~truth.people.crowd
    return out


def has_areas(truth: PoseSet) -> bool:
    """Whether every person who counts has an area above 0; False if nobody counts."""
    with np.errstate(invalid="ignore"):
        return bool((truth.people.area[counted(truth)] > 0).all()) and bool(counted(truth).any())


def has_tracks(poses: PoseSet) -> bool:
    """Whether every person has a track id, unique in its frame, and a sequence has several frames."""
    people, frames = poses.people, poses.frames
    if not len(people) or (people.track < 0).any() or len(frames) <= len(frames.sequences):
        return False
    pairs = np.stack([people.frame, people.track], axis=1)
    return len(np.unique(pairs, axis=0)) == len(people)


def with_scales(aligned: Aligned) -> Aligned:
    """The sets with the areas and sigmas that the metrics take, for a diagnosis, which has no parameters.

    A person whose labelled joints have no extent has an area of one square pixel.
    """
    truth = aligned.truth
    if not has_areas(truth):
        area = np.maximum(extent(truth.people.xy, truth.people.seen), 1.0)
        truth = replace(truth, people=truth.people.with_columns(area=area))
    if truth.skeleton.sigmas is None:
        truth = replace(truth, skeleton=truth.skeleton.with_sigmas([SIGMA] * len(truth.skeleton)))
    return Aligned(truth, aligned.predictions)


CUSTOM = Benchmark(
    name="custom",
    title="any skeleton: OKS-AP, EPE, PCK and tracking without areas, boxes, heads or sigmas",
    source="OKS: Lin et al. 2014; areas from the extent of the joints as in DeepLabCut and SLEAP",
    metrics=metrics,
    incomparable="benchmark custom is no published benchmark; compare runs of one signature",
    pair=pair,
    parts=parts,
    with_scales=with_scales,
)
