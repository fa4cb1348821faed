"""Assignment: optimal where it says so, and the same every time where pairs are equal."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from poseval.poses import Floats
from poseval.tracking.assignment import best_total, best_total_then_cut, greedy, in_row_order


def brute_total(alike: Floats, floor: float) -> float:
    """Largest total of (similarity - floor) over all assignments, by trying them."""
    rows, columns = alike.shape
    padded = np.full((rows, columns + rows), floor)
    padded[:, :columns] = np.maximum(alike, floor)
    return max(
        sum(padded[row, column] - floor for row, column in enumerate(order))
        for order in permutations(range(columns + rows), rows)
    )


@pytest.mark.parametrize("seed", range(20))
def test_best_total_is_optimal(seed: int) -> None:
    rng = np.random.default_rng(seed)
    alike = rng.random((rng.integers(1, 4), rng.integers(1, 4)))
    match = best_total(alike, 0.4)
    found = sum(alike[row, column] - 0.4 for row, column in enumerate(match) if column >= 0)
    assert found == pytest.approx(brute_total(alike, 0.4), abs=1e-12)
    assert len(set(match[match >= 0].tolist())) == (match >= 0).sum()


def test_a_hopeless_pair_does_not_push_good_ones_apart() -> None:
    # Without the gate inside, 0.29 + 0.29 beats 0.5 alone, and the cut then leaves nothing.
    alike = np.array([[0.5, 0.29], [0.29, 0.0]])
    assert best_total(alike, 0.3).tolist() == [0, -1]


def test_greedy_takes_the_best_pair_first() -> None:
    alike = np.array([[0.8, 0.7], [0.9, 0.1]])
    assert greedy(alike, 0.3).tolist() == [1, 0]
    assert in_row_order(alike, 0.3).tolist() == [0, -1]


def test_ties_go_to_the_first_row_then_the_first_column() -> None:
    alike = np.full((2, 3), 0.6)
    assert greedy(alike, 0.3).tolist() == [0, 1]
    assert in_row_order(alike, 0.3).tolist() == [0, 1]


def test_pairs_below_the_floor_never_meet() -> None:
    alike = np.array([[0.29, 0.0], [0.0, 0.3]])
    for assign in (greedy, in_row_order, best_total):
        assert assign(alike, 0.3).tolist() == [-1, 1]
    assert best_total_then_cut(alike, alike, 0.3).tolist() == [-1, 1]


def test_nothing_in_common_never_meets_even_without_a_floor() -> None:
    alike = np.zeros((2, 2))
    for assign in (greedy, in_row_order, best_total):
        assert assign(alike, 0.0).tolist() == [-1, -1]


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_empty_sides(shape: tuple[int, int]) -> None:
    alike = np.zeros(shape)
    for assign in (greedy, in_row_order, best_total):
        assert assign(alike, 0.3).tolist() == [-1] * shape[0]
    assert best_total_then_cut(alike, alike, 0.3).tolist() == [-1] * shape[0]


def test_the_value_decides_and_the_similarity_gates() -> None:
    alike = np.array([[0.6, 0.5], [0.5, 0.4]])
    value = alike + np.array([[0.0, 0.5], [0.5, 0.0]])
    assert best_total_then_cut(value, alike, 0.3).tolist() == [1, 0]
    assert best_total_then_cut(value, alike, 0.55).tolist() == [0, -1]
