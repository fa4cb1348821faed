"""Poses of a whole set in memory: what training validates with, and what a short script wants."""

from __future__ import annotations

import numpy as np

from poseval.models.topdown import TopDown
from poseval.poses import Origin, People, PoseSet
from poseval.runners.boxes import truth_boxes
from poseval.runners.frames import Pictures


def predict(top: TopDown, truth: PoseSet, pictures: Pictures) -> PoseSet:
    """Poses of a top-down model on the boxes of the truth, over the truth's frames and joints."""
    boxes = truth_boxes(truth)
    joints = len(truth.skeleton)
    xy, joint_score, score = [np.zeros((0, joints, 2))], [np.zeros((0, joints))], [np.zeros(0)]
    frames = [np.zeros(0, dtype=np.int64)]
    for frame in np.unique(boxes.frame):
        poses = top.poses(pictures.load(int(frame)), *boxes.of(int(frame)))
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
