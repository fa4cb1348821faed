"""Plain twin of the diagnosis: classes of joints, joints put right, stages and scores, in loops."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from poseval.diagnosis.error_types import Fault, Scene, SizeRange
from poseval.kernels.coco import RECALLS, Detections, Floats, Ranked
from tests.oracles import coco_matching
from tests.oracles.coco_matching import EPS

THRESHOLDS = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
KEPT = 20  # detections of a frame
Pair = tuple[int, int]  # prediction and person
Joint = tuple[Fault, float]  # class, and the similarity behind it


def matched(scene: Scene, size: SizeRange, thresholds: Sequence[float], detections: Detections) -> list[dict]:
    """What the twin of the matching says of each frame."""
    ranges = np.array([[size.low, size.high]])
    return coco_matching.match(
        detections, scene.poses, scene.targets, scene.people, scene.sigmas, np.array(thresholds), ranges, KEPT
    )


def similarity(scene: Scene, pose: int, person: int, joint: int, true_joint: int) -> float:
    """Similarity of a predicted joint to a true one; -1 where that is not labelled."""
    if not scene.targets.labelled[person, true_joint]:
        return -1.0
    x, y = scene.detections.xy[pose, joint] - scene.targets.xy[person, true_joint]
    area = scene.targets.area[person] + EPS
    return math.exp(-(x * x + y * y) / (8 * area * scene.sigmas[joint] ** 2))


def classes(scene: Scene, size: SizeRange, corrected: bool) -> dict[Pair, list[Joint]]:
    """Class of every joint of every matched pair."""
    out = {}
    for cell, found in enumerate(matched(scene, size, [0.1], scene.detections)):
        people = scene.people.row[scene.people.start[cell] : scene.people.start[cell + 1]].tolist()
        for pose, person in zip(found["row"], found["matched"][0, 0], strict=True):
            if person >= 0 and scene.targets.labelled[person].any():
                order = [int(person), *(other for other in people if other != person)]
                joints = range(len(scene.sigmas))
                out[int(pose), int(person)] = [_class(scene, pose, order, k, corrected) for k in joints]
    return out


def _class(scene: Scene, pose: int, people: list[int], joint: int, corrected: bool) -> Joint:
    direct = [similarity(scene, pose, person, joint, joint) for person in people]
    mirrored = [similarity(scene, pose, person, joint, int(scene.flip[joint])) for person in people]
    best = max(direct + mirrored)
    if not scene.targets.labelled[people[0], joint]:
        return Fault.NONE, best
    if best < 0.5:
        return Fault.MISS, best
    if direct[0] == best:
        if best == 0.85:
            return (Fault.GOOD if corrected else Fault.NONE), best
        return (Fault.GOOD if best > 0.85 else Fault.JITTER), best
    inverted = mirrored[0] == best and max(direct) < best
    return (Fault.INVERSION if inverted else Fault.SWAP), best


def put_right(
    scene: Scene, labels: dict[Pair, list[Joint]], kinds: Sequence[Fault], corrected: bool
) -> Floats:
    """Coordinates with the joints of these classes beside their truth."""
    xy = scene.detections.xy.copy()
    for (pose, person), joints in labels.items():
        for k, (kind, best) in enumerate(joints):
            if kind in kinds:
                wanted = {Fault.MISS: 0.5, Fault.JITTER: 0.85}.get(kind, best)
                sigma = scene.sigmas[k] * (2 if corrected else 1)
                off = sigma * math.sqrt(-2 * math.log(wanted) * scene.targets.area[person])
                xy[pose, k] = scene.targets.xy[person, k] + (off, 0)
    return xy


def stage(
    scene: Scene,
    size: SizeRange,
    xy: Floats,
    score: Floats,
    *,
    background: bool = True,
    missed: bool = True,
) -> tuple[list[float], list[float], list[int], list[int], list[int]]:
    """AP, recall, predictions without a person, people without a prediction that count, and all such people.

    Without `background` predictions without a person do not count, without `missed` people without a
    prediction do not.
    """
    detections = Detections(xy, score, scene.detections.area)
    cells = matched(scene, size, THRESHOLDS, detections)
    out: tuple[list[float], list[float], list[int], list[int], list[int]] = ([], [], [], [], [])
    for t in range(len(THRESHOLDS)):
        rows: list[tuple[float, bool, bool, int]] = []
        due = alone = lost = free = 0
        for cell, found in enumerate(cells):
            partner = found["matched"][0, t]
            people = scene.people.row[scene.people.start[cell] : scene.people.start[cell + 1]]
            for place, pose in enumerate(found["row"]):
                skip = bool(found["skip"][0, t, place]) or (not background and partner[place] < 0)
                rows.append((score[pose], partner[place] >= 0 and not skip, skip, cell))
                alone += int(partner[place] < 0)
            for person, skip in zip(people, found["truth_skip"][0], strict=True):
                taken = bool((partner == person).any())
                due += int(not skip and (missed or taken))
                lost += int(not skip and not taken)
                free += int(not taken)
        table = np.array(rows, dtype=float).reshape(-1, 4)
        hit, skip_bits = (table[:, [column]].astype(np.uint64) for column in (1, 2))
        ranked = Ranked(table[:, 0], hit, skip_bits, table[:, 3].astype(np.int64))
        curves = coco_matching.accumulate(ranked, np.array([due]), 1, RECALLS)
        numbers = (curves.precision[0, :, 0].mean(), curves.recall[0, 0], alone, lost, free)
        for values, value in zip(out, numbers, strict=True):
            values.append(value)
    return out


def lrp(scene: Scene, size: SizeRange) -> tuple[float, float, float, float, float]:
    """oLRP, mean 1 - OKS of hits, share of false positives, share of misses, and the score threshold."""
    rows: list[tuple[float, float]] = []  # score, and 1 - OKS; infinite for a false positive
    due = 0
    for found in matched(scene, size, [0.5], scene.detections):
        due += int((~found["truth_skip"]).sum())
        for pose, person, skip in zip(found["row"], found["matched"][0, 0], found["skip"][0, 0], strict=True):
            if not skip:
                xy = scene.detections.xy[pose]
                off = (
                    1 - coco_matching.oks(xy, scene.targets, person, scene.sigmas)
                    if person >= 0
                    else math.inf
                )
                rows.append((scene.detections.score[pose], off))
    best = (math.inf, math.nan, math.nan, math.nan, math.nan)
    for percent in range(101):
        kept = [off for score, off in rows if score >= percent / 100]
        hits = [off for off in kept if off < math.inf]
        false, lost = len(kept) - len(hits), due - len(hits)
        value = (sum(off / 0.5 for off in hits) + false + lost) / (len(hits) + false + lost)
        if value < best[0] - 1e-12:
            where = sum(hits) / len(hits) if hits else math.nan
            share = false / len(kept) if kept else math.nan
            best = (value, where, share, lost / due, percent / 100)
    return best


def best_scores(scene: Scene, size: SizeRange, xy: Floats) -> tuple[Floats, Floats]:
    """Similarity with the nearest person that counts, lowered by soft suppression; and not lowered."""
    best = np.zeros(len(scene.detections.score))
    out = best.copy()
    for cell in range(scene.count):
        poses = scene.poses.row[scene.poses.start[cell] : scene.poses.start[cell + 1]]
        kept = sorted(poses.tolist(), key=lambda row: -scene.detections.score[row])[:KEPT]
        people = scene.people.row[scene.people.start[cell] : scene.people.start[cell + 1]]
        area, ignored = scene.targets.area, scene.targets.ignored
        due = [g for g in people if not ignored[g] and size.low <= area[g] <= size.high]
        for pose in kept:
            found = [coco_matching.oks(xy[pose], scene.targets, g, scene.sigmas) for g in due]
            best[pose] = out[pose] = max(found, default=0.0)
        _suppress(scene, xy, kept, out)
    return out, best


def _suppress(scene: Scene, xy: Floats, rows: list[int], score: Floats) -> None:
    left = list(rows)
    while left:
        top = max(left, key=lambda row: score[row])
        left.remove(top)
        for row in left:
            mean = (_extent(xy[top]) + _extent(xy[row])) / 2 + EPS
            terms = []
            for a, b, sigma in zip(xy[top], xy[row], scene.sigmas, strict=True):
                there = np.isfinite(a).all() and np.isfinite(b).all()
                terms.append(math.exp(-((a - b) ** 2).sum() / (8 * sigma**2 * mean)) if there else 0.0)
            score[row] *= math.exp(-((sum(terms) / len(terms)) ** 2) / 0.5)


def _extent(xy: Floats) -> float:
    there = xy[np.isfinite(xy).all(axis=1)]
    return float(np.prod(there.max(axis=0) - there.min(axis=0))) if len(there) else 0.0
