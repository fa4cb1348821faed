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
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from poseval.diagnosis.error_types import GOOD, MISS, Fault, Labels, Scene, SizeRange, match_scene
from poseval.diagnosis.optimal_scores import Suppression
from poseval.kernels.coco import Detections, Matching, Ranked, accumulate, descending
from poseval.poses import Bools, Floats, Ints

STEPS = (Fault.MISS, Fault.SWAP, Fault.INVERSION, Fault.JITTER)
# The names in JSON, and how reports call those that need another name.
STAGES = ("baseline", "miss", "swap", "inversion", "jitter", "score", "background", "missed people")
INACCURATE = "inaccurate people"  # the second part of the last stage
TITLES = {
    "miss": "missed joints",
    "background": "false positives",
    "missed people": "misses",
    INACCURATE: "found too inaccurately",
}
THRESHOLDS = np.linspace(0.5, 0.95, 10)


@dataclass(frozen=True)
class Stage:
    """AP and recall per threshold [T] after a stage; NaN without people to find."""

    name: str
    ap: Floats
    recall: Floats


@dataclass(frozen=True)
class Step:
    """AP after a kind of error is fixed, after those before it and alone, and what either gains."""

    name: str
    ap: float
    gain: float
    alone: float
    gain_alone: float

    @property
    def title(self) -> str:
        """The kind in the words of a report."""
        return TITLES.get(self.name, self.name)


def mean_ap(stage: Stage) -> float:
    """AP over thresholds; NaN without people to find."""
    return math.nan if np.isnan(stage.ap).all() else float(np.nanmean(stage.ap))


@dataclass(frozen=True)
class Gains:
    """Stages of one size range, and counts per threshold [T] after joints and scores are fixed.

    coco-analyze's last stage leaves out everyone without a match at a threshold. Many of them may have been
    found, but too inaccurately for it: `absent` leaves out only those whom no prediction found, after all
    errors before them, and `absent_alone` with no error fixed; `inaccurate_alone` leaves out only the others.

    `false_positives` are predictions without a person, `missed` people that count without a match, and
    `missed_though_found` those of them who were found; `unmatched` includes the people that do not count, as
    coco-analyze's false negatives do.
    """

    cumulative: tuple[Stage, ...]
    independent: tuple[Stage, ...]
    absent: Stage
    absent_alone: Stage
    inaccurate_alone: Stage
    false_positives: Ints
    missed: Ints
    missed_though_found: Ints
    unmatched: Ints

    @property
    def steps(self) -> tuple[Step, ...]:
        """What fixing each kind gains, in the order of fixing; the last stage in its two parts."""
        after = [*self.cumulative[:-1], self.absent, replace(self.cumulative[-1], name=INACCURATE)]
        alone = [*self.independent[1:-1], self.absent_alone, self.inaccurate_alone]
        base = mean_ap(self.independent[0])
        return tuple(
            Step(now.name, mean_ap(now), mean_ap(now) - mean_ap(before), mean_ap(one), mean_ap(one) - base)
            for (before, now), one in zip(pairwise(after), alone, strict=True)
        )


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


