"""Poses of a whole set in memory, for validation during training and for short scripts."""

from __future__ import annotations

import numpy as np

from poseval.models.inference.predictions import WholeImage
from poseval.models.inference.top_down import TopDown
from poseval.poses import Origin, People, PoseSet
from poseval.runners.boxes import truth_boxes
from poseval.runners.frames import Pictures
from poseval.runners.journal import Found
from poseval.runners.output import OKS_THRESHOLD, suppress


def predict(finder: TopDown | WholeImage, truth: PoseSet, pictures: Pictures) -> PoseSet:
    """Predict on the frames of the ground truth: on its boxes, or all people that a model finds.

    The same as `run` does on the boxes of the ground truth, duplicate people left out as there.
    """
    boxes = truth_boxes(truth)
    whole = not isinstance(finder, TopDown)
    parts = []
    for frame in range(len(truth.frames)) if whole else np.unique(boxes.frame).tolist():
        given = () if whole else boxes.of(frame)
        parts.append(Found.of(frame, finder.poses(pictures.load(frame), *given)))
    found = Found.joined(parts, len(truth.skeleton))
    if not whole:
        found, _ = suppress(found, truth.skeleton, "oks", OKS_THRESHOLD)
    people = People(found.xy, found.frame, joint_score=found.joint_score, score=found.score)
    return PoseSet(truth.skeleton, truth.frames, people, origin=Origin(format="run", records=len(people)))
