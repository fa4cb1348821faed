"""Small pose sets for the OKS metrics: people at given places, of given sizes and flags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from poseval.poses import Frames, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.skeletons import Skeleton

JOINTS = 5
SKELETON = Skeleton(
    "five",
    tuple(f"joint_{k}" for k in range(JOINTS)),
    tuple(range(JOINTS)),
    sigmas=(0.026, 0.079, 0.062, 0.107, 0.089),
)


def poses(rng: np.random.Generator, count: int, joints: int = JOINTS) -> np.ndarray:
    """Random poses [count, joints, 2] some hundred pixels apart."""
    return rng.uniform(0, 60, (count, joints, 2)) + rng.uniform(0, 600, (count, 1, 2))


def aligned(
    truth: Sequence[int],
    found: Sequence[int],
    frames: int,
    *,
    truth_columns: dict[str, Any],
    found_columns: dict[str, Any],
    categories: dict[int, str] | None = None,
    skeleton: Skeleton = SKELETON,
) -> Aligned:
    """Pose sets whose people lie in the frames `truth` and `found`, with these columns."""
    names = categories or {1: "person"}
    table = Frames(np.array([f"image_{f}" for f in range(frames)]))
    return Aligned(
        PoseSet(skeleton, table, People(frame=np.array(truth, dtype=int), **truth_columns), categories=names),
        PoseSet(skeleton, table, People(frame=np.array(found, dtype=int), **found_columns), categories=names),
    )


def boxes(xy: np.ndarray) -> np.ndarray:
    """Box [N, 4] around each pose."""
    return np.concatenate([xy.min(axis=1), xy.max(axis=1)], axis=1)


def crowded(seed: int, frames: int = 6, categories: int = 1) -> Aligned:
    """Seeded frames with crowds, unlabelled people, ties of score and several sizes."""
    rng = np.random.default_rng(seed)
    truth = np.sort(rng.integers(0, frames, frames * 2))
    xy = poses(rng, len(truth))
    seen = (rng.random((len(truth), JOINTS)) < rng.choice([0.0, 0.7, 1.0], (len(truth), 1))).astype(np.int8)
    origin = np.sort(rng.integers(0, len(truth), frames * 4))
    ids = np.arange(1, categories + 1)
    found_xy = xy[origin] + rng.normal(0, 1, (len(origin), JOINTS, 2)) * rng.choice(
        [1, 4, 20], (len(origin), 1, 1)
    )
    return aligned(
        truth.tolist(),
        truth[origin].tolist(),
        frames,
        truth_columns={
            "xy": xy,
            "seen": seen,
            "area": rng.choice([800.0, 2000.0, 20000.0], len(truth)),
            "box": boxes(xy),
            "crowd": rng.random(len(truth)) < 0.1,
            "category": rng.choice(ids, len(truth)),
            "source_id": np.arange(len(truth)),
        },
        found_columns={
            "xy": found_xy,
            "score": rng.integers(1, 4, len(origin)) / 4,
            "area": rng.choice([800.0, 2000.0, 20000.0], len(origin)),
            "joint_score": rng.random((len(origin), JOINTS)),
            "category": rng.choice(ids, len(origin)),
        },
        categories={int(key): f"kind_{key}" for key in ids},
    )


def copied(given: Aligned, weight: np.ndarray) -> Aligned:
    """The frames physically repeated, copies beside their original."""
    order = np.repeat(np.arange(len(weight)), weight)
    table = Frames(np.array([f"{given.truth.frames.key[f]}#{n}" for n, f in enumerate(order)], dtype=np.str_))

    def repeat(poses: PoseSet) -> PoseSet:
        rows = [np.flatnonzero(poses.people.frame == f) for f in order]
        pick = np.concatenate([*rows, np.zeros(0, dtype=int)]).astype(int)
        frame = np.repeat(np.arange(len(order)), [len(r) for r in rows])
        people = poses.people.with_columns(frame=np.zeros(len(poses.people), dtype=int)).take(pick)
        return PoseSet(poses.skeleton, table, people.with_columns(frame=frame), categories=poses.categories)

    return Aligned(repeat(given.truth), repeat(given.predictions))
