"""Sentences about the basis of a report's intervals, shown below its table in every format."""

from __future__ import annotations

import math
from collections.abc import Mapping

from poseval.errors import number_of, shown
from poseval.report.text_table import number
from poseval.results.report import Report
from poseval.results.values import Interval

LISTED = 8  # keys that a sentence names
FIELDS = ("level", "method", "seed", "resamples", "units", "cluster", "undefined", "why")


def basis(interval: Interval) -> str:
    """Level, method, seed, resamples, units and cluster of an interval."""
    text = f"{100 * interval.level:g} %, {shown(interval.method)}"
    if interval.resamples:
        text += f", {interval.resamples:,} resamples"
    if interval.seed is not None:
        text += f", seed {interval.seed}"
    return f"{text}, {number_of(interval.units, 'unit')} ({shown(interval.cluster)})"


def notes(report: Report) -> list[str]:
    """Sentences about all intervals, about missing ones, and about the units behind the primary number."""
    found = report.intervals
    if not found:
        return []
    usual = next((i for i in found.values() if i.method != "exact"), next(iter(found.values())))
    undefined = max(interval.undefined for interval in found.values())
    lines = [f"intervals: {basis(usual)}; at most {undefined:.1%} of resamples undefined"]
    for kind, given in (("no interval", False), ("exact", True)):
        reasons: dict[str, list[str]] = {}
        for key, interval in found.items():
            if interval.why and interval.given is given:
                reasons.setdefault(interval.why, []).append(key)
        lines += [f"{kind}: {_listed(keys)}: {shown(why)}" for why, keys in reasons.items()]
    return [*lines, *_carried(found, report.primary)]


def _listed(keys: list[str]) -> str:
    more = f" and {len(keys) - LISTED} more" if len(keys) > LISTED else ""
    return ", ".join(map(shown, keys[:LISTED])) + more


def _carried(found: Mapping[str, Interval], key: str) -> list[str]:
    interval = found.get(key)
    if interval is None or math.isnan(interval.effective):
        return []
    groups = "units" if interval.groups == interval.units else "blocks of units"
    text = f"{shown(key)}: effective number of {groups} {interval.effective:.1f} of {interval.groups}"
    if not math.isnan(interval.largest):
        name = f"{shown(interval.cluster, 60)} {shown(interval.largest_unit, 60)}"
        text += f"; {name} moves it most, by {number(interval.largest, '.2f')} standard errors"
    if not math.isnan(interval.design_effect):
        text += f"; design effect {number(interval.design_effect, '.2f')}"
    return [text]
