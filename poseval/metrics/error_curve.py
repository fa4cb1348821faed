"""The cumulative distribution of per-image errors: fractions below a threshold, failure rates and areas.

The area under the distribution up to t has an exact value, since the distribution is a staircase. Published
tools take it on a grid instead, each on its own; the grids are kept so that their digits can be reproduced.
"""

from __future__ import annotations

import enum
from typing import Any

import numpy as np

from poseval.poses import Floats, Ints

CED_STEPS = 101  # points of the reported curve


class Grid(enum.Enum):
    """The grid on which areas and failure rates are computed from the distribution."""

    EXACT = "exact"
    PIPNET = "pipnet"  # Simpson's rule over arange(0, t + 1e-4, 1e-4), divided by t (quirks N02, N03)
    TRAPEZOID = "trapezoid"  # trapezoid rule over the same points
    SBR = "sbr"  # trapezoid rule over 2,000 points from 0 to t, strictly below (quirk N04)


class ErrorCurve:
    """The distribution of N errors with integer multiplicities [N]; an infinite error is above everything."""

    def __init__(self, error: Floats, each: Ints) -> None:
        order = np.argsort(error, kind="stable")
        self.error = error[order]
        self.each = each[order]
        self.upto = np.concatenate(([0], np.cumsum(self.each)))

    def share(self, t: Any, strict: bool = False) -> Any:
        """Fraction of errors <= t (< t when strict); t is a number or an array."""
        return self.upto[np.searchsorted(self.error, t, side="left" if strict else "right")] / self.upto[-1]

    def exact_area(self, t: float) -> float:
        """Area under the staircase from 0 to t, divided by t: the mean of max(0, 1 - error / t)."""
        gain = np.clip(1 - self.error / t, 0, None)
        return float((gain * self.each).sum() / self.upto[-1])

    def median(self) -> float:
        """Median of the errors, each written out as often as its multiplicity says."""
        total = int(self.upto[-1])
        low, high = np.searchsorted(self.upto[1:], [(total - 1) // 2, total // 2], side="right")
        return float((self.error[low] + self.error[high]) / 2)

    def trimmed_mean(self, share: float) -> float:
        """Mean without the given fraction of the errors at either end (their number rounded down)."""
        total = int(self.upto[-1])
        cut = int(share * total)
        kept = np.diff(np.clip(self.upto, cut, total - cut))
        return float((self.error[kept > 0] * kept[kept > 0]).sum() / (total - 2 * cut))


def grid_points(t: float, grid: Grid) -> Floats:
    """The thresholds of a grid."""
    if grid is Grid.SBR:
        return np.linspace(0, t, 2000)
    return np.arange(0, t + 1e-4, 1e-4)


def failure_rate(curve: ErrorCurve, t: float, grid: Grid) -> float:
    """Fraction of images whose error is above t; the grids look at their own last point."""
    if grid is Grid.EXACT:
        return float(1 - curve.share(t))
    if grid is Grid.SBR:
        return float(1 - curve.share(t, strict=True))
    return float(1 - curve.share(grid_points(t, grid)[-1]))


def curve_area(curve: ErrorCurve, t: float, grid: Grid) -> float:
    """Area under the distribution from 0 to t, divided by t."""
    if grid is Grid.EXACT:
        return curve.exact_area(t)
    points = grid_points(t, grid)
    heights = curve.share(points, strict=grid is Grid.SBR)
    if grid is Grid.PIPNET:
        return simpson(heights, points) / t
    return float(((heights[1:] + heights[:-1]) / 2 * np.diff(points)).sum() / t)


def simpson(y: Floats, x: Floats) -> float:
    """Composite Simpson's rule; an even number of points ends with the correction of Cartwright (2017).

    The same as `scipy.integrate.simpson` since SciPy 1.11, for points that are nearly evenly spaced.
    """
    count = len(y)
    if count == 2:
        return float((y[0] + y[1]) / 2 * (x[1] - x[0]))
    odd = count if count % 2 else count - 1
    h = np.diff(x[:odd])
    h0, h1 = h[0::2], h[1::2]
    y0, y1, y2 = y[0 : odd - 2 : 2], y[1 : odd - 1 : 2], y[2:odd:2]
    ratio = h0 / h1
    parts = (h0 + h1) / 6 * (y0 * (2 - 1 / ratio) + y1 * (h0 + h1) ** 2 / (h0 * h1) + y2 * (2 - ratio))
    total = float(parts.sum())
    if count % 2 == 0:
        a, b = x[-2] - x[-3], x[-1] - x[-2]
        total += float(
            y[-1] * (2 * b**2 + 3 * a * b) / (6 * (a + b))
            + y[-2] * (b**2 + 3 * a * b) / (6 * a)
            - y[-3] * b**3 / (6 * a * (a + b))
        )
    return total
