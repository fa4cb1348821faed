"""Figures of slices: the first number of each group, with its interval where there is one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from poseval.report.plots import COLOURS, MARKERS, figure_text, file_name, legend_below, new_figure
from poseval.results.layout import Layout
from poseval.results.units import PERCENT, NumberStyle
from poseval.results.values import Interval
from poseval.statistics.intervals import with_intervals

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from poseval.results.report import Report
    from poseval.scoring.evaluation import Evaluation

MOST_GROUPS = 40  # more of them are left out, and the title says so


def slice_figures(runs: Mapping[str, Evaluation], unit: str = PERCENT) -> dict[str, Figure]:
    """A figure for each slice that all runs have: a mark with its interval for each run and group."""
    if not any("=" in name for run in runs.values() for name in run.slices):
        return {}
    reports = {name: _report(run) for name, run in runs.items()}
    first, *others = reports.values()
    out: dict[str, Figure] = {}
    for table in first.tables:
        keys = {key for _, row in table.rows for key in row}
        groups = [(group, row[0]) for group, row in table.rows if "=" in row[0]]
        if groups and all(keys & report.summary.keys() for report in others):
            out[file_name(f"slice_{table.title}")] = _figure(reports, table, groups, unit)
    return out


def _report(run: Evaluation) -> Report:
    """The report, with intervals where there are enough units for them."""
    report = run.report()
    return with_intervals(report, run) if len(run.unit_keys) > 1 else report


def _figure(
    reports: Mapping[str, Report], table: Layout, groups: list[tuple[str, str]], shown_as: str
) -> Figure:
    shown_groups = groups[:MOST_GROUPS]
    first = next(iter(reports.values()))
    unit, name = first.unit_of(groups[0][1]), table.header[0]
    style = NumberStyle(shown_as)
    scale = style.scale(unit)
    left_out = f", {len(groups) - MOST_GROUPS} groups left out" if len(groups) > MOST_GROUPS else ""
    label = f"{name} {style.caption((unit,))}"
    figure, axes = new_figure(
        f"{name} by {table.title}{left_out}", label, height=1.2 + 0.3 * len(shown_groups)
    )
    place = np.arange(len(shown_groups))[::-1]
    step = 0.5 / len(reports)
    for number, (system, report) in enumerate(reports.items()):
        colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
        y = place - (number - (len(reports) - 1) / 2) * step
        values = [scale * report.summary.get(key, math.nan) for _, key in shown_groups]
        axes.plot(values, y, marker, color=colour, markersize=5, label=figure_text(system, 40))
        for height, (_, key) in zip(y, shown_groups, strict=True):
            interval = report.interval(key)
            if interval is not None:
                axes.plot(_ends(interval, scale), [height, height], color=colour, linewidth=1.4)
    axes.set_yticks(place, [figure_text(group, 40) for group, _ in shown_groups], fontsize=9)
    axes.margins(y=0.08)
    if len(reports) > 1:
        legend_below(figure, axes)
    return figure


def _ends(interval: Interval, scale: float) -> list[float]:
    return [scale * interval.low, scale * interval.high]
