"""What a significant gate can find: deviations that hide any loss, and how far it is from what is allowed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from poseval.decisions.bounds import require_findable
from poseval.decisions.gate import EXACT, Demands, gate
from poseval.decisions.tolerances import Tolerance
from poseval.decisions.verdict import Check, Verdict
from poseval.errors import UsageError
from poseval.results.units import NumberStyle
from poseval.statistics.noninferiority import State
from poseval.statistics.student import t_quantile
from tests.statistics.ratios import run

FACTOR = stats.norm.ppf(0.95) + stats.norm.ppf(0.8)


def verdict(trainings: tuple[int, int] = (1, 1), loss: float = 0.45, guarded: bool = True) -> Verdict:
    """A gate of two numbers that are allowed a drop of 0.05; the first is not guarded."""
    second = Check("AP", "baseline", 0.5, 0.5, 0.0, 0.05, State.KEEPS_UP, guarded, loss=loss)
    first = replace(second, key="AR", guarded=False, loss=1e-9)
    return Verdict((first, second), True, False, 0.05, 0, 30, "frame", trainings, "sig")


def asked(deviation: float, **more: object) -> None:
    require_findable(verdict(**more), np.array([0.9, deviation]), ["AR", "AP"])  # type: ignore[arg-type]


@pytest.mark.parametrize("trainings", [(1, 1), (2, 3), (4, 1)])
def test_a_deviation_may_hide_what_is_between_the_allowed_and_the_lost(trainings: tuple[int, int]) -> None:
    alone = math.sqrt(1 / trainings[0] + 1 / trainings[1])
    most = (0.45 - 0.05) / (FACTOR * alone)
    asked(0.999 * most, trainings=trainings)
    with pytest.raises(UsageError) as caught:
        asked(1.001 * most, trainings=trainings)
    fault = caught.value.fault
    assert (caught.value.code, fault.where) == ("P865", "seed deviation of AP")
    style = NumberStyle()
    assert fault.wanted == f"less than {style.amount(most, verdict().checks[1].unit)}"
    assert fault.what.startswith(f"is {100 * 1.001 * most:.2f} points, and the baseline is 50.00: not even")


def test_a_deviation_that_hides_exactly_the_loss_is_refused() -> None:
    factor = t_quantile(0.95, math.inf) + t_quantile(0.8, math.inf)
    reached = 0.05 + factor * math.sqrt(2) * 0.125
    for loss in np.nextafter(reached, [-1, 0, 2]):  # the sum may be rounded either way
        hidden = loss <= reached
        if hidden:
            with pytest.raises(UsageError):
                asked(0.125, loss=float(loss))


def test_what_decides_nothing_or_cannot_be_lost_hides_nothing() -> None:
    asked(1e6, guarded=False)
    asked(1e6, loss=math.inf)
    require_findable(verdict(), None, ["AR", "AP"])


def test_a_drop_is_rough_from_twice_what_is_allowed() -> None:
    """The smallest drop that is found lies a fixed amount above what is allowed."""
    rng = np.random.default_rng(0)
    before, now = (run(rng.uniform(0.4, 0.6, 30)) for _ in range(2))

    def power(points: float) -> list[str]:
        demands = Demands((Tolerance("n0", points),), ["n0"], significant=True)
        return [notice.text for notice in gate(now, before, demands).notices if notice.code == "N961"]

    (check,) = gate(now, before, Demands((Tolerance("n0", 1),), ["n0"], significant=True)).guarded
    above = 100 * (check.smallest - check.allowed)
    assert power(1.01 * above) == []
    (text,) = power(0.99 * above)
    assert text.startswith(f"n0: a drop is found with 80 % power from {1.99 * above:.2f} points on, ")
    assert (
        f"more than twice the {0.99 * above:.2f} points allowed; 31 units would be enough (30 are here)"
        in text
    )


def test_an_exact_verdict_has_drawn_nothing_and_replaced_nothing() -> None:
    made = run(np.full(6, 0.5))
    found = gate(made, made, EXACT)
    assert (found.rounds, found.seed, found.look, found.alpha) == (0, None, 0, pytest.approx(0.05))
    assert (found.accepted, found.replaced, found.saved, found.significant) == ("", False, False, False)


def test_a_loss_at_the_smallest_drop_that_is_found_is_not_seen() -> None:
    check = verdict().checks[1]
    found = [replace(check, smallest=smallest, loss=0.4).blind for smallest in (0.399, 0.4, 0.401)]
    assert found == [False, True, True]


def test_a_number_at_its_worst_has_bounds_and_keeps_up() -> None:
    """That nothing can drop below it is a remark, and no reason to leave out its bounds."""
    made = run(np.tile([0.0, 0.5], (20, 1)), names=["AP", "AR"])
    found = gate(made, made, Demands(guard=["AP", "AR"], significant=True))
    for check in found.guarded:
        assert (check.state, check.lower, check.upper, check.p) == (State.KEEPS_UP, 0.0, 0.0, 1.0)
    assert [bool(check.why) for check in found.guarded] == [True, False]
