"""The summary that the values of a report give, whatever its own summary says."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from poseval import metrics
from poseval.benchmarks.base import Benchmark, Scored
from poseval.benchmarks.rule_sets import RuleSet
from poseval.metrics.base import Metric
from poseval.results.report import Report
from poseval.results.values import Summary, Value, Values
from poseval.scoring.evaluation import summary_of
from poseval.scoring.slice_numbers import DERIVED, gaps_of

Named = Mapping[str, tuple[str, Metric]]  # text of a metric in rows -> part of the benchmark, and the metric


def metrics_of(report: Report) -> Named:
    """The metrics that the rows of a report name: `face/oks_ap` is oks_ap of the part face.

    Raises:
        UsageError: P121 to P123 a metric that there cannot be.
    """
    texts = dict.fromkeys(row.metric for row in report.values if row.metric != DERIVED)
    return {text: _parsed(text) for text in texts}


def _parsed(text: str) -> tuple[str, Metric]:
    """Slashes in brackets are lists."""
    head, bracket, rest = text.partition("(")
    part, _, name = head.rpartition("/")
    return part, metrics.parse(name + bracket + rest)


def summary_of_rows(report: Report, benchmark: Benchmark, rules: RuleSet, named: Named) -> Summary:
    """What the benchmark would show of the rows, with the gaps between groups of slices.

    Rows of units alone look as those of a slice do, so there may be keys that no report has.
    """
    scored = [item for text, (part, metric) in named.items() for item in _scored(report, text, part, metric)]
    slices = list(dict.fromkeys(item.slice for item in scored if "=" in item.slice))
    summary = summary_of(benchmark, rules, scored, slices)
    return summary | {gap.key: gap.number for gap in gaps_of(summary, slices)}


def _scored(report: Report, text: str, part: str, metric: Metric) -> Iterator[Scored]:
    """The rows of a metric as the groups of which they are: all units, then each slice."""
    rows = [row for row in report.values if row.metric == text]
    statistics: dict[str, set[str]] = {}
    for row in rows:
        if not row.joint and math.isnan(row.threshold):
            statistics.setdefault(row.slice, set()).add(row.statistic)
    # A slice has every number of the whole; what a metric cuts by itself, as NME by yaw, has some of them.
    whole = statistics.get("", set())
    groups = [name for name, found in statistics.items() if name and found >= whole]
    own = {row.slice for row in rows if row.slice and not _inside(row.slice, groups)}
    yield Scored(part, "", metric, Values(row for row in rows if not row.slice or row.slice in own))
    for name in groups:
        yield Scored(part, name, metric, Values(_rows_of(rows, name, own)))


def _inside(name: str, groups: Sequence[str]) -> bool:
    return any(name == group or name.startswith(f"{group}/") for group in groups)


def _rows_of(rows: Sequence[Value], name: str, own: set[str]) -> Iterator[Value]:
    """The rows of a slice, under the names that its metric gave them."""
    for row in rows:
        if row.slice == name:
            yield row._replace(slice="")
        elif row.slice.startswith(f"{name}/") and row.slice[len(name) + 1 :] in own:
            yield row._replace(slice=row.slice[len(name) + 1 :])
