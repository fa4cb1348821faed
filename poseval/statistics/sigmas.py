"""Sigmas of OKS from repeated annotations of the same people, with bootstrap intervals.

The sigma of a joint is how far an annotator is from the place that annotators agree on, in units of the root
of the person's area: sigma^2 = E[|x - mean|^2] / area. Two annotations that differ by d are each d / 2 from
their mean, and n of them have n - 1 degrees of freedom, so sigma^2 is the mean of d^2 / (2 area).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from poseval.kernels.poses import extent
from poseval.metrics.matched_people import Pairing, paired
from poseval.poses import Bools, Floats, People
from poseval.poses.aligned import Aligned
from poseval.results.result import Result, json_value
from poseval.statistics.options import count_of, level_of, seed_of
from poseval.statistics.weights import multinomial

FEW = 10  # distances; below, an estimate is too uncertain to be used
AREAS = {True: "the areas of the files", False: "the extent of the labelled joints"}


class JointSigma(NamedTuple):
    """The sigma of a joint, its interval, and the number of distances behind it; NaN if there are none."""

    joint: str
    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, repr=False)
class SigmaEstimate(Result):
    """The sigmas of a skeleton's joints, and how they were made."""

    form: ClassVar[str] = "sigmas"
    table: ClassVar[str] = "joints"
    joints: tuple[JointSigma, ...]
    pairs: int  # people who were annotated twice
    people: int  # people of the first file
    areas: str  # what distances were divided by
    level: float
    resamples: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values in schema `poseval.sigmas/1`."""
        rows = [{k: json_value(v) for k, v in row._asdict().items()} for row in self.joints]
        return {"schema": "poseval.sigmas/1", **asdict(self), "joints": rows}

    def by_name(self) -> dict[str, float]:
        """The sigma of each joint that has one, as `--sigmas` takes them."""
        return {row.joint: row.value for row in self.joints if row.value > 0}


def estimate(repeated: Sequence[Aligned], level: object, resamples: object, seed: object) -> SigmaEstimate:
    """Sigmas from pairs of annotations over the same frames; the first of each pair are the same people.

    People are paired as in `epe(people=matched)`. The area of a pair is the mean of both where all have one,
    else the mean extent of their labelled joints. Intervals resample frames.

    Raises:
        UsageError: P142 level, resamples or seed out of range.
    """
    share, drawn, start = level_of(level), count_of(resamples), seed_of(seed)
    with_areas = all(_has_areas(side.people) for one in repeated for side in (one.truth, one.predictions))
    parts = [_squares(one, with_areas) for one in repeated]
    total = np.sum([part[0] for part in parts], axis=0)  # [F, K]
    count = np.sum([part[1] for part in parts], axis=0)
    value = _sigma(total.sum(axis=0), count.sum(axis=0))
    draws = np.zeros((0, len(value)))
    if len(total) > 1:
        weights = multinomial(len(total), drawn, start).astype(np.float64)
        draws = _sigma(weights @ total, weights @ count)
    skeleton = repeated[0].truth.skeleton
    rows = tuple(
        JointSigma(joint, float(value[k]), *_central(draws[:, k], share), int(count[:, k].sum()))
        for k, joint in enumerate(skeleton.joints)
    )
    pairs = sum(part[2] for part in parts)
    return SigmaEstimate(rows, pairs, len(repeated[0].truth), AREAS[with_areas], share, drawn, start)


def _central(draws: Floats, level: float) -> tuple[float, float]:
    """Central quantiles of the draws that have a value; NaN without two of them."""
    known = draws[~np.isnan(draws)]
    if len(known) < 2:
        return math.nan, math.nan
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _has_areas(people: People) -> bool:
    labelled = people.is_labelled
    with np.errstate(invalid="ignore"):
        return bool((people.area[labelled] > 0).all())


def _squares(aligned: Aligned, with_areas: bool) -> tuple[Floats, Floats, int]:
    """Sums of d^2 / area and their counts [F, K], and how many people were paired."""
    frames, joints = len(aligned.truth.frames), len(aligned.truth.skeleton)
    both = paired(aligned, Pairing.MATCHED)
    row = both.predictions.people.frame  # of the first annotation
    first, second = both.truth.people.take(row), both.predictions.people
    labelled: Bools = (first.seen > 0) & (second.seen > 0)
    area = (_area(first, with_areas) + _area(second, with_areas)) / 2
    labelled &= (area > 0)[:, None]
    difference = np.where(labelled[..., None], first.xy - second.xy, 0.0)
    share = (difference**2).sum(axis=2) / np.where(area > 0, area, 1.0)[:, None]
    total, count = np.zeros((frames, joints)), np.zeros((frames, joints))
    frame = aligned.truth.people.frame[row]
    np.add.at(total, frame, share)
    np.add.at(count, frame, labelled.astype(np.float64))
    return total, count, len(row)


def _area(people: People, given: bool) -> Floats:
    return people.area if given else extent(people.xy, people.seen)


def _sigma(total: Floats, count: Floats) -> Floats:
    """Root of half the mean of sums [..., K]; NaN where nothing was counted."""
    half: Floats = np.divide(total, 2 * count, out=np.full(total.shape, math.nan), where=count > 0)
    return np.asarray(np.sqrt(half))
