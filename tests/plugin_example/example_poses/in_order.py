"""A tracker that trusts the order of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from poseval.poses import Ints
from poseval.skeletons import Skeleton
from poseval.tracking import FrameInput, Resources, Tracker, TrackerConfig


@dataclass(frozen=True)
class InOrder(TrackerConfig):
    """Row i of every frame is person `first` + i."""

    first: int = 0

    name: ClassVar[str] = "in_order"
    summary: ClassVar[str] = "the order of the rows"
    source: ClassVar[str] = "made up"

    def tracker(self, skeleton: Skeleton, resources: Resources | None = None) -> Tracker:
        """A tracker for one sequence."""
        return _Rows(skeleton, self.first)


class _Rows(Tracker):
    def __init__(self, skeleton: Skeleton, first: int) -> None:
        super().__init__(skeleton)
        self.first = first

    def step(self, frame: FrameInput) -> Ints:
        """The number of each row."""
        return np.arange(self.first, self.first + len(frame.bodies), dtype=np.int64)
