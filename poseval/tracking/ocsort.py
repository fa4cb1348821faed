"""OC-SORT: SORT that trusts observations, not the filter's guesses, while a person is out of sight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from poseval.poses import Bools, Floats, Ints
from poseval.skeletons import Skeleton
from poseval.tracking.assignment import NOBODY, best_total_then_cut
from poseval.tracking.base import UNTRACKED, FrameInput, Resources, Tracker, TrackerConfig
from poseval.tracking.kalman import AreaRatioMotion, Filters
from poseval.tracking.similarity import box_iou

NEVER = np.iinfo(np.int64).min  # age of an observation that does not exist; ages looked for may be below 0


@dataclass(frozen=True)
class OcSort(TrackerConfig):
    """Observation-centric SORT.

    Rows need more than `score`. The assignment adds to IoU how well a row lies in the direction that the
    track's observations took over `delta` frames, weighted by `inertia` and the row's score; pairs need an
    `iou`. Rows and tracks left over meet again by IoU with the last observation. A track found again has its
    filter run anew along the straight line between the two observations. `min_hits` and `max_age` are those
    of SORT.

    The published `score` and `min_hits` are 0.6 and 3, for boxes of a detector; poses score lower, and a row
    of a new track is as good as others.
    """

    score: float = 0.3
    iou: float = 0.3
    delta: int = 3
    inertia: float = 0.2
    min_hits: int = 0
    max_age: int = 30

    name: ClassVar[str] = "ocsort"
    summary: ClassVar[str] = "SORT with momentum, recovery and re-update from observations"
    source: ClassVar[str] = "Cao et al. 2023"
    threshold: ClassVar[str] = "score"

    def __post_init__(self) -> None:
        self._bounded(
            score=(-np.inf, np.inf),
            iou=(0.0, 1.0),
            delta=(1, 100),
            inertia=(0.0, np.inf),
            min_hits=(0, np.inf),
            max_age=(1, np.inf),
        )

    def tracker(self, skeleton: Skeleton, resources: Resources | None = None) -> Tracker:
        """A tracker for one sequence."""
        return OcSortTracker(skeleton, self)


class OcSortTracker(Tracker):
    """Runs `OcSort`."""

    def __init__(self, skeleton: Skeleton, config: OcSort) -> None:
        super().__init__(skeleton)
        self.config = config
        self._frames = 0
        self._filters = AreaRatioMotion.start(np.zeros((0, 4)))
        self._frozen = self._filters.take(slice(None))  # filters as predicted for the first missed frame
        self._identity = np.zeros(0, dtype=np.int64)  # [t], UNTRACKED until named
        self._streak = np.zeros(0, dtype=np.int64)  # [t] matches running
        self._missed = np.zeros(0, dtype=np.int64)  # [t] frames since the last match
        self._age = np.zeros(0, dtype=np.int64)  # [t] frames since the first row
        self._heading = np.zeros((0, 2))  # [t, 2] unit direction, 0 while unknown
        self._past = np.zeros((0, config.delta + 1, 4))  # [t, ring, 4] boxes observed
        self._past_age = np.zeros((0, config.delta + 1), dtype=np.int64)  # [t, ring] age at each, or NEVER
        self._last = np.zeros((0, 4))  # [t, 4] last box observed

    def step(self, frame: FrameInput) -> Ints:
        """Identity of each row; rows of low score and of unnamed tracks are untracked."""
        self._frames += 1
        config = self.config
        rows = np.flatnonzero(frame.bodies.score > config.score)
        box, score = frame.bodies.box[rows], frame.bodies.score[rows]
        predicted = self._predict()
        alike = box_iou(box, predicted)
        match = best_total_then_cut(alike + self._momentum(box, score), alike, config.iou)
        self._recover(box, match)
        self._observe(match, box)
        new = np.flatnonzero(match == NOBODY)
        match[new] = len(self._identity) + np.arange(len(new))
        self._begin(box[new])
        identity = np.full(len(frame.bodies), UNTRACKED, dtype=np.int64)
        identity[rows] = self._named(match)
        self._keep(self._missed <= config.max_age)
        return identity

    def _predict(self) -> Floats:
        predicted = AreaRatioMotion.predict(self._filters)
        possible = np.isfinite(predicted.sum(axis=1))
        if not possible.all():
            self._keep(possible)
            predicted = predicted[possible]
        first_miss = self._missed == 0  # freeze before knowing whether it will be one
        self._frozen.put(first_miss, self._filters.take(first_miss))
        self._age += 1
        self._streak[self._missed > 0] = 0
        self._missed += 1
        return predicted

    def _earlier(self) -> Floats:
        """Box [t, 4] observed `delta` frames ago, or the nearest younger one, or the last one."""
        earlier = self._last.copy()
        for step in range(1, self.config.delta + 1):  # the oldest wins, so it writes last
            slot = (self._age - step) % self._past.shape[1]
            at = np.arange(len(slot))
            there = self._past_age[at, slot] == self._age - step
            earlier[there] = self._past[at, slot][there]
        return earlier

    def _momentum(self, box: Floats, score: Floats) -> Floats:
        """How well each row [n] continues the direction of each track [t], weighted."""
        towards = _heading(self._earlier()[None, :, :], box[:, None, :])
        cosine = np.clip((towards * self._heading[None]).sum(axis=2), -1.0, 1.0)
        share = (np.pi / 2 - np.abs(np.arccos(cosine))) / np.pi
        weighted: Floats = share * (self.config.inertia * score[:, None])
        return weighted

    def _recover(self, box: Floats, match: Ints) -> None:
        """Second round, in place: rows and tracks left over, by IoU with the last observation."""
        rows = np.flatnonzero(match == NOBODY)
        waiting = np.ones(len(self._identity), dtype=np.bool_)
        waiting[match[match != NOBODY]] = False
        tracks = np.flatnonzero(waiting)
        alike = box_iou(box[rows], self._last[tracks])
        found = best_total_then_cut(alike, alike, self.config.iou)
        match[rows[found != NOBODY]] = tracks[found[found != NOBODY]]

    def _observe(self, match: Ints, box: Floats) -> None:
        rows = np.flatnonzero(match != NOBODY)
        tracks, seen = match[rows], box[rows]
        self._heading[tracks] = _heading(self._earlier()[tracks], seen)
        for place in np.flatnonzero(self._missed[tracks] > 1).tolist():
            self._rerun(int(tracks[place]), seen[place])
        AreaRatioMotion.update(self._filters, tracks, seen)
        self._streak[tracks] += 1
        self._missed[tracks] = 0
        self._remember(tracks, seen)

    def _rerun(self, track: int, box: Floats) -> None:
        """Replace what the filter guessed while the track was out of sight by a straight path.

        Leaves the filter predicted for this frame; the observation itself then updates it once.
        """
        row = np.array([track])
        gap = int(self._missed[track])
        one = self._frozen.take(row)
        for step in range(1, gap):
            virtual = self._last[row] + step / gap * (box - self._last[row])
            AreaRatioMotion.update(one, np.array([0]), virtual)
            AreaRatioMotion.predict(one)
        self._filters.put(row, one)

    def _remember(self, tracks: Ints, box: Floats) -> None:
        slot = self._age[tracks] % self._past.shape[1]
        self._past[tracks, slot] = box
        self._past_age[tracks, slot] = self._age[tracks]
        self._last[tracks] = box

    def _begin(self, box: Floats) -> None:
        fresh = AreaRatioMotion.start(box)
        count, ring = len(box), self._past.shape[1]
        zeros = np.zeros(count, dtype=np.int64)
        self._filters = Filters.join(self._filters, fresh)
        self._frozen = Filters.join(self._frozen, fresh)
        self._identity = np.concatenate([self._identity, zeros + UNTRACKED])
        self._streak = np.concatenate([self._streak, zeros])
        self._missed = np.concatenate([self._missed, zeros])
        self._age = np.concatenate([self._age, zeros])
        self._heading = np.concatenate([self._heading, np.zeros((count, 2))])
        self._past = np.concatenate([self._past, np.zeros((count, ring, 4))])
        never = np.full((count, ring), NEVER, dtype=np.int64)
        self._past_age = np.concatenate([self._past_age, never])
        self._last = np.concatenate([self._last, np.zeros((count, 4))])
        self._remember(np.arange(len(self._age) - count, len(self._age)), box)

    def _named(self, track_of_row: Ints) -> Ints:
        ripe = self._streak[track_of_row] >= self.config.min_hits
        if self._frames <= self.config.min_hits:
            ripe[:] = True
        nameless = track_of_row[ripe & (self._identity[track_of_row] == UNTRACKED)]
        self._identity[nameless] = self.fresh(len(nameless))
        return np.where(ripe, self._identity[track_of_row], UNTRACKED)

    def _keep(self, rows: Bools) -> None:
        if rows.all():
            return
        self._filters, self._frozen = self._filters.take(rows), self._frozen.take(rows)
        self._identity, self._streak = self._identity[rows], self._streak[rows]
        self._missed, self._age = self._missed[rows], self._age[rows]
        self._heading, self._last = self._heading[rows], self._last[rows]
        self._past, self._past_age = self._past[rows], self._past_age[rows]


def _heading(before: Floats, now: Floats) -> Floats:
    """Unit vectors [..., 2] from the centres of boxes [..., 4] to those of others; 0 where they coincide."""
    step = (now[..., :2] + now[..., 2:] - before[..., :2] - before[..., 2:]) / 2
    length = np.sqrt(np.square(step).sum(axis=-1, keepdims=True))
    unit: Floats = step / (length + 1e-6)
    return unit
