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
    figure_text,
    file_name,
    joint_rows,
    new_figure,
    threshold_groups,
)
from poseval.report.slice_plot import slice_figures
from poseval.results.units import NumberStyle

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


def overlaid(runs: Runs) -> dict[str, Figure]:
    """Every figure that all of the runs have data for, by name: at most as many runs as there are colours."""
    reports = {name: run.report() for name, run in runs.items()}
    out = {"summary": _summary(reports)}
    out |= _over_thresholds(runs, reports)
    out |= _precision_recall(runs)
    out |= _per_joint(reports)
    out |= _reliability(runs)
    out |= slice_figures(runs)
    return {file_name(name): figure for name, figure in out.items()}


def _looks(runs: Mapping[str, object]) -> list[tuple[str, str, str, str]]:
    """Name, colour, dash and marker of each system."""
    return [
        (name, COLOURS[at % len(COLOURS)], DASHES[at % len(DASHES)], MARKERS[at % len(MARKERS)])
        for at, name in enumerate(runs)
    ]


def _summary(reports: Mapping[str, Report]) -> Figure:
    """The fractions of the summary in per cent, a mark for each system."""
    first = next(iter(reports.values()))
    style = NumberStyle()
    keys = [key for key in first.summary if "/" not in key and style.scale(first.unit_of(key)) == 100]
    keys = keys[:MOST_BARS] or list(first.summary)[:MOST_BARS]
    figure, axes = new_figure("Summary", "percent", height=1.0 + 0.3 * len(keys))
    place = np.arange(len(keys))[::-1]
    for name, colour, _, marker in _looks(reports):
        values = [100 * reports[name].summary.get(key, math.nan) for key in keys]
        axes.plot(values, place, marker, color=colour, markersize=6, label=figure_text(name, 40))
    axes.set_yticks(place, [figure_text(key, 40) for key in keys], fontsize=9)
    figure.legend(frameon=False, fontsize=8, loc="outside lower center", ncols=3)
    return figure


def _over_thresholds(runs: Runs, reports: Mapping[str, Report]) -> dict[str, Figure]:
    groups = {name: threshold_groups(run, reports[name]) for name, run in runs.items()}
    out: dict[str, Figure] = {}
    for title in _shared(groups):
        axis, rows = next(iter(groups.values()))[title]
        statistic = rows[0].statistic
        figure, axes = new_figure(f"{statistic} over thresholds", axis, statistic)
        for name, colour, dash, _ in _looks(runs):
            found = [row for row in groups[name][title][1] if row.statistic == statistic]
            points = sorted((row.threshold, row.value) for row in found)
            mean = float(np.mean([y for _, y in points]))
            label = figure_text(f"{name} (mean {mean:.3f})", 60)
            axes.plot(*zip(*points, strict=True), color=colour, linestyle=dash, linewidth=1.8, label=label)
        axes.legend(frameon=False, fontsize=8)
        out[f"{title}_over_threshold"] = figure
    return out


def _shared(found: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Keys that all of some mappings have, in the order of the first."""
    first, *others = found.values()
    return [key for key in first if all(key in other for other in others)]


def _precision_recall(runs: Runs) -> dict[str, Figure]:
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
        figure, axes = new_figure("Precision over recall", "recall", "precision")
        for name, colour, _, _ in _looks(runs):
            ranking = found[name][part_name]
            chosen = [0, len(ranking.labels) // 2] if len(ranking.labels) > 1 else [0]
            for at, dash in zip(chosen[:LABELS_SHOWN], DASHES, strict=False):
                precision = ranking.precision[at]
                label = figure_text(f"{name}, {ranking.labels[at]} (AP {precision.mean():.3f})", 60)
                axes.plot(ranking.recall, precision, color=colour, linestyle=dash, linewidth=1.6, label=label)
        axes.set_ylim(0, 1.02)
        axes.legend(frameon=False, fontsize=7)
        out[f"{part_name}precision_recall"] = figure
    return out


def _per_joint(reports: Mapping[str, Report]) -> dict[str, Figure]:
    """A mark for each system and joint."""
    groups: dict[str, dict[str, list[Value]]] = {name: joint_rows(report) for name, report in reports.items()}
    out: dict[str, Figure] = {}
    for statistic in _shared(groups):
        joints = [row.joint for row in next(iter(groups.values()))[statistic]]
        figure, axes = new_figure(f"{statistic} per joint", statistic, height=1.2 + 0.26 * len(joints))
        place = np.arange(len(joints))[::-1]
        for name, colour, _, marker in _looks(reports):
            values = {row.joint: row.value for row in groups[name][statistic]}
            x = [values.get(joint, math.nan) for joint in joints]
            axes.plot(x, place, marker, color=colour, markersize=5, label=figure_text(name, 40))
        axes.set_yticks(place, [figure_text(joint, 40) for joint in joints], fontsize=8)
        figure.legend(frameon=False, fontsize=8, loc="outside lower center", ncols=3)
        out[f"{statistic}_per_joint"] = figure
    return out


def _reliability(runs: Runs) -> dict[str, Figure]:
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
    figure, axes = new_figure("Reliability of scores", "mean score of a bin", "mean OKS of the bin")
    axes.plot([0, 1], [0, 1], color="#777777", linewidth=1, linestyle=":")
    for name, colour, dash, marker in _looks(runs):
        curve = curves[name]
        label = figure_text(f"{name} (ECE {curve.off:.3f})", 60)
        axes.errorbar(
            curve.score, curve.value, 1.96 * curve.error,
            color=colour, linestyle=dash, marker=marker, markersize=4, capsize=2, label=label,
        )  # fmt: skip
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    return {"reliability": figure}
