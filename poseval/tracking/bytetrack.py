"""ByteTrack: rows with low scores are kept and may continue a track that no other row continues."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from poseval.poses import Bools, Floats, Ints
from poseval.skeletons import Skeleton
from poseval.tracking.assignment import NOBODY, best_total
from poseval.tracking.base import UNTRACKED, FrameInput, Resources, Tracker, TrackerConfig
from poseval.tracking.bodies import Bodies
from poseval.tracking.kalman import Filters, RatioHeightMotion, from_ratio_height
from poseval.tracking.similarity import Likeness, Measure, box_iou


@dataclass(frozen=True)
class ByteTrack(TrackerConfig):
    """Associates every row, those of high score first.

    Rows of score above `high` are matched first, those between `low` and `high` then to the tracks left.
    `match`, `second` and `unconfirmed` are the largest costs (1 - similarity) of the three rounds; with
    `fuse_score` the similarity of the first and last round counts times the row's score. A new
    track needs `start` (score) and is named when it is matched in the next frame, at once in the first frame.
    A lost track is kept `buffer` frames. If the boxes of a lost and an active track have a cost (1 - IoU)
    below `double`, the younger one is removed.

    `measure` is the OKS of the last pose, moved and grown with the predicted box, the IoU, or the mean of
    both.

    Published are `high=0.6,start=0.7,measure=iou,fuse_score=true`, for boxes and their scores; those of poses
    are lower, and poses tell people apart whose boxes overlap.
    """

    high: float = 0.3
    low: float = 0.1
    start: float = 0.4
    match: float = 0.8
    second: float = 0.5
    unconfirmed: float = 0.7
    buffer: int = 30
    fuse_score: bool = False
    double: float = 0.15
    measure: Measure = Measure.OKS

    name: ClassVar[str] = "bytetrack"
    summary: ClassVar[str] = "Kalman-filtered boxes; people with low scores in a second round"
    source: ClassVar[str] = "Zhang et al. 2022"
    threshold: ClassVar[str] = "start"

    def __post_init__(self) -> None:
        self._bounded(
            high=(-np.inf, np.inf),
            low=(-np.inf, self.high),
            start=(self.high, np.inf),
            match=(0.0, 1.0),
            second=(0.0, 1.0),
            unconfirmed=(0.0, 1.0),
            buffer=(0, np.inf),
            double=(0.0, 1.0),
        )

    def tracker(self, skeleton: Skeleton, resources: Resources | None = None) -> Tracker:
        """A tracker for one sequence."""
        return ByteTracker(skeleton, self)


FOLLOWED, LOST, TENTATIVE = 0, 1, 2  # states of a track


class ByteTracker(Tracker):
    """Runs `ByteTrack`."""

    def __init__(self, skeleton: Skeleton, config: ByteTrack) -> None:
        super().__init__(skeleton)
        self.config = config
        self._alike = Likeness(skeleton, config.measure)
        self._filters = RatioHeightMotion.start(np.zeros((0, 4)))
        self._rows = Bodies.empty(len(skeleton))  # the last row of each track [t], then those of this frame
        self._row = np.zeros(0, dtype=np.int64)  # [t] index of the last row
        self._identity = np.zeros(0, dtype=np.int64)  # [t], UNTRACKED while tentative
        self._state = np.zeros(0, dtype=np.int64)  # [t]
        self._born = np.zeros(0, dtype=np.int64)  # [t] frame of the first row
        self._last = np.zeros(0, dtype=np.int64)  # [t] frame of the last row
        self._frame = 0

    def step(self, frame: FrameInput) -> Ints:
        """Identity of each row; rows that continue no track and may start none are untracked."""
        self._frame += 1
        config, box, score = self.config, frame.bodies.box, frame.bodies.score
        expected = self._expected()
        self._rows = Bodies.join([self._rows, frame.bodies])
        state = self._state.copy()
        match = np.full(len(box), NOBODY, dtype=np.int64)  # track of each row
        strong = score > config.high
        weak = (score > config.low) & ~strong

        alike = self._alike(frame.bodies, expected)
        fused = alike * score[:, None] if config.fuse_score else alike
        self._round(match, box, fused, strong, state != TENTATIVE, 1 - config.match)
        left = (state == FOLLOWED) & self._waiting(match)
        self._round(match, box, alike, weak, left, 1 - config.second)
        self._state[left & self._waiting(match)] = LOST
        strong &= match == NOBODY
        self._round(match, box, fused, strong, state == TENTATIVE, 1 - config.unconfirmed)
        self._keep((self._state != TENTATIVE) | ~self._waiting(match), match)

        self._begin(np.flatnonzero(strong & (match == NOBODY) & (score >= config.start)), box, match)
        identity = np.append(self._identity, UNTRACKED)[match]
        self._keep((self._state != LOST) | (self._frame - self._last <= config.buffer), match)
        self._keep(~self._doubles(), match)
        self._rows, self._row = self._rows.take(self._row), np.arange(len(self._row))
        return identity

    def _expected(self) -> Bodies:
        """The last row of each track [t], moved and grown with the box expected in this frame."""
        box, last = self._predict(), self._rows
        box[:, 2:] = np.maximum(box[:, 2:], box[:, :2])
        grown = (box[:, 2:] - box[:, :2]) / (last.box[:, 2:] - last.box[:, :2])
        xy = (last.xy - last.box[:, None, :2]) * grown[:, None] + box[:, None, :2]
        return replace(last, xy=xy, box=box)

    def _predict(self) -> Floats:
        """Boxes [t, 4] expected in this frame. A tentative track stays; a lost one keeps its height."""
        self._filters.v[self._state == LOST, 3] = 0.0
        tentative = np.flatnonzero(self._state == TENTATIVE)
        still = self._filters.take(tentative)
        RatioHeightMotion.predict(self._filters)
        self._filters.put(tentative, still)
        return from_ratio_height(self._filters.x)

    def _waiting(self, match: Ints) -> Bools:
        """Whether each track [t] waits for a row that continues it."""
        waiting = np.ones(len(self._state), dtype=np.bool_)
        waiting[match[match != NOBODY]] = False
        return waiting

    def _round(
        self, match: Ints, box: Floats, alike: Floats, row_mask: Bools, track_mask: Bools, floor: float
    ) -> None:
        """Match the chosen rows to the chosen tracks; writes into `match` and updates the tracks."""
        rows, tracks = np.flatnonzero(row_mask), np.flatnonzero(track_mask)
        found = best_total(alike[np.ix_(rows, tracks)], floor)
        rows, tracks = rows[found != NOBODY], tracks[found[found != NOBODY]]
        match[rows] = tracks
        RatioHeightMotion.update(self._filters, tracks, box[rows])
        self._state[tracks] = FOLLOWED
        self._last[tracks] = self._frame
        self._row[tracks] = len(self._rows) - len(box) + rows
        nameless = tracks[self._identity[tracks] == UNTRACKED]
        self._identity[nameless] = self.fresh(len(nameless))

    def _begin(self, rows: Ints, box: Floats, match: Ints) -> None:
        """Start a track at each of these rows; those of the first frame are named at once."""
        match[rows] = len(self._state) + np.arange(len(rows))
        opening = self._frame == 1
        identity = self.fresh(len(rows)) if opening else np.full(len(rows), UNTRACKED, dtype=np.int64)
        now = np.full(len(rows), self._frame, dtype=np.int64)
        self._filters = Filters.join(self._filters, RatioHeightMotion.start(box[rows]))
        self._identity = np.concatenate([self._identity, identity])
        self._state = np.concatenate([self._state, 0 * now + (FOLLOWED if opening else TENTATIVE)])
        self._born = np.concatenate([self._born, now])
        self._last = np.concatenate([self._last, now])
        self._row = np.concatenate([self._row, len(self._rows) - len(box) + rows])

    def _doubles(self) -> Bools:
        """Whether each track [t] ends as it overlaps a longer-lived one, one of them lost and one live."""
        double = np.zeros(len(self._state), dtype=np.bool_)
        lost = np.flatnonzero(self._state == LOST)
        live = np.flatnonzero(self._state != LOST)
        if len(lost) and len(live):
            box = from_ratio_height(self._filters.x)
            first, second = np.nonzero(1 - box_iou(box[live], box[lost]) < self.config.double)
            age = self._last - self._born
            older = age[live[first]] > age[lost[second]]
            double[np.where(older, lost[second], live[first])] = True
        return double

    def _keep(self, rows: Bools, match: Ints) -> None:
        """Forget the other tracks and renumber `match` accordingly."""
        if rows.all():
            return
        place = np.append(np.where(rows, np.cumsum(rows) - 1, NOBODY), NOBODY)
        match[:] = place[match]
        self._filters = self._filters.take(rows)
        self._identity, self._state = self._identity[rows], self._state[rows]
        self._born, self._last, self._row = self._born[rows], self._last[rows], self._row[rows]
