"""A leaderboard as a figure: bars with intervals, or the number against a cost such as speed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from poseval.errors import UsageError, did_you_mean, shown
from poseval.files.writing import write_atomically
from poseval.report.plots import COLOURS, STYLES, figure_bytes, figure_text, new_figure
from poseval.results.units import NumberStyle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from poseval.decisions.leaderboard import Board, Row

SPEED = "people_per_second"
COSTS = frozenset({"parameters", "macs", "seconds"})  # less is better; of every other fact more is
MOST_NAMES = 5  # of entries without a place in one line
FARTHEST = 1e100  # a number beyond has no place: axes are computed in doubles
LOG_FROM = 20.0  # a wider range of x than this gets a logarithmic axis


@dataclass(frozen=True)
class Point:
    """An entry's place: the number across, the board's number as shown, and the ends of its interval."""

    x: float
    y: float
    ends: tuple[float, float] | None
    label: str


def save_plot(board: Board, path: Path, x: str | None = None) -> None:
    """Write the figure to `path`, a .png, .svg or .pdf file. Equal boards give equal bytes.

    Without `x` the number is drawn against the entries' cost if two or more give one, else as bars.

    Raises:
        UsageError: P180 for another ending, P148 when no entry has a number `x`.
    """
    style = path.suffix.removeprefix(".").lower()
    if style not in STYLES:
        raise UsageError(
            "P180", where=shown(path.name), what="has an unknown ending", wanted=f".{', .'.join(STYLES)}"
        )
    x = x or _cost(board)
    figure = bar_figure(board) if x is None else board_figure(board, x)
    write_atomically(path, figure_bytes(figure, style), force=True)


def _cost(board: Board) -> str | None:
    """The first cost that two entries or more have; None without one."""
    for name in (SPEED, *sorted(COSTS)):
        if sum(not math.isnan(number_of(row, name)) for row in board.rows) > 1:
            return name
    return None


def bar_figure(board: Board) -> Figure:
    """Each entry as a bar, best first, with its interval and value; any board has these.

    Raises:
        UsageError: P148 when no entry defines the board's number.
    """
    style, unit = NumberStyle(board.shown_as), board.unit_of(board.sort)
    rows = [row for row in board.rows if not math.isnan(number_of(row, board.sort))]
    if not rows:
        raise UsageError("P148", where=f"column {shown(board.sort)}", what="is undefined in every entry")
    label = _axis(board)
    figure, axes = new_figure(_title(board), label, height=1.1 + 0.34 * len(rows))
    scale = style.scale(unit)
    values = [number_of(row, board.sort) * scale for row in rows]
    ends: list[float] = []
    place = list(range(len(rows)))[::-1]
    axes.barh(place, values, color=COLOURS[0], height=0.62)
    for at, row, value in zip(place, rows, values, strict=True):
        interval = row.entry.report.interval(board.sort)
        end = value
        if interval is not None:
            low, high = interval.low * scale, interval.high * scale
            axes.plot([low, high], [at, at], color=COLOURS[6], linewidth=1.4, marker="|")
            end = max(end, high)
        ends.append(end)
        text = style.number(value / scale, unit)
        axes.annotate(text, (end, at), xytext=(5, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_yticks(place, [figure_text(row.entry.name, 40) for row in rows], fontsize=9)
    low, high = min(0.0, *ends), max(ends)
    axes.set_xlim(low, high + 0.12 * (high - low or 1.0))
    return figure


def _title(board: Board) -> str:
    return f"{board.benchmark} ({board.rules} rules)"


def _axis(board: Board) -> str:
    """The board's number with the unit that it is drawn in."""
    caption = NumberStyle(board.shown_as).caption([board.unit_of(board.sort)])
    return f"{board.sort} ({caption.removeprefix('in ')})"


