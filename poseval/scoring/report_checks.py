"""Checks reports against poseval's own tables: ranges, directions and units of numbers, and the benchmark.

A report is a file that anybody can write. On a leaderboard it must at least be one that poseval could have
written: numbers within the range of their metric, with its direction, and intervals with two ends.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from poseval import benchmarks, metrics
from poseval.benchmarks.rule_sets import choose
from poseval.errors import FormatError, UsageError, shown
from poseval.metrics.base import Metric
from poseval.results.report import Report
from poseval.results.units import Unit
from poseval.results.values import ERROR, Bounds, Direction, Interval

ROUNDING = 1e-9  # by which a mean of shares may exceed 1
HIGHEST = 1e9  # of a number without an upper bound: pixels of an error, or a count
NEVER_LABELLED = {"jhmdb": -1.0}  # what a joint that nobody labels counts as there (quirk M05)
DERIVED = "slices"  # in place of a metric, in rows of what groups give together
GAP, MEAN, RELATIVE = ":gap", ":mPC", ":rPC"  # what such keys and slices end in


class Rule(NamedTuple):
    """Direction, unit and range of one statistic, by poseval's tables."""

    better: Direction
    bounds: Bounds
    unit: Unit


def checked(report: Report, where: str) -> Report:
    """The report with directions, units and primary number from our own tables.

    Raises:
        FormatError: P230 for a report that poseval cannot have written.
    """
    try:
        benchmark = benchmarks.get_benchmark(report.benchmark)
        choose(report.rules, benchmark.rule_sets)
        rules = dict(_rules(report))
        _check_signature(report)
        found = {key: _rule(key, rules) for key in report.summary}
        for key, value in report.summary.items():
            _check_number(key, value, found[key])
            if report.better.get(key, found[key].better.value) != found[key].better.value:
                raise ValueError(f"{key} is better when it is {found[key].better.value}")
        _check_values(report, rules)
        for key, interval in report.intervals.items():
            if key not in report.summary:
                raise ValueError(f"an interval of {key}, which is not a number of the summary")
            _check_interval(key, interval)
    except (ValueError, UsageError) as error:
        what = f"is not a report as poseval writes it ({shown(getattr(error, 'fault', error), 200)})"
        raise FormatError(
            "P230", where=where, what=what, wanted="a report of `poseval score --json`, unchanged"
        ) from error
    primary = benchmark.primary if benchmark.primary in report.summary else report.primary
    return replace(
        report,
        better={key: rule.better.value for key, rule in found.items()},
        units={**_units(rules), **_units(found)},
        primary=primary if primary in report.summary else next(iter(report.summary), ""),
    )


def _units(rules: Mapping[str, Rule]) -> dict[str, Unit]:
    return {name: rule.unit for name, rule in rules.items() if rule.unit is not Unit.SHARE}


def _rules(report: Report) -> Iterator[tuple[str, Rule]]:
    """What holds for the statistics of the values, by the metrics that they name."""
    parsed: dict[str, Metric] = {}
    for text, statistic in dict.fromkeys((row.metric, row.statistic) for row in report.values):
        if text == DERIVED:
            continue
        if text not in parsed:
            parsed[text] = metrics.parse(_without_part(text))
        metric = parsed[text]
        low, high = metric.bounds_of(statistic)
        bounds = (min(low, NEVER_LABELLED.get(report.benchmark, low)), high)
        yield statistic, Rule(metric.direction(statistic), bounds, metric.unit_of(statistic))


def _without_part(text: str) -> str:
    """`oks_ap` for `body/oks_ap`; slashes in brackets are lists."""
    head, bracket, rest = text.partition("(")
    return head.rpartition("/")[2] + bracket + rest


def _rule(key: str, rules: Mapping[str, Rule]) -> Rule:
    """The rule of a key of the summary: `AP`, `easy/AP`, `AP/left_wrist`, `AP_easy`, `tPCK@0.2`.

    Raises:
        ValueError: it names no statistic of the values.
    """
    parts = key.split("/")
    for part in (*parts, *(part.removeprefix("t") for part in parts)):
        if part in rules:
            return _derived(key, rules[part])
    longer = [name for name in rules for part in parts if part.startswith(f"{name}_")]
    longest = max(longer, key=len, default=None)
    if longest is None:
        raise ValueError(f"{key} is not a number of its metrics")
    return _derived(key, rules[longest])


def _derived(key: str, rule: Rule) -> Rule:
    """The rule of what groups of a slice give together, where a key is such a number."""
    head = key.split("/")[0] if "/" in key else ""
    if head.endswith(GAP):
        low, high = rule.bounds
        return rule._replace(better=Direction.LOWER, bounds=(0.0, high - low))
    return rule._replace(bounds=ERROR) if head.endswith(RELATIVE) else rule


def _check_number(key: str, value: float, rule: Rule) -> None:
    low, high = rule.bounds
    if math.isnan(value):
        return
    if not max(low, -HIGHEST) - ROUNDING <= value <= min(high, HIGHEST) + ROUNDING:
        raise ValueError(f"{key} is {value:.6g}, beyond {low:g} to {high:g}")


def _check_values(report: Report, rules: Mapping[str, Rule]) -> None:
    for row in report.values:
        if row.n < 0:
            raise ValueError(f"{row.statistic} is of {row.n} items")
        if row.metric == DERIVED:
            _check_number(row.statistic, row.value, Rule(Direction.HIGHER, (-HIGHEST, HIGHEST), Unit.SHARE))
            continue
        rule = rules[row.statistic]
        bounds = ERROR if rule.unit is Unit.COUNT else rule.bounds
        _check_number(row.statistic, row.value, rule._replace(bounds=bounds))


def _check_interval(key: str, interval: Interval) -> None:
    """Refuse what is no interval: ends that are exchanged, levels and counts that cannot be."""
    if math.isnan(interval.low) != math.isnan(interval.high) or interval.low > interval.high:
        raise ValueError(f"the interval of {key} has no two ends")
    if interval.given and not all(abs(end) <= HIGHEST for end in (interval.low, interval.high)):
        raise ValueError(f"the interval of {key} is beyond measure")
    if not 0 < interval.level < 1 or not 0 <= interval.undefined <= 1:
        raise ValueError(f"the interval of {key} has no level")
    if min(interval.resamples, interval.units, interval.groups) < 0:
        raise ValueError(f"the interval of {key} has counts below 0")


def _check_signature(report: Report) -> None:
    for name, value in (("bench", report.benchmark), ("rules", report.rules)):
        if report.signature.get(name, value) != value:
            raise ValueError(f"its signature is of {name} {report.signature[name]}, the report of {value}")
