"""EPE: mean distance in pixels. AUC: area under the fraction of right joints over distances in pixels."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from poseval.metrics.base import Metric, Need, Table, Tally
from poseval.metrics.joint_error import (
    MOST_POINTS,
    Precision,
    check_scale,
    labelled,
    pixel_error,
    relative_error,
    require,
    scale,
)
from poseval.metrics.joint_error import ZeroScale as _Zero
from poseval.metrics.matched_people import Pairing, paired
from poseval.metrics.parameters import always, format_parameter
from poseval.metrics.pck import Compare, MeanOf
from poseval.poses import Array, Floats, Ints, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.units import Unit
from poseval.results.values import ERROR, SHARE, Bounds, Direction, Value, Values

FOUND = "found"
ROUNDING = 1e-9  # of a rank


@dataclass(frozen=True)
class Epe(Metric):
    """Mean Euclidean distance in pixels between predicted and labelled joints (end-point error).

    Of several people in a frame (`people=matched`) those are measured that are paired (see
    docs/metrics/epe.md), and `found` is the fraction of labelled joints that have a prediction then. A
    percentile is the smallest distance that the given percentage of the measured joints do not exceed.
    """

    precision: Precision = Precision.DOUBLE  # of distances
    people: Pairing = Pairing.ALONE  # whose prediction is measured: the only one, or the matched one
    percentiles: tuple[float, ...] = ()  # of the distances, in per cent
    per_joint: bool = False  # shows joints in the summary

    name = "epe"
    better = Direction.LOWER
    source = (
        "Zimmermann and Brox, Learning to estimate 3D hand pose (ICCV 2017), section 5; mmpose keypoint_epe"
    )
    formula: ClassVar[str] = "EPE = sum of |p - g| over labelled joints / #(labelled joints), in pixels"
    undefined: ClassVar[str] = (
        "no joint is labelled, or a labelled joint has no prediction (leaving out joints must not pay); "
        "with people=matched no labelled joint has one"
    )

    def __post_init__(self) -> None:
        """Raises UsageError P122 for percentiles that cannot be."""
        fits = all(0 < number <= 100 for number in self.percentiles)
        require(fits, self.name, "percentiles", self.percentiles, "numbers above 0 and up to 100")

    @property
    def needs(self) -> frozenset[Need]:  # type: ignore[override]
        """One person per frame, unless people are matched."""
        return frozenset({Need.ALONE} if self.people is Pairing.ALONE else ())

    def direction(self, statistic: str) -> Direction:
        """Distances are better when lower, the fraction of found joints when higher."""
        return Direction.HIGHER if statistic == FOUND else self.better

    def bounds_of(self, statistic: str) -> Bounds:
        """Distances have no upper bound."""
        return SHARE if statistic == FOUND else ERROR

    def unit_of(self, statistic: str) -> Unit:
        """Distances are in pixels."""
        return Unit.SHARE if statistic == FOUND else Unit.PIXELS

    def tally(self, aligned: Aligned) -> Tally:
        """One row per true person: summed errors, and how many joints count or lack a prediction."""
        pairs = paired(aligned, self.people)
        if self.precision is not Precision.DOUBLE:
            error = relative_error(pairs, np.ones(len(aligned.truth)), self.precision)
        else:
            error = pixel_error(pairs)
        wanted = labelled(aligned)
        given = wanted & np.isfinite(error)
        columns = {"error": np.where(given, error, 0.0), "given": given, "missing": wanted & ~given}
        return _of_people(str(self), aligned, columns)

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        """The mean over all points, then each joint's."""
        error, given = tally.sum("error", weight), tally.sum("given", weight)
        missing = tally.sum("missing", weight)
        out = [self._mean("", float(error.sum()), int(given.sum()), int(missing.sum()))]
        out += self._percentiles(tally, weight)
        if self.people is Pairing.MATCHED:
            out.append(self._found(int(given.sum()), int(missing.sum())))
        out += [
            self._mean(joint, float(error[index]), int(given[index]), int(missing[index]))
            for index, joint in enumerate(tally.facts["joints"])
        ]
        return Values(out)

    def _mean(self, joint: str, error: float, given: int, missing: int) -> Value:
        what = joint or "joint"
        if missing and self.people is Pairing.ALONE:
            lost = f"{missing} of {given + missing} labelled {what} points"
            why = f"{lost} have no prediction, or an infinite one"
            return Value(str(self), "EPE", joint, n=given, why=why)
        if not given:
            unmatched = f"no matched {what}" if missing else f"no labelled {what}"
            return Value(str(self), "EPE", joint, why=unmatched)
        return Value(str(self), "EPE", joint, value=error / given, n=given)

    def _found(self, given: int, missing: int) -> Value:
        """Fraction of the labelled joints that have a prediction."""
        if not given + missing:
            return Value(str(self), FOUND, why="no labelled joint")
        return Value(str(self), FOUND, value=given / (given + missing), n=given + missing)

    def _percentiles(self, tally: Tally, weight: Ints | None) -> list[Value]:
        """The distance of the first joint, in order of distances, at which so many per cent are reached."""
        if not self.percentiles:
            return []
        known = tally.cache.get("sorted")
        if known is None:
            rows, joints = np.nonzero(tally.column("given"))
            error = tally.column("error")[rows, joints]
            order = np.argsort(error, kind="stable")
            known = (error[order], tally.unit_of("error")[rows][order])
            tally.cache["sorted"] = known
        error, unit = known
        times = np.ones(len(unit), dtype=np.int64) if weight is None else weight[unit]
        reached = np.cumsum(times)
        total = int(reached[-1]) if len(reached) else 0
        whole = self.people is Pairing.MATCHED or not tally.sum("missing", weight).any()
        names = [f"EPE_p{format_parameter(float(number))}" for number in self.percentiles]
        if not total or not whole:
            why = "no measured joint" if not total else "labelled joints have no prediction"
            return [Value(str(self), name, why=why) for name in names]
        # In whole numbers: 0.9 * 10 is more than 9.
        wanted = [max(1, math.ceil(total * number / 100 - ROUNDING)) for number in self.percentiles]
        places = np.searchsorted(reached, wanted)
        return [
            Value(str(self), name, value=float(error[place]), n=total)
            for name, place in zip(names, places, strict=True)
        ]


