"""The sort of NumPy before 1.25, against NumPy itself without vector instructions."""

from __future__ import annotations

import numpy as np
import pytest

from poseval.compat.official.posetrack_poses import numpy_orders
from poseval.metrics import official_ties, parse
from poseval.metrics.official_ties import argsort
from tests.properties import worlds
from tests.properties.worlds import World


def killer(size: int) -> list[float]:
    """Numbers that medians of three split as unevenly as can be, so that the heap takes over."""
    half, out = size // 2, [0.0] * size
    for place in range(1, half + 1):
        if place % 2:
            out[place - 1], out[place] = place, half + place
        out[half + place - 1] = 2 * place
    return out


def arrays() -> list[list[float]]:
    rng = np.random.default_rng(0)
    out = [
        rng.integers(0, k, n).tolist()
        for k in (1, 2, 5, 100, 10**6)
        for n in (0, 1, 15, 16, 17, 18, 300, 3000)
    ]
    out += [sorted(one) for one in out] + [sorted(one, reverse=True) for one in out]
    return out + [killer(n) for n in (200, 1000, 4000)]


def test_every_order_is_that_of_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    given = arrays()
    wanted = numpy_orders(given)
    assert [argsort(np.array(one, dtype=float)).tolist() for one in given] == wanted
    monkeypatch.setattr(official_ties, "SMALL", 17)
    assert [argsort(np.array(one, dtype=float)).tolist() for one in given] != wanted


def test_arrays_reach_the_heap(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(official_ties, "_as_heap", lambda *given: calls.append(given))
    for one in arrays():
        argsort(np.array(one, dtype=float))
    assert calls


def test_ap_lies_between_the_bounds_and_needs_ties_to_differ() -> None:
    official, later = parse("joint_ap(ties=official)"), parse("joint_ap(ties=later_first)")
    apart = 0
    for seed in range(20):
        world = worlds.crowds(seed)
        assert official.reduce(official.tally(world.aligned())).get("AP") == pytest.approx(
            later.reduce(later.tally(world.aligned())).get("AP"), abs=1e-12
        )
        people = world.predictions.people
        score = np.full_like(people.joint_score, 0.5)
        tied = World(
            world.truth, worlds.replace(world.predictions, people=people.with_columns(joint_score=score))
        )
        found, other = (m.reduce(m.tally(tied.aligned())) for m in (official, later))
        assert found.get("AP_low") - 1e-12 <= found.get("AP") <= found.get("AP_high") + 1e-12
        apart += found.get("AP") != other.get("AP")
    assert apart
