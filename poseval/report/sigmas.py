"""An estimate of sigmas as text."""

from __future__ import annotations

import math

from poseval.errors import shown
from poseval.report.text_table import aligned, between, number
from poseval.statistics.sigmas import FEW, SigmaEstimate


def render(found: SigmaEstimate) -> str:
    """One row for each joint, then how they were made, and what is uncertain."""
    cells = [["", "sigma", f"{found.level:.0%} interval", "distances"]]
    for row in found.joints:
        interval = "" if math.isnan(row.low) else between(row.low, row.high, ".4f")
        cells.append([shown(row.joint, 40), number(row.value), interval, str(row.n)])
    lines = [*aligned(cells, left=(0,)), ""]
    lines.append(
        f"from {found.pairs} pairs of annotations of {found.people} people, scaled by {found.areas}; "
        f"intervals: bootstrap over frames, {found.resamples} resamples, seed {found.seed}"
    )
    few = [shown(row.joint, 40) for row in found.joints if row.n < FEW]
    if few:
        lines.append(f"fewer than {FEW} distances, too uncertain to use: {', '.join(few)}")
    return "\n".join(lines) + "\n"
