"""Random PoseTrack sets for property tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from poseval.datasets.posetrack.sequences import head_size, skeleton
from poseval.poses import Frames, IgnoreRegions, People, PoseSet

JOINTS = len(skeleton())


def random_set(seed: int, *, predictions: bool, reid: bool = False) -> PoseSet:
    """Up to 3 sequences of up to 5 frames with up to 4 people, in the full range of what files hold."""
    rng = np.random.default_rng(seed)
    videos = int(rng.integers(1, 4))
    lengths = rng.integers(1, 6, videos)
    sequence = np.repeat(np.arange(videos), lengths)
    number = np.concatenate([np.arange(length) for length in lengths])
    names = tuple(f"{300 + v:06d}_mpii_test" for v in range(videos))
    path = [f"images/val/{names[s]}/{n:06d}.jpg" for s, n in zip(sequence, number, strict=True)]
    key = [str(10**10 + (300 + int(s)) * 10**4 + int(n)) for s, n in zip(sequence, number, strict=True)]
    frame = np.repeat(np.arange(len(sequence)), rng.integers(0, 5, len(sequence)))
    rows = len(frame)
    frames = Frames(
        key=np.asarray(key),
        sequence=sequence,
        number=number,
        size=np.full((len(key), 2), np.nan) if seed % 2 else np.tile([1280.0, 720.0], (len(key), 1)),
        labelled=np.bincount(frame, minlength=len(key)) > 0,
        path=np.asarray(path),
        sequences=names,
    )
    people = _people(rng, frame, rows, predictions, reid)
    ignore = IgnoreRegions() if predictions else _regions(rng, len(key))
    return PoseSet(skeleton(), frames, people, ignore)


def _people(rng: np.random.Generator, frame: np.ndarray, rows: int, predictions: bool, reid: bool) -> People:
    seen = rng.choice([0, 1, 2], (rows, JOINTS), p=[0.2, 0.2, 0.6]).astype(np.int8)
    xy = rng.uniform(1, 1000, (rows, JOINTS, 2)) * (seen > 0)[..., None]
    scored = rng.random(rows) < 0.7
    score = np.where((seen > 0) & scored[:, None] & predictions, rng.random((rows, JOINTS)), np.nan)
    corner = rng.uniform(0, 500, (rows, 2))
    box = np.concatenate([corner, corner + rng.uniform(1, 90, (rows, 2))], axis=1)
    box[rng.random(rows) < 0.2] = np.nan
    extra = {"head_box": box}
    if reid:
        extra["person_id"] = rng.integers(0, 50, rows)
    track = (
        np.concatenate([rng.permutation(40)[:n] for n in np.bincount(frame)]) if rows else np.zeros(0, int)
    )
    track = np.where(rng.random(rows) < 0.1, -1, track)
    return People(
        xy=xy,
        frame=frame,
        seen=seen,
        joint_score=score,
        score=np.where(rng.random(rows) < 0.5, rng.random(rows), np.nan) if predictions else None,
        track=track,
        box=box[rng.permutation(rows)],
        head=head_size(box),
        source_id=np.arange(rows) * 3 + 7,
        extra=extra,
    )


def _regions(rng: np.random.Generator, frames: int) -> IgnoreRegions:
    count = int(rng.integers(0, 4))
    length = rng.integers(3, 7, count)
    start = np.concatenate(([0], np.cumsum(length)))
    return IgnoreRegions(
        rng.uniform(-10, 900, (int(start[-1]), 2)), start, np.sort(rng.integers(0, frames, count))
    )


def without(poses: PoseSet, **columns: object) -> PoseSet:
    """The set with some columns of people replaced; None means the column's empty value."""
    return replace(poses, people=poses.people.with_columns(**columns))


seeds = st.integers(0, 2**32 - 1)
