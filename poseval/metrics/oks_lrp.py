"""LRP over object keypoint similarity: localisation, false positives and misses in one number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from poseval.errors import number_of
from poseval.metrics.base import Metric, Need, Table, Tally
from poseval.metrics.joint_error import require
from poseval.metrics.oks_matches import matches
from poseval.metrics.oks_scene import (
    AreaSource,
    BodyPart,
    Categories,
    IgnoreBy,
    SceneRules,
    needs_of,
    scene_of,
)
from poseval.poses import Floats, Ints, Notice
from poseval.poses.aligned import Aligned
from poseval.results.values import Direction, Value, Values

SCORES = np.arange(101) / 100  # thresholds of the score
# Errors are added as multiples of 2^-30: a float64 holds the sum of 8 million, whatever their order.
FIXED_POINT = 2.0**30
PARTS = ("oLRP", "oLRP_loc", "oLRP_FP", "oLRP_FN")


@dataclass(frozen=True)
class OksLrp(Metric):
    """Localisation-recall-precision error (LRP) over OKS: 0 is perfect, 1 is as good as no prediction.

    Detections are matched as in `oks_ap`, at the one OKS `tau`. LRP is that of the detections with a score of
    `score` or more. oLRP is the smallest LRP over the score thresholds 0, 0.01, ..., 1, of equals the lowest;
    its parts are the mean 1 - OKS of hits (oLRP_loc), the fraction of detections that hit nobody (oLRP_FP),
    and of people who are missed (oLRP_FN), at that threshold. The row `threshold` is that score: a threshold
    to use the model with. With several categories, numbers are means over those with people.

    Undefined without people to find.
    """

    tau: float = 0.5  # lowest OKS of a hit
    score: float = 0.0  # lowest score of the detections of LRP
    max_dets: int = 20  # detections per frame and category
    area: AreaSource = AreaSource.FILE
    categories: Categories = Categories.EACH
    ignore: IgnoreBy = IgnoreBy.COUNT
    part: BodyPart = BodyPart.ALL
    sigma: float = 0.0  # of every joint; 0 for those of the skeleton

    name: ClassVar[str] = "oks_lrp"
    better: ClassVar[Direction] = Direction.LOWER
    headlines: ClassVar[tuple[str, ...]] = (*PARTS, "LRP")
    jumping: ClassVar[frozenset[str]] = frozenset(PARTS[1:])  # where the best threshold moves
    needs: ClassVar[frozenset[Need]] = frozenset({Need.SCORES, Need.AREA, Need.SIGMAS})
    ignores_outside: ClassVar[bool] = True
    formula: ClassVar[str] = "LRP = (sum over hits of (1 - OKS) / (1 - tau) + FP + FN) / (TP + FP + FN)"
    undefined: ClassVar[str] = "nobody is to be found; oLRP_loc and oLRP_FP where no detection is best"
    source: ClassVar[str] = (
        "Oksuz, Cam, Kalkan and Akbas, One Metric to Measure Them All: Localisation Recall Precision (LRP) "
        "for Evaluating Visual Detection Tasks (TPAMI 2021), with OKS in place of IoU; Oksuz et al. 2018"
    )

    def __post_init__(self) -> None:
        """Raises UsageError P122 for parameters that cannot be."""
        require(0 < self.tau < 1, self.name, "tau", self.tau, "a number between 0 and 1")
        require(0 <= self.score <= 1, self.name, "score", self.score, "a number from 0 to 1")
        require(self.max_dets >= 1, self.name, "max_dets", self.max_dets, "1 or more")
        require(0 <= self.sigma < math.inf, self.name, "sigma", self.sigma, "a number above 0, or 0")
        object.__setattr__(self, "needs", needs_of(self.area, self.sigma))

    def tally(self, aligned: Aligned) -> Tally:
        """One row per detection that counts, with its error where it hits, and one per person to be found."""
        rules = SceneRules(self.part, self.area, self.categories, self.ignore, sigma=self.sigma)
        scene = scene_of(aligned, rules)
        found = matches(scene, self.tau, self.max_dets)
        error = np.where(found.hit, np.rint((1 - found.oks) * FIXED_POINT), 0.0).astype(np.int64)
        detections = {
            "score": scene.detections.score[found.row],
            "category": found.category,
            "hit": found.hit,
            "error": error,
        }
        people = {"person_category": found.people_category}
        tables = {"detections": Table(found.unit, detections), "people": Table(found.people_unit, people)}
        facts = {"categories": list(scene.categories)}
        return Tally(str(self), aligned.unit_keys("frame"), tables, facts)

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        """oLRP with its parts, LRP, and the threshold of oLRP."""
        sums = _Sums.of(tally, weight)
        rows = [*self._optimal(sums), self._plain(tally, sums, weight)]
        return Values(rows)

    def _optimal(self, sums: _Sums) -> list[Value]:
        n = int(sums.people.sum())
        if not n:
            names = (*PARTS, "threshold")
            return [Value(str(self), name, why="nobody is to be found") for name in names]
        found = np.array([sums.optimal(k, self.tau) for k in np.flatnonzero(sums.people).tolist()])  # [K, 5]
        why = "no detection is worth keeping"
        rows = []
        for name, column in zip((*PARTS, "threshold"), found.T, strict=True):
            known = column[~np.isnan(column)]
            value = float(known.mean()) if len(known) else math.nan
            rows.append(Value(str(self), name, value=value, n=n, why="" if len(known) else why))
        return rows

    def _plain(self, tally: Tally, sums: _Sums, weight: Ints | None) -> Value:
        n = int(sums.people.sum())
        if not n:
            return Value(str(self), "LRP", why="nobody is to be found")
        above = _Sums.of(tally, weight, (self.score,))
        found = [above.lrp(k, self.tau)[0] for k in np.flatnonzero(sums.people).tolist()]
        return Value(str(self), "LRP", value=float(np.mean(found)), n=n)

    def notices(self, tally: Tally) -> list[Notice]:
        """N581: the threshold of oLRP; N580: scores that are not fractions."""
        out = []
        score = tally.column("score")
        odd = int(((score < 0) | (score > 1)).sum())
        if odd:
            among = number_of(len(score), "score")
            text = f"{odd} of {among} lie outside of 0 to 1, where {self.name} looks for thresholds"
            out.append(Notice("N580", text, odd))
        best = self.reduce(tally).get("threshold")
        if not math.isnan(best):
            out.append(Notice("N581", f"oLRP is that of predictions with a score of {best:.2f} or more"))
        return out


@dataclass(frozen=True, eq=False)
class _Sums:
    """Sums over the detections at or above each of S thresholds, per category: [K, S], people [K]."""

    hits: Floats
    false: Floats
    error: Floats
    people: Ints

    @staticmethod
    def of(tally: Tally, weight: Ints | None, thresholds: Sequence[float] | Floats = SCORES) -> _Sums:
        """The sums of a tally under weights [U]."""
        count, steps = len(tally.facts["categories"]), len(thresholds)
        score, hit = tally.column("score"), tally.column("hit")
        times = tally.weight_of_rows("score", weight)
        # The number of thresholds that a score reaches; those that reach none drop out.
        reached = np.searchsorted(np.asarray(thresholds), score, side="right")
        place = tally.column("category") * (steps + 1) + reached

        def above(values: Ints) -> Floats:
            table = np.bincount(place, values, count * (steps + 1)).reshape(count, steps + 1)
            out: Floats = table[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
            return out

        people = np.bincount(
            tally.column("person_category"), tally.weight_of_rows("person_category", weight), count
        )
        return _Sums(
            above(times * hit),
            above(times * ~hit),
            above(times * tally.column("error")),
            people.astype(np.int64),
        )

    def lrp(self, category: int, tau: float) -> Floats:
        """LRP [S] of a category with people."""
        hits, false, people = self.hits[category], self.false[category], self.people[category]
        error = self.error[category] / FIXED_POINT
        out: Floats = (error / (1 - tau) + false + people - hits) / (false + people)
        return out

    def optimal(self, category: int, tau: float) -> tuple[float, float, float, float, float]:
        """oLRP, its three parts and its threshold, of a category with people."""
        values = self.lrp(category, tau)
        at = int(np.argmin(values))
        hits, false = self.hits[category, at], self.false[category, at]
        people = self.people[category]
        return (
            float(values[at]),
            self.error[category, at] / FIXED_POINT / hits if hits else math.nan,
            false / (hits + false) if hits + false else math.nan,
            (people - hits) / people,
            float(SCORES[at]),
        )
