"""A small metric and benchmark for tests of everything that works on tallies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from poseval import benchmarks, metrics
from poseval.benchmarks.base import Benchmark
from poseval.benchmarks.rule_sets import RuleSet
from poseval.metrics.base import Metric, Table, Tally
from poseval.poses import Frames, Ints, People, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.units import Unit
from poseval.results.values import ERROR, SHARE, Bounds, Value, Values
from poseval.scoring.evaluation import Evaluation
from poseval.scoring.score import evaluate
from poseval.skeletons import skeleton_from_names

SKELETON = skeleton_from_names(["left_hand", "right_hand"])


@dataclass(frozen=True)
class HitRate(Metric):
    """Share of joints within `at` pixels; the mean error beside it."""

    at: float = 1.0

    name: ClassVar[str] = "hit_rate"
    source: ClassVar[str] = "tests"
    lower_is_better: ClassVar[frozenset[str]] = frozenset({"error"})

    def unit_of(self, statistic: str) -> Unit:
        """The error is in pixels."""
        return Unit.PIXELS if statistic == "error" else Unit.SHARE

    def bounds_of(self, statistic: str) -> Bounds:
        """The error has no upper bound."""
        return ERROR if statistic == "error" else SHARE

    def tally(self, aligned: Aligned) -> Tally:
        """Person i of a frame belongs to person i."""
        error = np.linalg.norm(aligned.truth.people.xy - aligned.predictions.people.xy, axis=2)
        columns = {"hit": error <= self.at, "error": error, "n": np.ones(error.shape, dtype=np.int64)}
        table = Table(aligned.truth.people.frame, columns)
        facts = {"joints": list(aligned.truth.skeleton.joints)}
        return Tally(self.name, aligned.unit_keys("frame"), {"people": table}, facts)

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        """Ratios over all joints and per joint."""
        hit, error, n = (tally.sum(name, weight) for name in ("hit", "error", "n"))
        rows = [self._row("hit_rate", "", hit.sum(), n.sum()), self._row("error", "", error.sum(), n.sum())]
        for index, joint in enumerate(tally.facts["joints"]):
            rows.append(self._row("hit_rate", joint, hit[index], n[index]))
        return Values(rows)

    def _row(self, statistic: str, joint: str, top: float, bottom: int) -> Value:
        if not bottom:
            return Value(str(self), statistic, joint, why="no labelled joint")
        return Value(str(self), statistic, joint, value=float(top / bottom), n=int(bottom))


def metrics_of(rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[HitRate]:
    """The hit rate."""
    return (HitRate(),)


TOY = Benchmark(name="toy", title="toy", metrics=metrics_of)


def register(monkeypatch: object) -> None:
    """Put the toy metric and benchmark into the tables for one test."""
    monkeypatch.setitem(metrics.TABLE, "hit_rate", "tests.toy:HitRate")  # type: ignore[attr-defined]
    monkeypatch.setitem(benchmarks.TABLE, "toy", "tests.toy:TOY")  # type: ignore[attr-defined]


def truth(units: int = 40, people: int = 3) -> PoseSet:
    """People at the origin."""
    frame = np.repeat(np.arange(units), people)
    frames = Frames(np.arange(units).astype(str))
    return PoseSet(SKELETON, frames, People(xy=np.zeros((len(frame), 2, 2)), frame=frame))


def system(spread: float, seed: int, of: PoseSet) -> PoseSet:
    """Predictions off by a normal error of `spread` pixels."""
    rng = np.random.default_rng(seed)
    people = People(xy=rng.normal(0, spread, of.people.xy.shape), frame=of.people.frame)
    return PoseSet(of.skeleton, of.frames, people)


def run(spread: float, seed: int, of: PoseSet | None = None) -> Evaluation:
    """An evaluated toy system."""
    gt = of or truth()
    return evaluate(gt, system(spread, seed, gt), TOY)
