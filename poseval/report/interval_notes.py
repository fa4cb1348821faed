"""Sentences about the basis of a report's intervals, shown below its table in every format."""

from __future__ import annotations

import math
from collections.abc import Mapping

from poseval.errors import number_of, shown
from poseval.report.text_table import number
from poseval.results.report import Report
from poseval.results.values import Interval

LISTED = 8  # keys that a sentence names
REASONS = 2  # that are told of the numbers of a slice
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
        named = {key: one.why for key, one in found.items() if one.why and one.given is given}
        lines += [f"{kind}: {text}" for text in by_reason(named)]
    return [*lines, *_carried(found, report.primary)]


def by_reason(why: Mapping[str, str]) -> list[str]:
    """Keys with one reason in one sentence each; of the numbers of a slice only how many, and the reasons."""
    reasons: dict[str, list[str]] = {}
    slices: dict[str, list[str]] = {}
    for key, text in why.items():
        label, _, rest = key.partition("/")[0].replace(":", "=").partition("=")
        if rest:
            slices.setdefault(label, []).append(text.removeprefix(_first_of(text)))
        else:
            reasons.setdefault(text, []).append(key)
    lines = [f"{_listed(keys)}: {shown(text, 400) or 'undefined'}" for text, keys in reasons.items()]
    for label, texts in slices.items():
        many = dict.fromkeys(texts)
        more = f" or other reasons ({len(many) - REASONS})" if len(many) > REASONS else ""
        said = "; ".join(shown(text, 200) or "undefined" for text in list(many)[:REASONS])
        lines.append(f"{number_of(len(texts), 'number')} of slice {shown(label)}: {said}{more}")
    return lines


def _first_of(text: str) -> str:
    """`size=small/AP: ` in the reason of a gap, which names the group that has none."""
    head, colon, _ = text.partition(": ")
    return head + colon if colon and "=" in head else ""


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
