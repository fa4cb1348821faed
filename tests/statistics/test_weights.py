from __future__ import annotations

import numpy as np
import pytest

from poseval.statistics.weights import (
    BLOCKS,
    blocks,
    effective,
    every_sign,
    half_samples,
    leave_outs,
    multinomial,
    random_signs,
)


def test_bootstrap_weights_sum_to_the_units_and_depend_only_on_seed_and_index() -> None:
    weights = multinomial(50, 20, seed=3)
    assert set(weights.sum(axis=1)) == {50}
    assert (weights[:10] == multinomial(50, 10, seed=3)).all()
    assert not (weights == multinomial(50, 20, seed=4)).all()


def test_leave_outs_leave_out_one() -> None:
    assert (leave_outs(4).sum(axis=0) == 3).all()
    assert (np.diag(leave_outs(4)) == 0).all()


def test_blocks_hold_every_unit_once_and_are_of_one_size() -> None:
    group = blocks(1234)
    assert len(group) == 1234
    assert set(np.bincount(group)) <= {19, 20}
    assert (np.diff(group) >= 0).all()


def test_half_samples_are_balanced() -> None:
    """Every block is doubled in half of them, and every two blocks meet as often as not."""
    signs, weights = half_samples()
    assert weights.shape == (2 * BLOCKS, BLOCKS)
    assert set(weights.ravel()) == {0, 2}
    assert (weights.sum(axis=0) == 2 * BLOCKS).all()
    assert (weights[:BLOCKS] + weights[BLOCKS:] == 2).all()
    products = signs.T @ signs
    assert (np.diag(products) == BLOCKS).all()
    assert (products[~np.eye(BLOCKS, dtype=bool)] == -1).all()


def test_every_sign_is_there_once() -> None:
    signs = every_sign(5)
    assert len({tuple(row) for row in signs.tolist()}) == 32
    assert (signs[0] == 1).all()


def test_random_signs_are_fair_and_depend_on_seed_and_stream() -> None:
    signs = random_signs(10, 0, 0)
    assert abs(signs.mean()) < 0.05
    assert (signs == random_signs(10, 0, 0)).all()
    assert not (signs == random_signs(10, 0, 1)).all()
    assert not (signs == random_signs(10, 1, 0)).all()


def test_effective_units() -> None:
    shares = np.array([[0.25, 0.97], [0.25, 0.01], [0.25, 0.01], [0.25, 0.01]])
    assert effective(shares).round(2).tolist() == [4.0, 1.06]
    assert effective(np.zeros((3, 2))).tolist() == [1.0, 1.0]
    assert effective(np.array([[1e-3, 0.0], [1e-3, 0.0]])) == pytest.approx([2.0, 1.0])


def test_each_draw_has_a_stream_of_its_own() -> None:
    """The digits of a result: kind, seed and index name a stream, and nothing else does."""
    for index, row in enumerate(multinomial(9, 3, seed=5)):
        drawn = np.random.default_rng([1, 5, index]).integers(0, 9, 9)
        assert row.tolist() == np.bincount(drawn, minlength=9).tolist()
    drawn = np.random.default_rng([2, 5, 7]).integers(0, 2, (1024, 4))
    assert random_signs(4, 5, 7).tolist() == (1 - 2 * drawn).tolist()
    group = np.repeat(np.arange(BLOCKS), 2)
    assert blocks(2 * BLOCKS, scattered=True).tolist() == np.random.default_rng(3).permutation(group).tolist()


def test_signs_that_all_pairs_share_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        random_signs(5, 0, 0)[0, 0] = 3
