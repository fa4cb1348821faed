"""NME: mean landmark error in units of the face, with failure rates, areas and the error distribution."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from poseval.errors import UsageError, number_of, shown
from poseval.metrics.base import Metric, Need, Table, Tally
from poseval.metrics.error_curve import CED_STEPS, ErrorCurve, Grid, curve_area, failure_rate
from poseval.metrics.joint_error import (
    Precision,
    ZeroScale,
    check_scale,
    choices,
    labelled,
    named_pairs,
    relative_error,
    require,
    scale,
)
from poseval.metrics.parameters import always, format_parameter
from poseval.poses import Array, Floats, Ints, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.values import ERROR, Bounds, Direction, Value, Values

LARGEST = 10  # threshold, in lengths of the face; grids look at every 1e-4
SPREAD = "NME_std"  # of the images' errors; no summary shows it
ROBUST = ("NME_median", "NME_trimmed")  # what a few gross failures hardly move
TRIMMED = 0.1  # fraction of images that the trimmed mean leaves out at either end
AUTO = ("outer_eye",)  # the normaliser taken when none is named, where the skeleton has it


class Over(enum.Enum):
    """Over what the mean is taken."""

    IMAGES = "images"  # mean of the means of images
    POINTS = "points"  # all points of all images at once (mmpose, quirk N01)


class Points(enum.Enum):
    """Which landmarks of the ground truth count."""

    LABELLED = "labelled"
    ALL = "all"  # every landmark, labelled or not (HRNet-Facial-Landmark-Detection, quirk N06)


@dataclass(frozen=True)
class Nme(Metric):
    """Mean distance between predicted and true landmarks, divided by a length of the face.

    Besides the mean: the median, and the mean without a tenth of the images at either end, which a few gross
    failures hardly move (`NME_median`, `NME_trimmed`); the fraction of images above a threshold (`FR`); the
    area under the cumulative error distribution up to it (`AUC`), and that distribution (`CED`).

    The length is a distance that the skeleton names (outer_eye, pupil), the size that the file gives
    (face_size), of the file's box box_sqrt, box_diag or box_side, or of the tight box around the landmarks
    landmark_sqrt, landmark_diag or longest_side. `auto` is outer_eye where the skeleton names it; elsewhere
    there is no default, and the error lists the choices.
    """

    by: str = always("auto")  # the length of the face, one of those above
    over: Over = Over.IMAGES  # what is averaged
    at: tuple[float, ...] = (0.1,)  # thresholds of FR and AUC
    grid: Grid = Grid.EXACT  # how FR and AUC are taken
    points: Points = Points.LABELLED  # which landmarks count
    bins: tuple[float, ...] = ()  # edges over |yaw| in degrees: the NME is then the mean of the bins' means
    precision: Precision = Precision.DOUBLE  # of distances
    per_joint: bool = False  # shows joints in the summary

    name = "nme"
    needs = frozenset({Need.ALONE})
    better = Direction.LOWER
    value_bounds: ClassVar[Mapping[str, Bounds]] = dict.fromkeys(("NME", "NME_plain", SPREAD, *ROBUST), ERROR)
    jumping: ClassVar[frozenset[str]] = frozenset({"NME_median"})
    threshold: ClassVar[str] = "normalised error"
    source = (
        "Sagonas et al., 300 faces in-the-wild challenge (ICCVW 2013); curves and areas: Yang et al., An "
        "empirical study of recent face alignment methods (2015); HRNet-Facial-Landmark-Detection, PIPNet, "
        "landmark-detection (SBR), 3DDFA, mmpose"
    )
    formula: ClassVar[str] = (
        "NME = mean over images of (mean over landmarks of |p - g| / d); FR@t = fraction of images with NME "
        "> t; AUC@t = mean over images of max(0, 1 - NME / t)"
    )
    undefined: ClassVar[str] = (
        "no image has a landmark; the mean is also undefined when a labelled landmark has no prediction: "
        "such an image counts as failed in FR and AUC"
    )

    def __post_init__(self) -> None:
        """Raises UsageError P122 for parameters that cannot be."""
        fits = all(0 < t <= LARGEST for t in self.at)
        require(fits, self.name, "at", self.at, f"numbers above 0 and up to {LARGEST}")
        rising = all(low < high for low, high in pairwise((0.0, *self.bins)))
        require(rising, self.name, "bins", self.bins, "increasing angles above 0")

    def direction(self, statistic: str) -> Direction:
        """Areas are better when higher, errors and failure rates when lower."""
        return Direction.HIGHER if statistic.startswith(("AUC", "CED")) else Direction.LOWER

    def headline_rows(self, values: Iterable[Value]) -> list[Value]:
        """All but the spread of the images' errors, then the NME of each yaw bin."""
        rows = list(values)
        shown_rows = [row for row in super().headline_rows(rows) if row.statistic != SPREAD]
        return shown_rows + [row for row in rows if row.slice]

    def scale_rule(self, truth: PoseSet) -> str:
        """The normaliser in use.

        Raises:
            UsageError: P119 when none is named and the skeleton has no customary one.
        """
        if self.by != "auto":
            return self.by
        found = next((name for name in AUTO if name in named_pairs(truth)), None)
        if found is None:
            raise UsageError(
                "P119",
                where=f"metric {self.name}: by",
                what=f"is not given, and skeleton {shown(truth.skeleton.name)} has no usual normaliser",
                wanted="one of " + ", ".join(choices(truth)),
            )
        return found

    def tally(self, aligned: Aligned) -> Tally:
        """One row per true face: its own mean, and the sums that a pooled mean needs."""
        rule = self.scale_rule(aligned.truth)
        length = scale(aligned, rule, precision=self.precision)
        check_scale(aligned, length, rule, ZeroScale.REFUSE)
        error = self._error(aligned, length)
        counted = ~np.isnan(error)
        points = counted.sum(axis=1)
        missing = (counted & np.isinf(error)).sum(axis=1)
        total = np.where(counted & np.isfinite(error), error, 0.0).sum(axis=1)
        own = np.divide(total, points, out=np.full(len(total), np.nan), where=points > 0)
        columns = {
            "error": np.where(missing > 0, np.inf, own),
            "total": total,
            "points": points,
            "missing": missing,
            "unscaled": np.isnan(length) & labelled(aligned).any(axis=1),
            "bin": self._bin(aligned.truth),
            "landmark": np.where(np.isfinite(error), error, 0.0),
            "landmarks": counted,
        }
        return Tally(
            str(self),
            aligned.unit_keys("frame"),
            {"faces": Table(aligned.truth.people.frame, columns)},
            {"joints": list(aligned.truth.skeleton.joints), "by": rule},
        )

    def _error(self, aligned: Aligned, length: Floats) -> Floats:
        if self.points is Points.LABELLED:
            return relative_error(aligned, length, self.precision)
        truth = aligned.truth
        everything = np.where(np.isfinite(truth.people.xy).all(axis=2), 2, 0).astype(np.int8)
        people = truth.people.with_columns(seen=everything)
        whole = PoseSet(truth.skeleton, truth.frames, people, origin=truth.origin)
        return relative_error(Aligned(whole, aligned.predictions), length, self.precision)

    def _bin(self, truth: PoseSet) -> Array:
        if not self.bins:
            return np.zeros(len(truth), dtype=np.int64)
        yaw = truth.people.extra.get("yaw")
        if yaw is None:
            raise UsageError(
                "P185",
                where=shown(truth.origin.name),
                what="has no yaw angles",
                wanted="a column yaw in degrees, which nme(bins=...) needs",
            )
        return np.searchsorted(np.asarray(self.bins), np.abs(yaw), side="left").astype(np.int64)

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        """NME, then failure rates and areas per threshold, then each landmark's error and the curve."""
        each = tally.weight_of_rows("error", weight)
        error = tally.column("error")
        kept = ~np.isnan(error) & (each > 0)
        error, each = error[kept], each[kept]
        lost = int(tally.sum("unscaled", weight))
        remark = f"{number_of(lost, 'face')} without {tally.facts['by']}, not scored" if lost else ""
        count = int(each.sum())
        if not count:
            names = [
                "NME",
                *ROBUST,
                *(f"{kind}@{format_parameter(t)}" for t in self.at for kind in ("FR", "AUC")),
            ]
            return self._named([Value("", name, why=remark or "no face with a landmark") for name in names])
        out = self._means(tally, weight, error, each, tally.column("bin")[kept], remark)
        curve = ErrorCurve(error, each)
        out += _robust(curve, count)
        for t in self.at:
            name = format_parameter(float(t))
            out.append(Value("", f"FR@{name}", value=failure_rate(curve, t, self.grid), n=count))
            out.append(Value("", f"AUC@{name}", value=curve_area(curve, t, self.grid), n=count))
        out += self._landmarks(tally, weight)
        if self.at:
            steps = np.linspace(0, max(self.at), CED_STEPS)
            out += [
                Value("", "CED", threshold=float(step), value=float(curve.share(step)), n=count)
                for step in steps
            ]
        return self._named(out)

    def _named(self, rows: Sequence[Value]) -> Values:
        return Values(row._replace(metric=str(self)) for row in rows)

    def _means(
        self, tally: Tally, weight: Ints | None, error: Floats, each: Ints, bins: Ints, remark: str
    ) -> list[Value]:
        count, missing = int(each.sum()), int(tally.sum("missing", weight))
        if missing:
            why = f"{missing} labelled landmarks have no prediction, or an infinite one"
            return [Value("", "NME", n=count, why=why)]
        pooled = float(tally.sum("total", weight).sum() / tally.sum("points", weight).sum())
        plain = float((error * each).sum() / count)
        spread = float(np.sqrt((each * (error - plain) ** 2).sum() / count))
        value = plain if self.over is Over.IMAGES else pooled
        out = []
        if self.bins:
            wide = self._binned(error, each, bins)
            value = float(np.mean([row.value for row in wide])) if all(row.n for row in wide) else np.nan
            out = [Value("", "NME_plain", value=plain, n=count), *wide]
            if np.isnan(value):
                remark = "a yaw bin is empty"
        return [
            Value("", "NME", value=value, n=count, why=remark),
            *out,
            Value("", SPREAD, value=spread, n=count),
        ]

    def _binned(self, error: Floats, each: Ints, bins: Ints) -> list[Value]:
        names = [f"yaw<={format_parameter(self.bins[0])}"]
        names += [
            f"yaw{format_parameter(low)}-{format_parameter(high)}"
            for low, high in zip(self.bins, self.bins[1:], strict=False)
        ]
        names.append(f"yaw>{format_parameter(self.bins[-1])}")
        rows = []
        for index, name in enumerate(names):
            inside = bins == index
            count = int(each[inside].sum())
            if count:
                value = float((error[inside] * each[inside]).sum() / count)
                rows.append(Value("", "NME", slice=name, value=value, n=count))
            else:
                rows.append(Value("", "NME", slice=name, why="no face in this yaw bin"))
        return rows

    def _landmarks(self, tally: Tally, weight: Ints | None) -> list[Value]:
        total, count = tally.sum("landmark", weight), tally.sum("landmarks", weight)
        return [
            Value("", "NME", joint, value=float(total[k] / count[k]), n=int(count[k]))
            if count[k]
            else Value("", "NME", joint, why=f"no labelled {joint}")
            for k, joint in enumerate(tally.facts["joints"])
        ]


def _robust(curve: ErrorCurve, count: int) -> list[Value]:
    """The median and the trimmed mean of images; undefined where an image that failed whole decides them."""
    found = zip(ROBUST, (curve.median(), curve.trimmed_mean(TRIMMED)), strict=True)
    return [
        Value("", name, value=value, n=count)
        if np.isfinite(value)
        else Value("", name, n=count, why="too many images have a landmark without a prediction")
        for name, value in found
    ]
