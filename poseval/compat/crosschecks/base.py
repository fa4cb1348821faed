"""What a cross-check is given and what it answers with."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from poseval.metrics.base import Metric, Tally
from poseval.poses import Array, Bools, PoseSet


class Difference(NamedTuple):
    """One number, or one array by its mean, from both tools. Undefined is NaN on either side."""

    name: str
    ours: float
    theirs: float
    largest: float  # largest absolute difference; 0 where both are undefined, infinite where one is


@dataclass(frozen=True, eq=False)
class Case:
    """What a check is given: files, what poseval read from them, and subsets of frames to look at apart."""

    truth_path: str
    predictions_path: str
    truth: PoseSet
    predictions: PoseSet
    slices: Mapping[str, Bools] = field(default_factory=dict)


Check = Callable[[Metric, Tally, Case], list[Difference]]


def of_number(name: str, ours: float, theirs: float) -> Difference:
    """The difference of two numbers."""
    if math.isnan(ours) or math.isnan(theirs):
        return Difference(name, ours, theirs, 0.0 if math.isnan(ours) and math.isnan(theirs) else math.inf)
    return Difference(name, ours, theirs, abs(ours - theirs))


def of_array(name: str, ours: Array, theirs: Array) -> Difference:
    """The difference of two arrays; infinite where their shapes, or their undefined entries, differ."""
    label = f"{name} {list(ours.shape)}"
    means = [float(a[~np.isnan(a)].mean()) if (~np.isnan(a)).any() else math.nan for a in (ours, theirs)]
    if ours.shape != theirs.shape or not np.array_equal(np.isnan(ours), np.isnan(theirs)):
        return Difference(label, means[0], means[1], math.inf)
    off = np.abs(ours - theirs)
    return Difference(label, means[0], means[1], float(np.nanmax(off)) if (~np.isnan(off)).any() else 0.0)
