"""Assignment: optimal where it says so, and the same every time where pairs are equal."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from poseval.poses import Floats
from poseval.tracking.assignment import best_total, best_total_then_cut, greedy, in_row_order
from tests.oracles.trackers import gated


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


def plain_greedy(alike: Floats, floor: float) -> list[int]:
    """The best pair left, again and again; of equal ones the first row's, then the first column's."""
    out = [-1] * len(alike)
    pairs = [(-alike[r, c], r, c) for r in range(len(alike)) for c in range(alike.shape[1])]
    for value, row, column in sorted(pairs):
        if -value >= floor and value < 0 and out[row] < 0 and column not in out:
            out[row] = column
    return out


def plain_rows(alike: Floats, floor: float) -> list[int]:
    """Rows in turn."""
    out: list[int] = []
    for row in alike:
        left = [c for c in range(len(row)) if c not in out and row[c] >= floor and row[c] > 0]
        out.append(max(left, key=lambda c: (row[c], -c), default=-1))
    return out


@pytest.mark.parametrize("floor", [0.0, 0.25, 0.5])
@pytest.mark.parametrize("seed", range(20))
def test_plain_loops_choose_the_same(seed: int, floor: float) -> None:
    rng = np.random.default_rng(seed)
    alike = rng.integers(0, 5, rng.integers(1, 6, 2)) / 4
    assert greedy(alike, floor).tolist() == plain_greedy(alike, floor)
    assert in_row_order(alike, floor).tolist() == plain_rows(alike, floor)
    value = rng.random(alike.shape)
    cut = [-1] * len(alike)
    for row, column in gated(value, alike, floor):
        cut[row] = column
    assert best_total_then_cut(value, alike, floor).tolist() == cut


def test_inputs_stay_as_they_were() -> None:
    alike = np.array([[0.5, 0.4], [0.6, 0.3]])
    for assign in (greedy, in_row_order, best_total):
        assign(alike, 0.1)
    assert alike.tolist() == [[0.5, 0.4], [0.6, 0.3]]


def test_the_gate_alone_decides_where_it_leaves_no_choice() -> None:
    """Values would exchange the two; each row has one column above the gate, so nothing is assigned."""
    alike = np.array([[0.9, 0.1], [0.1, 0.9]])
    value = np.array([[0.0, 9.0], [9.0, 0.0]])
    assert best_total_then_cut(value, alike, 0.3).tolist() == [0, 1]
    # A pair on the gate is no choice, but may stay after an assignment.
    assert best_total_then_cut(value, np.array([[0.3, 0.1], [0.1, 0.3]]), 0.3).tolist() == [-1, -1]
    assert best_total_then_cut(alike, np.array([[0.3, 0.1], [0.1, 0.3]]), 0.3).tolist() == [0, 1]
