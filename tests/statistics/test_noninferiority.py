"""Bounds of a drop: never beyond what two values can differ by."""

from __future__ import annotations

import pytest
from scipy import stats

from poseval.statistics.noninferiority import bounded

HALF = stats.t.ppf(0.95, 9) * 0.1


@pytest.mark.parametrize(
    ("drop", "widest", "lower", "upper"),
    [
        (0.0, 1.0, -HALF, HALF),
        (0.9, 1.0, 0.9 - HALF, 1.0),
        (-0.9, 1.0, -1.0, -0.9 + HALF),
        (0.0, 0.1, -0.1, 0.1),
        (0.9, None, 0.9 - HALF, 0.9 + HALF),
    ],
)
def test_bounds_lie_within_what_can_be(drop: float, widest: float | None, lower: float, upper: float) -> None:
    more = {} if widest is None else {"widest": widest}
    found = bounded(drop, 0.01, units_variance=0.01, error=0.1, freedom=9, units=10, alpha=0.05, **more)
    assert (found.drop, found.lower, found.upper) == (drop, pytest.approx(lower), pytest.approx(upper))
