"""A comparison of systems as text."""

from __future__ import annotations

from itertools import combinations

from poseval.errors import shown
from poseval.report.text_table import aligned, between, number
from poseval.statistics.comparison import Comparison


def render(comparison: Comparison) -> str:
    """One table per pair of systems, the findings in words."""
    lines = []
    for first, second in combinations(comparison.systems, 2):
        rows = [d for d in comparison.differences if (d.first, d.second) == (first, second)]
        lines += [f"{shown(second)} against {shown(first)} on the same {comparison.units} units", ""]
        cells = [
            [
                "",
                shown(first, 24),
                shown(second, 24),
                "difference",
                f"{comparison.level:.0%} interval",
                "p",
                "",
            ]
        ]
        for d in rows:
            cells.append(
                [
                    shown(d.key),
                    number(d.value_first),
                    number(d.value_second),
                    number(d.difference, "+.4f"),
                    between(d.low, d.high, "+.4f"),
                    number(d.p_holm),
                    shown(d.verdict(comparison.alpha)),
                ]
            )
        lines += [*aligned(cells, left=(0, -1)), ""]
    lines.append(
        f"p: paired approximate randomisation, {comparison.resamples} rounds, Holm-adjusted over all numbers "
        f"and pairs; intervals: paired bootstrap, {comparison.resamples} resamples, seed {comparison.seed}"
    )
    return "\n".join(lines) + "\n"
