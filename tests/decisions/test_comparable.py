"""Comparison, gate and leaderboard refuse the same runs, for the same reasons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from poseval.decisions.entries import Entry
from poseval.decisions.gate import gate
from poseval.decisions.leaderboard import build
from poseval.errors import MismatchError
from poseval.results.signature import MEANING, Signature
from poseval.scoring.evaluation import Evaluation
from poseval.statistics.comparison import compare
from tests import toy

RUN = toy.run(1.0, 0, toy.truth(30))
Decide = Callable[[Evaluation, Evaluation], object]
DECISIONS: dict[str, Decide] = {
    "compare": lambda one, two: compare({"a": one, "b": two}),
    "gate": lambda one, two: gate(two, one),
    "leaderboard": lambda one, two: build([Entry("a", one.report()), Entry("b", two.report())]),
}


def with_other(key: str) -> Evaluation:
    """The same run, but for one value of its signature."""
    pairs = dict(RUN.signature) | {key: "something else"}
    return replace(RUN, signature=Signature(tuple(pairs.items())))


@pytest.mark.parametrize("decide", DECISIONS.values(), ids=DECISIONS)
@pytest.mark.parametrize("key", [key for key in MEANING if key != "poseval"])
def test_every_other_part_of_a_signature_is_refused_and_named(decide: Decide, key: str) -> None:
    assert decide(RUN, RUN)
    with pytest.raises(MismatchError) as caught:
        decide(RUN, with_other(key))
    assert caught.value.code == "P420"
    assert f"{MEANING[key]}: " in caught.value.fault.what
    assert "something else" in caught.value.fault.what


@pytest.mark.parametrize(("name", "refused"), [("compare", True), ("gate", False), ("leaderboard", False)])
def test_only_a_comparison_asks_for_one_version(name: str, refused: bool) -> None:
    other = with_other("poseval")
    if refused:
        with pytest.raises(MismatchError, match="version of poseval"):
            DECISIONS[name](RUN, other)
    else:
        assert DECISIONS[name](RUN, other)


@pytest.mark.parametrize("name", ["compare", "gate"])
def test_other_units_are_refused(name: str) -> None:
    other = replace(toy.run(1.0, 0, toy.truth(29)), signature=RUN.signature)
    with pytest.raises(MismatchError, match="other frames or sequences") as caught:
        DECISIONS[name](RUN, other)
    assert caught.value.code == "P421"
