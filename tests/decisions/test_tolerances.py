"""Tolerances that let everything pass, and the advice that goes with them."""

from __future__ import annotations

import math

import pytest

from poseval.decisions.tolerances import Tolerance, require_failable
from poseval.errors import UsageError
from poseval.results.units import FRACTION, NumberStyle, Unit
from poseval.results.values import SHARE, Bounds, Direction, Number, Summary

STYLE = NumberStyle()


def numbers(*keys: str, bounds: Bounds = SHARE, unit: Unit = Unit.SHARE, better: str = "higher") -> Summary:
    return {key: Number(0.5, Direction(better), key, bounds=bounds, unit=unit) for key in keys}


def refused(text: str, baseline: float, known: Summary, style: NumberStyle = STYLE) -> tuple[str, str, str]:
    with pytest.raises(UsageError) as caught:
        require_failable([Tolerance.parse(text)], dict.fromkeys(known, baseline), known, style)
    fault = caught.value.fault
    assert caught.value.code == "P810"
    return fault.where, fault.what, fault.hint or ""


def test_the_advice_is_a_twentieth_of_what_there_can_be_where_that_fails() -> None:
    where, what, hint = refused("AP=50", 0.5, numbers("AP"))
    assert where == "tolerance of AP"
    assert what == "is 50, and the number lies between 0 and 100, and is 50.00 in the baseline"
    assert hint == "write AP=5 (as tables show it), or AP=5rel% (of the baseline's value)"
    where, what, hint = refused("A*=0.5", 0.5, numbers("AP"), NumberStyle(FRACTION))
    assert where == "tolerance of A*"
    assert what == "is 0.5, and the number lies between 0 and 1, and is 0.5000 in the baseline"
    assert hint.startswith("write A*=0.05 (as tables show it), or A*=5rel%")


def test_a_twentieth_that_would_let_everything_pass_is_not_advised() -> None:
    """Of 2.00 nine tenths are 1.8 points; of bounds without an end there is no twentieth."""
    assert refused("AP=10", 0.02, numbers("AP"))[2] == "write AP=5rel% (of the baseline's value)"
    _, what, hint = refused("AP=99rel%", 0.5, numbers("AP", bounds=(-math.inf, 1.0)))
    assert what == "is 99rel%, and the number lies between -inf and 100, and is 50.00 in the baseline"
    assert hint == "write AP=5rel% (of the baseline's value)"


def test_bounds_need_not_begin_at_nothing() -> None:
    """Scores from -1 to 3 pixels: a twentieth of 4 is 0.2, and all there can be is 4."""
    known = numbers("EPE", bounds=(-1.0, 3.0), unit=Unit.PIXELS, better="lower")
    assert refused("EPE=4", 2.9, known)[2].startswith("write EPE=5rel%")
    assert refused("EPE=4", 0.0, known)[2].startswith("write EPE=0.2 (as tables show it)")
    assert require_failable([Tolerance.parse("EPE=2.6")], {"EPE": 0.0}, known, STYLE) == []


@pytest.mark.parametrize(("text", "nothing"), [("AP=45", True), ("AP=44.9", False), ("AP=90rel%", True)])
def test_an_amount_of_nearly_all_itself_lets_it_be_lost(text: str, nothing: bool) -> None:
    (known,) = numbers("AP").values()
    assert Tolerance.parse(text).fails_nothing("AP", 0.5, known, STYLE) is nothing


@pytest.mark.parametrize(
    ("lost", "named"),
    [
        (1, "k0 (1.00)"),
        (3, "k0 (1.00), k1 (1.00), k2 (1.00)"),
        (4, "k0 (1.00), k1 (1.00), k2 (1.00) and 1 more"),
    ],
)
def test_numbers_that_would_be_lost_are_named_three_at_a_time(lost: int, named: str) -> None:
    known = numbers(*(f"k{place}" for place in range(lost)), "AP", "none")
    before = dict.fromkeys(known, 0.01) | {"AP": 0.5, "none": math.nan}
    (notice,) = require_failable([Tolerance.parse("*=5")], before, known, STYLE)
    assert (notice.code, notice.count) == ("N498", lost)
    assert notice.text == f"tolerance *=5 lets nearly all be lost of {named}: their loss would not fail"


def test_numbers_that_the_baseline_lacks_lose_nothing() -> None:
    known = numbers("AP", "AR")
    before = {"AP": math.nan, "AR": 0.5}
    assert require_failable([Tolerance.parse("AP=100")], before, known, STYLE) == []
    with pytest.raises(UsageError) as caught:
        require_failable([Tolerance.parse("*=100")], before, known, STYLE)
    assert caught.value.code == "P810"
