"""The committed cases of the benchmarks beside the large ones: every number of the case, to its tolerance."""

from __future__ import annotations

import math

import pytest

import poseval
from tests.golden.committed import Case, cases

CASES = cases("neighbours", 9)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_numbers(case: Case) -> None:
    wanted = case.expected
    found = poseval.score(case.truth, case.predictions, **wanted["ask"]).summary
    for name, value in wanted["ratios"].items():
        if value is None:
            assert math.isnan(found[name]), name
        else:
            assert found[name] == pytest.approx(value, abs=wanted["tolerance"], rel=0), name


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_benchmark_is_recognised(case: Case) -> None:
    report = poseval.score(case.truth, case.predictions)
    assert report.benchmark == case.expected["ask"]["benchmark"]
