"""Predictions with known faults, made from ground truth: for tests, documents and the demo.

The kinds of fault are those of Ronchi and Perona, "Benchmarking and Error Diagnosis in Multi-Instance Pose
Estimation" (2017): jitter, inversion, swap, miss; and misses, false positives, duplicates and id switches.
"""

from __future__ import annotations

import numpy as np

from poseval.errors import UsageError
from poseval.poses import Array, Bools, Floats, Ints, Origin, People, PoseSet
from poseval.poses.enclosing import enclosing_boxes
from poseval.synth.scene import generator

DEFAULT_SIGMA = 0.08  # of joints without an official sigma
DECIMALS = 2  # of coordinates, in pixels
SCORE_DECIMALS = 4


def perturb(
    truth: PoseSet,
    seed: int,
    *,
    jitter: float = 0.45,
    gross: float = 0.03,
    inversion: float = 0.02,
    swap: float = 0.03,
    missed_people: float = 0.05,
    missed_joints: float = 0.0,
    false_positives: float = 0.15,
    duplicates: float = 0.03,
    switches: float = 0.01,
    score_noise: float = 0.08,
) -> PoseSet:
    """Seeded noisy predictions of ground truth.

    Args:
        truth: any pose set; crowds are not predicted.
        seed: a non-negative integer; the same ground truth and seed give the same predictions everywhere.
        jitter: standard deviation of every joint in units of 2 sigma sqrt(area), the scale of OKS; twice that
            for hidden joints.
        gross: fraction of joints that land far off (2 to 8 of these units).
        inversion: fraction of left-right pairs that are exchanged.
        swap: fraction of joints that land on the same joint of the nearest person of the frame.
        missed_people, missed_joints: shares that are not predicted (a missed joint has `seen` 0).
        false_positives: people predicted where nobody is, per frame on average.
        duplicates: fraction of people predicted twice, the second time with a lower score.
        switches: chance that a track's predicted id changes for good in a frame.
        score_noise: standard deviation of the scores about their quality.

    Returns:
        Predictions with `score`, `joint_score`, and `track` where the ground truth has tracks, rows in random
        order inside each frame.

    Raises:
        UsageError: P122 for a share outside 0..1 or a negative amount.
    """
    _check_shares(
        gross=gross,
        inversion=inversion,
        swap=swap,
        missed_people=missed_people,
        missed_joints=missed_joints,
        duplicates=duplicates,
        switches=switches,
    )
    _check_amounts(jitter=jitter, false_positives=false_positives, score_noise=score_noise)
    rng = generator(seed, 11)
    rows = np.flatnonzero(~truth.people.crowd & (rng.random(len(truth)) >= missed_people))
    rows = np.sort(np.concatenate([rows, rows[rng.random(len(rows)) < duplicates]]))
    again = np.concatenate([[False], rows[1:] == rows[:-1]]) if len(rows) else np.zeros(0, dtype=bool)
    unit = _units(truth)[rows]  # [N, K]
    base = _filled(truth)[rows]
    xy = _scattered(base, unit, truth.people.seen[rows] == 2, rng, jitter, gross)
    xy = _inverted(xy, truth, rng, inversion)
    xy = _swapped(xy, rows, base, truth, rng, swap)
    quality = np.exp(-0.5 * ((xy - base) ** 2).sum(axis=2) / np.maximum(unit, 1e-9) ** 2)
    joint_score = np.clip(0.12 + 0.8 * quality + rng.normal(0, score_noise, quality.shape), 0.01, 0.999)
    score = 0.25 + 0.65 * quality.mean(axis=1) + rng.normal(0.0, score_noise, len(rows)) - 0.25 * again
    parts = {
        "xy": xy,
        "seen": np.where(rng.random(unit.shape) < missed_joints, 0, 2),
        "frame": truth.people.frame[rows],
        "joint_score": joint_score,
        "score": np.clip(score, 0.02, 0.999),
        "track": _tracks(truth, rows, again, rng, switches),
    }
    return _assembled(truth, parts, _background(truth, rng, false_positives), rng)


def _check_shares(**shares: float) -> None:
    for name, value in shares.items():
        if not 0 <= value <= 1:
            raise UsageError(
                "P122", where=f"perturb: {name}", what=f"is {value}", wanted="a fraction from 0 to 1"
            )


def _check_amounts(**amounts: float) -> None:
    for name, value in amounts.items():
        if not 0 <= value < np.inf:
            raise UsageError(
                "P122", where=f"perturb: {name}", what=f"is {value}", wanted="an amount, 0 or more"
            )


