"""Points in polygons against shapely: strictly inside by the even-odd rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poseval.kernels.tracking import points_in_regions

shapely = pytest.importorskip("shapely")


def inside(points: np.ndarray, *rings: list[tuple[float, float]]) -> list[bool]:
    """Points [M, 2] of one frame against polygons of the same frame."""
    start = np.concatenate(([0], np.cumsum([len(ring) for ring in rings]))).astype(np.int64)
    vertices = np.array([corner for ring in rings for corner in ring], dtype=float).reshape(-1, 2)
    frames = np.zeros(len(rings), dtype=np.int64)
    return points_in_regions(points, np.zeros(len(points), dtype=np.int64), vertices, start, frames).tolist()


corner = st.integers(0, 6)
ring = st.lists(st.tuples(corner, corner), min_size=3, max_size=9)


@settings(max_examples=400, deadline=None)
@given(ring=ring)
def test_grid_points_of_valid_polygons(ring: list[tuple[int, int]]) -> None:
    shape = shapely.Polygon(ring)
    if not shape.is_valid or shape.area == 0:
        return
    points = np.stack(np.meshgrid(np.arange(-1, 8, 0.5), np.arange(-1, 8, 0.5)), axis=-1).reshape(-1, 2)
    wanted = [shape.contains(shapely.Point(x, y)) for x, y in points]
    assert inside(points, ring) == wanted


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_points_on_edges_with_decimals_are_outside_as_in_shapely(seed: int) -> None:
    """Points that lie on an edge up to rounding: the exact sign decides, in shapely and here."""
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 12))))
    ring = np.round(500 + 300 * np.stack([np.cos(angle), np.sin(angle)], axis=1), 3)
    share = rng.random((len(ring), 1))
    points = ring + share * (np.roll(ring, -1, axis=0) - ring)
    shape = shapely.Polygon(ring)
    wanted = [shape.contains(shapely.Point(x, y)) for x, y in points]
    assert inside(points, [tuple(c) for c in ring.tolist()]) == wanted


@settings(max_examples=200, deadline=None)
@given(ring=ring)
def test_self_crossing_polygons_follow_the_even_odd_rule(ring: list[tuple[int, int]]) -> None:
    """Against a count of crossings of a ray, at points off every edge."""
    rng = np.random.default_rng(7)
    points = rng.uniform(0, 6, (40, 2))
    wanted = []
    for x, y in points:
        crossings = 0
        for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True):
            if (y0 > y) != (y1 > y):
                crossings += x < x0 + (y - y0) / (y1 - y0) * (x1 - x0)
        wanted.append(bool(crossings % 2))
    assert inside(points, ring) == wanted


def test_bow_tie_and_turning_sense() -> None:
    points = np.array([[2.0, 1.0], [2.0, 3.0], [1.0, 2.0], [3.0, 2.0]])
    bow = [(0.0, 0.0), (4.0, 4.0), (4.0, 0.0), (0.0, 4.0)]
    assert inside(points, bow) == [False, False, True, True]
    assert inside(points, bow[::-1]) == [False, False, True, True]


def test_boundary_and_corners_are_outside() -> None:
    square = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)]
    points = np.array([[0, 0], [4, 2], [2, 0], [2, 4], [0, 2], [2, 2], [-1, 0], [5, 4]], dtype=float)
    assert inside(points, square) == [False] * 5 + [True, False, False]


def test_degenerate_polygons_hold_nothing() -> None:
    points = np.array([[1.0, 1.0]])
    assert inside(points, [(1.0, 1.0)], [(0.0, 0.0), (2.0, 2.0)], []) == [False]
    assert inside(points, [(0.0, 0.0), (2.0, 2.0), (1.0, 1.0)]) == [False]


def test_each_frame_has_its_own_regions() -> None:
    points = np.array([[1.0, 1.0]] * 4)
    frame = np.array([0, 1, 1, 3])
    vertices = np.array([[0, 0], [3, 0], [0, 3], [5, 5], [6, 5], [5, 6]], dtype=float)
    found = points_in_regions(points, frame, vertices, np.array([0, 3, 6]), np.array([1, 3]))
    assert found.tolist() == [False, True, True, False]


def test_columns_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        points_in_regions(
            np.zeros((2, 2)),
            np.zeros(3, dtype=np.int64),
            np.zeros((0, 2)),
            np.zeros(1, dtype=np.int64),
            np.zeros(0, dtype=np.int64),
        )
