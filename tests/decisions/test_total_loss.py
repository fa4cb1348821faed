"""A destroyed model fails the gate, whatever is asked of it."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poseval.decisions.gate import Demands, gate
from poseval.decisions.loss import LEFT, TIMES, nearly_all_lost
from poseval.decisions.tolerances import Tolerance
from poseval.errors import UsageError
from poseval.statistics.noninferiority import State
from poseval.statistics.training import deviations
from tests.statistics.ratios import run

NAMES = ["n0", "n1", "error"]
LEVELS = [95, "95", "95%", 0.95, "50", 0.9999, "99.99%", "1", "101", "-95", "inf", "nan", "", "0", 0.0, True]
AMOUNTS = ["0", "0.5", "1", "100", "1e6", "1e308", "-1", "nan", "inf"]
KINDS = ["", "pt", "rel%", "%"]
SHOWN = ["percent", "fraction"]


@st.composite
def demands(draw: st.DrawFn) -> Demands:
    """Options as people may give them; many are refused."""
    patterns = st.sampled_from([*NAMES, "*", "n*", "n0,error"])
    names = st.sampled_from([*NAMES, "*", "n*"])
    drops = draw(st.lists(st.tuples(names, st.sampled_from(AMOUNTS), st.sampled_from(KINDS)), max_size=3))
    return Demands(
        [Tolerance.parse(f"{name}={amount}{kind}") for name, amount, kind in drops],
        draw(st.lists(patterns, max_size=2)),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.sampled_from(LEVELS)),
        draw(st.sampled_from([None, 1, 2, 18, 1000, 10_000])),
        draw(st.sampled_from([0, 7, -1, 2**40])),
        deviations(draw(st.sampled_from([None, 0.0, 0.01, 1e6, 1e200, math.nan]))),
        draw(st.sampled_from([0, 1, 1000])),
        draw(st.sampled_from(SHOWN)),
    )


def destroyed(units: int, left: float, names: list[str], rng: np.random.Generator) -> tuple:
    """A run that has `left` of each share, and an error that is that many times larger; and its baseline."""
    before = rng.uniform(0.4, 0.9, (units, len(names)))
    factor = [left if name != "error" else 1 / max(left, 1e-9) for name in names]
    return run(before * factor, names=names), run(before, names=names)


@settings(max_examples=400, deadline=None)
@given(
    data=st.data(),
    units=st.sampled_from([2, 3, 5, 12, 40, 70]),
    left=st.sampled_from([0.0, 0.02, 0.09]),
    primary=st.sampled_from(["n0", "error"]),
    several=st.booleans(),
)
def test_no_accepted_combination_lets_it_pass(
    data: st.DataObject, units: int, left: float, primary: str, several: bool
) -> None:
    names = [primary, *(name for name in NAMES if name != primary)]
    now, before = destroyed(units, left, names, np.random.default_rng(units))
    try:
        asked = data.draw(demands())
        verdict = gate([now, now], [before, before], asked) if several else gate(now, before, asked)
    except UsageError:
        return
    assert not verdict.passed
    assert not verdict.keeps_up


@pytest.mark.parametrize("units", [5, 12])
def test_every_accepted_combination_of_values(units: int) -> None:
    """None is left to chance, and most of them are accepted."""
    now, before = destroyed(units, 0.05, NAMES, np.random.default_rng(units))
    tolerances = [[], ["n0=50"], ["n0=0.5"], ["n0=50pt"], ["*=89rel%"], ["n1=88rel%"], ["error=150rel%"]]
    tolerances += [["n0=99"], ["*=99.9rel%"], ["error=1e6"]]
    guards, levels, resamples = [[], ["*"], ["n1"]], [50, "95%", 0.9999], [None, 10_000]
    asked = product(tolerances, guards, [False, True], [False, True], levels, resamples, SHOWN)
    tried, codes = 0, set()
    accepted = 0
    for drops, guard, significant, keep, level, count, shown_as in asked:
        tried += 1
        allowed = [Tolerance.parse(text) for text in drops]
        try:
            wanted = Demands(allowed, guard, significant, keep, level, count, shown_as=shown_as)
            found = gate(now, before, wanted)
        except UsageError as error:
            codes.add(error.code)
            continue
        accepted += 1
        assert not found.passed, wanted
    assert codes <= {"P167", "P810"}
    assert accepted > tried / 2


@pytest.mark.parametrize("significant", [False, True])
def test_four_units_and_a_tolerance_of_everything(significant: bool) -> None:
    """Too few units for a verdict, and a tolerance that allows nearly all: both let it pass."""
    now, before = destroyed(4, 0.0, NAMES, np.random.default_rng(0))
    asked = Demands([Tolerance.parse("*=85rel%")], ["n1"], significant=significant)
    verdict = gate(now, before, asked)
    assert "n0" in [check.key for check in verdict.failed if check.state is State.FAILS]


def test_what_is_undefined_in_the_baseline_does_not_pass_in_silence() -> None:
    bottom = np.ones((20, 2), dtype=np.int64)
    bottom[:, 1] = 0
    made = run(np.full((20, 2), 0.5) * bottom, bottom)
    for significant in (False, True):
        with pytest.raises(UsageError, match="undefined in the baseline: n1") as caught:
            gate(made, made, Demands(guard=["n1"], significant=significant))
        assert caught.value.code == "P100"
        text = gate(made, made, Demands(guard=["*"], significant=significant)).to_text()
        assert "not tested: n1 (undefined in the baseline)" in text.splitlines()[-1]


@pytest.mark.parametrize(
    ("baseline", "value", "better", "highest", "lost"),
    [
        (0.5, 0.5 * LEFT, "higher", 1.0, True),
        (0.5, 0.06, "higher", 1.0, False),
        (-0.2, -0.9, "higher", 1.0, False),
        (0.1, 1 - 0.9 * LEFT, "lower", 1.0, True),
        (0.1, 0.8, "lower", 1.0, False),
        (0.04, 0.04 * TIMES, "lower", math.inf, True),
        (0.04, 0.1, "lower", math.inf, False),
        (0.5, 0.75, "lower", 3.0, False),
        (1.0, 10.0, "lower", 11.0, True),
        (-1.0, 2.9, "lower", 3.0, True),
        (3.0, 3.0, "lower", 3.0, False),
        (0.0, 0.1, "lower", math.inf, False),
        (0.5, math.nan, "higher", 1.0, False),
        (math.nan, 0.0, "higher", 1.0, False),
    ],
)
def test_what_counts_as_nearly_all(
    baseline: float, value: float, better: str, highest: float, lost: bool
) -> None:
    assert nearly_all_lost(baseline, value, better, highest) is lost
