"""When nearly all of a number is lost, from both sides of each bound, in run after run."""

from __future__ import annotations

import math

import pytest

from poseval.decisions.loss import ALONE, LOST, at_worst, loss_from, loss_of, nearly_all_lost
from poseval.results.values import AT_MOST_ONE, ERROR, SHARE, Bounds, Direction, Number


def number(value: float = 0.5, better: str = "higher", bounds: Bounds = SHARE, n: int = 10) -> Number:
    return Number(value, Direction(better), "AP", bounds=bounds, n=n)


@pytest.mark.parametrize(
    ("baseline", "better", "bounds", "loss"),
    [
        (0.5, "higher", SHARE, 0.45),
        (0.0, "higher", SHARE, math.inf),
        (-0.2, "higher", AT_MOST_ONE, math.inf),
        (0.2, "lower", SHARE, 0.72),
        (1.0, "lower", SHARE, math.inf),
        (-1.0, "lower", (-2.0, 3.0), 3.6),
        (0.25, "lower", ERROR, 0.5),
        (0.0, "lower", ERROR, math.inf),
    ],
)
def test_the_drop_that_loses_nearly_all(baseline: float, better: str, bounds: Bounds, loss: float) -> None:
    """Nine tenths of what there is, or of what is left to an upper bound; an error without one, twice it."""
    assert loss_from(baseline, number(better=better, bounds=bounds)) == pytest.approx(loss)


@pytest.mark.parametrize(
    ("baseline", "value", "better", "highest", "lost"),
    [
        (0.0, 0.0, "higher", 1.0, False),  # nothing was there to lose
        (1.0, 10.0, "lower", 11.0, True),  # exactly a tenth of ten is left
        (1.0, 9.9, "lower", 11.0, False),
        (0.0, 0.0, "lower", math.inf, False),
        (0.25, 0.75, "lower", math.inf, True),
        (0.25, 0.749, "lower", math.inf, False),
    ],
)
def test_nearly_all_is_lost_at_the_bound_itself(
    baseline: float, value: float, better: str, highest: float, lost: bool
) -> None:
    assert nearly_all_lost(baseline, value, better, highest) is lost


@pytest.mark.parametrize(
    ("baseline", "better", "bounds", "worst"),
    [
        (0.0, "higher", SHARE, True),
        (1e-9, "higher", SHARE, False),
        (-0.1, "higher", SHARE, True),
        (1.0, "lower", SHARE, True),
        (0.999, "lower", SHARE, False),
        (0.0, "lower", SHARE, False),
        (1.0, "higher", SHARE, False),
        (1e9, "lower", ERROR, False),
        (-1e9, "higher", AT_MOST_ONE, False),
    ],
)
def test_what_is_at_its_worst(baseline: float, better: str, bounds: Bounds, worst: bool) -> None:
    assert at_worst(baseline, number(better=better, bounds=bounds)) is worst


def test_each_run_is_looked_at_by_itself() -> None:
    good, bad = number(0.5), number(0.04)
    assert loss_of(0.5, 10, [good, good]) == ""
    assert loss_of(0.5, 10, [bad]) == f"{LOST}, which no tolerance allows"
    assert loss_of(0.5, 10, [good, bad, good]) == f"{LOST} in run 2 of 3, which no tolerance allows"
    error, large = number(0.1, "lower", ERROR), number(0.31, "lower", ERROR)
    assert loss_of(0.1, 10, [error]) == ""
    assert loss_of(0.1, 10, [error, large]) == f"{LOST} in run 2 of 2, which no tolerance allows"


def test_a_number_that_rests_on_a_tenth_of_what_it_did_is_lost() -> None:
    """The mean error of the found people is good where almost nobody is found."""
    assert loss_of(0.5, 10, [number(n=2)]) == ""
    assert loss_of(0.5, 10, [number(n=1)]) == f"{ALONE}, which no tolerance allows"
    assert loss_of(0.5, 40, [number(n=5), number(n=4)]) == f"{ALONE} in run 2 of 2, which no tolerance allows"
    assert loss_of(0.5, 0, [number(n=0)]) == ""
    assert loss_of(0.5, 10, [number(math.nan, n=0)]) == ""  # undefined numbers fail by themselves
