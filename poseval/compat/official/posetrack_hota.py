"""HOTA of joints: a transcription of the PoseTrack21 kit 3e61960 (metrics/hota_pose.py), and its corrected
form.

The corrected form multiplies similarities by the alignment of tracks before the assignment (TrackEval,
metrics/hota.py), counts a frame's own joints as missed, and pools joints.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from poseval.compat.official.base import ADDITION, Array, Number, Side, transcription
from poseval.compat.official.posetrack_files import JOINTS, Person, Video
from poseval.compat.official.posetrack_poses import apart, grouped

ALPHAS = np.arange(0.05, 0.99, 0.05)
EPSILON = np.finfo("float").eps
RADIUS = 0.5001  # head sizes at which the similarity reaches 0
NAMES = ("HOTA", "DetA", "AssA", "LocA")


def hota(kept: Sequence[Video], rules: str) -> Side:
    """HOTA, DetA, AssA and LocA of joints, groups and in total, and true positives per joint and alpha."""
    kit = rules == "posetrack21"
    sums = [
        [_joint(video, joint, aligned=rules == "corrected") for joint in range(len(JOINTS))] for video in kept
    ]
    if kit:
        for video, row in zip(kept, sums, strict=True):
            _missed_by_the_kit(video, row)
    joints = [_total([row[joint] for row in sums]) for joint in range(len(JOINTS))]
    of_joints = [_ratios(total) for total in joints]
    pooled = _kit_total(sums) if kit else _total(joints)
    everything = _ratios(pooled)
    if not kit:
        for total, found in zip([*joints, pooled], [*of_joints, everything], strict=True):
            if not total["objects"][0]:
                found.update(dict.fromkeys(NAMES, np.full(len(ALPHAS), math.nan)))
    numbers: dict[str, Number] = {}
    for name in NAMES:
        values = [float(found[name].mean()) for found in of_joints]
        numbers |= {**grouped(name, values, strict=False), name: float(everything[name].mean())}
    numbers["hota:matched"] = np.stack([total["tp"] for total in joints])
    faults = "" if kit else ", every frame missing its own joints, joints pooled"
    mended = ", with TrackEval's assignment" if rules == "corrected" else ""
    program = transcription(f"the PoseTrack21 kit 3e61960, metrics/hota_pose.py{faults}{mended}")
    return Side(program, numbers, ADDITION)


def _joint(video: Video, joint: int, aligned: bool) -> dict[str, Array]:
    """Sums per alpha of one joint of one sequence: tp, fn, fp, loc, ass and the number of its objects."""
    frames = [_similarities(truth.people, found.people, joint) for truth, found in video.frames]
    size = _sizes(video, joint)
    agreement = _agreement(frames, size) if aligned else {}
    out = {name: np.zeros(len(ALPHAS)) for name in ("tp", "fn", "fp", "loc", "ass")}
    together: list[dict[tuple[int, int], int]] = [{} for _ in ALPHAS]
    for a, b, alike in frames:
        gain = alike
        if aligned:
            gain = alike * np.array([[agreement.get((x, y), 0.0) for y in b] for x in a]).reshape(alike.shape)
        rows, columns = linear_sum_assignment(-gain)
        for level, alpha in enumerate(ALPHAS):
            chosen = alike[rows, columns] >= alpha - EPSILON
            out["tp"][level] += chosen.sum()
            out["loc"][level] += alike[rows, columns][chosen].sum()
            for x, y in zip(rows[chosen], columns[chosen], strict=True):
                pair = a[x], b[y]
                together[level][pair] = together[level].get(pair, 0) + 1
    objects, hypotheses = sum(size[0].values()), sum(size[1].values())
    out["fn"], out["fp"] = objects - out["tp"], hypotheses - out["tp"]
    for level, pairs in enumerate(together):
        out["ass"][level] = sum(m * m / (size[0][x] + size[1][y] - m) for (x, y), m in pairs.items())
    out["objects"] = np.full(len(ALPHAS), float(objects))
    return out


def _sizes(video: Video, joint: int) -> tuple[dict[int, int], dict[int, int]]:
    """Frames in which each track has the joint, of both sides."""
    size: tuple[dict[int, int], dict[int, int]] = ({}, {})
    for sides in video.frames:
        for frame, count in zip(sides, size, strict=True):
            for person in frame.people:
                if joint in person.joints:
                    key = int(person.track or 0)
                    count[key] = count.get(key, 0) + 1
    return size


def _similarities(
    truth: Sequence[Person], found: Sequence[Person], joint: int
) -> tuple[list[int], list[int], Array]:
    """Ids of everybody in a frame, and how alike their joints are.

    Who lacks the joint stays in the table with 0, as in the kit: which of equally good assignments is found
    hangs on it.
    """
    alike = np.zeros((len(truth), len(found)))
    for row, x in enumerate(truth):
        for column, y in enumerate(found):
            if joint in x.joints and joint in y.joints:
                alike[row, column] = max(0.0, 1 - apart(x, joint, y.joints[joint]) / RADIUS)
    ids = [[int(person.track or 0) for person in side] for side in (truth, found)]
    return ids[0], ids[1], alike


def _agreement(
    frames: Sequence[tuple[list[int], list[int], Array]], size: tuple[dict[int, int], dict[int, int]]
) -> dict[tuple[int, int], float]:
    """TrackEval's global alignment score of each pair of tracks."""
    shared: dict[tuple[int, int], float] = {}
    for a, b, alike in frames:
        for row, column in np.argwhere(alike > 0):
            both = alike[:, column].sum() + alike[row].sum() - alike[row, column]
            pair = a[row], b[column]
            shared[pair] = shared.get(pair, 0.0) + alike[row, column] / both
    return {(x, y): m / (size[0][x] + size[1][y] - m) for (x, y), m in shared.items()}


def _missed_by_the_kit(video: Video, row: list[dict[str, Array]]) -> None:
    """A frame without predictions misses the joints of the whole sequence (P08)."""
    if not any(found.people for _, found in video.frames):
        return
    for truth, found in video.frames:
        if truth.people and not found.people:
            for joint, sums in enumerate(row):
                own = sum(joint in person.joints for person in truth.people)
                sums["fn"] += sums["objects"][0] - own


def _total(parts: Sequence[dict[str, Array]]) -> dict[str, Array]:
    names = ("tp", "fn", "fp", "loc", "ass", "objects")
    return {name: sum((part[name] for part in parts), np.zeros(len(ALPHAS))) for name in names}


def _kit_total(sums: Sequence[Sequence[dict[str, Array]]]) -> dict[str, Array]:
    """The kit's sixteenth column: counts are sums, association and localisation means over joints (P26)."""
    out = {name: np.zeros(len(ALPHAS)) for name in ("tp", "fn", "fp", "loc", "ass", "objects")}
    for row in sums:
        pooled = _total(row)
        for name in ("tp", "fn", "fp", "objects"):
            out[name] += pooled[name]
        of_joints = [_ratios(sums_of_joint) for sums_of_joint in row]
        for name, ratio_name in (("ass", "AssA"), ("loc", "LocA")):
            out[name] += np.mean([found[ratio_name] for found in of_joints], axis=0) * pooled["tp"]
    return out


def _ratios(total: dict[str, Array]) -> dict[str, Array]:
    tp = total["tp"]
    found = {
        "DetA": tp / np.maximum(1, tp + total["fn"] + total["fp"]),
        "AssA": total["ass"] / np.maximum(1, tp),
        "LocA": np.maximum(1e-10, total["loc"]) / np.maximum(1e-10, tp),
    }
    return {**found, "HOTA": np.sqrt(found["DetA"] * found["AssA"])}
