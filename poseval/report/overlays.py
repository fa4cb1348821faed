"""Figures of several systems on the same ground truth: one per question, one colour per system."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from poseval.report.plots import (
    COLOURS,
    DASHES,
    MARKERS,
    axis_label,
    end_of_axis,
    figure_text,
    file_name,
    joint_rows,
    legend_below,
    new_figure,
    reliability_axes,
    threshold_groups,
)
from poseval.report.slice_plot import slice_figures
from poseval.report.text import style_of
from poseval.results.units import PERCENT, NumberStyle

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from poseval.metrics.base import Ranking
    from poseval.results.report import Report
    from poseval.results.values import Value
    from poseval.scoring.evaluation import Evaluation

Runs = Mapping[str, "Evaluation"]
MOST_RUNS = len(COLOURS)
LABELS_SHOWN = 2  # curves of precision over recall for each system
MOST_BARS = 24  # numbers of the summary that are drawn


def overlaid(runs: Runs, unit: str = PERCENT) -> dict[str, Figure]:
    """Every figure that all of the runs have data for, by name: at most as many runs as there are colours.

    `unit` says how shares are shown, as in tables.
    """
    reports = {name: run.report() for name, run in runs.items()}
    style = style_of(next(iter(reports.values())), unit)
    out = {"summary": _summary(reports, style)}
    out |= _over_thresholds(runs, reports, style)
    out |= _precision_recall(runs, style)
    out |= _per_joint(reports, style)
    out |= _reliability(runs, style)
    out |= slice_figures(runs, unit)
    return {file_name(name): figure for name, figure in out.items()}


def _looks(runs: Mapping[str, object]) -> list[tuple[str, str, str, str]]:
    """Name, colour, dash and marker of each system."""
    return [
        (name, COLOURS[at % len(COLOURS)], DASHES[at % len(DASHES)], MARKERS[at % len(MARKERS)])
        for at, name in enumerate(runs)
    ]


def _summary(reports: Mapping[str, Report], style: NumberStyle) -> Figure:
    """The numbers of the summary that have the unit of the first, a mark for each system, with intervals."""
    first = next(iter(reports.values()))
    listed = [key for key in first.summary if "/" not in key] or list(first.summary)
    unit = first.unit_of(first.primary if first.primary in listed else listed[0])
    keys = [key for key in listed if first.unit_of(key) is unit][:MOST_BARS]
    scale, height = style.scale(unit), 0.14 + 0.16 * len(reports)
    figure, axes = new_figure("Summary", style.caption((unit,)), height=1.0 + height * len(keys))
    place = np.arange(len(keys))[::-1]
    for (name, colour, _, marker), off in zip(_looks(reports), _lanes(len(reports)), strict=True):
        values = [scale * reports[name].summary.get(key, math.nan) for key in keys]
        axes.plot(values, place + off, marker, color=colour, markersize=5, label=figure_text(name, 40))
        for y, key in zip(place + off, keys, strict=True):
            interval = reports[name].interval(key)
            if interval is not None:
                axes.plot([scale * interval.low, scale * interval.high], [y, y], color=colour, linewidth=1.2)
    axes.set_yticks(place, [figure_text(key, 40) for key in keys], fontsize=9)
    legend_below(figure, axes)
    return figure


def _lanes(count: int) -> list[float]:
    """Where the mark of each system is within a row, so that none hides another."""
    return [0.6 * ((count - 1) / 2 - at) / count for at in range(count)]


def _over_thresholds(runs: Runs, reports: Mapping[str, Report], style: NumberStyle) -> dict[str, Figure]:
    groups = {name: threshold_groups(run, reports[name]) for name, run in runs.items()}
    out: dict[str, Figure] = {}
    for title in _shared(groups):
        axis, rows = next(iter(groups.values()))[title]
        statistic = rows[0].statistic
        unit = next(iter(reports.values())).unit_of(statistic)
        scale, label = style.scale(unit), axis_label(statistic, style, unit)
        figure, axes = new_figure(f"{statistic} over thresholds", axis, label)
        for name, colour, dash, _ in _looks(runs):
            found = [row for row in groups[name][title][1] if row.statistic == statistic]
            points = sorted((row.threshold, scale * row.value) for row in found)
            mean = style.number(float(np.mean([row.value for row in found])), unit)
            label = figure_text(f"{name} (mean {mean})", 60)
            axes.plot(*zip(*points, strict=True), color=colour, linestyle=dash, linewidth=1.8, label=label)
        legend_below(figure, axes)
        out[f"{title}_over_threshold"] = figure
    return out


def _shared(found: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Keys that all of some mappings have, in the order of the first."""
    first, *others = found.values()
    return [key for key in first if all(key in other for other in others)]


