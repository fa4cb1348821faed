"""What a cross-check is given and what it answers with."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from poseval.compat.official.base import ADDITION
from poseval.compat.official.posetrack_files import Video
from poseval.compat.official.single_files import Singles
from poseval.metrics.base import Metric, Tally
from poseval.poses import Array, Bools, Floats, PoseSet

LOOPS = "poseval's definition written again in plain loops, not another program"


class Difference(NamedTuple):
    """One number, or one array by its mean, from both sides. Undefined is NaN on either side.

    `largest` is the largest absolute difference: 0 where both are undefined, infinite where one is. Up to
    `tolerance` it is the order of additions.
    """

    name: str
    ours: float
    theirs: float
    largest: float
    program: str = LOOPS
    tolerance: float = ADDITION

    @property
    def agrees(self) -> bool:
        """Whether the two sides say the same."""
        return self.largest <= self.tolerance


@dataclass(frozen=True)
class Checked:
    """Every number that was compared, and the names of those that were not, with the reason."""

    differences: tuple[Difference, ...]
    unchecked: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether something was compared, and nothing differs."""
        return bool(self.differences) and all(item.agrees for item in self.differences)


@dataclass(frozen=True, eq=False)
class Case:
    """What a check of one metric is given: files, what poseval read, and what the other side read.

    `singles` are people one by one and `videos` people in sequences, as `compat.official` read them; None
    where poseval's own reading is all there is. `slices` are subsets of frames to look at apart.
    """

    truth_path: str
    predictions_path: str
    truth: PoseSet
    predictions: PoseSet
    slices: Mapping[str, Bools] = field(default_factory=dict)
    singles: Singles | None = None
    videos: Sequence[Video] | None = None
    sigmas: Floats | None = None


Check = Callable[[Metric, Tally, Case], list[Difference]]


def of_number(name: str, ours: float, theirs: float) -> Difference:
    """The difference of two numbers."""
    if math.isnan(ours) or math.isnan(theirs):
        return Difference(name, ours, theirs, 0.0 if math.isnan(ours) and math.isnan(theirs) else math.inf)
    return Difference(name, ours, theirs, 0.0 if ours == theirs else abs(ours - theirs))


def of_array(name: str, ours: Array, theirs: Array) -> Difference:
    """The difference of two arrays; infinite where their shapes, or their undefined entries, differ."""
    label = f"{name} {list(ours.shape)}"
    means = [float(a[~np.isnan(a)].mean()) if (~np.isnan(a)).any() else math.nan for a in (ours, theirs)]
    if ours.shape != theirs.shape or not np.array_equal(np.isnan(ours), np.isnan(theirs)):
        return Difference(label, means[0], means[1], math.inf)
    off = np.abs(ours - theirs)
    return Difference(label, means[0], means[1], float(np.nanmax(off)) if (~np.isnan(off)).any() else 0.0)
