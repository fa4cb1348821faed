"""A comparison as a figure: every difference to the first system with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from poseval.report.comparison_tables import STARS, keys_of, names_of, stars
from poseval.report.plots import COLOURS, MARKERS, figure_text, legend_below
from poseval.results.units import NumberStyle
from poseval.statistics.comparison import Comparison, Difference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS = 40  # numbers of one figure; more are left out, and the title says so


def draw(comparison: Comparison) -> Figure:
    """A panel for each unit; a filled mark is a difference larger than noise."""
    from matplotlib.figure import Figure

    first, *others = comparison.systems
    names = names_of(comparison)
    keys = keys_of(comparison)
    shown_keys = keys[:MOST_ROWS]
    found = {(d.key, d.second): d for d in comparison.differences if d.first == first}
    units = list(dict.fromkeys(found[key, others[0]].unit for key in shown_keys))
    panels = [[key for key in shown_keys if found[key, others[0]].unit is unit] for unit in units]
    rows = [max(1, len(panel)) * (0.16 + 0.14 * len(others)) + 0.5 for panel in panels]
    figure = Figure(figsize=(6.4, 1.1 + sum(rows)), layout="constrained")
    axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=rows)[:, 0]
    left_out = f", {len(keys) - MOST_ROWS} of {len(keys)} numbers left out" if len(keys) > MOST_ROWS else ""
    figure.suptitle(
        figure_text(f"Differences to {names[first]}{left_out}", 120), x=0.02, ha="left", fontsize=11
    )
    style = NumberStyle(comparison.shown_as)
    for one, panel, unit in zip(axes, panels, units, strict=True):
        _panel(one, panel, {name: names[name] for name in others}, found, comparison.alpha, style.scale(unit))
        level = f"{100 * comparison.level:g} %"
        name = style.caption((unit,)).removeprefix("in ").replace("percent", "points")
        one.set_xlabel(figure_text(f"difference in {name}, with {level} interval"))
    marks = ", ".join(f"{mark} below {most:g}" for most, mark in reversed(STARS))
    footnote = f"filled: noise does not explain it\nadjusted p: {marks}"
    axes[-1].annotate(
        footnote, (0.5, 0), (0, -38), xycoords="axes fraction", textcoords="offset points",
        ha="center", va="top", fontsize=8,
    )  # fmt: skip
    legend_below(figure, axes[0])
    return figure


def _panel(
    axes: Axes,
    keys: list[str],
    others: Mapping[str, str],
    found: dict[tuple[str, str], Difference],
    alpha: float,
    scale: float,
) -> None:
    step = 0.8 / max(1, len(others))
    first = next(iter(others))
    for number, (name, label) in enumerate(others.items()):
        colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
        axes.plot([], [], color=colour, marker=marker, label=figure_text(label, 40))
        for row, key in enumerate(keys):
            d = found[key, name]
            y = -(row + (number - (len(others) - 1) / 2) * step)
            sure = not d.why and d.p_adjusted <= alpha and d.difference != 0
            axes.plot([scale * d.low, scale * d.high], [y, y], color=colour, linewidth=1.4)
            face = colour if sure else "white"
            axes.plot(
                [scale * d.difference], [y], color=colour, marker=marker, markersize=5, markerfacecolor=face
            )
            if sure:
                place = (scale * d.high, y)
                axes.annotate(
                    stars(d.p_adjusted), place, xytext=(3, -2), textcoords="offset points", fontsize=8
                )
    axes.axvline(0, color="#555555", linewidth=1)
    labels = [f"{key} (lower is better)" if found[key, first].better == "lower" else key for key in keys]
    axes.set_yticks(
        [-row for row in range(len(keys))], [figure_text(name, 60) for name in labels], fontsize=8
    )
    axes.set_ylim(-len(keys) + 0.5, 0.5)
    axes.margins(x=0.12)
    axes.grid(True, axis="x", color="#cccccc", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
