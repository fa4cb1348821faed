from __future__ import annotations

import json

import pytest

from poseval.errors import MismatchError, UsageError
from poseval.statistics.comparison import compare
from tests import toy
from tests.shared import threads_of

TRUTH = toy.truth()


def test_a_better_system_is_named_and_equal_ones_cannot_be_told_apart() -> None:
    runs = {"good": toy.run(0.5, 0, TRUTH), "bad": toy.run(2.0, 1, TRUTH), "twin": toy.run(0.5, 2, TRUTH)}
    found = compare(runs, resamples=300)
    said = {(d.first, d.second, d.key): d.verdict(found.alpha) for d in found.differences}
    assert said["good", "bad", "hit_rate"] == "good is better"
    assert said["good", "bad", "error"] == "good is better"
    assert said["good", "twin", "hit_rate"] == "cannot be told apart"
    assert "cannot be told apart" in found.to_text()
    assert json.loads(json.dumps(found.to_dict()))["systems"] == ["good", "bad", "twin"]


def test_a_run_against_itself_has_no_difference() -> None:
    run = toy.run(1.0, 0, TRUTH)
    (first, *_) = compare({"a": run, "b": run}, resamples=50).differences
    assert (first.difference, first.low, first.high, first.p) == (0, 0, 0, 1.0)


def test_other_truth_is_refused_and_named() -> None:
    with pytest.raises(MismatchError, match="ground truth") as caught:
        compare({"a": toy.run(1.0, 0, TRUTH), "b": toy.run(1.0, 0, toy.truth(30))})
    assert caught.value.code == "P420"


@pytest.mark.parametrize(("keys", "code"), [(("nonsense",), "P144"), ((), "P143")])
def test_wrong_calls_are_refused(keys: tuple[str, ...], code: str) -> None:
    run = toy.run(1.0, 0, TRUTH)
    runs = {"a": run, "b": run} if keys else {"a": run}
    with pytest.raises(UsageError) as caught:
        compare(runs, keys=keys)
    assert caught.value.code == code


def test_seeds_and_threads_decide_nothing_else() -> None:
    runs = {"a": toy.run(1.0, 0, TRUTH), "b": toy.run(1.1, 1, TRUTH)}
    first = compare(runs, resamples=60).to_dict()
    with threads_of("3"):
        assert compare(runs, resamples=60).to_dict() == first