def board_figure(board: Board, x: str = SPEED) -> Figure:
    """Each entry as a point: the board's number, with its interval, over the fact or number `x`.

    `people/s` is read as `people_per_second`. A dashed line connects the entries that no other entry
    beats in both numbers; a note names entries that lack one of them.

    Raises:
        UsageError: P148 when no entry has both numbers.
    """
    name = x.replace("/s", "_per_second")
    points, absent = _points(board, name)
    if not points:
        known = _numbers(board)
        raise UsageError(
            "P148",
            where=f"--x {shown(x)}",
            what=f"no entry with {shown(board.sort)} has this number",
            wanted=f"one of {', '.join(map(shown, known))}"
            if known
            else "facts of the entries; there are none",
            hint=did_you_mean(x, known)
            if known
            else "`poseval run` writes facts as PREDICTIONS.run.json; copy it to ENTRY.run.json beside ENTRY",
        )
    label = name.replace("_per_second", " / s").replace("_", " ")
    figure, axes = new_figure(_title(board), label, _axis(board))
    front = _front(points, name in COSTS, board.better == "lower")
    axes.plot([p.x for p in front], [p.y for p in front], color=COLOURS[5], linestyle="--", zorder=1)
    for point in points:
        if point.ends is not None:
            axes.plot([point.x, point.x], point.ends, color=COLOURS[0], linewidth=1.2, marker="_")
        axes.plot([point.x], [point.y], color=COLOURS[0], marker="o", markersize=6, linestyle="none")
    smallest, largest = min(p.x for p in points), max(p.x for p in points)
    if smallest > 0 and largest > LOG_FROM * smallest:
        axes.set_xscale("log")
    axes.margins(x=0.15, y=0.15)
    axes.autoscale_view()
    _write_names(axes, points)
    if absent:
        more = f" and {len(absent) - MOST_NAMES} more" if len(absent) > MOST_NAMES else ""
        names = ", ".join(shown(each, 30) for each in absent[:MOST_NAMES])
        figure.supxlabel(f"without a place: {names}{more}", fontsize=8, parse_math=False)
    return figure


def _points(board: Board, name: str) -> tuple[list[Point], list[str]]:
    """Entries that have both numbers, and the names of the others."""
    points, absent = [], []
    scale = NumberStyle(board.shown_as).scale(board.unit_of(board.sort))
    for row in board.rows:
        x, y = number_of(row, name), number_of(row, board.sort) * scale
        if math.isnan(x) or math.isnan(y):
            absent.append(row.entry.name)
        else:
            interval = row.entry.report.interval(board.sort)
            ends = None if interval is None else (interval.low * scale, interval.high * scale)
            points.append(Point(x, y, ends, row.entry.name))
    return points, absent


def _write_names(axes: Axes, points: list[Point]) -> None:
    """Names beside their points: to the middle of the figure, and away from the nearest other point."""
    seen = axes.transLimits.transform(axes.transScale.transform([(p.x, p.y) for p in points]))
    for row, (point, (across, up)) in enumerate(zip(points, seen, strict=True)):
        others = [(math.hypot(across - a, up - b), b) for i, (a, b) in enumerate(seen) if i != row]
        above, right = up >= min(others)[1] if others else True, across < 0.6
        axes.annotate(
            shown(point.label, 40),
            (point.x, point.y),
            xytext=(6 if right else -6, 5 if above else -5),
            textcoords="offset points",
            ha="left" if right else "right",
            va="bottom" if above else "top",
            fontsize=8,
            parse_math=False,
        )


def number_of(row: Row, name: str) -> float:
    """A number of the summary, else of the facts; NaN where there is none."""
    value = row.entry.report.summary.get(name, row.entry.facts.get(name))
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > FARTHEST:
        return math.nan
    return float(value)


def _numbers(board: Board) -> list[str]:
    """Names of the facts that are numbers."""
    names = dict.fromkeys(name for row in board.rows for name in row.entry.facts)
    return [name for name in names if any(not math.isnan(number_of(row, name)) for row in board.rows)]


def _front(points: list[Point], cheaper: bool, lower: bool) -> list[Point]:
    """Points, best x first, that none with a better or equal x beats."""
    ordered = sorted(points, key=lambda p: (p.x if cheaper else -p.x, p.y if lower else -p.y))
    front: list[Point] = []
    for point in ordered:
        if not front or (point.y < front[-1].y if lower else point.y > front[-1].y):
            front.append(point)
    return front
