"""A comparison of systems as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

from poseval.errors import number_of, shown
from poseval.report.text_table import aligned, number
from poseval.results.units import NumberStyle
from poseval.statistics.comparison import Comparison, Difference

DIGITS = 2  # decimals of percentages; differences are small


def render(comparison: Comparison, digits: int | None = None) -> str:
    """One table per pair of systems, the findings in words."""
    lines, style = [], NumberStyle(comparison.shown_as, DIGITS if digits is None else digits)
    kind = "simultaneous interval" if comparison.simultaneous else "interval"
    for first, second in combinations(comparison.systems, 2):
        rows = [d for d in comparison.differences if (d.first, d.second) == (first, second)]
        units = f"{number_of(comparison.units, 'unit')} ({shown(comparison.cluster)})"
        caption = style.caption(d.unit for d in rows)
        lines += [f"{shown(second)} against {shown(first)} on the same {units}, {caption}", ""]
        names = [shown(first, 24), shown(second, 24)]
        head = ["", *names, "difference", f"{100 * comparison.level:g} % {kind}", "p", "adjusted", ""]
        cells = [head, *(_cells(d, comparison.alpha, style) for d in rows)]
        lines += [*aligned(cells, left=(0, -1)), *_training(comparison, rows, style), ""]
    return "\n".join([*lines, *_basis(comparison)]) + "\n"


def _cells(d: Difference, alpha: float, style: NumberStyle) -> list[str]:
    adjusted = number(d.p_adjusted)
    if d.p_error > 0:
        adjusted += f" ± {d.p_error:.4f}"
    return [
        shown(d.key),
        style.number(d.value_first, d.unit),
        style.number(d.value_second, d.unit),
        style.number(d.difference, d.unit, sign=True),
        style.between(d.low, d.high, d.unit, sign=True),
        number(d.p),
        adjusted,
        shown(d.verdict(alpha)),
    ]


def _training(comparison: Comparison, rows: Sequence[Difference], style: NumberStyle) -> list[str]:
    """The two parts of the variance, of the primary number or the first."""
    row = next((d for d in rows if d.key == comparison.primary), rows[0])
    if math.isnan(row.error_training):
        return ["between-training variance not measured: one run per side"]
    units, training = (style.amount(part, row.unit) for part in (row.error_units, row.error_training))
    return [f"standard error of {shown(row.key)}: {units} from units, {training} from training"]


def _basis(comparison: Comparison) -> list[str]:
    """How p and the intervals were made."""
    pairs = len(comparison.systems) * (len(comparison.systems) - 1) // 2
    if comparison.rounds:
        kind = "all" if comparison.complete else f"seed {comparison.seed},"
        test = f"sign flips on the units' contributions, {kind} {comparison.rounds:,} of them; max-T"
    else:
        test = "Student's t; Holm"
    several = len({d.key for d in comparison.differences}) > 1
    within = " over numbers, the primary number first" if several else " over numbers"
    over = f", Holm over {pairs} pairs" if pairs > 1 else ""
    error = "" if not comparison.rounds or comparison.complete else "; ± is the Monte Carlo error"
    return [f"p: {test}{within}{over}", f"intervals: Student's t{error}"]
