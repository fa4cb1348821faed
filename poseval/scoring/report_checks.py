"""What a report says is held to our own tables, and to itself.

A report is a file that anybody can write. What is read from one onto a leaderboard must at least be what
poseval could have written: numbers within the range of their metric, better in the direction that it says, a
summary that its values give, and intervals that hold their numbers.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace

from poseval import benchmarks, metrics
from poseval.benchmarks.base import Benchmark
from poseval.benchmarks.rule_sets import choose
from poseval.errors import FormatError, UsageError, shown
from poseval.metrics.base import Metric
from poseval.results.layout import Layout
from poseval.results.report import Input, Report
from poseval.results.signature import Signature
from poseval.results.units import Unit
from poseval.results.values import ERROR, METHODS, Bounds, Interval, Number, Summary, Value
from poseval.scoring.report_summary import Named, metrics_of, summary_of_rows
from poseval.scoring.slice_numbers import DERIVED, GAP

ROUNDING = 1e-9  # by which a mean of shares may exceed 1, and a number differ from the same number
HIGHEST = 1e9  # of a number without an upper bound: pixels of an error, or a count
LONGEST = 2000  # characters of one text
NEVER_LABELLED = {"jhmdb": -1.0}  # what a joint that nobody labels counts as there (quirk M05)
SIGNED = ("metric", "bench", "gt", "skel", "rules", "transform", "cluster", "poseval")  # in this order
NEEDED = ("metric", "bench", "gt", "skel", "rules")
JOINED = re.compile(r"\+(?![^(]*\))")  # between the metrics of a signature, not in their parameters
DIGEST = re.compile(r"[0-9a-f]{64}")


def checked(report: Report, where: str) -> Report:
    """The report with directions, units and primary number from our own tables.

    Raises:
        FormatError: P230 for a report that poseval cannot have written.
    """
    try:
        benchmark = benchmarks.get_benchmark(report.benchmark)
        rules = choose(report.rules, benchmark.rule_sets)
        named = metrics_of(report)
        made = summary_of_rows(report, benchmark, rules, named)
        found = _same_summary(report, made)
        for key, number in found.items():
            _check_number(key, number.value, _bounds(number, report.benchmark))
        _check_values(report, named)
        for key, interval in report.intervals.items():
            _check_interval(key, interval, found)
        if len({(one.level, one.cluster) for one in report.intervals.values()}) > 1:
            raise ValueError("its intervals are of several levels or clusters")
        _check_signature(report, named)
        _check_rest(report)
        units = _units(report, found, named)
        primary = _primary(report, benchmark)
    except (ValueError, UsageError) as error:
        what = f"is not a report as poseval writes it ({shown(getattr(error, 'fault', error), 200)})"
        raise FormatError(
            "P230", where=where, what=what, wanted="a report of `poseval score --json`, unchanged"
        ) from error
    better = {key: number.better.value for key, number in found.items()}
    return replace(report, better=better, units=units, primary=primary)


def _same_summary(report: Report, made: Summary) -> Summary:
    """The numbers of the summary, each as the values give it."""
    for key, number in made.items():
        if not number.slice and key not in report.summary:
            raise ValueError(f"its values give {key}, which its summary lacks")
    found: Summary = {}
    for key, said in report.summary.items():
        if key not in made:
            raise ValueError(f"{key} is not a number of its metrics")
        number = made[key]
        _check_number(key, said, _bounds(number, report.benchmark))
        if not alike(said, number.value):
            raise ValueError(f"{key} is {said:.6g} in its summary, and {number.value:.6g} by its values")
        if report.better.get(key, number.better.value) != number.better.value:
            raise ValueError(f"{key} is better when it is {number.better.value}")
        found[key] = number
    return found


def alike(one: float, other: float) -> bool:
    """Whether two numbers are the same but for rounding, or both undefined."""
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return abs(one - other) <= ROUNDING * max(1.0, abs(other))


def _bounds(number: Number, benchmark: str) -> Bounds:
    """The lowest and highest value that a number of the summary can have."""
    low, high = number.bounds
    if number.slice.endswith(f":{GAP}"):
        return 0.0, high - low
    return min(low, NEVER_LABELLED.get(benchmark, low)), high


def _check_number(key: str, value: float, bounds: Bounds) -> None:
    low, high = bounds
    if math.isnan(value):
        return
    if not max(low, -HIGHEST) - ROUNDING <= value <= min(high, HIGHEST) + ROUNDING:
        raise ValueError(f"{key} is {value:.6g}, beyond {low:g} to {high:g}")


def _check_values(report: Report, named: Named) -> None:
    seen = set()
    for row in report.values:
        place = (*row[:4], None if math.isnan(row.threshold) else row.threshold)
        if place in seen:
            raise ValueError(f"{row.statistic} is given twice")
        seen.add(place)
        _check_count(f"the number of items of {row.statistic}", row.n)
        _check_number(row.statistic, row.value, _bounds_of_row(row, report.benchmark, named))


def _bounds_of_row(row: Value, benchmark: str, named: Named) -> Bounds:
    if row.metric == DERIVED:
        return -HIGHEST, HIGHEST
    metric = named[row.metric][1]
    if metric.unit_of(row.statistic) is Unit.COUNT:
        return ERROR
    low, high = metric.bounds_of(row.statistic)
    return min(low, NEVER_LABELLED.get(benchmark, low)), high


def _check_count(what: str, count: float) -> None:
    if not 0 <= count <= HIGHEST:
        raise ValueError(f"{what} is {count:g}")


def _check_interval(key: str, interval: Interval, summary: Summary) -> None:
    """Refuse an interval that does not hold its number, or of levels and counts that cannot be."""
    if key not in summary:
        raise ValueError(f"an interval of {key}, which is not a number of the summary")
    low, high, value = interval.low, interval.high, summary[key].value
    if math.isnan(low) != math.isnan(high) or low > high:
        raise ValueError(f"the interval of {key} has no two ends")
    if interval.given:
        # A bootstrap may lie beside the number from which it was drawn, but not far from it.
        room = high - low if interval.method in ("percentile", "bca") else 0.0
        room += ROUNDING * max(1.0, abs(low), abs(high))
        if not max(abs(low), abs(high)) <= HIGHEST:
            raise ValueError(f"the interval of {key} is beyond measure")
        if not low - room <= value <= high + room:
            raise ValueError(f"the interval of {key}, {low:.6g} to {high:.6g}, does not hold {value:.6g}")
    if not 0.5 <= interval.level < 1 or not 0 <= interval.undefined <= 1:
        raise ValueError(f"the interval of {key} has no level")
    if interval.method not in METHODS:
        raise ValueError(f"the interval of {key} is of no method")
    for name in ("resamples", "units", "groups"):
        _check_count(f"{name} of the interval of {key}", getattr(interval, name))
    if interval.groups > max(interval.units, interval.resamples):
        raise ValueError(f"the interval of {key} has more groups than units")
    sizes = (interval.error, interval.effective, interval.design_effect, interval.largest)
    if any(size < 0 for size in sizes):
        raise ValueError(f"the interval of {key} has an error below 0")


def signed_metrics(signature: Signature) -> tuple[Metric, ...]:
    """The metrics that a signature names.

    Raises:
        UsageError: P121 to P123 a metric that there cannot be.
    """
    return tuple(metrics.parse(text) for text in JOINED.split(signature["metric"]))


def _check_signature(report: Report, named: Named) -> None:
    """Hold the signature to the report: its parts, and those that other fields give."""
    parts = [name for name, _ in report.signature.pairs]
    wanted = [name for name in SIGNED if name in parts]
    lacking = [name for name in NEEDED if name not in parts]
    if parts != wanted or lacking:
        more = next(iter([name for name in parts if name not in SIGNED or parts.count(name) > 1]), "")
        raise ValueError(
            f"its signature lacks {lacking[0]}" if lacking else f"its signature has {shown(more)}"
        )
    own = {"bench": report.benchmark, "rules": report.rules}
    truth = next((item.sha256 for item in report.inputs if item.role == "truth" and item.sha256), None)
    if truth is not None:
        own["gt"] = truth[:8]
    clusters = {interval.cluster for interval in report.intervals.values()}
    if "cluster" in parts and clusters:
        own["cluster"] = next(iter(clusters))
    for name, value in own.items():
        if report.signature[name] != value:
            said = report.signature[name]
            raise ValueError(f"its signature is of {name} {said}, the report of {value}")
    signed = JOINED.split(report.signature["metric"])
    forms = list(dict.fromkeys(_signature_form(text, metric) for text, (_, metric) in named.items()))
    alike = [form in (one, one.partition("(")[0] + "(") for one, form in zip(signed, forms, strict=False)]
    if len(signed) != len(forms) or not all(alike):
        raise ValueError(f"its signature is of {report.signature['metric']}, its values of {'+'.join(forms)}")


def _signature_form(text: str, metric: Metric) -> str:
    """How the signature names the metric of rows: tracking metrics give their rows the name alone."""
    bare = "(" not in text and str(metric) != metric.name
    return f"{metric.name}(" if bare else metric.signature_form()


def _check_rest(report: Report) -> None:
    """Texts, counts and tables, which are shown as they are."""
    for notice in report.notices:
        _check_count(f"the count of {shown(notice.code)}", notice.count)
    for item in report.inputs:
        _check_input(item)
    for name, seconds in report.timings.items():
        _check_count(f"the time of {shown(name)}", seconds)
    for layout in (report.layout, *report.tables):
        if layout is not None:
            _check_layout(layout)
    texts = [row.why for row in report.values] + [notice.text for notice in report.notices]
    texts += [*report.deviations, *(one.why for one in report.intervals.values())]
    if max(map(len, texts), default=0) > LONGEST:
        raise ValueError(f"a text has more than {LONGEST:,} characters")


def _check_input(item: Input) -> None:
    if item.role not in ("truth", "predictions"):
        raise ValueError(f"an input is {shown(item.role, 40)}")
    if item.sha256 and not DIGEST.fullmatch(item.sha256):
        raise ValueError(f"the digest of the {item.role} is none")
    _check_count(f"the number of records of the {item.role}", item.records)


def _check_layout(layout: Layout) -> None:
    if any(len(row) > len(layout.header) for _, row in layout.rows) or not 0 <= layout.digits <= 10:
        raise ValueError("a table has rows that are longer than its header")


def _units(report: Report, found: Summary, named: Named) -> dict[str, Unit]:
    """What is no share, of keys of the summary and of statistics; the report must say the same."""
    rows = {row.statistic: named[row.metric][1] for row in report.values if row.metric in named}
    units = {name: metric.unit_of(name) for name, metric in rows.items()}
    units |= {key: number.unit for key, number in found.items()}
    for name, unit in report.units.items():
        if units.get(name, unit) is not unit:
            raise ValueError(f"{shown(name)} is in {units[name].value}")
    return {name: unit for name, unit in units.items() if unit is not Unit.SHARE}


def _primary(report: Report, benchmark: Benchmark) -> str:
    """The number that decides; the report must name the same, if any."""
    wanted = benchmark.primary if benchmark.primary in report.summary else next(iter(report.summary), "")
    if report.primary not in ("", wanted):
        raise ValueError(f"its primary number is {shown(report.primary)}, and {wanted} decides here")
    return wanted
