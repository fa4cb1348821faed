"""Points in polygons against exact fractions, where rounding would decide."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poseval.kernels.tracking import points_in_regions

seeds = st.integers(0, 2**32 - 1)


def exactly(ring: np.ndarray, point: np.ndarray) -> bool:
    """Strictly inside by the even-odd rule, without rounding."""
    x, y = map(Fraction, point.tolist())
    corners = [tuple(map(Fraction, corner)) for corner in ring.tolist()]
    odd = False
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        turn = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        if turn == 0 and min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by):
            return False
        if (ay > y) != (by > y):
            odd ^= x < ax + (y - ay) / (by - ay) * (bx - ax)
    return odd


def check(ring: np.ndarray, points: np.ndarray) -> list[bool]:
    zeros = np.zeros(len(points), dtype=np.int64)
    for way in (ring, ring[::-1]):
        found = points_in_regions(
            points, zeros, np.ascontiguousarray(way), np.array([0, len(ring)]), zeros[:1]
        )
        assert found.tolist() == [exactly(way, point) for point in points]
    return found.tolist()  # type: ignore[no-any-return]


@settings(max_examples=150, deadline=None)
@given(seeds)
def test_random_rings_and_points(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ring = rng.normal(0, 100, (int(rng.integers(3, 12)), 2))
    check(ring, rng.normal(0, 100, (20, 2)))


@settings(max_examples=150, deadline=None)
@given(seeds)
def test_points_a_last_bit_beside_an_edge(seed: int) -> None:
    """On the edge up to rounding, then moved by the smallest steps there are."""
    rng = np.random.default_rng(seed)
    ring = np.round(rng.uniform(0, 4000, (int(rng.integers(3, 8)), 2)), int(rng.integers(0, 8)))
    ends = np.roll(ring, -1, axis=0)
    near = ring + rng.random((len(ring), 1)) * (ends - ring)
    steps = [near, np.nextafter(near, np.inf), np.nextafter(near, -np.inf), (ring + ends) / 2]
    check(ring, np.concatenate(steps))


@settings(max_examples=150, deadline=None)
@given(seeds)
def test_rings_on_a_grid_hold_corners_levels_and_doubled_edges(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ring = rng.integers(0, 5, (int(rng.integers(3, 10)), 2)).astype(float)
    grid = np.stack(np.meshgrid(np.arange(-1, 6, 0.5), np.arange(-1, 6, 0.5)), axis=-1).reshape(-1, 2)
    check(ring, grid)


@settings(max_examples=100, deadline=None)
@given(seeds)
def test_coordinates_of_very_different_size(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = 10.0 ** rng.integers(-8, 9, (6, 2))
    ring = rng.normal(0, 1, (6, 2)) * size
    check(ring, np.concatenate([ring[rng.permutation(6)] * 0.5, rng.normal(0, 1, (6, 2)) * size]))


@pytest.mark.parametrize("moved", [0.0, 1e-30, -1e-30])
def test_a_difference_that_twice_the_precision_would_not_see(moved: float) -> None:
    """Far below the last bit of every product, and yet a side."""
    ring = np.array([[1e9, 1.0], [-1e9, -1.0], [-1e9, 1e9]])
    assert check(ring, np.array([[moved, 0.0]])) == [moved < 0]
