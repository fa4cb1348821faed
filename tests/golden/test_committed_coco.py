"""The committed COCO cases: counts are exact, ratios agree to the tolerance that each case names."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest

import poseval
from poseval.errors import PosevalError
from poseval.metrics.oks_ap import OksAp
from tests.golden.committed import Case, cases

CASES = cases("coco", 45)
RIGHT = [case for case in CASES if "answer" not in case.expected]
WRONG = [case for case in CASES if "answer" in case.expected]
COUNTED = [case for case in RIGHT if case.expected["counts"]]
RANGES = ("all", "medium", "large")
# pycocotools sums similarities in the order of matches, poseval in fixed point.
SUMMED = {"OKS": 1e-11}


def undefined(value: float) -> float:
    """The programs say -1 where nothing is defined."""
    return -1.0 if math.isnan(value) else value


@pytest.mark.parametrize("case", RIGHT, ids=str)
def test_ratios(case: Case) -> None:
    wanted = case.expected
    report = poseval.score(case.truth, case.predictions, **wanted["ask"])
    ratios = {
        f"{part}/{name}" if part else name: value
        for part, values in wanted["ratios"].items()
        for name, value in values.items()
    }
    found = {key: undefined(value) for key, value in report.summary.items()}
    assert found.keys() == ratios.keys()
    for key, value in ratios.items():
        tolerance = SUMMED.get(key, wanted["tolerance"])
        assert found[key] == pytest.approx(value, abs=tolerance, rel=0), key


@pytest.mark.parametrize("case", COUNTED, ids=str)
def test_counts(case: Case) -> None:
    evaluation = poseval.evaluate(case.truth, case.predictions, **case.expected["ask"])
    wanted: Mapping[str, Mapping[str, object]] = case.expected["counts"]
    assert {part.label for part in evaluation.parts} == wanted.keys()
    for part in evaluation.parts:
        ((metric, tally),) = part.tallies.items()
        assert isinstance(metric, OksAp)
        bits = np.uint64(1) << np.arange(len(metric.thresholds), dtype=np.uint64)
        for place, name in enumerate(RANGES):
            hit, skip = ((tally.column(column)[:, place, None] & bits) > 0 for column in ("hit", "skip"))
            found = {
                "people": int(tally.column("counted")[:, place].sum()),
                "hits": hit.sum(axis=0).tolist(),
                "false": (~hit & ~skip).sum(axis=0).tolist(),
            }
            assert found == wanted[part.label][name], (part.label, name)


@pytest.mark.parametrize("case", WRONG, ids=str)
def test_what_pycocotools_dies_of_gets_a_clear_answer(case: Case) -> None:
    wanted = case.expected
    assert "raises" in wanted or "ratios" in wanted
    if isinstance(wanted["answer"], float):
        report = poseval.score(case.truth, case.predictions, **wanted["ask"])
        assert report.summary["AP"] == pytest.approx(wanted["answer"], abs=wanted["tolerance"])
        assert report.notices
        return
    with pytest.raises(PosevalError) as caught:
        poseval.score(case.truth, case.predictions, **wanted["ask"])
    assert caught.value.code == wanted["answer"]