def gains(
    pairs: Suppression,
    labels: Labels,
    size: SizeRange,
    corrected: bool = False,
    moved: Suppression | None = None,
) -> Gains:
    """AP after each stage in one size range.

    `pairs` are those of the scene's predictions as they are, `moved` those after all joints were fixed.
    """
    scene = pairs.scene
    base = scene.detections

    raw = _Ranking.of(scene, size, base)

    def moved_to(xy: Floats) -> _Ranking:
        """Other places, with the scores and so with the order of the predictions as they are."""
        found = match_scene(scene, THRESHOLDS, (size,), Detections(xy, base.score, base.area))
        return _Ranking(scene, found, raw.score, raw.order)

    def rescored(rows: Suppression) -> _Ranking:
        """The best scores for these places."""
        return _Ranking.of(scene, size, Detections(rows.xy, rows.optimal_scores(size)[0], base.area))

    cumulative = [raw.stage(STAGES[0])]
    independent = [cumulative[0]]
    done: tuple[Fault, ...] = ()
    for name, kind in zip(STAGES[1:5], STEPS, strict=True):
        alone = moved_to(fixed(scene, labels, (kind,), corrected)).stage(name)
        independent.append(alone)
        done = (*done, kind)
        first = len(done) == 1  # nothing else is fixed yet
        cumulative.append(alone if first else moved_to(fixed(scene, labels, done, corrected)).stage(name))
    if moved is None:
        moved = pairs.moved(fixed(scene, labels, STEPS, corrected))
    last = rescored(moved)
    cumulative += [
        last.stage(STAGES[5]),
        last.without_false_positives(STAGES[6]),
        last.perfect(STAGES[7], last.taken),
    ]
    independent += [rescored(pairs).stage(STAGES[5]), raw.without_false_positives(STAGES[6])]
    independent.append(raw.stage(STAGES[7], taken=raw.taken))
    found = np.zeros(raw.taken.shape, dtype=np.bool_)
    found[labels.person] = True
    free = ~last.taken[scene.people.row]
    missed = last.counted[:, None] & free
    return Gains(
        tuple(cumulative),
        tuple(independent),
        last.perfect(STAGES[7], found),
        raw.stage(STAGES[7], taken=found),
        raw.stage(INACCURATE, taken=raw.taken | ~found),
        (~last.people_found).sum(axis=0),
        missed.sum(axis=0),
        (missed & found[scene.people.row]).sum(axis=0),
        free.sum(axis=0),
    )


@dataclass(frozen=True, eq=False)
class _Ranking:
    """Predictions matched at every threshold in one size range, and their order by score."""

    scene: Scene
    found: Matching
    score: Floats  # [R]
    order: Ints  # [R]

    @staticmethod
    def of(scene: Scene, size: SizeRange, detections: Detections) -> _Ranking:
        found = match_scene(scene, THRESHOLDS, (size,), detections)
        score = detections.score[found.row]
        return _Ranking(scene, found, score, descending(score))

    @property
    def counted(self) -> Bools:
        """Which listed people count [N]."""
        return ~self.found.truth_skip[:, 0]

    @property
    def people_found(self) -> Bools:
        """Whether a prediction was matched [R, T], to anybody."""
        return self.found.matched[:, 0] >= 0

    @cached_property
    def taken(self) -> Bools:
        """Whether a person was matched [G, T]."""
        out = np.zeros((len(self.scene.targets.area), len(THRESHOLDS)), dtype=np.bool_)
        for place, row in enumerate(self.found.matched[:, 0].T):
            out[row[row >= 0], place] = True
        return out

    def without_false_positives(self, name: str) -> Stage:
        """AP and recall where predictions without a person do not count."""
        return self.stage(name, drop=~self.people_found)

    def perfect(self, name: str, taken: Bools) -> Stage:
        """As without false positives, and only the people `taken` [G, T] are to be found."""
        return self.stage(name, drop=~self.people_found, taken=taken)

    def stage(self, name: str, drop: Bools | None = None, taken: Bools | None = None) -> Stage:
        """AP and recall; `drop` [R, T] detections do not count, and only `taken` [G, T] people do."""
        count = len(THRESHOLDS)
        bits = (np.uint64(1) << np.arange(count, dtype=np.uint64))[None]
        skip = self.found.skip
        if drop is not None:
            skip = skip | (drop * bits).sum(axis=1, dtype=np.uint64)[:, None]
        unit = np.repeat(np.arange(self.scene.count), np.diff(self.found.start))
        ranked = Ranked(self.score, self.found.hit & ~skip, skip, unit)
        counted = self.counted
        if taken is None:
            total = np.array([counted.sum()])
            curves = accumulate(ranked, self.order, total, count)
            precision, recall = curves.precision[:, :, 0], curves.recall[:, 0]
        else:
            # People to find differ by threshold: a column for each, in which it is the only one.
            total = (counted[:, None] & taken[self.scene.people.row]).sum(axis=0)
            hit, skip = (((mask & bits) > 0).astype(np.uint64) for mask in (ranked.hit, skip))
            curves = accumulate(Ranked(self.score, hit, skip, unit), self.order, total, 1)
            precision, recall = curves.precision[0].T, curves.recall[0]
        due = np.broadcast_to(total > 0, count)
        ap = np.array([float(np.mean(row)) for row in np.ascontiguousarray(precision)])
        return Stage(name, np.where(due, ap, math.nan), np.where(due, recall, math.nan))