def _precision_recall(runs: Runs, style: NumberStyle) -> dict[str, Figure]:
    """The curves of the lowest and a middle threshold."""
    found: dict[str, dict[str, Ranking]] = {name: {} for name in runs}
    for name, run in runs.items():
        for part in run.parts:
            for metric, tally in part.tallies.items():
                ranking = metric.ranking(tally)
                if ranking is not None:
                    found[name].setdefault(f"{part.label}_" if part.label else "", ranking)
    out: dict[str, Figure] = {}
    for part_name in _shared(found):
        across, up = axis_label("recall", style), axis_label("precision", style)
        figure, axes = new_figure("Precision over recall", across, up)
        for name, colour, _, _ in _looks(runs):
            ranking = found[name][part_name]
            chosen = [0, len(ranking.labels) // 2] if len(ranking.labels) > 1 else [0]
            for at, dash in zip(chosen[:LABELS_SHOWN], DASHES, strict=False):
                precision = ranking.precision[at]
                area = style.number(float(precision.mean()))
                label = figure_text(f"{name}, {ranking.labels[at]} (AP {area})", 60)
                x, y = style.scale() * ranking.recall, style.scale() * precision
                axes.plot(x, y, color=colour, linestyle=dash, linewidth=1.6, label=label)
        axes.set_ylim(0, end_of_axis(style))
        legend_below(figure, axes)
        out[f"{part_name}precision_recall"] = figure
    return out


def _per_joint(reports: Mapping[str, Report], style: NumberStyle) -> dict[str, Figure]:
    """A mark for each system and joint."""
    groups: dict[str, dict[str, list[Value]]] = {name: joint_rows(report) for name, report in reports.items()}
    out: dict[str, Figure] = {}
    for statistic in _shared(groups):
        rows = next(iter(groups.values()))[statistic]
        joints, unit = [row.joint for row in rows], next(iter(reports.values())).unit_of(rows[0].statistic)
        scale, label = style.scale(unit), axis_label(statistic, style, unit)
        height = 1.2 + (0.14 + 0.14 * len(reports)) * len(joints)
        figure, axes = new_figure(f"{statistic} per joint", label, height=height)
        place = np.arange(len(joints))[::-1]
        for (name, colour, _, marker), off in zip(_looks(reports), _lanes(len(reports)), strict=True):
            values = {row.joint: scale * row.value for row in groups[name][statistic]}
            x = [values.get(joint, math.nan) for joint in joints]
            axes.plot(x, place + off, marker, color=colour, markersize=5, label=figure_text(name, 40))
        axes.set_yticks(place, [figure_text(joint, 40) for joint in joints], fontsize=8)
        legend_below(figure, axes)
        out[f"{statistic}_per_joint"] = figure
    return out


def _reliability(runs: Runs, style: NumberStyle) -> dict[str, Figure]:
    """The reliability of the scores of poses."""
    curves = {
        name: curve
        for name, run in runs.items()
        for part in run.parts
        for metric, tally in part.tallies.items()
        for curve in metric.reliability(tally)[:1]
    }
    if set(curves) != set(runs):
        return {}
    figure, axes = reliability_axes(style)
    scale = style.scale()
    for name, colour, dash, marker in _looks(runs):
        curve = curves[name]
        label = figure_text(f"{name} (ECE {style.number(curve.off)})", 60)
        axes.errorbar(
            scale * curve.score, scale * curve.value, scale * 1.96 * curve.error,
            color=colour, linestyle=dash, marker=marker, markersize=4, capsize=2, label=label,
        )  # fmt: skip
    legend_below(figure, axes)
    return {"reliability": figure}
