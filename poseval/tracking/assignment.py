"""Assignment of rows to tracks, with ties decided the same way every time."""

from __future__ import annotations

import numpy as np

from poseval.poses import Floats, Ints

NOBODY = -1


def greedy(alike: Floats, floor: float) -> Ints:
    """Greedy, most similar pair first: column [n] of each row of `alike` [n, m], NOBODY if none is left.

    Pairs below `floor` or of similarity 0 are never made. Equal pairs are taken in the order of rows, then of
    columns.
    """
    rows, columns = np.nonzero((alike >= floor) & (alike > 0))
    order = np.argsort(-alike[rows, columns], kind="stable")
    match = np.full(alike.shape[0], NOBODY, dtype=np.int64)
    taken: set[int] = set()
    done: set[int] = set()
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if row not in done and column not in taken:
            match[row] = column
            done.add(row)
            taken.add(column)
    return match


def in_row_order(alike: Floats, floor: float) -> Ints:
    """Each row in turn takes the most similar column that is left (mmpose's tracker); ties: first column."""
    match = np.full(alike.shape[0], NOBODY, dtype=np.int64)
    if not alike.shape[1]:
        return match
    left = alike.copy()
    for row in range(len(match)):
        column = int(left[row].argmax())
        if left[row, column] >= floor and left[row, column] > 0:
            match[row] = column
            left[:, column] = -np.inf
    return match


def best_total(alike: Floats, floor: float) -> Ints:
    """The assignment with the largest total of (similarity - floor), without pairs below `floor`.

    An unassigned row costs nothing, so a pair below `floor` never displaces a good one. This is the optimum
    of an assignment with a cost limit.
    """
    match = np.full(alike.shape[0], NOBODY, dtype=np.int64)
    if alike.size:
        from scipy.optimize import linear_sum_assignment

        rows, columns = linear_sum_assignment(np.maximum(alike - floor, 0.0), maximize=True)
        fit = (alike[rows, columns] >= floor) & (alike[rows, columns] > 0)
        match[rows[fit]] = columns[fit]
    return match


def best_total_then_cut(value: Floats, alike: Floats, floor: float) -> Ints:
    """The assignment with the largest total of `value`, from which pairs with `alike` < floor are removed.

    The order of SORT and OC-SORT: the gate comes after the assignment. Like their code it skips the
    assignment where the gate alone leaves no choice.
    """
    match = np.full(alike.shape[0], NOBODY, dtype=np.int64)
    fit = alike > floor
    if fit.any() and fit.sum(axis=0).max() == 1 and fit.sum(axis=1).max() == 1:
        rows, columns = np.nonzero(fit)
        match[rows] = columns
    elif alike.size:
        from scipy.optimize import linear_sum_assignment

        rows, columns = linear_sum_assignment(value, maximize=True)
        fit = alike[rows, columns] >= floor
        match[rows[fit]] = columns[fit]
    return match
