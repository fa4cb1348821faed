"""A destroyed model: so little of the primary number is left that statistics are not asked."""

from __future__ import annotations

import math

LEFT = 0.1  # fraction of what the baseline had; less is a broken export, a wrong file, or no model at all
TIMES = 3.0  # an error that has no upper bound, over that of the baseline
LOST = "the number has almost disappeared, which no tolerance allows"


def nearly_all_lost(baseline: float, value: float, better: str, highest: float = math.inf) -> bool:
    """Whether a number lost nine tenths of what the baseline had, or an error without bound became threefold.

    What a baseline had is its value, or for an error the distance to its upper bound `highest`. Where that is
    nothing, nothing can be lost. An undefined value is not judged here.
    """
    if better == "higher":
        return baseline > 0 and value <= LEFT * baseline
    if math.isinf(highest):
        return baseline > 0 and value >= TIMES * baseline
    return baseline < highest and highest - value <= LEFT * (highest - baseline)
