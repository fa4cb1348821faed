"""Poses of a whole set in memory, for validation during training and for short scripts."""

from __future__ import annotations

from poseval.models.inference.predictions import WholeImage
from poseval.models.inference.top_down import TopDown
from poseval.poses import Origin, People, PoseSet
from poseval.runners.boxes import truth_boxes
from poseval.runners.estimators import CropEstimator, Estimator, ImageEstimator
from poseval.runners.frames import Pictures
from poseval.runners.groups import BATCH, groups_of
from poseval.runners.journal import Found
from poseval.runners.output import OKS_THRESHOLD, suppress


def predict(finder: TopDown | WholeImage, truth: PoseSet, pictures: Pictures) -> PoseSet:
    """Predict on the frames of the ground truth: on its boxes, or all people that a model finds.

    The same as `run` does on the boxes of the ground truth: in the same batches, so that the last bits agree,
    and with duplicate people left out.
    """
    top_down = isinstance(finder, TopDown)
    boxes = truth_boxes(truth)
    estimator = _estimator(finder)
    parts = []
    for _, rows in groups_of(len(truth.frames), boxes if top_down else None, BATCH):
        prepared = [estimator.prepare(pictures.load(row), *boxes.of(row)) for row in rows]
        parts += [Found.of(row, poses) for row, poses in zip(rows, estimator.answer(prepared), strict=True)]
    found = Found.joined(parts, len(truth.skeleton))
    if top_down:
        found, _ = suppress(found, truth.skeleton, "oks", OKS_THRESHOLD)
    people = People(found.xy, found.frame, joint_score=found.joint_score, score=found.score)
    return PoseSet(truth.skeleton, truth.frames, people, origin=Origin(format="run", records=len(people)))


def _estimator(finder: TopDown | WholeImage) -> Estimator:
    return CropEstimator(finder, BATCH) if isinstance(finder, TopDown) else ImageEstimator(finder, BATCH)
