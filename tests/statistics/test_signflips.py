from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from poseval.errors import UsageError
from poseval.statistics.signflips import flip_test, least_p, rounds_for, too_rare
from poseval.statistics.weights import random_signs


def by_hand(parts: np.ndarray, one_sided: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """p alone and step-down max-T, by going through all signs in plain loops."""
    parts = parts / np.sqrt((parts**2).sum(axis=0))
    size = (lambda x: x) if one_sided else abs
    seen = [size(column.sum()) for column in parts.T]
    order = sorted(range(len(seen)), key=lambda k: -seen[k])
    signs = list(product((1, -1), repeat=len(parts)))
    flipped = [[size(float(np.dot(s, column))) for column in parts.T] for s in signs]
    raw = [sum(row[k] >= seen[k] - 1e-9 for row in flipped) / len(signs) for k in range(len(seen))]
    adjusted, least = np.zeros(len(seen)), 0.0
    for rank, k in enumerate(order):
        rest = order[rank:]
        p = sum(max(row[j] for j in rest) >= seen[k] - 1e-9 for row in flipped) / len(signs)
        adjusted[k] = least = max(least, p)
    return np.array(raw), adjusted


@pytest.mark.parametrize("one_sided", [False, True])
def test_all_signs_of_few_units_are_gone_through(one_sided: bool) -> None:
    parts = np.random.default_rng(1).normal(0.5, 1, (8, 4))
    found = flip_test(parts, alpha=0.05, rounds=1000, seed=0, one_sided=one_sided)
    raw, adjusted = by_hand(parts, one_sided)
    assert (found.complete, found.rounds) == (True, 256)
    assert found.raw == pytest.approx(raw)
    assert found.adjusted == pytest.approx(adjusted)
    assert (found.error == 0).all()


def test_one_number_is_scipys_permutation_test() -> None:
    x = np.random.default_rng(2).normal(0.4, 1, 11)
    wanted = stats.permutation_test(
        (x,), np.mean, permutation_type="samples", vectorized=True, n_resamples=np.inf
    ).pvalue
    assert flip_test(x[:, None], alpha=0.05, rounds=1000, seed=0).raw[0] == pytest.approx(wanted)


def test_random_flips_come_near_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = np.random.default_rng(3).normal(0.4, 1, (12, 3))
    wanted = flip_test(parts, alpha=0.05, rounds=1000, seed=0)
    monkeypatch.setattr("poseval.statistics.signflips.ENUMERATED", 3)
    found = flip_test(parts, alpha=0.05, rounds=20_000, seed=0)
    assert not found.complete
    assert np.abs(found.raw - wanted.raw).max() < 0.015
    assert (np.abs(found.adjusted - wanted.adjusted) < 4 * found.error + 1e-4).all()


def test_rounds_are_added_where_the_error_could_decide() -> None:
    rng = np.random.default_rng(4)
    far = rng.normal(3, 1, (40, 1))
    assert flip_test(far, alpha=0.05, rounds=1000, seed=0).rounds == 1024
    close = rng.normal(0, 1, (40, 1))
    close += 1.96 * np.sqrt((close**2).sum()) / 40 - close.mean()
    found = flip_test(close, alpha=0.05, rounds=1000, seed=0)
    assert 0.03 < found.raw[0] < 0.07
    assert found.rounds > 1024


def test_a_number_with_gaps_has_no_p_and_disturbs_no_other() -> None:
    parts = np.random.default_rng(5).normal(1, 1, (9, 2))
    alone = flip_test(parts[:, :1], alpha=0.05, rounds=1000, seed=0)
    parts[3, 1] = np.nan
    found = flip_test(parts, alpha=0.05, rounds=1000, seed=0)
    assert np.isnan(found.raw[1])
    assert np.isnan(found.adjusted[1])
    assert found.adjusted[0] == alone.adjusted[0]


def test_equal_systems_have_p_1() -> None:
    assert flip_test(np.zeros((30, 2)), alpha=0.05, rounds=1000, seed=0).adjusted.tolist() == [1, 1]


def test_the_least_p() -> None:
    assert least_p(5) == 2 / 32
    found = flip_test(np.ones((5, 1)), alpha=0.05, rounds=1000, seed=0)
    assert found.raw[0] == least_p(5)


def test_resolution_comes_first() -> None:
    assert rounds_for(1, 0.05) == 1000
    assert rounds_for(80, 0.05) == 32_000
    assert rounds_for(80, 0.05, 40_000) == 40_000
    assert rounds_for(80, 0.05, 32_000) == 32_000
    with pytest.raises(UsageError):
        rounds_for(80, 0.05, 31_999)
    with pytest.raises(UsageError, match="m = 80 tests") as caught:
        rounds_for(80, 0.05, 1000)
    assert caught.value.code == "P167"


def test_no_more_flips_are_asked_for_than_patience_lasts_for() -> None:
    """Twenty systems of 80 numbers asked for six million, and a late look of a ledger for a hundred."""
    assert rounds_for(80 * 190, 0.05) == 1_000_000
    assert rounds_for(80 * 190, 0.05, 1_000_000) == 1_000_000
    assert not too_rare(60, 2e-5)
    assert too_rare(60, 1.9e-5)
    assert not too_rare(12, 1 / 4096)
    assert too_rare(12, 1 / 4097)


def test_the_family_keeps_its_level_where_numbers_move_together() -> None:
    """Any false alarm among ten numbers with a common part: at most the level, and not far below it."""
    rng = np.random.default_rng(6)
    alarms = 0
    for _ in range(1000):
        parts = rng.normal(size=(11, 1)) + 0.7 * rng.normal(size=(11, 10))
        alarms += bool((flip_test(parts, alpha=0.05, rounds=1000, seed=0).adjusted <= 0.05).any())
    assert 0.025 <= alarms / 1000 <= 0.07


def test_random_flips_begin_with_the_first_stream() -> None:
    """The digits of p depend on the seed alone: 1,024 flips, and the signs as they are."""
    x = np.random.default_rng(0).normal(0.6, 1, 30)
    found = flip_test(x[:, None], alpha=0.05, rounds=1000, seed=3)
    flipped = np.abs(random_signs(30, 3, 0) @ x)
    assert found.rounds == 1024
    assert found.raw[0] == pytest.approx(((flipped >= abs(x.sum()) - 1e-9).sum() + 1) / 1025)


def test_a_sum_below_zero_is_as_likely_as_its_signs_say() -> None:
    """One-sided: the signs as they are reach the sum themselves, whatever it is."""
    parts = np.random.default_rng(1).normal(-0.5, 1, (8, 3))
    assert (parts.sum(axis=0) < 0).any()
    found = flip_test(parts, alpha=0.05, rounds=1000, seed=0, one_sided=True)
    raw, adjusted = by_hand(parts, one_sided=True)
    assert found.raw == pytest.approx(raw)
    assert found.adjusted == pytest.approx(adjusted)


def test_twelve_groups_are_gone_through_and_thirteen_are_drawn() -> None:
    rng = np.random.default_rng(0)
    found = [flip_test(rng.normal(2, 1, (n, 1)), alpha=0.05, rounds=1000, seed=0) for n in (12, 13)]
    assert [(test.complete, test.rounds) for test in found] == [(True, 4096), (False, 1024)]


def test_streams_follow_one_another_until_there_are_as_many_as_asked_for() -> None:
    x = np.random.default_rng(0).normal(0.6, 1, 30)
    for rounds, streams in ((1024, 1), (1025, 2), (3000, 3)):
        found = flip_test(x[:, None], alpha=0.9, rounds=rounds, seed=3)
        signs = np.concatenate([random_signs(30, 3, stream) for stream in range(streams)])
        above = (np.abs(signs @ x) >= abs(x.sum()) - 1e-9).sum()
        assert found.rounds == 1024 * streams
        assert found.raw[0] == pytest.approx((above + 1) / (1024 * streams + 1))


def test_part_of_a_flip_is_a_whole_one() -> None:
    assert rounds_for(100, 0.03) == 66_667
