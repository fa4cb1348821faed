"""What each kind of error costs: AP after fixing it, alone and one kind after the other.

A fixed joint does not become perfect: it is moved to the distance from the true joint at which its class
ends. Cumulative gains fix misses, swaps, inversions, jitter, then scores, then ignore false positives, then
people without a prediction; independent gains fix one kind.

Source: Ronchi and Perona 2017, section 4; program coco-analyze. Its offset uses sigma^2 where the similarity
uses (2 sigma)^2, so a fixed joint lands at a higher similarity than named (quirk C22). Its soft suppression
of optimal scores is not reproduced to the digit (quirk C23).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from poseval.diagnosis.error_types import GOOD, MAX_DETS, MISS, Fault, Labels, Scene, SizeRange, match_scene
from poseval.kernels.coco import (
    Detections,
    Matching,
    Ranked,
    accumulate,
    cell_pairs,
    descending,
    keep,
    oks_pairs,
)
from poseval.kernels.poses import extent
from poseval.poses import Bools, Floats, Ints

STEPS = (Fault.MISS, Fault.SWAP, Fault.INVERSION, Fault.JITTER)
# The names in JSON, and how reports call those that need another name.
STAGES = ("baseline", "miss", "swap", "inversion", "jitter", "score", "background", "missed people")
TITLES = {"miss": "missed joints", "background": "false positives", "missed people": "misses"}
THRESHOLDS = np.linspace(0.5, 0.95, 10)


@dataclass(frozen=True)
class Stage:
    """AP and recall per threshold [T] after a stage; NaN without people to find."""

    name: str
    ap: Floats
    recall: Floats

    @property
    def title(self) -> str:
        """The stage in the words of a report."""
        return TITLES.get(self.name, self.name)


@dataclass(frozen=True)
class Gains:
    """Stages of one size range, and counts per threshold [T] after joints and scores are fixed.

    `false_positives` are predictions without a person, `missed` people that count without a prediction;
    `unmatched` includes the people that do not count, as coco-analyze's false negatives do.
    """

    cumulative: tuple[Stage, ...]
    independent: tuple[Stage, ...]
    false_positives: Ints
    missed: Ints
    unmatched: Ints


def fixed(scene: Scene, labels: Labels, kinds: tuple[Fault, ...], corrected: bool = False) -> Floats:
    """Predicted coordinates [P, K, 2] with the joints of these classes moved beside the true joints."""
    xy = scene.detections.xy.copy()
    for kind in kinds:
        row, joint = np.nonzero(labels.fault == kind)
        if kind is Fault.MISS:
            similarity: Floats | float = MISS
        elif kind is Fault.JITTER:
            similarity = GOOD
        else:
            similarity = labels.best[row, joint]
        person = labels.person[row]
        sigma = scene.sigmas[joint] * (2 if corrected else 1)
        off = np.sqrt(-np.log(similarity) * 2 * scene.targets.area[person] * sigma**2)
        places = scene.targets.xy[person, joint].copy()
        places[:, 0] += off
        xy[labels.prediction[row], joint] = places
    return xy


def gains(scene: Scene, labels: Labels, size: SizeRange, corrected: bool = False) -> Gains:
    """AP after each stage in one size range."""
    base = scene.detections
    cumulative = [_stage(STAGES[0], scene, size, base)]
    independent = [cumulative[0]]
    done: tuple[Fault, ...] = ()
    for name, kind in zip(STAGES[1:5], STEPS, strict=True):
        done = (*done, kind)
        xy = fixed(scene, labels, done, corrected)
        cumulative.append(_stage(name, scene, size, Detections(xy, base.score, base.area)))
        alone = fixed(scene, labels, (kind,), corrected)
        independent.append(_stage(name, scene, size, Detections(alone, base.score, base.area)))
    places = fixed(scene, labels, done, corrected)
    last = Detections(places, optimal_scores(scene, size, places)[0], base.area)
    cumulative.append(_stage(STAGES[5], scene, size, last))
    rescored = Detections(base.xy, optimal_scores(scene, size, base.xy)[0], base.area)
    independent.append(_stage(STAGES[5], scene, size, rescored))
    found = match_scene(scene, THRESHOLDS, (size,), last)
    unmatched = found.matched[:, 0] < 0  # [R, T]
    taken = _taken(found, len(scene.targets.area))
    cumulative.append(_curve(STAGES[6], scene, found, last, drop=unmatched))
    cumulative.append(_curve(STAGES[7], scene, found, last, drop=unmatched, taken=taken))
    for name, drop, people in ((STAGES[6], True, False), (STAGES[7], False, True)):
        raw = match_scene(scene, THRESHOLDS, (size,), base)
        cut = raw.matched[:, 0] < 0 if drop else None
        own = _taken(raw, len(scene.targets.area)) if people else None
        independent.append(_curve(name, scene, raw, base, drop=cut, taken=own))
    counted = ~found.truth_skip[:, 0]
    free = ~taken[scene.people.row]
    missed = (counted[:, None] & free).sum(axis=0)
    return Gains(tuple(cumulative), tuple(independent), unmatched.sum(axis=0), missed, free.sum(axis=0))


def _taken(found: Matching, people: int) -> Bools:
    """Whether a person [G, T] was matched at each threshold."""
    out = np.zeros((people, found.matched.shape[2]), dtype=np.bool_)
    for place in range(out.shape[1]):
        row = found.matched[:, 0, place]
        out[row[row >= 0], place] = True
    return out


def _stage(name: str, scene: Scene, size: SizeRange, detections: Detections) -> Stage:
    return _curve(name, scene, match_scene(scene, THRESHOLDS, (size,), detections), detections)


def _curve(
    name: str,
    scene: Scene,
    found: Matching,
    detections: Detections,
    drop: Bools | None = None,
    taken: Bools | None = None,
) -> Stage:
    """AP and recall; `drop` [R, T] detections do not count, and only `taken` [G, T] people do."""
    count = len(THRESHOLDS)
    bits = (np.uint64(1) << np.arange(count, dtype=np.uint64))[None]
    skip = found.skip if drop is None else found.skip | (drop * bits).sum(axis=1, dtype=np.uint64)[:, None]
    score = detections.score[found.row]
    unit = np.repeat(np.arange(scene.count), np.diff(found.start))
    ranked = Ranked(score, found.hit & ~skip, skip, unit)
    counted = ~found.truth_skip[:, 0]
    ap, recall = np.full(count, math.nan), np.full(count, math.nan)
    for place in range(count):
        people = counted if taken is None else counted & taken[scene.people.row, place]
        total = int(people.sum())
        if total:
            curves = accumulate(ranked, descending(score), np.array([total]), count)
            ap[place] = float(np.mean(curves.precision[place, :, 0]))
            recall[place] = float(curves.recall[place, 0])
    return Stage(name, ap, recall)


def optimal_scores(scene: Scene, size: SizeRange, xy: Floats) -> tuple[Floats, Floats]:
    """Scores that would rank best, and the highest similarity with a person that counts, [P] each.

    The optimal score is that similarity, lowered by soft non-maximum suppression inside the frame:
    score *= exp(-oks^2 / 0.5) for the lower one of a pair, with OKS between predictions on the mean of their
    extents. `xy` [P, K, 2] are the predictions, fixed or not.
    """
    kept = keep(scene.detections.score, scene.poses, MAX_DETS)
    pose, person = cell_pairs(kept, scene.people)
    oks = oks_pairs(xy, scene.targets, scene.sigmas, pose, person)
    area = scene.targets.area[person]
    countable = ~scene.targets.ignored[person] & (area >= size.low) & (area <= size.high)
    best = np.zeros(len(scene.detections.score))
    np.maximum.at(best, pose[countable], oks[countable])
    out = best.copy()
    for cell in range(scene.count):
        rows = kept.row[kept.start[cell] : kept.start[cell + 1]]
        if len(rows) > 1:
            out[rows] = _soften(scene, xy[rows], best[rows])
    return out, best


def _soften(scene: Scene, xy: Floats, score: Floats) -> Floats:
    """Soft-NMS of one frame: each prediction lowers those that score less.

    Joints that were not predicted (infinite) have similarity 0 and are not part of the extent.
    """
    predicted: Bools = np.asarray(np.isfinite(xy).all(axis=2))
    area = extent(xy, predicted.astype(np.int8))
    place = np.where(predicted[..., None], xy, 0.0)
    off = ((place[:, None] - place[None]) ** 2).sum(axis=3)
    off = np.where(predicted[:, None] & predicted[None], off, np.inf)
    mean = (area[:, None] + area[None]) / 2 + np.spacing(1)
    oks = np.exp(-off / (2 * scene.sigmas) ** 2 / mean[..., None] / 2).mean(axis=2)
    out = score.copy()
    left = list(range(len(score)))
    while left:
        top = max(left, key=lambda i: out[i])
        left.remove(top)
        for i in left:
            out[i] *= math.exp(-(oks[top, i] ** 2) / 0.5)
    return out
