"""Cross-check: the same files through poseval and through the tool it must agree with.

`CHECKS` names, per metric, a function that runs the other tool. It reads the files by itself, so that a
mistake of our readers shows, too. Other metrics register by adding a line.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import NamedTuple

import numpy as np

from poseval.errors import UsageError
from poseval.metrics.base import Metric, Tally
from poseval.poses import Array, Bools, PoseSet

# metric -> module:function of type `Check`
CHECKS: dict[str, str] = {
    "oks_ap": "poseval.compat.crosscheck_oks:check",
    "auc": "poseval.compat.crosscheck_errors:check_auc",
    "epe": "poseval.compat.crosscheck_errors:check_epe",
    "nme": "poseval.compat.crosscheck_errors:check_nme",
    "pck": "poseval.compat.crosscheck_pck:check_pck",
    "pcp": "poseval.compat.crosscheck_pck:check_pcp",
    "pdj": "poseval.compat.crosscheck_pck:check_pck",
    "presence": "poseval.compat.crosscheck_pck:check_presence",
    "joint_ap": "poseval.compat.crosscheck_ap:check",
    "clear_mot": "poseval.compat.crosscheck_tracking:check_clear",
    "identity": "poseval.compat.crosscheck_tracking:check_identity",
}


class Difference(NamedTuple):
    """One number, or one array by its mean, from both tools. Undefined is NaN on either side."""

    name: str
    ours: float
    theirs: float
    largest: float  # largest absolute difference; 0 where both are undefined, infinite where one is


@dataclass(frozen=True, eq=False)
class Case:
    """What a check is given: files, what poseval read from them, and subsets of frames to look at apart."""

    truth_path: str
    predictions_path: str
    truth: PoseSet
    predictions: PoseSet
    slices: Mapping[str, Bools] = field(default_factory=dict)


Check = Callable[[Metric, Tally, Case], list[Difference]]


def of_number(name: str, ours: float, theirs: float) -> Difference:
    """The difference of two numbers."""
    if math.isnan(ours) or math.isnan(theirs):
        return Difference(name, ours, theirs, 0.0 if math.isnan(ours) and math.isnan(theirs) else math.inf)
    return Difference(name, ours, theirs, abs(ours - theirs))


def of_array(name: str, ours: Array, theirs: Array) -> Difference:
    """The difference of two arrays; infinite where their shapes, or their undefined entries, differ."""
    label = f"{name} {list(ours.shape)}"
    means = [float(a[~np.isnan(a)].mean()) if (~np.isnan(a)).any() else math.nan for a in (ours, theirs)]
    if ours.shape != theirs.shape or not np.array_equal(np.isnan(ours), np.isnan(theirs)):
        return Difference(label, means[0], means[1], math.inf)
    off = np.abs(ours - theirs)
    return Difference(label, means[0], means[1], float(np.nanmax(off)) if (~np.isnan(off)).any() else 0.0)


def crosscheck(
    truth: str | os.PathLike[str],
    predictions: str | os.PathLike[str],
    benchmark: str | None = None,
    *,
    metrics: Sequence[Metric | str] = (),
    rules: str = "reference",
) -> list[Difference]:
    """Score two files with poseval and with the tools it reproduces; one row per number and array.

    Parameters as in `poseval.score`. Part labels are prefixes (`face/AP`), as in summaries.

    Raises:
        UsageError: P145 no metric of the benchmark has a check, or the other tool cannot read the files.
        PosevalError: what scoring raises.
    """
    from poseval import benchmarks, scoring
    from poseval import metrics as metric_table
    from poseval.rules import choose

    chosen = tuple(metric_table.parse(m) if isinstance(m, str) else m for m in metrics)
    gt = scoring.read(truth, rules=rules, optional=frozenset({"area"}))
    found = benchmarks.get_benchmark(benchmark) if benchmark else benchmarks.recognise(gt)
    dt = scoring.read(predictions, role="predictions", truth=gt, rules=rules)
    parts, _ = found.prepare(gt, dt, choose(rules, found.books), chosen)
    out: list[Difference] = []
    for part in parts:
        case = Case(
            os.fspath(truth),
            os.fspath(predictions),
            part.aligned.truth,
            part.aligned.predictions,
            part.slices,
        )
        for metric in part.metrics:
            if metric.name in CHECKS:
                rows = check_of(metric.name)(metric, metric.tally(part.aligned), case)
                prefix = f"{part.label}/" if part.label else ""
                out.extend(row._replace(name=prefix + row.name) for row in rows)
    if not out:
        raise UsageError(
            "P145",
            where=f"benchmark {found.name}",
            what="has no metric with a cross-check",
            wanted=f"one of {', '.join(CHECKS)}",
        )
    return out


def check_of(metric: str) -> Check:
    """The check of a metric."""
    module, _, attribute = CHECKS[metric].partition(":")
    found: Check = getattr(import_module(module), attribute)
    return found
