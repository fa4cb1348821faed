"""Weights, missing people and errors of joints by plain loops."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from poseval.poses.aligned import Aligned
from tests.metrics.single import random_pair

WEIGHTS = [np.ones(20, dtype=np.int64), np.arange(20) % 3]


def thinned(seed: int, skeleton: str = "mpii16") -> Aligned:
    """A random scene in which one joint is never labelled and some are not predicted."""
    scene = random_pair(seed, skeleton=skeleton)
    rng = np.random.default_rng(seed)
    seen = scene.truth.people.seen.copy()
    seen[:, 4] = 0
    there = np.where(rng.random(seen.shape) < 0.9, 2, 0).astype(np.int8)
    truth = replace(scene.truth, people=scene.truth.people.with_columns(seen=seen))
    found = replace(scene.predictions, people=scene.predictions.people.with_columns(seen=there))
    return Aligned(truth, found)


def errors(scene: Aligned, length: np.ndarray) -> list[list[float]]:
    """Error of each joint in lengths: NaN not labelled, infinite not predicted."""
    truth, found = scene.truth.people, scene.predictions.people
    out = []
    for person in range(len(truth)):
        row = []
        for joint in range(truth.seen.shape[1]):
            error = math.dist(truth.xy[person, joint], found.xy[person, joint]) / length[person]
            error = error if found.seen[person, joint] > 0 else math.inf
            row.append(error if truth.seen[person, joint] > 0 else math.nan)
        out.append(row)
    return out
