"""One function writes every number: in percent as papers do, as a fraction, in pixels, or as a count."""

from __future__ import annotations

import math

import pytest

from poseval import metrics
from poseval.results.units import FRACTION, PERCENT, SHOWN_AS, NumberStyle, Unit

SHARE, PIXELS, COUNT = Unit.SHARE, Unit.PIXELS, Unit.COUNT


@pytest.mark.parametrize(
    ("shown_as", "digits", "value", "unit", "text"),
    [
        (PERCENT, 1, 0.7129, SHARE, "71.3"),
        (PERCENT, 2, 0.7129, SHARE, "71.29"),
        (FRACTION, 2, 0.7129, SHARE, "0.7129"),
        (FRACTION, 1, 0.7129, SHARE, "0.713"),
        (PERCENT, 2, 7.129, PIXELS, "7.13"),
        (FRACTION, 2, 7.129, PIXELS, "7.13"),
        (PERCENT, 0, 7.129, PIXELS, "7.1"),
        (FRACTION, 1, 12.0, COUNT, "12"),
        (PERCENT, 2, 12.5, COUNT, "12.5"),
        (PERCENT, 2, math.nan, SHARE, "n/a"),
        (PERCENT, 2, math.inf, SHARE, "inf"),
        (PERCENT, 2, -1e-9, SHARE, "0.00"),
        (PERCENT, 2, -0.003, SHARE, "-0.30"),
    ],
)
def test_a_number_in_its_unit(shown_as: str, digits: int, value: float, unit: Unit, text: str) -> None:
    assert NumberStyle(shown_as, digits).number(value, unit) == text


def test_changes_have_a_sign_and_intervals_two_ends() -> None:
    style = NumberStyle()
    assert style.number(0.005, sign=True) == "+0.50"
    assert style.number(-1e-9, sign=True) == "+0.00"
    assert style.between(-0.01, 0.02, sign=True) == "[-1.00, +2.00]"
    assert style.between(math.nan, math.nan) == "[n/a, n/a]"


def test_a_sentence_names_the_unit() -> None:
    assert NumberStyle().amount(0.005) == "0.50 points"
    assert NumberStyle(FRACTION).amount(0.005) == "0.0050"
    assert NumberStyle().amount(3.0, PIXELS) == "3.00 px"
    assert NumberStyle().caption([SHARE, PIXELS, SHARE]) == "in percent, pixels"
    assert NumberStyle(FRACTION).caption() == "in fractions of 1"


def test_both_ways_say_the_same() -> None:
    assert SHOWN_AS == (PERCENT, FRACTION)
    for value in (0.0, 0.12345, 1.0, -0.4):
        percent, fraction = (float(NumberStyle(way).number(value)) for way in SHOWN_AS)
        assert percent == pytest.approx(100 * fraction)


@pytest.mark.parametrize(
    ("metric", "statistic", "unit"),
    [
        ("oks_ap", "AP", SHARE),
        ("nme(by=outer_eye)", "NME", SHARE),
        ("epe", "EPE", PIXELS),
        ("epe(people=matched,percentiles=90)", "EPE_p90", PIXELS),
        ("epe(people=matched)", "found", SHARE),
        ("clear_mot", "MOTA", SHARE),
        ("clear_mot", "switches", COUNT),
        ("identity", "IDTP", COUNT),
        ("joint_ap", "true_positives", COUNT),
    ],
)
def test_metrics_say_what_they_measure(metric: str, statistic: str, unit: Unit) -> None:
    found = metrics.parse(metric)
    assert found.unit_of(statistic) is unit
    assert unit is not PIXELS or found.bounds_of(statistic) == (0.0, math.inf)
