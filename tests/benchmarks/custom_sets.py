"""Sets of skeletons of one's own, made at random, and as lists for plain loops."""

from __future__ import annotations

import numpy as np

from poseval.poses import Frames, People, PoseSet
from poseval.skeletons import Skeleton
from tests.oracles import own_skeletons as oracle

MICE = Skeleton("mice", ("snout", "left_ear", "right_ear", "tail_base"), (0, 2, 1, 3))


ONE = Skeleton("one", ("thorax",), (0,))


def made(
    seed: int = 0, skeleton: Skeleton = MICE, frames: int = 8, tracks: bool = False
) -> tuple[PoseSet, PoseSet]:
    """Animals with joints that are not labelled, and predictions with misses and false ones; no areas."""
    rng = np.random.default_rng(seed)
    joints = len(skeleton)
    table = Frames(np.asarray([f"video/img{at:03d}.png" for at in range(frames)]), sequences=("video",))
    frame = np.repeat(np.arange(frames), 2)
    rows = len(frame)
    body = rng.uniform(-30, 30, (2, joints, 2))
    centre = rng.uniform(60, 400, (rows, 1, 2))
    xy = centre + np.tile(body, (frames, 1, 1)) + rng.normal(0, 3, (rows, joints, 2))
    seen = np.where(rng.random((rows, joints)) < 0.15, 0, 2)
    seen[:, 0] = 2
    track = np.tile([0, 1], frames) if tracks else None
    truth = PoseSet(
        skeleton, table, People(np.where(seen[..., None] > 0, xy, np.nan), frame, seen=seen, track=track)
    )
    guess = xy + rng.normal(0, 4, xy.shape)
    there = np.where(rng.random((rows, joints)) < 0.1, 0, 2)
    there[:, 0] = 2
    extra = rng.uniform(60, 400, (frames, joints, 2))
    order = np.argsort(np.concatenate([frame, np.arange(frames)]), kind="stable")
    kept = order[rng.random(len(order)) > 0.1]
    places = np.concatenate([np.where(there[..., None] > 0, guess, np.nan), extra])[kept]
    flags = np.concatenate([there, np.full((frames, joints), 2)])[kept]
    everyone = np.concatenate([frame, np.arange(frames)])[kept]
    own = np.concatenate([np.tile([0, 1], frames), np.full(frames, 2)])[kept] if tracks else None
    rank = rng.permutation(len(kept)) / len(kept) + (kept < rows)
    people = People(places, everyone, seen=flags, score=rank, track=own)
    return truth, PoseSet(skeleton, table, people)


def as_lists(poses: PoseSet) -> list[list[oracle.Pose]]:
    """Poses of every frame, None for joints that are not there."""
    out: list[list[oracle.Pose]] = [[] for _ in range(len(poses.frames))]
    people = poses.people
    for at, xy, seen in zip(people.frame.tolist(), people.xy.tolist(), people.seen.tolist(), strict=True):
        out[at].append([tuple(p) if flag > 0 else None for p, flag in zip(xy, seen, strict=True)])  # type: ignore[misc]
    return out
