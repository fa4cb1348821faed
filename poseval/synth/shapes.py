"""Flat shapes with a signed distance, from which figures and their surroundings are painted.

The same distance decides the pixel's cover in the image and whether a joint is hidden in the ground truth, so
the two cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from poseval.poses import Floats


@dataclass(frozen=True, eq=False)
class Shape:
    """One painted piece.

    `kind` is `capsule` (points [2, 2], radii of both ends), `ellipse` (points [2, 2]: centre, and the unit
    direction of the first half axis; radii are the half axes) or `polygon` (points [P, 2] in order, radii[0]
    rounds the corners). `joints` are the names that this piece carries and therefore never hides.
    """

    kind: str
    points: Floats
    radii: tuple[float, float]
    colour: tuple[float, float, float] = (0.5, 0.5, 0.5)
    joints: frozenset[str] = frozenset()
    pattern: str = "plain"

    def bounds(self) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 of the outline in pixels (tight for capsules and ellipses)."""
        if self.kind == "capsule":
            reach = np.array(self.radii)[:, None]
        elif self.kind == "ellipse":
            (ux, uy), (a, b) = self.points[1], self.radii
            reach = np.array([[np.hypot(a * ux, b * uy), np.hypot(a * uy, b * ux)]])
        else:
            reach = np.full((1, 2), self.radii[0])
        centres = self.points[:1] if self.kind == "ellipse" else self.points
        low, high = (centres - reach).min(axis=0), (centres + reach).max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    def distance(self, x: Floats, y: Floats) -> Floats:
        """Signed distance of points (any shape) to the outline, pixels, negative inside."""
        if self.kind == "capsule":
            return _capsule(self.points, self.radii, x, y)
        if self.kind == "ellipse":
            return _ellipse(self.points, self.radii, x, y)
        return _polygon(self.points, x, y) - self.radii[0]


def _capsule(points: Floats, radii: tuple[float, float], x: Floats, y: Floats) -> Floats:
    (ax, ay), (bx, by) = points
    dx, dy = bx - ax, by - ay
    length = max(dx * dx + dy * dy, 1e-12)
    along = np.clip(((x - ax) * dx + (y - ay) * dy) / length, 0.0, 1.0)
    out: Floats = np.hypot(x - ax - along * dx, y - ay - along * dy) - (
        radii[0] + along * (radii[1] - radii[0])
    )
    return out


def _ellipse(points: Floats, radii: tuple[float, float], x: Floats, y: Floats) -> Floats:
    (cx, cy), (ux, uy) = points
    u = ((x - cx) * ux + (y - cy) * uy) / radii[0]
    v = ((y - cy) * ux - (x - cx) * uy) / radii[1]
    level = np.hypot(u, v)
    slope = np.hypot(u / radii[0], v / radii[1])
    # first-order distance: exact sign, and exact to second order at the outline, which is where it is used
    out: Floats = np.where(slope > 1e-12, level * (level - 1.0) / np.maximum(slope, 1e-12), -min(radii))
    return out


def _polygon(points: Floats, x: Floats, y: Floats) -> Floats:
    nearest = np.full(np.shape(x), np.inf)
    inside = np.zeros(np.shape(x), dtype=bool)
    for (ax, ay), (bx, by) in zip(points, np.roll(points, -1, axis=0), strict=True):
        dx, dy = bx - ax, by - ay
        along = np.clip(((x - ax) * dx + (y - ay) * dy) / max(dx * dx + dy * dy, 1e-12), 0.0, 1.0)
        nearest = np.minimum(nearest, np.hypot(x - ax - along * dx, y - ay - along * dy))
        if ay != by:
            crosses = (ay > y) != (by > y)
            inside ^= crosses & (x < ax + (y - ay) * dx / dy)
    out: Floats = np.where(inside, -nearest, nearest)
    return out
