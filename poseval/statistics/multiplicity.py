"""p-values of many tests: Holm's procedure, a primary number before the others, and several pairs.

Sources: Holm 1979; Wiens 2003 (the fallback procedure).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from poseval.poses import Floats

PRIMARY = (
    0.9  # fraction of alpha that is the primary number's; the others have the rest, and all once it differs
)


def holm(p_values: Floats) -> Floats:
    """Holm's adjusted p-values [K]; NaN stays NaN and does not count."""
    out = np.array(p_values, dtype=np.float64)
    order = np.argsort(out, kind="stable")[: int((~np.isnan(out)).sum())]
    factors = np.arange(len(order), 0, -1)
    out[order] = np.minimum(np.maximum.accumulate(out[order] * factors), 1.0)
    return out


def primary_first(primary: float, others: Floats) -> tuple[float, Floats]:
    """Adjusted p of a primary number, and of others [K] that were adjusted among themselves before.

    The primary number is tested at 0.9 alpha, the others at 0.1 alpha, or at alpha where it differs.
    """
    first = min(1.0, primary / PRIMARY)
    rest = np.minimum(np.minimum(others / (1 - PRIMARY), 1.0), np.maximum(others, first))
    return first, rest


def over_pairs(adjusted: Sequence[Floats]) -> list[Floats]:
    """Holm over pairs of systems, each with p-values [K] that were adjusted among themselves before.

    A pair passes its part of alpha on only when all of its numbers differ.
    """
    pairs = len(adjusted)
    last = [float(np.nanmax(p)) if not np.isnan(p).all() else 1.0 for p in adjusted]
    out = list(adjusted)
    running = 0.0
    for rank, place in enumerate(sorted(range(pairs), key=lambda at: last[at])):
        p, left = adjusted[place], pairs - rank
        out[place] = np.minimum(np.minimum(p * pairs, np.maximum(p * left, running)), 1.0)
        running = max(running, last[place] * left)
    return out
