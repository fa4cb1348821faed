"""Pairs of people and predictions, and the errors of each pair, for drawings of frames."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from poseval.diagnosis.diagnose import scale_of
from poseval.diagnosis.error_types import (
    AREA_RANGES,
    HEAD_RANGES,
    LOCALISED,
    Scale,
    label,
    match_scene,
    scene_of,
)
from poseval.diagnosis.groups import Kind, kinds_of
from poseval.diagnosis.tracks import TrackErrors, identities, track_errors
from poseval.diagnosis.worst import measurable
from poseval.kernels.coco import oks_pairs
from poseval.poses import Bools, Floats, Ints
from poseval.poses.aligned import Aligned


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of G true people and P predictions, as the diagnosis makes them.

    `person` [P] and `prediction` [G] are rows of the other side, -1 without. `oks` [P] is NaN without a
    person. `fault` [G, K] is the class of each joint, 0 where there is none. `due` [G] says who counts as a
    miss without a prediction. `identity` [G] is that of `identities`. `scale_by` says how the scale of errors
    was made, where the ground truth has none.
    """

    aligned: Aligned
    person: Ints
    prediction: Ints
    oks: Floats
    fault: NDArray[np.int8]
    due: Bools
    kinds: tuple[Kind, ...]
    identity: Ints
    tracks: TrackErrors | None
    scale_by: str


def pairs_of(aligned: Aligned, corrected: bool = False) -> Pairs:
    """The pairs of a set. Ground truth without areas, sigmas or head sizes is measured by its boxes."""
    truth, by = measurable(aligned.truth)
    if truth is not aligned.truth:
        aligned = Aligned(truth, replace(aligned.predictions, skeleton=truth.skeleton))
    scale = scale_of(truth)
    scene = scene_of(aligned, scale)
    size = AREA_RANGES[0] if scale is Scale.AREA else HEAD_RANGES[0]
    labels = label(scene, match_scene(scene, np.array([LOCALISED]), (size,)), 0, corrected)
    people, predictions = truth.people, aligned.predictions.people
    person = np.full(len(predictions), -1, dtype=np.int64)
    prediction = np.full(len(people), -1, dtype=np.int64)
    fault = np.zeros((len(people), len(truth.skeleton)), dtype=np.int8)
    oks = np.full(len(predictions), np.nan)
    person[labels.prediction] = labels.person
    prediction[labels.person] = labels.prediction
    fault[labels.person] = labels.fault
    oks[labels.prediction] = oks_pairs(
        scene.detections.xy, scene.targets, scene.sigmas, labels.prediction, labels.person
    )
    tracked = bool((people.track >= 0).any())
    return Pairs(
        aligned,
        person,
        prediction,
        oks,
        fault,
        ~people.crowd & people.is_labelled,
        tuple(kinds_of(aligned, scene)),
        identities(aligned, scene),
        track_errors(aligned, scene) if tracked else None,
        by,
    )
