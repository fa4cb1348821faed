"""Assignments equal SciPy's to the choice among equals, which published numbers depend on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from poseval.kernels.tracking import assign

seeds = st.integers(0, 2**32 - 1)


def by_scipy(cost: np.ndarray) -> list[int]:
    out = np.full(len(cost), -1)
    rows, columns = linear_sum_assignment(cost)
    out[rows] = columns
    return out.tolist()


@settings(max_examples=600, deadline=None)
@given(seeds, st.integers(0, 12), st.integers(0, 12), st.integers(1, 4))
def test_ties_of_small_integers_are_broken_alike(seed: int, rows: int, columns: int, levels: int) -> None:
    cost = np.random.default_rng(seed).integers(0, levels, (rows, columns)).astype(float)
    assert assign(cost).tolist() == by_scipy(cost)


@settings(max_examples=200, deadline=None)
@given(seeds, st.integers(1, 30), st.integers(1, 30))
def test_real_costs(seed: int, rows: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    cost = np.round(rng.normal(0, 100, (rows, columns)), rng.integers(0, 12))
    assert assign(cost).tolist() == by_scipy(cost)


@settings(max_examples=300, deadline=None)
@given(seeds, st.integers(1, 8), st.integers(1, 8))
def test_an_infinite_cost_forbids_a_pair(seed: int, rows: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    cost = rng.integers(0, 3, (rows, columns)).astype(float)
    cost[rng.random(cost.shape) < rng.choice([0.2, 0.5])] = np.inf
    try:
        wanted = by_scipy(cost)
    except ValueError:  # infeasible
        with pytest.raises(ValueError, match="no assignment of finite cost"):
            assign(cost)
    else:
        assert assign(cost).tolist() == wanted


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_costs_that_are_no_costs_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="no assignment"):
        assign(np.full((2, 3), value))


def test_equal_costs_give_the_diagonal() -> None:
    assert assign(np.zeros((3, 5))).tolist() == [0, 1, 2]
    assert assign(np.zeros((5, 3))).tolist() == [0, 1, 2, -1, -1]


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nothing_to_assign(shape: tuple[int, int]) -> None:
    assert assign(np.zeros(shape)).tolist() == [-1] * shape[0]


def test_large_and_far_apart() -> None:
    rng = np.random.default_rng(1)
    for shape in ((150, 220), (220, 150)):
        cost = rng.integers(0, 20, shape) * 1e9
        assert assign(cost).tolist() == by_scipy(cost)
