from __future__ import annotations

import numpy as np
import pytest

from poseval.statistics.multiplicity import holm, over_pairs, primary_first


def test_holm_against_a_hand_computed_example() -> None:
    adjusted = holm(np.array([0.01, 0.04, np.nan, 0.03, 0.005]))
    assert adjusted[:2] == pytest.approx([0.03, 0.06])
    assert np.isnan(adjusted[2])
    assert adjusted[3:] == pytest.approx([0.06, 0.02])


def test_one_number_of_several_pairs_is_holms() -> None:
    p = np.array([0.01, 0.04, 0.03, 0.005])
    assert np.concatenate(over_pairs([p[[i]] for i in range(4)])) == pytest.approx(holm(p))


def test_a_pair_with_open_numbers_passes_nothing_on() -> None:
    found = over_pairs([np.array([0.001, 0.9]), np.array([0.02, 0.03])])
    assert found[1] == pytest.approx([0.04, 0.06])
    assert found[0] == pytest.approx([0.002, 0.9])
    found = over_pairs([np.array([0.001, 0.002]), np.array([0.02, 0.03])])
    assert found[1] == pytest.approx([0.02, 0.03])


def test_the_primary_number_has_nine_tenths_of_alpha() -> None:
    first, rest = primary_first(0.04, np.array([0.001, 0.02, 0.5]))
    assert first == pytest.approx(0.04 / 0.9)
    assert rest == pytest.approx([0.01, 0.04 / 0.9, 0.5])
    first, rest = primary_first(0.5, np.array([0.001, 0.02]))
    assert rest == pytest.approx([0.01, 0.2])


@pytest.mark.parametrize("seed", range(3))
def test_false_alarms_stay_at_the_level_when_some_numbers_differ(seed: int) -> None:
    """Two pairs of three independent numbers, one of which differs in the first pair."""
    rng = np.random.default_rng(seed)
    alarms = 0
    for _ in range(2000):
        p = rng.random((2, 3))
        p[0, 1] = 1e-6
        bonferroni = np.minimum(p * 3, 1)
        adjusted = [
            np.concatenate([[f], r]) for f, r in (primary_first(q[0], np.minimum(q[1:] * 2, 1)) for q in p)
        ]
        alarms += any((a[[0, 2]] <= 0.05).any() for a in over_pairs(adjusted)[:1])
        alarms += bool((over_pairs(adjusted)[1] <= 0.05).any())
        assert bonferroni.shape == (2, 3)
    assert alarms / 2000 <= 0.065


def test_an_undefined_number_of_a_pair_does_not_hold_it_up() -> None:
    found = over_pairs([np.array([0.001, np.nan]), np.array([0.02])])
    assert found[0][0] == pytest.approx(0.002)
    assert found[1] == pytest.approx([0.02])
