"""LRP for keypoints: one number for localisation, misses and false positives, and the best score threshold.

At score threshold s: LRP(s) = (sum over hits of (1 - OKS) / (1 - tau) + FP + FN) / (TP + FP + FN), with OKS
in place of IoU and tau = 0.5; oLRP is the minimum over s in {0, 0.01, ..., 1}, the first of equals, and that
s is the recommended threshold. Predictions that do not count drop out.

Source: Oksuz et al. 2018, "Localization Recall Precision"; program cancam/LRP.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from poseval.diagnosis.error_types import Scene, SizeRange, match_scene
from poseval.kernels.coco import oks_pairs

TAU = 0.5
THRESHOLDS = np.arange(101) / 100


@dataclass(frozen=True)
class Lrp:
    """oLRP and its parts at the recommended score threshold; NaN without people to find."""

    olrp: float
    localisation: float  # mean (1 - OKS) of hits
    false_positive: float  # FP / (TP + FP)
    false_negative: float  # FN / people
    threshold: float


def lrp(scene: Scene, size: SizeRange) -> Lrp:
    """oLRP of one size range."""
    found = match_scene(scene, np.array([TAU]), (size,))
    people = int((~found.truth_skip[:, 0]).sum())
    if not people:
        return Lrp(math.nan, math.nan, math.nan, math.nan, math.nan)
    hit = (found.hit[:, 0] & np.uint64(1)).astype(np.bool_)
    counted = hit | ((found.skip[:, 0] & np.uint64(1)) == 0)
    score = scene.detections.score[found.row]
    person = found.matched[:, 0, 0].astype(np.int64)
    error = np.zeros(len(hit))
    error[hit] = 1 - oks_pairs(scene.detections.xy, scene.targets, scene.sigmas, found.row[hit], person[hit])
    best = Lrp(math.inf, math.nan, math.nan, math.nan, math.nan)
    for threshold in THRESHOLDS:
        above = (score >= threshold) & counted
        tp, fp = int((hit & above).sum()), int((~hit & above).sum())
        total = float(error[hit & above].sum())
        value = (total / (1 - TAU) + fp + people - tp) / (fp + people)
        if value < best.olrp:
            best = Lrp(
                value,
                total / tp if tp else math.nan,
                fp / (tp + fp) if tp + fp else math.nan,
                (people - tp) / people,
                float(threshold),
            )
    return best
