"""Poses of a whole set in memory, for validation during training and for short scripts."""

from __future__ import annotations

import numpy as np

from poseval.models.inference.predictions import WholeImage
from poseval.models.inference.top_down import TopDown
from poseval.poses import Origin, People, PoseSet
from poseval.runners.boxes import truth_boxes
from poseval.runners.frames import Pictures


def predict(finder: TopDown | WholeImage, truth: PoseSet, pictures: Pictures) -> PoseSet:
    """Predict on the frames of the ground truth: on its boxes, or all people that a model finds."""
    boxes = truth_boxes(truth)
    whole = not isinstance(finder, TopDown)
    joints = len(truth.skeleton)
    xy, joint_score, score = [np.zeros((0, joints, 2))], [np.zeros((0, joints))], [np.zeros(0)]
    frames = [np.zeros(0, dtype=np.int64)]
    for frame in range(len(truth.frames)) if whole else np.unique(boxes.frame):
        given = () if whole else boxes.of(int(frame))
        poses = finder.poses(pictures.load(int(frame)), *given)
        frames.append(np.full(len(poses), frame, dtype=np.int64))
        xy.append(poses.xy)
        joint_score.append(poses.joint_score)
        score.append(poses.score)
    people = People(
        np.concatenate(xy),
        np.concatenate(frames),
        joint_score=np.concatenate(joint_score),
        score=np.concatenate(score),
    )
    return PoseSet(truth.skeleton, truth.frames, people, origin=Origin(format="run", records=len(people)))
