"""The input of a check: one set of people, or ground truth and predictions together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from poseval.benchmarks.base import Part
from poseval.checks.rescoring import Change, Rescoring
from poseval.datasets import known
from poseval.datasets.base import Role
from poseval.errors import shown
from poseval.kernels.poses import Review, review
from poseval.metrics.base import Metric
from poseval.poses import Ints, PoseSet
from poseval.poses.aligned import Aligned


@dataclass(frozen=True, eq=False)
class Side:
    """One set of people; what several checks need is computed once."""

    poses: PoseSet
    role: Role

    @cached_property
    def name(self) -> str:
        """Name of the file, for messages."""
        return shown(self.poses.origin.name)

    @cached_property
    def has_joints(self) -> bool:
        """Whether its format holds joints; that of MOTChallenge holds boxes alone."""
        format = known(self.poses.origin.format)
        return format is None or not format.holds or "joints" in format.holds

    @cached_property
    def review(self) -> Review:
        """Copies, extremes and single points, from one pass over the coordinates.

        People of the ground truth without a label are left out: their coordinates have no meaning.
        """
        people = self.poses.people
        rows: Ints | slice = slice(None)
        if self.role is Role.TRUTH:
            rows = np.flatnonzero(people.is_labelled)
        return review(people.xy[rows], people.frame[rows], people.category[rows])


@dataclass(frozen=True, eq=False)
class Pair:
    """Ground truth and predictions over the same frames and joints, and what scores them."""

    part: Part
    rescoring: Rescoring
    predictions: Side

    @property
    def aligned(self) -> Aligned:
        """Both sides."""
        return self.part.aligned

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics that score them."""
        return self.part.metrics

    def with_predictions(self, predictions: PoseSet) -> Change:
        """The first number of the benchmark, and what it would be for other predictions."""
        return self.rescoring.of_sets(self.part, Aligned(self.aligned.truth, predictions))[0]
