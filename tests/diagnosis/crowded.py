"""Random frames with every kind of error in them."""

from __future__ import annotations

import numpy as np

from poseval.poses import Frames, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.skeletons import get_skeleton

COCO = get_skeleton("coco17")
AREAS = (900.0, 1024.0, 4000.0, 9216.0, 20000.0, 40000.0)  # below, at and above the ends of size ranges


def crowded(seed: int, frames: int = 6) -> Aligned:
    """People of all sizes near one another, and predictions with joints moved, exchanged and left out."""
    rng = np.random.default_rng(seed)
    frame = np.sort(rng.integers(0, frames, 3 * frames))
    size = rng.choice(AREAS, len(frame))
    xy = rng.uniform(0, 1, (len(frame), 17, 2)) * np.sqrt(size)[:, None, None] * 1.5
    xy += rng.uniform(0, 150, (len(frame), 1, 2))
    seen = (rng.random((len(frame), 17)) < rng.choice([0.0, 0.6, 1.0, 1.0, 1.0], (len(frame), 1))) * 2
    box = np.concatenate([xy.min(axis=1), xy.max(axis=1)], axis=1)
    names = Frames(np.array([f"f{place}" for place in range(frames)]))
    crowd = rng.random(len(frame)) < 0.1
    truth = People(xy=xy, frame=frame, seen=seen.astype(np.int8), area=size, box=box, crowd=crowd)
    origin = np.sort(rng.choice(len(frame), len(frame), replace=False))
    origin = np.sort(np.concatenate([origin[: len(frame) - 3], rng.integers(0, len(frame), 8)]))
    found = _with_errors(rng, xy, frame, size, origin)
    there = rng.random(found.shape[:2]) < 0.95
    people = People(
        xy=found,
        frame=frame[origin],
        seen=(there * 2).astype(np.int8),
        score=rng.integers(1, 12, len(origin)) / 12,
        area=np.where(rng.random(len(origin)) < 0.3, rng.choice(AREAS, len(origin)), np.nan),
    )
    return Aligned(PoseSet(COCO, names, truth), PoseSet(COCO, names, people))


def _with_errors(
    rng: np.random.Generator, xy: np.ndarray, frame: np.ndarray, size: np.ndarray, origin: np.ndarray
) -> np.ndarray:
    """Joints of the people `origin`, some of them mirrored, another's, or far away; all a little off."""
    found = xy[origin].copy()
    mirrored = rng.random((len(origin), 17)) < 0.1
    found = np.where(mirrored[..., None], found[:, list(COCO.flip)], found)
    for row, person in enumerate(origin):
        others = np.flatnonzero(frame == frame[person])
        joints = np.flatnonzero(rng.random(17) < 0.1)
        found[row, joints] = xy[rng.choice(others, len(joints)), joints]
        found[row, rng.random(17) < 0.05] += 400
    scale = rng.choice([0.2, 0.6, 1.2], (len(origin), 1, 1)) * np.sqrt(size[origin])[:, None, None]
    return found + rng.normal(0, 1, found.shape) * scale * COCO.sigma_array[:, None]
