"""Average precision per joint: people assigned by PCKh, joints ranked by score."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from poseval.kernels.average_precision import HITS_FIRST, LATER_FIRST, TOGETHER, Ranked
from poseval.kernels.tracking import ABSENT, HIT, Scene, Side
from poseval.metrics.base import Metric, Need, Table, Tally
from poseval.metrics.joint_error import require
from poseval.metrics.joint_rows import (
    Empty,
    JointRows,
    joint_facts,
    mean_of_defined,
    ratio,
    unit_rows,
    unlabelled_reasons,
)
from poseval.metrics.official_ties import argsort
from poseval.metrics.parameters import always
from poseval.poses import Floats, Ints, Notice, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.units import NumberStyle
from poseval.results.values import Value, Values

MISSING_SCORE = -9999.0  # a joint without a score ranks behind all others (poseval, eval_helpers.py)


class Ties(enum.Enum):
    """The order of joints with equal scores."""

    TOGETHER = "together"  # one step of the curve: no order can change it
    LATER_FIRST = "later_first"  # by row, the last first: a stable ascending sort, reversed
    EARLIER_FIRST = "earlier_first"  # by row, the first first: the stable descending sort of the MPII kit
    OFFICIAL = "official"  # as poseval's own sort leaves them: NumPy before 1.25, reversed


HOW = {
    Ties.TOGETHER: "as one step",
    Ties.LATER_FIRST: "the later row first",
    Ties.EARLIER_FIRST: "the earlier row first",
    Ties.OFFICIAL: "in the order of NumPy before 1.25, the videos by name (what later releases do depends on "
    "the processor, and is not reproduced)",
}


@dataclass(frozen=True)
class JointAp(Metric):
    """Average precision, precision and recall of single joints.

    In every frame a predicted pose chooses the true pose with the largest fraction of labelled joints within
    `at` head sizes; a true pose belongs to the best of those that chose it. A predicted joint is right when
    its pose owns a true pose that labels the joint within `at`; every other predicted joint is wrong, also
    one whose joint the ground truth does not label. AP is the area under the monotone precision-recall curve
    of all frames pooled; precision and recall are those of all predicted joints. Totals are means over
    joints.

    `empty` gives the value of joints that the ground truth never labels; `ties=later_first` orders equal
    scores by row, as the PoseTrack programs do under a stable sort, and `ties=earlier_first` as the MPII kit
    does. `ties=official` is that of poseval itself with NumPy before 1.25, where its folder lists files by
    name. Where scores are tied, AP_low and AP_high bound the AP that any order of them gives.
    """

    at: float = always(0.5)
    ties: Ties = Ties.TOGETHER
    empty: Empty = Empty.UNDEFINED
    per_joint: bool = False

    name: ClassVar[str] = "joint_ap"
    needs: ClassVar[frozenset[Need]] = frozenset({Need.HEADS})
    unit: ClassVar[str] = "sequence"
    headlines: ClassVar[tuple[str, ...]] = ("AP", "precision", "recall")
    counted: ClassVar[frozenset[str]] = frozenset({"true_positives", "predicted", "labelled"})
    formula: ClassVar[str] = (
        "AP = area under the monotone precision over recall of one joint's predictions, ranked by score; "
        "precision = right / predicted, recall = right / labelled; totals are means over joints"
    )
    undefined: ClassVar[str] = "a joint that is never labelled"
    source: ClassVar[str] = (
        "Pishchulin et al. 2016; Andriluka et al. 2018; leonid-pishchulin/poseval 4258a15, evaluateAP.py, "
        "eval_helpers.py; anDoer/PoseTrack21 3e61960, metrics/map.py"
    )

    def __post_init__(self) -> None:
        """Raises UsageError P122 for a threshold that cannot be."""
        require(self.at > 0, self.name, "at", self.at, "a number above 0")

    def scale_rule(self, truth: PoseSet) -> str:
        """The head size."""
        return "head"

    def tally(self, aligned: Aligned) -> Tally:
        """One row per predicted joint (score, right or wrong), and labelled joints [K] per sequence."""
        truth, predictions = aligned.truth, aligned.predictions
        frames = truth.frames
        skeleton = truth.skeleton
        untracked = [np.zeros(len(side), dtype=np.int64) for side in (truth, predictions)]
        sides = [
            Side(poses.frame_start(), poses.people.seen > 0, track)
            for poses, track in zip((truth, predictions), untracked, strict=True)
        ]
        scene = Scene(frames.sequence, frames.number, len(frames.sequences), *sides)
        scene.use_joints(truth.people.xy, predictions.people.xy, truth.people.head)
        _, label = scene.best_pose(self.at)
        there = label != ABSENT
        score = predictions.people.joint_score[there]
        unscored = np.isnan(score)
        score[unscored] = MISSING_SCORE
        joint = np.arange(len(skeleton), dtype=np.int16)
        keys = aligned.unit_keys("sequence")
        found = Table(
            np.repeat(frames.sequence[predictions.people.frame], there.sum(axis=1)),
            {
                "joint": np.broadcast_to(joint, there.shape)[there],
                "score": score,
                "hit": label[there] == HIT,
                "unscored": unscored,
            },
        )
        labelled = np.zeros((len(keys), len(skeleton)), dtype=np.int64)
        np.add.at(labelled, frames.sequence[truth.people.frame], (truth.people.seen > 0).astype(np.int64))
        wanted = Table(np.arange(len(keys), dtype=np.int64), {"labelled": labelled})
        return Tally(self.name, keys, {"predicted": found, "truth": wanted}, joint_facts(skeleton))

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        """AP, precision and recall per joint, group and in total; the range of AP where scores are tied."""
        key = f"values/{self!r}"
        if weight is None and key in tally.cache:
            known: Values = tally.cache[key]
            return known
        found = self._values(tally, weight, whole=True)
        if weight is None:  # asked for twice in every report, by the numbers and by the notices
            tally.cache[key] = found
        return found

    def reduce_headline(self, tally: Tally, weight: Ints | None = None) -> Values:
        """AP, precision and recall per joint, group and in total."""
        return self._values(tally, weight, whole=False)

    def _values(self, tally: Tally, weight: Ints | None, whole: bool) -> Values:
        """The rows of the headlines; `whole` adds counts, and the range of AP where scores are tied."""
        ranked = self._ranked(tally)
        labelled = tally.sum("labelled", weight)
        rows = JointRows.of(tally, self.per_joint, strict=self.empty is not Empty.UNDEFINED)
        why = [
            reason or f"no predicted {name}"
            for name, reason in zip(
                tally.facts["joints"] or ["pose"],
                unlabelled_reasons(tally.facts["joints"], labelled),
                strict=True,
            )
        ]
        repeat = tally.weight_of_rows("hit", weight)[self._way(tally)]
        curves = self._curves(ranked, repeat, labelled, self._order)
        wanted = list(self.headlines)
        if whole and ranked.tied().any():
            for statistic, order in (("AP_low", TOGETHER), ("AP_high", HITS_FIRST)):
                curves[statistic] = self._curves(ranked, repeat, labelled, order)["AP"]
                wanted.append(statistic)
        out: list[Value] = []
        for statistic in wanted:
            out += rows(statistic, curves[statistic], n=labelled, why=why)
        if whole:
            for statistic in ("true_positives", "predicted"):
                out += rows(statistic, curves[statistic], n=labelled, add=True)
            out += rows("labelled", labelled.astype(np.float64), n=labelled, add=True)
        return Values(out)

    def by_unit(self, tally: Tally) -> Values:
        """Totals of every sequence alone."""
        joints = len(tally.facts["joints"])
        cell = tally.unit_of("hit") * joints + tally.column("joint")
        score, cells = tally.column("score"), tally.units * joints
        if self.ties is Ties.OFFICIAL:  # the order in a sequence is that of its own sort
            way = _sorted_by_numpy(cell, score)
            ranked = Ranked.of(cell[way], score[way], tally.column("hit")[way], cells)
        else:
            ranked = self._ranked(tally).regrouped(cell[self._way(tally)], cells)
        labelled = tally.per_unit("labelled")
        ones = np.ones(len(cell), dtype=np.int64)
        curves = self._curves(ranked, ones, labelled.reshape(-1), self._order)
        totals = {
            name: mean_of_defined(curves[name].reshape(-1, joints)) for name in ("AP", "precision", "recall")
        }
        return unit_rows(self.name, tally, totals, labelled.sum(axis=1), "no labelled joint")

    def _way(self, tally: Tally) -> Ints:
        """The rows of predicted joints [R] in such an order that of equal scores the last is ranked first."""
        name = f"way/{self.ties.value}"
        known: Ints | None = tally.cache.get(name)
        if known is None:
            known = np.arange(len(tally.column("joint")))
            if self.ties is Ties.EARLIER_FIRST:
                known = known[::-1]
            elif self.ties is Ties.OFFICIAL:
                known = _sorted_by_numpy(tally.column("joint"), tally.column("score"))
            tally.cache[name] = known
        return known

    def _ranked(self, tally: Tally) -> Ranked:
        """The predicted joints of a tally, ranked per joint."""
        name = f"ranked/{self.ties.value}"
        known: Ranked | None = tally.cache.get(name)
        if known is None:
            way = self._way(tally)
            joint = tally.column("joint").astype(np.int64)[way]
            joints = len(tally.facts["joints"])
            known = Ranked.of(joint, tally.column("score")[way], tally.column("hit")[way], joints)
            tally.cache[name] = known
        return known

    @property
    def _order(self) -> int:
        return TOGETHER if self.ties is Ties.TOGETHER else LATER_FIRST

    def _curves(self, ranked: Ranked, weight: Ints, labelled: Ints, ties: int) -> dict[str, Any]:
        """Numbers per cell [C]: a cell is a joint, or a joint in a sequence."""
        wanted = labelled.astype(np.float64)
        if self.empty is Empty.POSETRACK21:
            wanted = np.maximum(wanted, 1.0)
        area, hits, rows = ranked.area(weight, wanted, ties)
        precision: Floats = ratio(hits, rows)
        recall: Floats = ratio(hits, wanted)
        if self.empty is Empty.UNDEFINED:
            precision = np.where(labelled > 0, precision, math.nan)
        else:
            area, precision, recall = (
                np.where(rows > 0, values, 0.0) for values in (area, precision, recall)
            )
        return {
            "AP": area,
            "precision": precision,
            "recall": recall,
            "true_positives": hits.astype(np.float64),
            "predicted": rows.astype(np.float64),
        }

    def notices(self, tally: Tally) -> list[Notice]:
        """How many scores are missing or tied, and what the order of ties can change."""
        out = []
        unscored = int(tally.column("unscored").sum())
        total = len(tally.column("unscored"))
        if unscored:
            text = f"{unscored} of {total} predicted joints have no score and rank last"
            out.append(Notice("N432", text, unscored))
        tied = int(self._ranked(tally).tied().sum())
        if tied:
            values = self.reduce(tally)
            low, high = (NumberStyle().number(values.get(name)) for name in ("AP_low", "AP_high"))
            spread = f"{low}" if low == high else f"between {low} and {high}"
            text = (
                f"{tied} of {total} joint scores are tied, used {HOW[self.ties]}; AP is {spread} percent "
                "over all orders of ties"
            )
            out.append(Notice("N433", text, tied))
        return out


def _sorted_by_numpy(cell: Ints, score: Floats) -> Ints:
    """Rows [R], cell after cell, each by rising score as NumPy before 1.25 sorts it."""
    by_cell = np.argsort(cell, kind="stable")
    parts = np.split(by_cell, np.flatnonzero(np.diff(cell[by_cell])) + 1)
    sorted_parts = [rows[argsort(score[rows])] for rows in parts]
    return np.concatenate(sorted_parts)