def _scattered(
    base: Floats, unit: Floats, visible: Bools, rng: np.random.Generator, jitter: float, gross: float
) -> Floats:
    """Joints [N, K, 2] with jitter, twice as wide for hidden ones, and a share `gross` of them far off."""
    spread = np.where(visible, 1.0, 2.0) * jitter
    xy: Floats = base + rng.normal(0.0, 1.0, base.shape) * (spread * unit)[:, :, None]
    far = rng.random(unit.shape) < gross
    angle, reach = rng.uniform(0, 2 * np.pi, unit.shape), rng.uniform(2.0, 8.0, unit.shape)
    xy += (far * reach * unit)[:, :, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return xy


def _units(truth: PoseSet) -> Floats:
    """2 sigma sqrt(area) [N, K] in pixels; the extent of the joints stands in for an area."""
    sigmas = truth.skeleton.sigmas
    sigma = np.full(len(truth.skeleton), DEFAULT_SIGMA) if sigmas is None else np.asarray(sigmas)
    people = truth.people
    labelled: Bools = np.asarray(people.seen > 0)
    low, high = np.split(enclosing_boxes(people.xy, labelled), 2, axis=1)
    sides = np.where(np.isnan(low), 1.0, high - low)
    area = np.where(people.area > 0, people.area, 0.53 * sides.prod(axis=1))
    out: Floats = 2 * sigma[None, :] * np.sqrt(np.maximum(area, 1.0))[:, None]
    return out


def _filled(truth: PoseSet) -> Floats:
    """Coordinates [N, K, 2]; unlabelled joints take the middle of the others, since models guess them too."""
    labelled = (truth.people.seen > 0)[:, :, None]
    xy = np.where(labelled, truth.people.xy, 0.0)
    middle = xy.sum(axis=1, keepdims=True) / np.maximum(labelled.sum(axis=1, keepdims=True), 1)
    return np.where(labelled, xy, middle)


def _inverted(xy: Floats, truth: PoseSet, rng: np.random.Generator, share: float) -> Floats:
    out = xy.copy()
    for left, right in enumerate(truth.skeleton.flip):
        if left < right:
            turned = rng.random(len(xy)) < share
            out[turned, left], out[turned, right] = xy[turned, right], xy[turned, left]
    return out


def _swapped(
    xy: Floats, rows: Ints, base: Floats, truth: PoseSet, rng: np.random.Generator, share: float
) -> Floats:
    out = xy.copy()
    start = truth.frame_start()
    people = truth.people
    for row, joint in zip(*np.nonzero(rng.random(xy.shape[:2]) < share), strict=True):
        frame = people.frame[rows[row]]
        others = np.arange(start[frame], start[frame + 1])
        others = others[(others != rows[row]) & (people.seen[others, joint] > 0)]
        if len(others):
            places = people.xy[others, joint]
            out[row, joint] = places[np.argmin(((places - base[row, joint]) ** 2).sum(axis=1))]
    return out


def _tracks(truth: PoseSet, rows: Ints, again: Bools, rng: np.random.Generator, switches: float) -> Ints:
    true = truth.people.track[rows]
    change = rng.random(len(rows)) < switches
    out = np.full(len(rows), -1, dtype=np.int64)
    now: dict[int, int] = {}
    fresh = 0
    for index in range(len(rows)):
        track = int(true[index])
        if track < 0:
            continue
        if again[index] or track not in now or change[index]:
            fresh += 1
            out[index] = fresh
            if not again[index]:
                now[track] = fresh
        else:
            out[index] = now[track]
    return out


def _background(truth: PoseSet, rng: np.random.Generator, rate: float) -> dict[str, Array]:
    """Poses of nobody: shapes of random people of the ground truth, moved elsewhere in a frame."""
    shapes = np.flatnonzero(truth.people.is_labelled)
    count = (
        rng.poisson(rate, len(truth.frames)) if len(shapes) else np.zeros(len(truth.frames), dtype=np.int64)
    )
    frame = np.repeat(np.arange(len(truth.frames)), count)
    joints = len(truth.skeleton)
    pick = rng.choice(shapes, len(frame)) if len(shapes) else np.zeros(0, dtype=np.int64)
    pose = _filled(truth)[pick]
    size = truth.frames.size[frame]
    size = np.where(np.isfinite(size), size, 500.0)
    place = rng.uniform(0.0, 1.0, (len(frame), 2)) * size
    xy = (pose - pose.mean(axis=1, keepdims=True)) * rng.uniform(0.5, 1.2, (len(frame), 1, 1))
    return {
        "xy": xy + place[:, None, :] + rng.normal(0.0, 3.0, xy.shape),
        "seen": np.full((len(frame), joints), 2),
        "frame": frame,
        "joint_score": rng.uniform(0.02, 0.5, (len(frame), joints)),
        "score": rng.uniform(0.02, 0.55, len(frame)),
        "track": 10**6 + np.arange(len(frame))
        if (truth.people.track >= 0).any()
        else np.full(len(frame), -1),
    }


def _assembled(
    truth: PoseSet, found: dict[str, Array], background: dict[str, Array], rng: np.random.Generator
) -> PoseSet:
    joined = {name: np.concatenate([found[name], background[name]]) for name in found}
    order = np.lexsort((rng.random(len(joined["frame"])), joined["frame"]))
    columns = {name: column[order] for name, column in joined.items()}
    missing = columns["seen"] == 0
    columns["xy"] = np.where(missing[:, :, None], np.nan, np.round(columns["xy"], DECIMALS))
    columns["joint_score"] = np.where(missing, np.nan, np.round(columns["joint_score"], SCORE_DECIMALS))
    columns["score"] = np.round(columns["score"], SCORE_DECIMALS)
    people = People(
        columns["xy"],
        columns["frame"],
        columns["seen"],
        columns["joint_score"],
        columns["score"],
        columns["track"],
    )
    return PoseSet(
        truth.skeleton,
        truth.frames,
        people,
        origin=Origin(format="synthetic", records=len(people)),
        categories=truth.categories,
    )
