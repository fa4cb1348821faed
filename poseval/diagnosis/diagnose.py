"""diagnose(aligned) -> Diagnosis: joint errors, what they cost, LRP, and which people are hard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from poseval.diagnosis.error_types import (
    AREA_RANGES,
    HEAD_RANGES,
    LOCALISED,
    Fault,
    Labels,
    Scale,
    Scene,
    SizeRange,
    label,
    match_scene,
    scene_of,
)
from poseval.diagnosis.gains import STEPS, THRESHOLDS, Gains, fixed, gains
from poseval.diagnosis.groups import LABELLED_JOINTS, Group, groups
from poseval.diagnosis.lrp import Lrp, lrp
from poseval.diagnosis.optimal_scores import Suppression
from poseval.diagnosis.tracks import TrackErrors, track_errors
from poseval.errors import MismatchError, UsageError
from poseval.poses import Ints, Notice, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.renderers import rendered
from poseval.results.result import Result, json_value
from poseval.results.units import FRACTION, PERCENT

SCHEMA = "poseval.diagnosis/1"
STEP_NUMBERS = ("ap", "gain", "alone", "gain_alone")
CLASSES = tuple(kind.name.lower() for kind in Fault if kind is not Fault.NONE)


@dataclass(frozen=True)
class RangeDiagnosis:
    """One size range: how many people count in it, how many of them were found, gains and LRP.

    `counts` are the joints per class [6, K] of `matched` people. As in coco-analyze, these may be people of
    other sizes, who took a prediction that nobody in the range did (quirk C27).
    """

    size: SizeRange
    people: int
    found: int
    counts: Ints
    matched: int
    gains: Gains
    lrp: Lrp


@dataclass(frozen=True)
class Worst:
    """A frame with many errors: its key, numbers of wrong joints, of misses and of false positives."""

    frame: str
    joints: int
    missed: int
    background: int


@dataclass(frozen=True, repr=False)
class Diagnosis(Result):
    """Errors and their costs. `scale` is the unit of distances; `notices` are those of the files."""

    form: ClassVar[str] = "diagnosis"
    table: ClassVar[str] = "joints"
    joints: tuple[str, ...]
    scale: Scale
    ranges: tuple[RangeDiagnosis, ...]
    groups: tuple[Group, ...]
    worst: tuple[Worst, ...]
    tracks: TrackErrors | None
    notices: tuple[Notice, ...] = ()

    def to_text(self, unit: str = PERCENT) -> str:
        """Tables for a terminal; `unit` is "percent" or "fraction": how AP and its gains are shown."""
        return rendered("diagnosis text", self, unit=unit)

    def records(self) -> list[dict[str, Any]]:
        """Joints of each class of error, by size of people and joint."""
        return [
            {"size": item.size.name, "joint": joint} | dict(zip(CLASSES, counts, strict=True))
            for item in self.ranges
            for joint, counts in zip(self.joints, item.counts[1:].T.tolist(), strict=True)
        ]

    @property
    def everyone(self) -> tuple[Group, ...]:
        """The groups by number of labelled joints, which together cover everyone who counts."""
        return tuple(group for group in self.groups if group.by == LABELLED_JOINTS)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values in schema `poseval.diagnosis/1`; undefined is None."""
        return {
            "schema": SCHEMA,
            "unit": FRACTION,
            "scale": self.scale.value,
            "joints": list(self.joints),
            "ranges": [_range_dict(item) for item in self.ranges],
            "groups": [
                {
                    "by": g.by,
                    "name": g.name,
                    "people": g.people,
                    "matched": g.matched,
                    "joints": dict(zip(CLASSES, g.joints[1:].tolist(), strict=True)),
                }
                for g in self.groups
            ],
            "worst": [vars(item) for item in self.worst],
            "tracks": None if self.tracks is None else self.tracks.to_dict(),
            "notices": [vars(notice) for notice in self.notices],
        }


