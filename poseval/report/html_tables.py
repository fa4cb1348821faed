"""The values of a report as tables of a page, one group for each metric."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from poseval.errors import shown
from poseval.results.report import Report
from poseval.results.units import NumberStyle
from poseval.results.values import Value

MOST_ROWS = 2000  # rows of one table; a browser sorts that at once


@dataclass(frozen=True)
class Cell:
    """A table cell; `sort` is the number to sort by, None sorts by text."""

    text: str
    sort: float | None = None


@dataclass(frozen=True)
class HtmlTable:
    """A sortable table."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class MetricTables:
    """The tables of one metric: its name, its parameters, and how many values they hold."""

    name: str
    parameters: str
    values: int
    tables: tuple[HtmlTable, ...]


def metric_tables(report: Report, style: NumberStyle) -> list[MetricTables]:
    """All values: for each metric over everything, by threshold, by joint, by slice, and the rest."""
    groups: dict[str, list[Value]] = {}
    for row in report.values:
        groups.setdefault(row.metric, []).append(row)
    out = []
    for metric, rows in groups.items():
        name, bracket, parameters = metric.partition("(")
        tables = tuple(table for table in _tables(rows, report, style) if table.rows)
        out.append(MetricTables(name, bracket + parameters, len(rows), tables))
    return out


def _tables(rows: Sequence[Value], report: Report, style: NumberStyle) -> list[HtmlTable]:
    kinds: dict[tuple[bool, bool, bool], list[Value]] = {}
    for row in rows:
        kinds.setdefault((bool(row.joint), bool(row.slice), not math.isnan(row.threshold)), []).append(row)
    whole, by_threshold = kinds.pop((False, False, False), []), kinds.pop((False, False, True), [])
    by_joint, by_slice = kinds.pop((True, False, False), []), kinds.pop((False, True, False), [])
    return [
        _whole(whole, report, style),
        _pivot("By threshold", by_threshold, "threshold", report, style),
        _pivot("By joint", by_joint, "joint", report, style),
        _pivot("By slice", by_slice, "slice", report, style),
        _long([row for left in kinds.values() for row in left], report, style),
    ]


def _number(row: Value, key: str, report: Report, style: NumberStyle) -> Cell:
    unit = report.unit_of(row.statistic)
    text, interval = style.number(row.value, unit), report.interval(key)
    if interval is not None:
        text += " " + style.between(interval.low, interval.high, unit)
    return Cell(text, _sort(row.value))


def _whole(rows: Sequence[Value], report: Report, style: NumberStyle) -> HtmlTable:
    body = tuple(
        (
            Cell(shown(row.statistic)),
            _number(row, row.statistic, report, style),
            Cell(f"{row.n:,}", float(row.n)),
            Cell(shown(row.why)),
        )
        for row in rows
    )
    return HtmlTable("All joints", ("statistic", "value", "n", "why"), body)


def _pivot(title: str, rows: Iterable[Value], label: str, report: Report, style: NumberStyle) -> HtmlTable:
    """One row per threshold, joint or slice, one column per statistic."""
    found: dict[float | str, dict[str, Value]] = {}
    names: dict[str, None] = {}
    for row in rows:
        names.setdefault(row.statistic)
        found.setdefault(getattr(row, label), {}).setdefault(row.statistic, row)
    body = []
    for name, cells in list(found.items())[:MOST_ROWS]:
        first = Cell(f"{name:g}", name) if isinstance(name, float) else Cell(shown(name))
        line = [first]
        for statistic in names:
            value = cells.get(statistic)
            key = f"{name}/{statistic}" if label == "slice" else f"{statistic}/{name}"
            line.append(Cell("", _sort(math.nan)) if value is None else _number(value, key, report, style))
        body.append(tuple(line))
    return HtmlTable(title, (label, *names), tuple(body))


def _long(rows: Sequence[Value], report: Report, style: NumberStyle) -> HtmlTable:
    """What has two of joint, slice and threshold: a line a value."""
    body = tuple(
        (
            Cell(shown(row.statistic)),
            Cell(shown(row.joint)),
            Cell(shown(row.slice)),
            Cell("" if math.isnan(row.threshold) else f"{row.threshold:g}", _sort(row.threshold)),
            _number(row, "", report, style),
            Cell(f"{row.n:,}", float(row.n)),
            Cell(shown(row.why)),
        )
        for row in rows[:MOST_ROWS]
    )
    return HtmlTable("Others", ("statistic", "joint", "slice", "threshold", "value", "n", "why"), body)


def _sort(value: float) -> float:
    return -1e300 if math.isnan(value) else value
