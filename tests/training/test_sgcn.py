"""The graph network learns to tell poses apart."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from poseval.errors import UsageError
from poseval.models.networks.sgcn import SGCN
from poseval.training.sgcn import Schedule, separation, train_sgcn

pytestmark = pytest.mark.models

QUICK = Schedule(epochs=6, steps=(4,), batches=40)


def pairs(seed: int) -> tuple[np.ndarray, ...]:
    """Poses of forty people; the second of a pair is the first with jitter, or another person."""
    rng = np.random.default_rng(seed)
    people = rng.uniform(0, 150, (40, 15, 2))
    who = rng.integers(0, 40, 400)
    other = (who + rng.integers(1, 40, 400)) % 40
    same = rng.random(400) < 0.5
    second = people[np.where(same, who, other)] + rng.normal(0, 4, (400, 15, 2))
    hard = rng.random(400) < 0.3
    return np.trunc(people[who]), np.trunc(second), same, hard


def test_training_separates_people() -> None:
    losses: list[float] = []
    model = train_sgcn(*pairs(0), QUICK, progress=lambda epoch, loss: losses.append(loss))
    assert len(losses) == 6
    assert losses[-1] < 0.5 * losses[0]
    first, second, same, _ = pairs(1)
    kept, parted = separation(model, first, second, same, limit=0.5)
    assert (kept + parted) / 2 > 0.8  # on people it never saw
    assert separation(SGCN().eval(), first, second, same, limit=0.5) == (1.0, 0.0)  # untrained: all alike
    assert not model.training


def test_a_seed_repeats_its_network() -> None:
    brief = Schedule(epochs=1, batches=3)
    one, two, three = (train_sgcn(*pairs(0), brief, seed=seed).state_dict() for seed in (4, 4, 5))
    assert all(np.array_equal(one[key], two[key]) for key in one)
    assert not np.array_equal(one["fcn.weight"], three["fcn.weight"])


@pytest.mark.parametrize("kind", [True, False])
def test_both_kinds_of_pair_are_needed(kind: bool) -> None:
    first, second, same, hard = pairs(0)
    with pytest.raises(UsageError, match="of both kinds") as caught:
        train_sgcn(first, second, np.full(len(same), kind), hard, QUICK)
    assert caught.value.code == "P166"


@pytest.mark.parametrize("hard", [True, False])
def test_pairs_that_are_all_hard_or_all_easy_will_do(hard: bool) -> None:
    first, second, same, _ = pairs(0)
    train_sgcn(first, second, same, np.full(len(same), hard), Schedule(epochs=1, batches=2))
