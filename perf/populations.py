"""Synthetic populations of units, as tables from which summaries are arithmetic: a data set in a millisecond.

A `System` stands in for an evaluation wherever statistics ask one: it gives summaries under weights. Pairs
share their units, so that two systems are as alike as two models on the same images are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from poseval.kernels.coco import PRECISION, RECALL, RECALLS, resample
from poseval.metrics.base import Table, Tally
from poseval.metrics.oks_ap import OksAp
from poseval.metrics.ranking import orders, positives, ranking
from poseval.poses import Array, Floats, Ints
from poseval.results.signature import Signature
from poseval.results.values import AT_MOST_ONE, ERROR, SHARE, Bounds, Direction, Number, Summary, Unit

Numbers = Callable[[Ints], tuple[Floats, Floats]]  # weights [B, U] -> values [B, K], what they rest on [B, K]


@dataclass(frozen=True, eq=False)
class System:
    """Numbers `names` of one system on U units; the first is the primary one."""

    names: Sequence[str]
    units: int
    numbers: Numbers
    bounds: Bounds = SHARE
    unit: str = "frame"
    cluster: str = ""
    groups: Mapping[str, Array] = field(default_factory=dict)
    slices: Sequence[str] = ()
    signature: Signature = Signature((("metric", "simulated"),))
    notices: tuple[Any, ...] = ()
    inputs: tuple[Any, ...] = ()
    jumping: tuple[str, ...] = ("NME_median",)  # numbers that leaving out a unit does not show the spread of
    whole: System | None = None  # of which this one has some of the numbers
    asked: dict[bytes, list[Summary]] = field(default_factory=dict)  # by weights

    @property
    def benchmark(self) -> Any:
        """What statistics ask of a benchmark."""
        return SimpleNamespace(unit=self.unit, cluster=self.cluster, primary=self.names[0])

    @property
    def primary(self) -> str:
        """The first number."""
        return self.names[0]

    @property
    def unit_keys(self) -> Array:
        """Numbers as names."""
        return np.arange(self.units).astype(np.str_)

    def narrowed(self, keys: Sequence[str]) -> System:
        """This one: its numbers cost nothing."""
        return self

    def summaries(self, weights: Ints) -> list[Summary]:
        """The summary under each weight vector [B, U]; the same weights are not gone through twice."""
        key = weights.tobytes()
        if key not in self.asked:
            self.asked[key] = self._summaries(weights)
        return self.asked[key]

    def _summaries(self, weights: Ints) -> list[Summary]:
        if self.whole is not None:
            return [{name: row[name] for name in self.names} for row in self.whole.summaries(weights)]
        better = Direction.LOWER if self.bounds == ERROR else Direction.HIGHER
        values, n = self.numbers(weights)
        return [
            {
                name: Number(
                    value, better, name, n=count, bounds=self.bounds, smooth=name not in self.jumping
                )
                for name, value, count in zip(self.names, row, counts, strict=True)
            }
            for row, counts in zip(values.tolist(), np.rint(n).astype(int).tolist(), strict=True)
        ]

    def only(self, names: Sequence[str]) -> System:
        """The same system with some of its numbers."""
        return replace(self, names=tuple(names), whole=self, asked={})

    def summary(self) -> dict[str, float]:
        """Values with every unit once."""
        (found,) = self.summaries(np.ones((1, self.units), dtype=np.int64))
        return {name: number.value for name, number in found.items()}

    def report(self) -> Any:
        """What a gate asks of a report."""
        way = "lower" if self.bounds == ERROR else "higher"
        return SimpleNamespace(better=dict.fromkeys(self.names, way), unit_of=lambda key: Unit.SHARE)


def logistic(x: Array) -> Floats:
    """1 / (1 + exp(-x))."""
    out: Floats = 1 / (1 + np.exp(-x))
    return out


# COCO: people of images that differ in difficulty; nine of ten are found, and there are false positives.
OKS = np.linspace(0.5, 0.95, 10)
METRIC = OksAp(ranges=("all:0:1e10", "medium:1024:9216", "large:9216:1e10"))
COCO = {
    "AP": ("AP", -1, 0),
    "AP50": ("AP", 0, 0),
    "AP75": ("AP", 5, 0),
    "AP_M": ("AP", -1, 1),
    "AP_L": ("AP", -1, 2),
    "AR": ("AR", -1, 0),
    "AR50": ("AR", 0, 0),
    "AR75": ("AR", 5, 0),
    "AR_M": ("AR", -1, 1),
    "AR_L": ("AR", -1, 2),
}


def coco(
    rng: np.random.Generator, units: int, systems: int = 1, shift: float = 0.0, own: float = 0.3
) -> list[System]:
    """Systems on the same images; the last is off by `shift` in the logit of OKS; they differ by `own`."""
    unit = np.repeat(np.arange(units), 1 + rng.poisson(1.0, units))
    people = len(unit)
    size = (rng.random(people) < logistic(rng.normal(-0.3, 1, units))[unit]).astype(int)  # 1: large
    ease = rng.normal(0, 0.6, units)[unit] + 0.4 * size + rng.normal(0, 0.9, people)
    counted = np.stack([np.ones(people), size == 0, size == 1], axis=1).astype(np.bool_)
    out = []
    for index in range(systems):
        drop = shift if index == systems - 1 else 0.0
        oks = logistic(1.7 + drop + ease + rng.normal(0, own, units)[unit] + rng.normal(0, 0.8, people))
        found = rng.random(people) < 0.92
        extra = np.repeat(np.arange(units), rng.poisson(0.7, units))
        score = np.concatenate(
            [0.25 + 0.6 * oks[found] + rng.normal(0, 0.15, found.sum()), rng.normal(0.4, 0.18, len(extra))]
        )
        bits = (oks[found, None] >= OKS) @ (1 << np.arange(10)).astype(np.uint64)
        inside = np.concatenate([counted[found], _ranges(rng, len(extra))])
        hit = np.where(inside, np.concatenate([bits, np.zeros(len(extra), dtype=np.uint64)])[:, None], 0)
        skip = np.where(inside, 0, (1 << 10) - 1)
        row = np.concatenate([unit[found], extra])
        order = np.lexsort((-score, row))
        out.append(_ranked(units, row[order], score[order], hit[order], skip[order], unit, counted))
    return out


def _ranges(rng: np.random.Generator, count: int) -> Array:
    large = rng.random(count) < 0.45
    return np.stack([np.ones(count), ~large, large], axis=1).astype(np.bool_)


def _ranked(
    units: int, row: Array, score: Floats, hit: Array, skip: Array, unit: Array, counted: Array
) -> System:
    detections = {"score": score, "category": np.zeros(len(row), dtype=np.int64)}
    detections |= {"hit": hit.astype(np.uint64), "skip": skip.astype(np.uint64)}
    people = {"person_category": np.zeros(len(unit), dtype=np.int64), "counted": counted}
    tables = {"detections": Table(row, detections), "people": Table(unit, people)}
    facts = {"thresholds": OKS.tolist(), "categories": ["person"], "joints": ["body"]}
    tally = Tally(str(METRIC), np.arange(units).astype(np.str_), tables, facts)
    held = np.stack([np.bincount(unit, weights=column, minlength=units) for column in counted.T], axis=1)
    asked = [(RECALL if kind == "AR" else PRECISION, at, place) for kind, at, place in COCO.values()]
    ranked, places, wanted = ranking(tally), orders(tally, 1), positives(tally, 1)

    def numbers(weights: Ints) -> tuple[Floats, Floats]:
        values = resample(ranked, places, wanted, np.ascontiguousarray(weights), len(OKS), asked, RECALLS)
        return values, np.asarray(weights @ held)[:, [place for _, _, place in asked]].astype(np.float64)

    return System(tuple(COCO), units, numbers)


# PoseTrack: sequences of very different length and difficulty; ten statistics, in total and of seven groups.
JOINTS = 15
GROUPS = ((0, 1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (13, 14))
TRACKING = ("MOTA", "HOTA", "precision", "recall", "IDF1", "DetA", "AssA", "LocA", "MOTP", "AP")


def tracked(
    rng: np.random.Generator,
    units: int,
    systems: int = 1,
    shift: float = 0.0,
    spread: float = 0.7,
    groups: Sequence[str] = ("", *"abcdefg"),
) -> list[System]:
    """Trackers on the same sequences, whose sizes and difficulties are logistic-normal with `spread`.

    Numbers are of all joints, and of each of the `groups` of joints.
    """
    size = rng.integers(20, 60, units) * np.exp(rng.normal(1.5, spread, units))
    objects = np.maximum(1, np.rint(size[:, None] * rng.uniform(0.6, 1, (units, JOINTS))))
    hard = rng.normal(0, spread, (units, 1))
    joint = np.linspace(-0.5, 0.5, JOINTS)
    out = []
    for index in range(systems):
        v = hard + rng.normal(0, 0.3, (units, 1)) + (shift if index == systems - 1 else 0.0)

        def noisy(level: float, slope: float, sd: float, v: Floats = v) -> Floats:
            return logistic(level + slope * v + slope * joint + rng.normal(0, sd, (units, JOINTS)))

        missed = rng.binomial(objects.astype(int), noisy(-1.3, 1.0, 0.2))
        false = rng.poisson(objects * noisy(-2.2, 0.8, 0.25))
        switched = rng.poisson(objects * noisy(-4.0, 0.8, 0.3))
        found = objects - missed
        kept, near = found * noisy(0.6, -0.8, 0.3), found * noisy(1.2, -0.4, 0.2)
        out.append(_tracker(units, np.stack([objects, missed, false, switched, kept, near], axis=2), groups))
    return out


def _tracker(units: int, counts: Floats, groups: Sequence[str]) -> System:
    names = [f"{name}/{group}" if group else name for name in TRACKING for group in groups]

    def numbers(weights: Ints) -> tuple[Floats, Floats]:
        sums = np.tensordot(weights, counts, axes=(1, 0))
        objects, missed, false, switched, kept, near = np.moveaxis(sums, 2, 0)
        found = np.maximum(objects - missed, 1e-9)
        det, ass = found / (objects + false), kept / found
        statistics = {
            "MOTA": 1 - (missed + false + switched) / objects,
            "HOTA": np.sqrt(det * ass),
            "precision": found / (found + false),
            "recall": found / objects,
            "IDF1": 2 * kept / (objects + found + false),
            "DetA": det,
            "AssA": ass,
            "LocA": near / found,
            "MOTP": 0.5 + 0.5 * near / found,
            "AP": (found / objects) * (found / (found + false)),
        }
        cuts = [range(JOINTS), *GROUPS][: len(groups)]
        values = [statistics[name][:, list(cut)].mean(axis=1) for name in TRACKING for cut in cuts]
        rests = [objects[:, list(cut)].sum(axis=1) for _ in TRACKING for cut in cuts]
        return np.stack(values, axis=1), np.stack(rests, axis=1)

    return System(names, units, numbers, AT_MOST_ONE, "sequence")


def pckh(rng: np.random.Generator, units: int, systems: int = 1, shift: float = 0.0) -> list[System]:
    """Single people: sixteen joints, which are right together or wrong together more often than not."""
    person, joint = rng.normal(0, 1, (units, 1)), np.linspace(-0.6, 0.6, 16)
    labelled = rng.random((units, 16)) < 0.9
    out = []
    for index in range(systems):
        drop = shift if index == systems - 1 else 0.0
        own = rng.normal(0, 0.4, (units, 1)) + rng.normal(0, 1, (units, 16))
        right = (1.8 + drop + person + joint + own > 0) & labelled
        columns = [range(16), *np.array_split(np.arange(16), 7)]
        top = np.stack([right[:, list(c)].sum(axis=1) for c in columns], axis=1).astype(np.float64)
        bottom = np.stack([labelled[:, list(c)].sum(axis=1) for c in columns], axis=1).astype(np.float64)
        out.append(ratios([f"PCKh/{k}" if k else "PCKh" for k in range(8)], top, bottom))
    return out


def ratios(names: Sequence[str], top: Floats, bottom: Floats, bounds: Bounds = SHARE, **more: Any) -> System:
    """Numbers that are sums of `top` [U, K] over sums of `bottom`."""

    def numbers(weights: Ints) -> tuple[Floats, Floats]:
        above, below = weights @ top, weights @ bottom
        return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0), below

    return System(names, len(top), numbers, bounds, **more)


def nme(rng: np.random.Generator, units: int, gross: float = 0.0) -> list[System]:
    """Faces: errors of a few percent, and a share of gross failures. Mean, median, trimmed mean."""
    error = np.where(
        rng.random(units) < gross, rng.uniform(0.3, 3, units), np.exp(rng.normal(-3.2, 0.4, units))
    )
    order = np.argsort(error, kind="stable")
    rising = error[order]

    def numbers(weights: Ints) -> tuple[Floats, Floats]:
        each = weights[:, order]
        total = each.sum(axis=1)
        reached = np.cumsum(each, axis=1)
        middle = rising[(reached >= (total[:, None] + 1) // 2).argmax(axis=1)]
        upper = rising[(reached >= total[:, None] // 2 + 1).argmax(axis=1)]
        low, high = 0.1 * total[:, None], 0.9 * total[:, None]
        kept = np.clip(np.minimum(reached, high) - np.maximum(reached - each, low), 0, None)
        with np.errstate(invalid="ignore"):  # a half without any unit has no mean
            mean, trimmed = (each @ rising) / total, (kept @ rising) / kept.sum(axis=1)
        values = [mean, (middle + upper) / 2, trimmed]
        return np.stack(values, axis=1), np.repeat(total[:, None], 3, axis=1).astype(np.float64)

    return [System(("NME", "NME_median", "NME_trimmed"), units, numbers, ERROR)]


def failures(rng: np.random.Generator, units: int, rate: float = 0.04) -> list[System]:
    """The failure rate of faces: few units fail."""
    failed = (rng.random(units) < rate).astype(np.float64)[:, None]
    return [ratios(["FR"], failed, np.ones((units, 1)))]


def videos(rng: np.random.Generator, units: int, frames: int = 30, cluster: str = "sequence") -> list[System]:
    """PCK of single people in video: frames of one video are right or wrong together."""
    own = np.repeat(rng.normal(0, 0.8, units), frames)
    right = rng.binomial(13, logistic(1.2 + own + rng.normal(0, 0.5, units * frames))).astype(np.float64)
    groups = {"sequence": np.repeat(np.arange(units), frames).astype(np.str_)}
    bottom = np.full((units * frames, 1), 13.0)
    return [ratios(["PCK"], right[:, None], bottom, cluster=cluster, groups=groups)]


def trained(
    rng: np.random.Generator, units: int, runs: int, seed_sd: float, shift: float = 0.0
) -> list[list[System]]:
    """Two recipes with several trained runs each; a number of val2017's paired noise at 5,000 units."""
    shared = rng.uniform(0.3, 0.9, (units, 1))
    noise = 0.0035 * np.sqrt(units / 2)  # of a recipe's own units: a paired standard error of .35 points
    out = []
    for side in range(2):
        recipe = shared + rng.normal(0, noise, (units, 1)) + side * shift
        every = [recipe + rng.normal(0, seed_sd) + rng.normal(0, noise / 2, (units, 1)) for _ in range(runs)]
        out.append([ratios(["AP"], one, np.ones((units, 1))) for one in every])
    return out
