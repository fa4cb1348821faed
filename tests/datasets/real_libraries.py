"""A small video's poses, for tests that open our files with the libraries that own the formats."""

from __future__ import annotations

import numpy as np

from poseval.datasets import Role
from poseval.poses import Frames, People, PoseSet
from poseval.skeletons import get_skeleton

NAMES = ("walk/000003.jpg", "walk/000004.jpg", "walk/000007.jpg", "walk/000009.jpg")


def video(role: Role) -> PoseSet:
    """Four people on tracks 5 and 2 in four frames, one of them empty; one joint of the second is absent."""
    rng = np.random.default_rng(7)
    names = np.asarray(NAMES)
    xy = rng.uniform(0, 100, (4, 17, 2))
    seen = np.full((4, 17), 2, dtype=np.int8)
    seen[1, 3] = 0
    scores = {"joint_score": rng.uniform(0, 1, (4, 17)), "score": rng.uniform(0, 1, 4)}
    people = People(
        xy,
        np.asarray([0, 0, 1, 3]),
        seen=seen,
        track=np.asarray([5, 2, 5, 2]),
        **(scores if role is Role.PREDICTIONS else {}),
    )
    frames = Frames(names, size=np.full((4, 2), (640.0, 480.0)), path=names, sequences=("walk",))
    return PoseSet(get_skeleton("coco17"), frames, people)