def _of_people(name: str, aligned: Aligned, columns: Mapping[str, Array]) -> Tally:
    table = Table(aligned.truth.people.frame, columns)
    joints = {"joints": list(aligned.truth.skeleton.joints)}
    return Tally(name, aligned.unit_keys("frame"), {"people": table}, joints)


class Area(enum.Enum):
    """How the area under a curve of fractions is computed."""

    LEFT = "left"  # mean of the fractions at 0, 1/n, ..., (n-1)/n: mmpose
    TRAPEZOID = "trapezoid"
    EXACT = "exact"  # the curve is a staircase; its area is the mean of max(0, 1 - distance)


@dataclass(frozen=True)
class Auc(Metric):
    """Area under the fraction of right joints over distances from 0 to `limit` scale units."""

    norm: str = always("pixels")  # scale, as in pck
    limit: float = always(30.0)  # largest distance in scale units
    steps: int = always(20)  # intervals between 0 and the limit
    area: Area = Area.LEFT  # how the area is taken
    compare: Compare = Compare.LT  # whether a distance on a threshold is right
    mean: MeanOf = MeanOf.JOINTS  # what the number without a joint is
    precision: Precision = Precision.DOUBLE  # of distances
    per_joint: bool = False  # shows joints in the summary

    name = "auc"
    needs = frozenset({Need.ALONE})
    source = "Zimmermann and Brox (ICCV 2017), section 5; open-mmlab/mmpose@759b39c keypoint_auc"
    formula: ClassVar[str] = (
        "AUC = 1/n * sum over i = 0 .. n-1 of PCK at i/n of the limit (left); other areas: trapezoid over "
        "0 .. n, and exact = mean of max(0, 1 - distance / limit)"
    )
    undefined: ClassVar[str] = "no joint is labelled"

    def __post_init__(self) -> None:
        """Raises UsageError P122 for parameters that cannot be."""
        require(self.limit > 0, self.name, "limit", self.limit, "a number above 0")
        require(1 <= self.steps <= MOST_POINTS, self.name, "steps", self.steps, f"1 to {MOST_POINTS}")

    def scale_rule(self, truth: PoseSet) -> str:
        """The parameter `norm`; empty for pixels."""
        return "" if self.norm == "pixels" else self.norm

    def grid(self) -> Floats:
        """Thresholds [n + 1] as fractions of the limit, from 0 to 1."""
        return np.asarray([1.0 * step / self.steps for step in range(self.steps + 1)])

    def tally(self, aligned: Aligned) -> Tally:
        """One row per true person: the first threshold that each joint meets, and its part of the area."""
        length = scale(aligned, self.norm, precision=self.precision)
        check_scale(aligned, length, self.norm, _Zero.REFUSE)
        error = relative_error(aligned, length * self.limit, self.precision)
        counted = ~np.isnan(error)
        side = "left" if self.compare is Compare.LE else "right"
        place = np.searchsorted(self.grid(), np.where(counted, error, np.inf), side=side)  # type: ignore[call-overload]
        hit = place[..., None] <= np.arange(self.steps + 1)
        exact = np.where(counted, np.clip(1 - np.where(counted, error, np.inf), 0, None), 0.0)
        columns = {"hit": hit & counted[..., None], "counted": counted, "exact": exact}
        return _of_people(str(self), aligned, columns)

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        """The area over all joints, then each joint's."""
        hit, counted = tally.sum("hit", weight), tally.sum("counted", weight)
        exact = tally.sum("exact", weight)
        some = counted > 0
        name = str(self)
        if not some.any():
            return Values([Value(name, "AUC", why="no labelled joint")])
        each = np.full(len(counted), np.nan)
        each[some] = [self._area(hit[k] / counted[k], exact[k] / counted[k]) for k in np.flatnonzero(some)]
        if self.mean is MeanOf.JOINTS:
            total = self._area((hit[some] / counted[some][:, None]).mean(axis=0), float(each[some].mean()))
        else:
            total = self._area(hit.sum(axis=0) / counted.sum(), float(exact.sum() / counted.sum()))
        out = [Value(name, "AUC", value=total, n=int(counted.sum()))]
        for index, joint in enumerate(tally.facts["joints"]):
            why = "" if some[index] else f"no labelled {joint}"
            out.append(Value(name, "AUC", joint, value=float(each[index]), n=int(counted[index]), why=why))
        return Values(out)

    def _area(self, share: Floats, exact: float) -> float:
        """Area under the fractions [n + 1] at the thresholds."""
        if self.area is Area.EXACT:
            return float(exact)
        if self.area is Area.TRAPEZOID:
            return float(((share[1:] + share[:-1]) / 2).sum() / self.steps)
        return float(share[:-1].sum() / self.steps)
