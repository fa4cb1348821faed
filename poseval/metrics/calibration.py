"""Calibration: whether the scores of poses and joints equal their similarity to the ground truth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from poseval.metrics.base import Metric, Need, Reliability, Table, Tally
from poseval.metrics.joint_error import require
from poseval.metrics.oks_matches import Matches, matches
from poseval.metrics.oks_scene import (
    AreaSource,
    BodyPart,
    Categories,
    IgnoreBy,
    Scene,
    SceneRules,
    needs_of,
    scene_of,
)
from poseval.poses import Array, Floats, Ints
from poseval.poses.aligned import Aligned
from poseval.results.values import Direction, Value, Values

MOST_BINS = 1000
# statistic -> what the score is held against, its columns in the tally
KINDS = {"ECE": ("OKS", "score", "oks"), "joint_ECE": ("joint_OKS", "joint_score", "joint_oks")}


@dataclass(frozen=True)
class Calibration(Metric):
    """Expected calibration error (ECE) of the scores of poses and of joints against OKS.

    A score is calibrated where poses of that score have that OKS on average. Detections are matched as in
    `oks_ap`, at the one OKS `match`; a detection without a person has OKS 0, one that took an ignored person
    does not count. The similarity of a joint is its own term of OKS; the labelled joints of matched people
    count. ECE sorts by score, cuts into `bins` of equal weight (adaptive bins; equal scores stay together),
    and is the weighted mean of |mean score - mean OKS| over bins. The rows with slice `bin I` are the
    reliability curve.

    On a finite set ECE is above 0 for calibrated scores, too: noise in a bin never cancels. Compare sets of
    one size, or read the curve.
    """

    bins: int = 10  # of equal weight
    match: float = 0.1  # lowest OKS of a match
    max_dets: int = 20  # detections per frame and category
    area: AreaSource = AreaSource.FILE
    categories: Categories = Categories.EACH
    ignore: IgnoreBy = IgnoreBy.COUNT
    part: BodyPart = BodyPart.ALL
    sigma: float = 0.0  # of every joint; 0 for those of the skeleton

    name: ClassVar[str] = "calibration"
    better: ClassVar[Direction] = Direction.LOWER
    headlines: ClassVar[tuple[str, ...]] = tuple(KINDS)
    jumping: ClassVar[frozenset[str]] = frozenset(KINDS)  # the borders of bins move with each unit
    needs: ClassVar[frozenset[Need]] = frozenset({Need.SCORES, Need.AREA, Need.SIGMAS})
    ignores_outside: ClassVar[bool] = True
    formula: ClassVar[str] = "ECE = sum over bins b of n_b / n * |mean score in b - mean OKS in b|"
    undefined: ClassVar[str] = (
        "no detection counts, a score is not a fraction, or for joint_ECE no joint of a match has a score"
    )
    source: ClassVar[str] = (
        "Naeini, Cooper and Hauskrecht, Obtaining Well Calibrated Probabilities Using Bayesian Binning "
        "(AAAI 2015); adaptive bins: Nixon et al., Measuring Calibration in Deep Learning (CVPRW 2019)"
    )

    def __post_init__(self) -> None:
        """Raises UsageError P122 for parameters that cannot be."""
        require(1 <= self.bins <= MOST_BINS, self.name, "bins", self.bins, f"1 to {MOST_BINS}")
        require(0 < self.match <= 1, self.name, "match", self.match, "a number above 0 and up to 1")
        require(self.max_dets >= 1, self.name, "max_dets", self.max_dets, "1 or more")
        require(0 <= self.sigma < math.inf, self.name, "sigma", self.sigma, "a number above 0, or 0")
        object.__setattr__(self, "needs", needs_of(self.area, self.sigma))

    def tally(self, aligned: Aligned) -> Tally:
        """One row per detection that counts, and one per labelled joint of a match that has a score."""
        rules = SceneRules(self.part, self.area, self.categories, self.ignore, sigma=self.sigma)
        scene = scene_of(aligned, rules)
        found = matches(scene, self.match, self.max_dets)
        poses = {"score": scene.detections.score[found.row], "oks": found.oks}
        tables = {
            "poses": Table(found.unit, poses),
            "joints": _of_joints(aligned, scene, found),
        }
        return Tally(str(self), aligned.unit_keys("frame"), tables)

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        """The two errors, then the reliability curves."""
        rows: list[Value] = []
        curves: list[Value] = []
        for name, (what, score, oks) in KINDS.items():
            why = _why(tally, score, weight)
            if why:
                rows.append(Value(str(self), name, why=why))
                continue
            cut = self._cut(tally, score, oks, weight)
            rows.append(Value(str(self), name, value=cut.error, n=int(cut.count.sum())))
            for at in np.flatnonzero(cut.count):
                label, n = f"bin {at + 1}", int(cut.count[at])
                curves.append(Value(str(self), score, slice=label, value=float(cut.score[at]), n=n))
                curves.append(Value(str(self), what, slice=label, value=float(cut.oks[at]), n=n))
        return Values([*rows, *curves])

    def reduce_headline(self, tally: Tally, weight: Ints | None = None) -> Values:
        """The two errors."""
        return Values(self.reduce(tally, weight)[: len(KINDS)])

    def reliability(self, tally: Tally) -> list[Reliability]:
        """A curve for poses and one for joints, where defined."""
        out = []
        for name, (what, score, oks) in KINDS.items():
            if not _why(tally, score, None):
                cut = self._cut(tally, score, oks, None)
                some = cut.count > 0
                out.append(
                    Reliability(
                        "poses" if name == "ECE" else "joints",
                        cut.score[some],
                        cut.oks[some],
                        _errors(tally, score, oks, cut)[some],
                        cut.count[some],
                        what.replace("_", " "),
                        cut.error,
                    )
                )
        return out

    def _cut(self, tally: Tally, score: str, oks: str, weight: Ints | None) -> _Bins:
        order = tally.cache.get(f"order/{score}")
        if order is None:
            order = np.argsort(tally.column(score), kind="stable")
            tally.cache[f"order/{score}"] = order
        times = tally.weight_of_rows(score, weight)[order]
        return _Bins.of(tally.column(score)[order], tally.column(oks)[order], times, self.bins)


@dataclass(frozen=True, eq=False)
class _Bins:
    """Rows in bins of equal weight: `place` [R] of each sorted row; means and counts [B], NaN where empty."""

    place: Ints
    score: Floats
    oks: Floats
    count: Ints

    @property
    def error(self) -> float:
        """The expected calibration error."""
        some = self.count > 0
        off = np.abs(self.score[some] - self.oks[some])
        return float((off * self.count[some]).sum() / self.count.sum())

    @staticmethod
    def of(score: Floats, oks: Floats, times: Ints, bins: int) -> _Bins:
        """Sorted rows, each `times` [R] there; the first of equal scores says their bin."""
        before = np.cumsum(times) - times
        first = np.searchsorted(score, score, side="left")
        place = before[first] * bins // times.sum()
        count = np.bincount(place, times, bins)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = [np.bincount(place, times * column, bins) / count for column in (score, oks)]
        return _Bins(place, means[0], means[1], count.astype(np.int64))


def _errors(tally: Tally, score: str, oks: str, cut: _Bins) -> Floats:
    """Standard error [B] of the mean OKS of each bin, units drawn as a whole, borders of bins held fixed."""
    order = tally.cache[f"order/{score}"]
    off = tally.column(oks)[order] - cut.oks[cut.place]
    size = len(cut.count)
    cell = tally.unit_of(score)[order] * size + cut.place
    sums = np.bincount(cell, off, tally.units * size).reshape(tally.units, size)
    with np.errstate(invalid="ignore", divide="ignore"):
        out: Floats = np.sqrt((sums**2).sum(axis=0)) / cut.count
    return out


def _why(tally: Tally, score: str, weight: Ints | None) -> str:
    """Why there is no number; empty where there is one."""
    found = tally.column(score)
    if not tally.weight_of_rows(score, weight).any():
        return "no detection counts" if score == "score" else "no labelled joint of a match has a score"
    if found.min() < 0 or found.max() > 1:
        return "scores are not between 0 and 1"
    return ""


def _of_joints(aligned: Aligned, scene: Scene, found: Matches) -> Table:
    rows = np.flatnonzero(found.hit)
    pose, person = found.row[rows], found.person[rows]
    chosen = list(aligned.truth.skeleton.indices(scene.joints))
    given: Array = aligned.predictions.people.joint_score[pose][:, chosen]
    off = scene.detections.xy[pose] - scene.targets.xy[person]
    scale = (scene.targets.area[person] + np.spacing(1))[:, None]
    counts = scene.targets.labelled[person] & ~np.isnan(given)
    error = np.where(counts, (off**2).sum(axis=2), 0.0) / (scene.sigmas * 2) ** 2 / scale / 2
    row, joint = np.nonzero(counts)
    columns = {"joint_score": given[row, joint], "joint_oks": np.exp(-error)[row, joint]}
    return Table(found.unit[rows][row], columns)
