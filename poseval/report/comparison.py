"""A comparison of systems as text."""

from __future__ import annotations

import math
from itertools import combinations

from poseval.errors import shown
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
            if math.isnan(d.difference):
                cells.append([shown(d.key), "n/a", "n/a", "n/a", "", "", "undefined"])
                continue
            cells.append(
                [
                    shown(d.key),
                    f"{d.value_first:.4f}",
                    f"{d.value_second:.4f}",
                    f"{d.difference:+.4f}",
                    f"[{d.low:+.4f}, {d.high:+.4f}]",
                    f"{d.p_holm:.4f}",
                    shown(d.verdict(comparison.alpha)),
                ]
            )
        widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
        for row in cells:
            padded = [
                c.ljust(w) if i in (0, 6) else c.rjust(w)
                for i, (c, w) in enumerate(zip(row, widths, strict=True))
            ]
            lines.append("  ".join(padded).rstrip())
        lines.append("")
    lines.append(
        f"p: paired approximate randomisation, {comparison.resamples} rounds, Holm-adjusted over all numbers "
        f"and pairs; intervals: paired bootstrap, {comparison.resamples} resamples, seed {comparison.seed}"
    )
    return "\n".join(lines) + "\n"
