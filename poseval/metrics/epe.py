"""EPE: mean distance in pixels. AUC: area under the share of right joints over distances in pixels."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from poseval.metrics.base import Metric, Need, Table, Tally, always
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
from poseval.metrics.pck import Compare, MeanOf
from poseval.poses import Array, Floats, Ints, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.values import ERROR, Bounds, Direction, Value, Values


@dataclass(frozen=True)
class Epe(Metric):
    """Mean Euclidean distance in pixels between predicted and labelled joints (end-point error)."""

    precision: Precision = Precision.DOUBLE  # of distances

    name = "epe"
    needs = frozenset({Need.ALONE})
    better = Direction.LOWER
    value_bounds: ClassVar[Mapping[str, Bounds]] = {"EPE": ERROR}
    source = (
        "Zimmermann and Brox, Learning to estimate 3D hand pose (ICCV 2017), section 5; mmpose keypoint_epe"
    )
    formula: ClassVar[str] = "EPE = sum of |p - g| over labelled joints / #(labelled joints), in pixels"
    undefined: ClassVar[str] = (
        "no joint is labelled; or a labelled joint has no prediction, leaving hard joints out must not pay"
    )

    def tally(self, aligned: Aligned) -> Tally:
        """One row per truth person: summed errors, and how many joints count or lack a prediction."""
        if self.precision is not Precision.DOUBLE:
            error = relative_error(aligned, np.ones(len(aligned.truth)), self.precision)
        else:
            error = pixel_error(aligned)
        wanted = labelled(aligned)
        given = wanted & np.isfinite(error)
        columns = {"error": np.where(given, error, 0.0), "given": given, "missing": wanted & ~given}
        return _of_people(str(self), aligned, columns)

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        """The mean over all points, then each joint's."""
        error, given = tally.sum("error", weight), tally.sum("given", weight)
        missing = tally.sum("missing", weight)
        out = [self._mean("", float(error.sum()), int(given.sum()), int(missing.sum()))]
        out += [
            self._mean(joint, float(error[index]), int(given[index]), int(missing[index]))
            for index, joint in enumerate(tally.facts["joints"])
        ]
        return Values(out)

    def _mean(self, joint: str, error: float, given: int, missing: int) -> Value:
        what = joint or "joint"
        if missing:
            lost = f"{missing} of {given + missing} labelled {what} points"
            why = f"{lost} have no prediction, or one beyond measure"
            return Value(str(self), "EPE", joint, n=given, why=why)
        if not given:
            return Value(str(self), "EPE", joint, why=f"no labelled {what}")
        return Value(str(self), "EPE", joint, value=error / given, n=given)


def _of_people(name: str, aligned: Aligned, columns: Mapping[str, Array]) -> Tally:
    table = Table(aligned.truth.people.frame, columns)
    joints = {"joints": list(aligned.truth.skeleton.joints)}
    return Tally(name, aligned.unit_keys("frame"), {"people": table}, joints)


class Area(enum.Enum):
    """How the area under a curve of shares is taken."""

    LEFT = "left"  # mean of the shares at 0, 1/n, ..., (n-1)/n: mmpose
    TRAPEZOID = "trapezoid"
    EXACT = "exact"  # the curve is a staircase; its area is the mean of max(0, 1 - distance)


@dataclass(frozen=True)
class Auc(Metric):
    """Area under the share of right joints over distances from 0 to `limit` scale units."""

    norm: str = always("pixels")  # scale, as in pck
    limit: float = always(30.0)  # largest distance in scale units
    steps: int = always(20)  # intervals between 0 and the limit
    area: Area = Area.LEFT  # how the area is taken
    compare: Compare = Compare.LT  # whether a distance on a threshold is right
    mean: MeanOf = MeanOf.JOINTS  # what the number without a joint is
    precision: Precision = Precision.DOUBLE  # of distances

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
        """The parameter `norm`; pixels are no scale."""
        return "" if self.norm == "pixels" else self.norm

    def grid(self) -> Floats:
        """Thresholds [n + 1] as shares of the limit, from 0 to 1."""
        return np.asarray([1.0 * step / self.steps for step in range(self.steps + 1)])

    def tally(self, aligned: Aligned) -> Tally:
        """One row per truth person: the first threshold that each joint meets, and its share of the area."""
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
        """Area under the shares [n + 1] at the thresholds."""
        if self.area is Area.EXACT:
            return float(exact)
        if self.area is Area.TRAPEZOID:
            return float(((share[1:] + share[:-1]) / 2).sum() / self.steps)
        return float(share[:-1].sum() / self.steps)
