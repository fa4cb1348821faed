"""SORT: Kalman-filtered boxes, assignment by IoU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from poseval.poses import Array, Floats, Ints
from poseval.skeletons import Skeleton
from poseval.tracking.assignment import best_total_then_cut
from poseval.tracking.base import UNTRACKED, FrameInput, Resources, Tracker, TrackerConfig
from poseval.tracking.kalman import AreaRatioMotion, Filters
from poseval.tracking.similarity import box_iou


@dataclass(frozen=True)
class Sort(TrackerConfig):
    """Simple online and real-time tracking.

    Boxes predicted for a frame are matched with its rows; a pair needs an IoU of at least `iou`. A track gets
    its identity when it has been matched in `min_hits` consecutive frames after its first one (at once in the
    first `min_hits` frames of a sequence), and ends after `max_age` frames without a match. Rows of a track
    without an identity are untracked.

    The published `min_hits` and `max_age` are 3 and 1.
    """

    iou: float = 0.3
    min_hits: int = 0
    max_age: int = 10

    name: ClassVar[str] = "sort"
    summary: ClassVar[str] = "Kalman-filtered boxes, assignment by IoU"
    source: ClassVar[str] = "Bewley et al. 2016"

    def __post_init__(self) -> None:
        self._bounded(iou=(0.0, 1.0), min_hits=(0, np.inf), max_age=(1, np.inf))

    def tracker(self, skeleton: Skeleton, resources: Resources | None = None) -> Tracker:
        """A tracker for one sequence."""
        return SortTracker(skeleton, self)


class SortTracker(Tracker):
    """Runs `Sort`."""

    def __init__(self, skeleton: Skeleton, config: Sort) -> None:
        super().__init__(skeleton)
        self.config = config
        self._filters = AreaRatioMotion.start(np.zeros((0, 4)))
        self._identity = np.zeros(0, dtype=np.int64)  # [t], UNTRACKED until the track is named
        self._streak = np.zeros(0, dtype=np.int64)  # [t] matches running since the last miss
        self._missed = np.zeros(0, dtype=np.int64)  # [t] frames since the last match
        self._frames = 0

    def step(self, frame: FrameInput) -> Ints:
        """Identity of each row; rows of unnamed tracks are untracked."""
        self._frames += 1
        box = frame.bodies.box
        predicted = self._predict()
        alike = box_iou(box, predicted)
        match = best_total_then_cut(alike, alike, self.config.iou)
        rows = np.flatnonzero(match >= 0)
        tracks = match[rows]
        AreaRatioMotion.update(self._filters, tracks, box[rows])
        self._streak[tracks] += 1
        self._missed[tracks] = 0
        track_of_row = match.copy()
        new = np.flatnonzero(match < 0)
        track_of_row[new] = len(self._identity) + np.arange(len(new))
        self._begin(box[new])
        identity = self._named(track_of_row)
        self._keep(self._missed <= self.config.max_age)
        return identity

    def _predict(self) -> Floats:
        predicted = AreaRatioMotion.predict(self._filters)
        possible = np.isfinite(predicted.sum(axis=1))
        if not possible.all():
            self._keep(possible)
            predicted = predicted[possible]
        self._streak[self._missed > 0] = 0
        self._missed += 1
        return predicted

    def _begin(self, box: Floats) -> None:
        self._filters = Filters.join(self._filters, AreaRatioMotion.start(box))
        zeros = np.zeros(len(box), dtype=np.int64)
        self._identity = np.concatenate([self._identity, zeros + UNTRACKED])
        self._streak = np.concatenate([self._streak, zeros])
        self._missed = np.concatenate([self._missed, zeros])

    def _named(self, track_of_row: Ints) -> Ints:
        """Identities of the tracks that may be reported, giving names to those that have earned one."""
        ripe = self._streak[track_of_row] >= self.config.min_hits
        if self._frames <= self.config.min_hits:
            ripe[:] = True
        nameless = track_of_row[ripe & (self._identity[track_of_row] == UNTRACKED)]
        self._identity[nameless] = self.fresh(len(nameless))
        return np.where(ripe, self._identity[track_of_row], UNTRACKED)

    def _keep(self, rows: Array) -> None:
        self._filters = self._filters.take(rows)
        self._identity, self._streak, self._missed = (
            self._identity[rows],
            self._streak[rows],
            self._missed[rows],
        )