def _range_dict(item: RangeDiagnosis) -> dict[str, Any]:
    def stages(found: Sequence[Any]) -> list[dict[str, Any]]:
        return [
            {
                "stage": s.name,
                "AP": [json_value(v) for v in s.ap],
                "recall": [json_value(v) for v in s.recall],
            }
            for s in found
        ]

    return {
        "name": item.size.name,
        "people": item.people,
        "found": item.found,
        "matched": item.matched,
        "counts": {name: item.counts[i + 1].tolist() for i, name in enumerate(CLASSES)},
        "thresholds": THRESHOLDS.tolist(),
        "cumulative": stages(item.gains.cumulative),
        "independent": stages(item.gains.independent),
        "steps": [
            {"step": step.name, **{key: json_value(getattr(step, key)) for key in STEP_NUMBERS}}
            for step in item.gains.steps
        ],
        "false_positives": item.gains.false_positives.tolist(),
        "missed": item.gains.missed.tolist(),
        "missed_though_found": item.gains.missed_though_found.tolist(),
        "lrp": {key: json_value(value) for key, value in vars(item.lrp).items()},
    }


def scale_of(truth: PoseSet) -> Scale:
    """The scale of errors: areas and sigmas where the ground truth has them, else head sizes."""
    has_area = not np.isnan(truth.people.area).any() and truth.skeleton.sigmas is not None
    return Scale.AREA if has_area else Scale.HEAD


def diagnose(
    aligned: Aligned, *, scale: Scale | None = None, corrected: bool = False, worst: int = 20
) -> Diagnosis:
    """Diagnose predictions.

    `scale` is areas and sigmas where the ground truth has them, else head sizes. `corrected` fixes the quirks
    of coco-analyze (C21, C22, C27).

    Raises:
        MismatchError: P410 when people have neither areas nor head sizes.
        UsageError: P112 when areas are asked for and the skeleton has no sigmas.
    """
    scale = scale or scale_of(aligned.truth)
    scene = scene_of(aligned, scale)
    sizes = AREA_RANGES if scale is Scale.AREA else HEAD_RANGES
    found = match_scene(scene, np.array([LOCALISED]), sizes)
    labels = [label(scene, found, index, corrected) for index in range(len(sizes))]
    pairs = Suppression.of(scene)
    ranges, moved = [], pairs
    for size, own in zip(sizes, labels, strict=True):
        # Ranges share most matches, so most joints are where the range before moved them.
        moved = moved.moved(fixed(scene, own, STEPS, corrected))
        ranges.append(_range_of(own, size, corrected, gains(pairs, own, size, corrected, moved), scene))
    tracks = track_errors(aligned, scene) if (aligned.truth.people.track >= 0).any() else None
    return Diagnosis(
        aligned.truth.skeleton.joints,
        scale,
        tuple(ranges),
        tuple(groups(aligned, scene, labels[0])),
        tuple(_worst(aligned, labels[0], worst)),
        tracks,
    )


def _range_of(labels: Labels, size: SizeRange, corrected: bool, found: Gains, scene: Scene) -> RangeDiagnosis:
    targets = scene.targets
    counts = ~targets.ignored & (targets.area >= size.low) & (targets.area <= size.high)
    inside = counts[labels.person]
    own = labels.take(inside) if corrected else labels
    return RangeDiagnosis(
        size,
        int(counts.sum()),
        int(inside.sum()),
        own.counts(),
        len(own.person),
        found,
        lrp(scene, size),
    )


def diagnose_if_possible(aligned: Aligned, corrected: bool = False) -> Diagnosis | None:
    """The diagnosis, or None for ground truth without areas and sigmas and without head sizes."""
    try:
        return diagnose(aligned, corrected=corrected)
    except (MismatchError, UsageError):
        return None


def _worst(aligned: Aligned, labels: Labels, count: int) -> list[Worst]:
    frames = aligned.truth.frames
    people, predictions = aligned.truth.people, aligned.predictions.people
    bad = ((labels.fault > Fault.GOOD).sum(axis=1)).astype(np.int64)
    joints = np.bincount(people.frame[labels.person], bad, len(frames)).astype(np.int64)
    found = np.zeros(len(people), dtype=np.bool_)
    found[labels.person] = True
    due = ~people.crowd & people.is_labelled
    missed = np.bincount(people.frame[due & ~found], minlength=len(frames))
    used = np.zeros(len(predictions), dtype=np.bool_)
    used[labels.prediction] = True
    background = np.bincount(predictions.frame[~used], minlength=len(frames))
    # A miss is as bad as all joints of one person.
    badness = joints + len(aligned.truth.skeleton) * missed
    order = np.lexsort((np.arange(len(frames)), -background, -badness))[:count]
    return [
        Worst(str(frames.key[i]), int(joints[i]), int(missed[i]), int(background[i]))
        for i in order
        if badness[i] or background[i]
    ]
