"""Average precision and recall over object keypoint similarity: the COCO keypoint metric."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np

from poseval.errors import UsageError, shown
from poseval.kernels.coco import MAX_THRESHOLDS, Matching
from poseval.metrics.base import Metric, Need, Ranking, Table, Tally
from poseval.metrics.oks_joints import add_joints, joint_rows, joint_rows_under, matches
from poseval.metrics.oks_scene import (
    AreaSource,
    BodyPart,
    Categories,
    Confident,
    Crowds,
    IgnoreBy,
    Scene,
    SceneRules,
    needs_of,
    scene_of,
)
from poseval.metrics.ranking import OksCurves, curves, means, per_row, weighted_people
from poseval.poses import Array, Floats, Ints
from poseval.poses.aligned import Aligned
from poseval.results.values import Value, Values

THRESHOLDS = tuple(float(t) for t in np.linspace(0.5, 0.95, 10))  # the ninth is 0.8999999999999999
RANGES = ("all:0:1e10", "medium:1024:9216", "large:9216:1e10")  # square pixels, both ends belong
SUFFIX = {"medium": "_M", "large": "_L", "small": "_S"}
OFFICIAL_DETS = 20
BY_RANGE = ("hit", "skip", "counted")  # columns of a tally that hold a value for each range


class Statistic(NamedTuple):
    """A headline number: its name, AP or AR, the index of its threshold (-1 all) and of its area range."""

    name: str
    kind: str
    threshold: int
    range: int
    why: str  # what to say when nobody is to be found, or why there is no such number at all
    given: bool  # False: never defined under these parameters


@dataclass(frozen=True)
class OksAp(Metric):
    """AP and AR over object keypoint similarity (OKS).

    OKS of a detection and a person is the mean over the person's labelled joints of
    exp(-d^2 / (2 (2 sigma)^2 (area + 2^-52))), d in pixels. Per OKS threshold and area range, detections in
    order of score each take the free person of highest OKS (COCO's rules: docs/metrics/oks_ap.md); AP is
    the mean precision at 101 recalls over thresholds and categories, AR the mean of the recalls reached.

    Parameters: `thresholds` of OKS; `ranges` of area as name:low:high, the first is the main one; `max_dets`
    per frame and category; `area` from the file, 0.53 * width * height of the ground truth's box, or the
    extent (width * height) of the labelled joints, where a person without any is ignored; `sigma` of every
    joint, 0 for those of the skeleton; `categories`
    matched apart or pooled; `ignore` people by the file's num_keypoints or by their flags;
    `drop_zero_confidence`: detections whose every joint score is 0 or less take no part (xtcocotools);
    `part` of a whole-body skeleton; `id_zero`: a match with the annotation of id 0 reads as none (quirk
    C02); `only_20`: other `max_dets` than 20 are not summarised (quirk C12); `per_joint` adds OKS and AP of
    each joint. As halpecocotools: `crowds` that count (quirk C29), coordinates and distances in
    `single_precision` (C30), and confidences of 0 in the whole person, `confident=person` (C31).

    Per joint, OKS is the mean similarity of the joint over the counted matches at the lowest threshold of the
    main range, and AP is what the whole procedure gives for files that hold this joint alone: a person
    without the labelled joint is ignored, too, similarity is the joint's own, scores, areas and boxes stay.

    Undefined without people to find.
    """

    thresholds: tuple[float, ...] = THRESHOLDS
    ranges: tuple[str, ...] = RANGES
    max_dets: int = OFFICIAL_DETS
    area: AreaSource = AreaSource.FILE
    categories: Categories = Categories.EACH
    ignore: IgnoreBy = IgnoreBy.COUNT
    drop_zero_confidence: bool = False
    part: BodyPart = BodyPart.ALL
    id_zero: bool = False
    only_20: bool = False
    per_joint: bool = False
    sigma: float = 0.0
    crowds: Crowds = Crowds.IGNORED
    confident: Confident = Confident.PART
    single_precision: bool = False

    name: ClassVar[str] = "oks_ap"
    threshold: ClassVar[str] = "OKS threshold"
    ignores_outside: ClassVar[bool] = True
    needs: ClassVar[frozenset[Need]] = frozenset({Need.SCORES, Need.AREA, Need.SIGMAS})
    formula: ClassVar[str] = "AP = mean over thresholds and 101 recalls of precision; match where OKS >= t"
    undefined: ClassVar[str] = "without people to find (of that size, in that category)"
    source: ClassVar[str] = (
        "Lin et al. 2014; cocodataset.org/#keypoints-eval; pycocotools 2.0.11 cocoeval.py; xtcocotools 1.14.3"
    )

    def __post_init__(self) -> None:
        _check(self)
        object.__setattr__(self, "needs", needs_of(self.area, self.sigma))

    @property
    def bounds(self) -> Floats:
        """Lowest and highest area [A, 2] of each range."""
        return np.array([_range_of(text)[1:] for text in self.ranges])

    @property
    def statistics(self) -> tuple[Statistic, ...]:
        """The headline numbers, AP first."""
        names = [_range_of(text)[0] for text in self.ranges]
        out = []
        for kind in ("AP", "AR"):
            for suffix, threshold, at in self._cuts(names):
                place = -1 if threshold is None else _index(self.thresholds, threshold)
                given = threshold is None or place >= 0
                why = f"there is no person of range {names[at]}"
                if not given:
                    why = f"{threshold} is not among the thresholds"
                elif self.only_20 and self.max_dets != OFFICIAL_DETS:
                    given, why = False, "the reference summarises only 20 detections per image (C12)"
                out.append(Statistic(kind + suffix, kind, place, at, why, given))
        return tuple(out)

    @staticmethod
    def _cuts(names: list[str]) -> list[tuple[str, float | None, int]]:
        sizes = [(SUFFIX.get(name, f"_{name}"), None, at) for at, name in enumerate(names) if at]
        return [("", None, 0), ("50", 0.5, 0), ("75", 0.75, 0), *sizes]

    def _scene_rules(self) -> SceneRules:
        return SceneRules(
            self.part,
            self.area,
            self.categories,
            self.ignore,
            self.drop_zero_confidence,
            self.id_zero,
            self.sigma,
            self.crowds,
            self.confident,
            self.single_precision,
        )

    def tally(self, aligned: Aligned) -> Tally:
        """Match; one row per kept detection and per person, and with `per_joint` one per counted match."""
        scene = scene_of(aligned, self._scene_rules())
        found = self._match(scene, with_matched=self.per_joint)
        category = per_row(scene.category, found.start)
        unit = per_row(scene.unit, found.start)
        detections: dict[str, Array] = {
            "score": scene.detections.score[found.row],
            "category": category,
            "hit": found.hit,
            "skip": found.skip,
        }
        people: dict[str, Array] = {
            "person_category": per_row(scene.category, scene.people.start),
            "counted": ~found.truth_skip,
        }
        tables = {
            "detections": Table(unit, detections),
            "people": Table(per_row(scene.unit, scene.people.start), people),
        }
        if self.per_joint:
            thresholds = np.asarray(self.thresholds)
            add_joints(scene, thresholds, self.bounds[:1], self.max_dets, detections, people)
            tables["matches"] = matches(scene, found, int(np.argmin(thresholds)), unit)
        facts = {
            "thresholds": list(self.thresholds),
            "categories": list(scene.categories),
            "joints": list(scene.joints),
        }
        return Tally(str(self), aligned.unit_keys("frame"), tables, facts)

    def _match(self, scene: Scene, with_matched: bool = False) -> Matching:
        thresholds = np.asarray(self.thresholds)
        return scene.match(thresholds, self.bounds, self.max_dets, with_matched=with_matched)

    def curves(self, tally: Tally, weight: Ints | None = None) -> OksCurves:
        """Precision, recall and score arrays, [T, 101, K, A] and [T, K, A]; NaN where undefined."""
        return curves(tally, len(tally.facts["categories"]), len(self.thresholds), weight)

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        """Headline numbers, then AP and AR per threshold, AP per category, and OKS and AP per joint."""
        arrays = self.curves(tally, weight)
        return Values(
            [
                *self._headline_rows(arrays),
                *self._threshold_rows(arrays),
                *self._category_rows(arrays, tally.facts["categories"]),
                *self._joint_rows(tally, weight),
            ]
        )

    def reduce_headline(self, tally: Tally, weight: Ints | None = None) -> Values:
        """The headline numbers, and those of each joint."""
        rows = self._headline_rows(self.curves(tally, weight))
        return Values([*rows, *self._joint_rows(tally, weight)])

    def ranking(self, tally: Tally) -> Ranking:
        """A curve for each threshold, the mean of the categories that have one; hits at the lowest."""
        every = self.curves(tally).precision[:, :, :, 0]
        some = ~np.isnan(every).all(axis=(0, 1))  # [K]: a category without people has no curve
        curves = every[:, :, some].mean(axis=2) if some.any() else every[:, :, 0]
        hit = (tally.column("hit")[:, 0] & np.uint64(1)).astype(np.bool_)
        counted = hit | ((tally.column("skip")[:, 0] & np.uint64(1)) == 0)
        return Ranking(
            tuple(f"OKS {threshold:.2f}" for threshold in self.thresholds),
            np.linspace(0, 1, every.shape[1]),
            curves,
            tally.column("score")[counted],
            hit[counted],
        )

    def headline_rows(self, values: Iterable[Value]) -> list[Value]:
        """The ten numbers, then OKS and AP of each joint."""
        rows = list(values)
        return super().headline_rows(rows) + [row for row in rows if row.joint and not row.slice]

    def _joint_rows(self, tally: Tally, weight: Ints | None) -> list[Value]:
        if not self.per_joint:
            return []
        return joint_rows(str(self), tally, len(self.thresholds), weight)

    def reduce_headlines(self, tally: Tally, weights: Ints) -> list[Values]:
        """The headline rows under each weight vector [B, U], a thousand times cheaper than one by one."""
        categories = len(tally.facts["categories"])
        statistics = self.statistics
        given = [s for s in statistics if s.given]
        found = means(
            tally,
            categories,
            len(self.thresholds),
            weights,
            [(s.kind, s.threshold, s.range) for s in given],
        )
        people = weighted_people(tally, categories, weights)
        column = {s.name: found[:, at].tolist() for at, s in enumerate(given)}
        undefined = [math.nan] * len(weights)
        each = [(s, column.get(s.name, undefined), people[:, s.range].tolist()) for s in statistics]
        out = [
            [self._value(s, values[draw], counts[draw]) for s, values, counts in each]
            for draw in range(len(weights))
        ]
        if self.per_joint:
            joints = joint_rows_under(str(self), tally, len(self.thresholds), weights)
            out = [[*rows, *more] for rows, more in zip(out, joints, strict=True)]
        return [Values(rows) for rows in out]

    def narrowed(self, tally: Tally, statistics: Collection[str]) -> tuple[Metric, Tally]:
        """Without the ranges of area, each of which costs as much as the whole, where none is asked for."""
        wanted = {s.range for s in self.statistics if s.name in statistics}
        if self.per_joint or wanted != {0} or len(self.ranges) == 1:
            return self, tally
        tables = {
            name: Table(
                table.unit,
                {
                    column: np.ascontiguousarray(values[:, :1]) if column in BY_RANGE else values
                    for column, values in table.columns.items()
                },
            )
            for name, table in tally.tables.items()
        }
        kept = replace(self, ranges=self.ranges[:1])
        return kept, Tally(str(kept), tally.keys, tables, tally.facts)

    def _value(self, statistic: Statistic, value: float, n: int) -> Value:
        why = statistic.why if math.isnan(value) else ""
        return Value(str(self), statistic.name, value=value, n=n, why=why)

    def _headline_rows(self, arrays: OksCurves) -> list[Value]:
        out = []
        for s in self.statistics:
            value = arrays.mean(s.kind, s.threshold, s.range) if s.given else math.nan
            out.append(self._value(s, value, int(arrays.positives[:, s.range].sum())))
        return out

    def _threshold_rows(self, arrays: OksCurves) -> list[Value]:
        n = int(arrays.positives[:, 0].sum())
        why = "" if n else "there is no person to find"
        return [
            Value(str(self), kind, threshold=threshold, value=arrays.mean(kind, at, 0), n=n, why=why)
            for kind in ("AP", "AR")
            for at, threshold in enumerate(self.thresholds)
        ]

    def _category_rows(self, arrays: OksCurves, categories: list[str]) -> list[Value]:
        if len(categories) < 2:
            return []
        out = []
        for k, category in enumerate(categories):
            n = int(arrays.positives[k, 0])
            value = float(np.mean(arrays.precision[:, :, k, 0])) if n else math.nan
            why = "" if n else "there is no person of this category"
            out.append(Value(str(self), "AP", slice=f"category:{category}", value=value, n=n, why=why))
        return out


def _range_of(text: str) -> tuple[str, float, float]:
    """Name, lowest and highest area of a range."""
    name, low, high = text.split(":")
    return name, float(low), float(high)


def _index(thresholds: tuple[float, ...], wanted: float) -> int:
    """Place of a threshold, equal to the last bit as in the reference; -1 none."""
    return thresholds.index(wanted) if wanted in thresholds else -1


def _check(metric: OksAp) -> None:
    def refuse(parameter: str, value: Any, wanted: str) -> UsageError:
        return UsageError(
            "P122",
            where=f"metric {metric.name}: {parameter}",
            what=f"cannot be {shown(value)}",
            wanted=wanted,
        )

    thresholds = metric.thresholds
    if not 1 <= len(thresholds) <= MAX_THRESHOLDS or not all(0 < t <= 1 for t in thresholds):
        raise refuse("thresholds", thresholds, f"1 to {MAX_THRESHOLDS} numbers above 0 and up to 1")
    if not 0 <= metric.sigma < math.inf:
        raise refuse("sigma", metric.sigma, "a number above 0, or 0 for the sigmas of the skeleton")
    if metric.max_dets < 1:
        raise refuse("max_dets", metric.max_dets, "1 or more")
    names = []
    for text in metric.ranges:
        try:
            name, low, high = _range_of(text)
        except ValueError:
            raise refuse("ranges", text, "name:low:high") from None
        if not name or not 0 <= low <= high:
            raise refuse("ranges", text, "name:low:high with 0 <= low <= high")
        names.append(name)
    if not names or len(set(names)) < len(names):
        raise refuse("ranges", "/".join(metric.ranges), "one or more ranges with different names")
