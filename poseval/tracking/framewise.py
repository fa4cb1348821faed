"""Trackers that compare each frame's rows with the last rows of the tracks: greedy and Hungarian."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from poseval.poses import Floats, Ints
from poseval.skeletons import Skeleton
from poseval.tracking.assignment import best_total, greedy, in_row_order
from poseval.tracking.base import UNTRACKED, FrameInput, Resources, Tracker, TrackerConfig
from poseval.tracking.bodies import Bodies
from poseval.tracking.similarity import Likeness, Measure


class Order(enum.Enum):
    """The order of matching: the most similar pair first, or the rows in the order given."""

    BEST = "best"
    ROWS = "rows"


@dataclass(frozen=True)
class Greedy(TrackerConfig):
    """Each row takes the most similar track of at least `floor`, by `measure`: iou, oks or both.

    `order` says whether the best pair is matched first or the rows in turn. `order=rows` with `measure=iou`
    or `oks` is the tracker of mmpose's demo: rows choose in the order given. `memory` is the number of frames
    a track is remembered after it was last seen. `weight` is the fraction of IoU when `measure` is `both`.
    """

    measure: Measure = Measure.OKS
    floor: float = 0.3
    order: Order = Order.BEST
    memory: int = 1
    weight: float = 0.5

    name: ClassVar[str] = "greedy"
    summary: ClassVar[str] = "most similar pair first, by IoU, OKS or both"
    source: ClassVar[str] = "mmpose, demo for tracking (order=rows)"

    def __post_init__(self) -> None:
        self._bounded(floor=(0.0, 1.0), memory=(1, np.inf), weight=(0.0, 1.0))

    def tracker(self, skeleton: Skeleton, resources: Resources | None = None) -> Tracker:
        """A tracker for one sequence."""
        return Framewise(skeleton, self)


@dataclass(frozen=True)
class Hungarian(TrackerConfig):
    """The assignment with the largest total similarity above `floor`, by `measure`: iou, oks or both.

    `memory` is the number of frames a track is remembered after it was last seen. `weight` is the fraction of
    IoU when `measure` is `both`.
    """

    measure: Measure = Measure.OKS
    floor: float = 0.3
    memory: int = 1
    weight: float = 0.5

    name: ClassVar[str] = "hungarian"
    summary: ClassVar[str] = "largest total similarity, by IoU, OKS or both"
    source: ClassVar[str] = "Kuhn 1955, the Hungarian method"

    def __post_init__(self) -> None:
        self._bounded(floor=(0.0, 1.0), memory=(1, np.inf), weight=(0.0, 1.0))

    def tracker(self, skeleton: Skeleton, resources: Resources | None = None) -> Tracker:
        """A tracker for one sequence."""
        return Framewise(skeleton, self)


class Framewise(Tracker):
    """Runs `Greedy` and `Hungarian`: remembers the last body of each track."""

    def __init__(self, skeleton: Skeleton, config: Greedy | Hungarian) -> None:
        super().__init__(skeleton)
        self.config = config
        self._alike = Likeness(skeleton, config.measure, config.weight)
        self._bodies = Bodies.empty(len(skeleton))
        self._identity = np.zeros(0, dtype=np.int64)
        self._missed = np.zeros(0, dtype=np.int64)  # frames since each track was seen

    def step(self, frame: FrameInput) -> Ints:
        """Identity of each row; every row gets one."""
        match = self._match(self._alike(frame.bodies, self._bodies))
        found = match >= 0
        identity = np.full(len(match), UNTRACKED, dtype=np.int64)
        identity[found] = self._identity[match[found]]
        identity[~found] = self.fresh(int((~found).sum()))
        self._remember(frame.bodies, identity, match[found])
        return identity

    def _match(self, alike: Floats) -> Ints:
        if isinstance(self.config, Hungarian):
            return best_total(alike, self.config.floor)
        if self.config.order is Order.ROWS:
            return in_row_order(alike, self.config.floor)
        return greedy(alike, self.config.floor)

    def _remember(self, bodies: Bodies, identity: Ints, matched: Ints) -> None:
        if self.config.memory == 1:
            self._bodies, self._identity = bodies, identity
            return
        self._missed += 1
        rest = self._missed < self.config.memory
        rest[matched] = False
        self._bodies = Bodies.join([bodies, self._bodies.take(rest)])
        self._identity = np.concatenate([identity, self._identity[rest]])
        self._missed = np.concatenate([np.zeros(len(bodies), dtype=np.int64), self._missed[rest]])
