"""Systems as tables: each number of a summary is a ratio of sums over units, as cheap as a dot product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from poseval import benchmarks, metrics
from poseval.benchmarks.base import Benchmark
from poseval.benchmarks.rule_sets import RuleSet
from poseval.metrics.base import Metric, Table, Tally
from poseval.poses import Array, Floats, Ints, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.signature import Signature
from poseval.results.values import Bounds, Value, Values
from poseval.scoring.evaluation import Evaluation, TalliedPart


@dataclass(frozen=True)
class Ratios(Metric):
    """K statistics, each the sum of `top` over the sum of `bottom`."""

    name: ClassVar[str] = "ratios"
    source: ClassVar[str] = "tests"
    value_bounds: ClassVar[Mapping[str, Bounds]] = {"error": (0.0, np.inf), "gain": (-np.inf, 1.0)}
    lower_is_better: ClassVar[frozenset[str]] = frozenset({"error"})

    def tally(self, aligned: Aligned) -> Tally:
        """Tables are given."""
        raise NotImplementedError

    def reduce(self, tally: Tally, weight: Ints | None = None) -> Values:
        """One row a statistic."""
        top, bottom = tally.sum("top", weight), tally.sum("bottom", weight)
        return Values(
            Value(self.name, name, value=float(t / b), n=int(b))
            if b
            else Value(self.name, name, why="nothing to divide by")
            for name, t, b in zip(tally.facts["names"], top, bottom, strict=True)
        )


def no_metrics(rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
    """Tallies are made by hand."""
    return ()


def benchmark(primary: str = "", cluster: str = "") -> Benchmark:
    """A benchmark of such numbers."""
    return Benchmark(name="ratios", title="ratios", metrics=no_metrics, primary=primary, cluster=cluster)


def run(
    top: Floats,
    bottom: Array | None = None,
    names: Sequence[str] = (),
    *,
    groups: Mapping[str, Array] | None = None,
    cluster: str = "",
) -> Evaluation:
    """A run of U units from `top` [U, K] (or [U]) and `bottom`, by default 1."""
    above = top if top.ndim == 2 else top[:, None]
    below = np.ones(above.shape, dtype=np.int64) if bottom is None else bottom.reshape(above.shape)
    listed = list(names) or [f"n{column}" for column in range(above.shape[1])]
    units = np.arange(len(above))
    table = Table(units, {"top": above.astype(np.float64), "bottom": below})
    tally = Tally("ratios", units.astype(np.str_), {"units": table}, {"names": listed})
    made_of = {"metric": "ratios", "bench": "ratios", "gt": f"{len(above)}", "skel": "none@0"}
    signature = Signature((*made_of.items(), ("rules", "reference"), ("poseval", "test")))
    rules = RuleSet("reference")
    parts = (TalliedPart("", {Ratios(): tally}),)
    made = benchmark(listed[0], cluster)
    return Evaluation(made, rules, parts, signature, groups=groups or {})


RATIOS = benchmark("n0")


def register(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the metric and the benchmark into the tables for one test, so that saved runs can be read."""
    monkeypatch.setitem(metrics.TABLE, "ratios", "tests.statistics.ratios:Ratios")
    monkeypatch.setitem(benchmarks.TABLE, "ratios", "tests.statistics.ratios:RATIOS")
