"""Figures of a run: matplotlib `Figure` objects, never pyplot, so that nothing global changes.

Colours are Okabe and Ito's (2008), which can be distinguished with all common kinds of colour blindness, and
every line has its own dash, so that a figure can be printed in black and white. The same run gives the same
bytes.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from poseval.errors import shown, unknown_name
from poseval.files.writing import make_folder, write_atomically
from poseval.report.text import style_of
from poseval.results.units import PERCENT, NumberStyle, Unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Figure  # for those who name the type of `figures`

    from poseval.diagnosis.diagnose import Diagnosis
    from poseval.results.report import Report
    from poseval.results.values import Value
    from poseval.scoring.evaluation import Evaluation

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
DASHES = ("-", "--", "-.", ":")
MARKERS = "osD^vPX*"
STYLES = ("png", "svg", "pdf")
LARGEST_FRACTION = 1.5  # a statistic with a larger value is a count
FARTHEST = 1e100  # of a score in a histogram, whose bins are computed in doubles
WIDTH_OF_LEGEND = 90  # characters beside one another below a figure
MOST_LINES = 8  # more lines in one plot cannot be distinguished


def figures(
    evaluation: Evaluation, report: Report, diagnosis: Diagnosis | None = None, unit: str = PERCENT
) -> dict[str, Figure]:
    """Every figure that the run has data for, by name; `unit` says how shares are shown, as in tables."""
    style = style_of(report, unit)
    out: dict[str, Figure] = {}
    for name, (axis, group) in threshold_groups(evaluation, report).items():
        out[f"{name}_over_threshold"] = _threshold_figure(group, axis, report, style)
    out.update(_precision_recall(evaluation, style))
    out.update(_reliability(evaluation, style))
    joints = joint_rows(report)
    for statistic, rows in joints.items():
        out[f"{statistic}_per_joint"] = _joint_figure(statistic, rows, report, style)
    out.update(_composition(report, style))
    if diagnosis is not None:
        out["errors_per_joint"] = _error_figure(diagnosis, style)
        out["gains"] = _gain_figure(diagnosis, style)
    return {file_name(name): figure for name, figure in out.items()}


def save_figures(found: Mapping[str, Figure], folder: Path, style: str = "png") -> list[Path]:
    """Write figures as `folder/NAME.style`; the same figure gives the same bytes.

    Raises:
        UsageError: P137 a folder that cannot be written to, P180 unknown style.
    """
    if style not in STYLES:
        raise unknown_name("P180", "style", style, STYLES)
    make_folder(folder)
    paths = [folder / f"{name}.{style}" for name in found]
    for path, figure in zip(paths, found.values(), strict=True):
        write_atomically(path, figure_bytes(figure, style), force=True)
    return paths


def figure_bytes(figure: Figure, style: str = "svg") -> bytes:
    """A figure as bytes, without dates or random ids."""
    import matplotlib as mpl

    out = io.BytesIO()
    facts: dict[str, Any] = {  # by which a later run knows what it may replace
        "png": {"Software": "poseval"},
        "svg": {"Creator": "poseval", "Date": None},
        "pdf": {"Creator": "poseval", "CreationDate": None},
    }
    with mpl.rc_context({"svg.hashsalt": "poseval", "svg.fonttype": "path", "pdf.fonttype": 42}):
        if style == "svg":
            from matplotlib.backends.backend_svg import FigureCanvasSVG

            # `savefig` draws everything twice, first for the layout, which `draw` makes anyhow.
            canvas: Any = FigureCanvasSVG(figure)
            canvas.print_svg(out, metadata=facts[style])
        else:
            figure.savefig(out, format=style, dpi=150, metadata=facts[style])
    return out.getvalue()


def file_name(name: str) -> str:
    return "".join(char if char.isalnum() or char in "._@-" else "_" for char in name)


def figure_text(text: str, limit: int = 60) -> str:
    """Text from a file for a figure. Matplotlib would read text between dollar signs as a formula."""
    return shown(text, limit).replace("$", r"\$")


def new_figure(title: str, xlabel: str = "", ylabel: str = "", height: float = 4.2) -> tuple[Figure, Axes]:
    """A figure, 6.4 inches wide and `height` inches high, with one pair of axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(figure_text(title, 120), loc="left", fontsize=11)
    axes.set_xlabel(figure_text(xlabel))
    axes.set_ylabel(figure_text(ylabel))
    axes.grid(True, color="#cccccc", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes


def axis_label(name: str, style: NumberStyle, unit: Unit = Unit.SHARE) -> str:
    """The label of an axis of numbers: `AP, in percent`."""
    return f"{name}, {style.caption((unit,))}"


def end_of_axis(style: NumberStyle) -> float:
    """Where an axis of shares ends: a little above the highest."""
    return 1.02 * style.scale()


def legend_below(figure: Figure, axes: Axes, *more: Axes) -> None:
    """The legend below the figure, where it hides nothing, in as many columns as there is room for."""
    handles, labels = axes.get_legend_handles_labels()
    for other in more:
        handles, labels = (
            a + b for a, b in zip((handles, labels), other.get_legend_handles_labels(), strict=True)
        )
    longest = max(map(len, labels), default=0)
    columns = max(1, min(len(labels), WIDTH_OF_LEGEND // (longest + 6)))
    figure.legend(handles, labels, frameon=False, fontsize=8, loc="outside lower center", ncols=columns)


def _lines(
    figure: Figure, axes: Axes, curves: Sequence[tuple[str, Sequence[float], Sequence[float]]]
) -> None:
    looks = zip(COLOURS, cycle(DASHES), strict=False)
    for (label, x, y), (colour, dash) in zip(curves[:MOST_LINES], looks, strict=False):
        axes.plot(x, y, label=figure_text(label), color=colour, linestyle=dash, linewidth=1.8)
    if len(curves) > 1 or curves[0][0]:
        legend_below(figure, axes)


def threshold_groups(evaluation: Evaluation, report: Report) -> dict[str, tuple[str, list[Value]]]:
    """The label of the thresholds and the rows over all joints that have them, by figure."""
    out: dict[str, tuple[str, list[Value]]] = {}
    metrics = {metric.name: metric for part in evaluation.parts for metric in part.tallies}
    for row in report.values:
        if math.isnan(row.threshold) or row.joint or row.slice or math.isnan(row.value):
            continue
        part, slash, name = row.metric.partition("(")[0].rpartition("/")
        metric = metrics[name]
        figure = metric.together[0] if row.statistic in metric.together else row.statistic
        out.setdefault(f"{part}_{figure}" if slash else figure, (metric.threshold, []))[1].append(row)
    return {name: (axis, rows) for name, (axis, rows) in out.items() if len({r.threshold for r in rows}) > 2}


def _threshold_figure(rows: Sequence[Value], axis: str, report: Report, style: NumberStyle) -> Figure:
    names = list(dict.fromkeys(row.statistic for row in rows))
    unit = report.unit_of(names[0])
    scale = style.scale(unit)
    title = " / ".join(names)
    figure, axes = new_figure(f"{title} over thresholds", axis, axis_label(title, style, unit))
    curves = []
    for name in names:
        points = sorted((row.threshold, row.value) for row in rows if row.statistic == name)
        x, y = [p[0] for p in points], [p[1] for p in points]
        mean = style.number(float(np.mean(y)), unit)
        curves.append((f"{name} (mean {mean})", x, [scale * value for value in y]))
    _lines(figure, axes, curves)
    axes.set_ylim(min(0.0, scale * min(row.value for row in rows)), 1.02 * scale)
    return figure


def _precision_recall(evaluation: Evaluation, style: NumberStyle) -> dict[str, Figure]:
    """Precision over recall per threshold, and score histogram with calibration, where a metric has them."""
    out: dict[str, Figure] = {}
    scale = style.scale()
    for part in evaluation.parts:
        prefix = f"{part.label}_" if part.label else ""
        for metric, tally in part.tallies.items():
            ranking = metric.ranking(tally)
            if ranking is None:
                continue
            count = len(ranking.labels)
            chosen = range(0, count, max(1, count // 5))
            rows = [(ranking.labels[at], ranking.precision[at]) for at in chosen]
            curves = [
                (
                    f"{label} (AP {style.number(float(precision.mean()))})",
                    (scale * ranking.recall).tolist(),
                    (scale * precision).tolist(),
                )
                for label, precision in rows
                if not np.isnan(precision).any()
            ]
            if curves:
                x, y = axis_label("recall", style), axis_label("precision", style)
                figure, axes = new_figure("Precision over recall", x, y)
                _lines(figure, axes, curves)
                axes.set_ylim(0, end_of_axis(style))
                out[f"{prefix}precision_recall"] = figure
            if len(ranking.score):
                out[f"{prefix}scores"] = _score_figure(ranking.score, ranking.hit, style)
    return out


def _score_figure(score: np.ndarray[Any, Any], hit: np.ndarray[Any, Any], style: NumberStyle) -> Figure:
    """Histogram of hits and false positives by score, and the fraction of hits per bin."""
    score = np.clip(score, -FARTHEST, FARTHEST)
    edges = np.linspace(score.min(), max(score.max(), score.min() + 1e-9), 21)
    centre, width = (edges[1:] + edges[:-1]) / 2, edges[1] - edges[0]
    hits, _ = np.histogram(score[hit], edges)
    misses, _ = np.histogram(score[~hit], edges)
    figure, axes = new_figure("Scores and calibration", "score", "detections")
    axes.bar(centre, hits, width * 0.92, color=COLOURS[0], label="matched at the lowest threshold")
    axes.bar(centre, misses, width * 0.92, bottom=hits, color=COLOURS[1], hatch="//", label="false positive")
    fraction = np.divide(hits, hits + misses, out=np.full(len(hits), np.nan), where=hits + misses > 0)
    right = axes.twinx()
    right.plot(
        centre,
        style.scale() * fraction,
        color=COLOURS[6],
        marker="o",
        markersize=3,
        label="matches among all",
    )
    right.set_ylim(0, end_of_axis(style))
    right.set_ylabel(axis_label("matches", style))
    legend_below(figure, axes, right)
    axes.set_ylim(0, 1.05 * max(1, int((hits + misses).max())))
    return figure


def _reliability(evaluation: Evaluation, style: NumberStyle) -> dict[str, Figure]:
    """What scores say against what is there, with 95 % of the standard error of each bin."""
    out: dict[str, Figure] = {}
    for part in evaluation.parts:
        for metric, tally in part.tallies.items():
            curves = metric.reliability(tally)
            if not curves:
                continue
            figure, axes = reliability_axes(style)
            for curve, colour, marker in zip(curves, COLOURS, "os", strict=False):
                label = f"{curve.label} (ECE {style.number(curve.off)} of {int(curve.count.sum()):,})"
                axes.errorbar(
                    style.scale() * curve.score,
                    style.scale() * curve.value,
                    style.scale() * 1.96 * curve.error,
                    color=colour,
                    marker=marker,
                    markersize=4,
                    capsize=2,
                    label=figure_text(label),
                )
            legend_below(figure, axes)
            out[f"{part.label}_reliability" if part.label else "reliability"] = figure
    return out


def reliability_axes(style: NumberStyle) -> tuple[Figure, Axes]:
    """A figure of OKS over scores, with the line on which both are the same."""
    x, y = axis_label("mean score of a bin", style), axis_label("mean OKS of the bin", style)
    figure, axes = new_figure("Reliability of scores", x, y)
    ends = [0, style.scale()]
    axes.plot(ends, ends, color="#777777", linewidth=1, linestyle=":", label="calibrated")
    low, high = -0.02 * style.scale(), end_of_axis(style)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    return figure, axes


def joint_rows(report: Report) -> dict[str, list[Value]]:
    """Rows by joint of each fraction in the summary; equal statistics get the names of their metrics."""
    headline = {key.partition("/")[0] for key in report.summary}
    groups: dict[tuple[str, str], list[Value]] = {}
    for row in report.values:
        if row.statistic in headline and not row.slice and math.isnan(row.threshold):
            groups.setdefault((row.metric, row.statistic), []).append(row)
    out: dict[str, list[Value]] = {}
    for (metric, statistic), rows in groups.items():
        joints = [row for row in rows if row.joint and not math.isnan(row.value)]
        counts = any(row.value > LARGEST_FRACTION for row in rows)
        if 2 <= len(joints) <= 40 and not counts:
            out[f"{metric.partition('(')[0]}_{statistic}" if statistic in out else statistic] = joints
    return out


def _joint_figure(statistic: str, rows: Sequence[Value], report: Report, style: NumberStyle) -> Figure:
    unit = report.unit_of(rows[0].statistic)
    scale, label = style.scale(unit), axis_label(statistic, style, unit)
    figure, axes = new_figure(f"{statistic} per joint", label, height=0.6 + 0.26 * len(rows))
    place = np.arange(len(rows))[::-1]
    axes.barh(place, [scale * row.value for row in rows], color=COLOURS[0], height=0.7)
    for y, row in zip(place, rows, strict=True):
        interval = report.interval(f"{row.statistic}/{row.joint}")
        if interval is not None:
            ends = [scale * interval.low, scale * interval.high]
            axes.plot(ends, [y, y], color=COLOURS[6], linewidth=1.5, marker="|")
    axes.set_yticks(place, [figure_text(row.joint, 40) for row in rows], fontsize=8)
    axes.set_xlim(min(0.0, scale * min(row.value for row in rows)), scale)
    return figure


def _composition(report: Report, style: NumberStyle) -> dict[str, Figure]:
    """How much MOTA loses to misses, false positives and switches."""
    found: dict[str, float] = {}
    for row in report.values:
        if not row.joint and not row.slice and math.isnan(row.threshold):
            found.setdefault(row.statistic, row.value)
    parts = ("misses", "false_positives", "switches")
    objects = found.get("objects", math.nan)
    if not all(name in found for name in parts) or not objects > 0:
        return {}
    figure, axes = new_figure("What MOTA is made of", axis_label("all true joints", style), height=2.2)
    scale = style.scale()
    left = found.get("MOTA", math.nan)
    start = max(left, 0.0) if not math.isnan(left) else 0.0
    axes.barh([0], [scale * start], color=COLOURS[2], label="MOTA")
    for name, colour, hatch in zip(
        parts, (COLOURS[0], COLOURS[1], COLOURS[3]), ("", "//", "xx"), strict=True
    ):
        fraction = found[name] / objects
        label = name.replace("_", " ")
        axes.barh([0], [scale * fraction], left=scale * start, color=colour, hatch=hatch, label=label)
        start += fraction
    axes.set_yticks([])
    legend_below(figure, axes)
    return {"mota_composition": figure}


def _error_figure(diagnosis: Diagnosis, style: NumberStyle) -> Figure:
    """Fractions of good, jitter, inversion, swap and miss per joint."""
    from poseval.diagnosis.diagnose import CLASSES

    counts = diagnosis.ranges[0].counts[1:].astype(np.float64)
    fraction = style.scale() * counts / np.maximum(counts.sum(axis=0), 1)
    joints = diagnosis.joints[:40]
    label = axis_label("labelled joints", style)
    figure, axes = new_figure("Joint errors", label, height=0.9 + 0.26 * len(joints))
    place = np.arange(len(joints))[::-1]
    start = np.zeros(len(joints))
    colours = (COLOURS[2], COLOURS[5], COLOURS[4], COLOURS[3], COLOURS[1])
    for name, row, colour, hatch in zip(
        CLASSES, fraction, colours, ("", "..", "//", "xx", "\\\\"), strict=True
    ):
        axes.barh(place, row[: len(joints)], left=start, color=colour, height=0.7, label=name, hatch=hatch)
        start = start + row[: len(joints)]
    axes.set_yticks(place, [figure_text(joint, 40) for joint in joints], fontsize=8)
    axes.set_xlim(0, style.scale())
    legend_below(figure, axes)
    return figure


def _gain_figure(diagnosis: Diagnosis, style: NumberStyle) -> Figure:
    """AP gained by fixing each kind of error: after those before it, and alone."""
    steps = diagnosis.ranges[0].gains.steps
    label = axis_label("gain of AP by OKS", style).replace("percent", "points")
    figure, axes = new_figure("AP by OKS gained by fixing errors", label, height=3.6)
    place = np.arange(len(steps))[::-1]
    after = style.scale() * np.nan_to_num([step.gain for step in steps])
    alone = style.scale() * np.nan_to_num([step.gain_alone for step in steps])
    axes.barh(place + 0.2, after, 0.38, color=COLOURS[0], label="one after the other")
    axes.barh(place - 0.2, alone, 0.38, color=COLOURS[4], hatch="//", label="alone")
    axes.set_yticks(place, [figure_text(step.title) for step in steps], fontsize=9)
    legend_below(figure, axes)
    return figure
