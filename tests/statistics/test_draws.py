"""Numbers under many weight vectors: their order, what is absent, and executors."""

from __future__ import annotations

import math
from concurrent.futures import Executor, ThreadPoolExecutor

import numpy as np
import pytest

from poseval.poses import Ints
from poseval.results.values import Direction, Number, Summary
from poseval.statistics.draws import CHUNK, draw

KEYS = ("AP", "median", "absent")


def summarise(weights: Ints) -> list[Summary]:
    """The sum of the weights, and a number that leaving out units does not show."""
    return [
        Summary(
            {
                "AP": Number(float(weight @ [1, 10, 100]), Direction.HIGHER, "AP", n=int(weight.sum())),
                "median": Number(
                    float(weight[0]), Direction.HIGHER, "median", n=int(weight[1]), smooth=False
                ),
            }
        )
        for weight in weights
    ]


@pytest.mark.parametrize("count", [1, CHUNK, 2 * CHUNK + 1])
@pytest.mark.parametrize("threads", [0, 2])
def test_rows_are_those_of_the_weights_in_order(count: int, threads: int) -> None:
    weights = np.random.default_rng(count).integers(0, 9, (count, 3))
    executor: Executor | None = ThreadPoolExecutor(threads) if threads else None
    found = draw(summarise, weights, KEYS, executor)
    assert found.keys == KEYS
    assert found.values[:, 0].tolist() == (weights @ [1, 10, 100]).tolist()
    assert found.values[:, 1].tolist() == weights[:, 0].tolist()
    assert np.isnan(found.values[:, 2]).all()
    assert found.n.tolist() == np.stack([weights.sum(axis=1), weights[:, 1], 0 * weights[:, 0]], 1).tolist()
    assert found.smooth == (True, False, True)
    assert (found.values.dtype, found.n.dtype) == (np.float64, np.int64)


def test_no_weights_give_no_rows() -> None:
    found = draw(summarise, np.zeros((0, 3), dtype=np.int64), KEYS)
    assert (found.values.shape, found.n.shape) == ((0, 3), (0, 3))
    assert found.smooth == (True, True, True)


def test_weights_are_reduced_a_few_at_a_time() -> None:
    seen = []

    def count(weights: Ints) -> list[Summary]:
        seen.append(len(weights))
        return summarise(weights)

    assert not math.isnan(draw(count, np.ones((CHUNK + 3, 3), dtype=np.int64), KEYS).values[-1, 0])
    assert sorted(seen) == [3, CHUNK]


def test_values_differ_by_the_width_of_their_bounds_at_most() -> None:
    """Bounds from -3 to 2 are 5 apart; shares are 1 apart, and what nothing bounds without end."""
    bounds = {"shifted": (-3.0, 2.0), "share": (0.0, 1.0), "error": (0.0, math.inf)}

    def bounded(weights: Ints) -> list[Summary]:
        row = {key: Number(0.5, Direction.HIGHER, key, bounds=pair) for key, pair in bounds.items()}
        return [row for _ in weights]

    assert draw(bounded, np.ones((2, 3), dtype=np.int64), list(bounds)).widest == (5.0, 1.0, math.inf)
    assert draw(bounded, np.ones((0, 3), dtype=np.int64), list(bounds)).widest == (math.inf,) * 3
