"""The committed cases of the benchmarks beside the large ones: every number of the case, to its tolerance."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import poseval
from tests.golden.committed import Case, cases
from tests.golden.make import single_files

CASES = cases("neighbours", 11)


def files_of(case: Case, into: Path) -> tuple[Path, Path]:
    """Truth and predictions, as .mat where the data set ships them so."""
    if case.expected["ask"]["benchmark"] == "mpii-cooking":
        return single_files.write_cooking(case.folder, into)
    return case.truth, case.predictions


@pytest.mark.parametrize("case", CASES, ids=str)
def test_numbers(case: Case, tmp_path: Path) -> None:
    wanted = case.expected
    found = poseval.score(*files_of(case, tmp_path), **wanted["ask"]).summary
    for name, value in wanted["ratios"].items():
        if value is None:
            assert math.isnan(found[name]), name
        elif (wanted["ask"]["benchmark"], name) == ("h36m-2d", "EPE"):
            assert np.float32(found[name]) == np.float32(value)  # its program adds in float32 (M07)
        else:
            assert found[name] == pytest.approx(value, abs=wanted["tolerance"], rel=0), name


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_benchmark_is_recognised(case: Case, tmp_path: Path) -> None:
    report = poseval.score(*files_of(case, tmp_path))
    assert report.benchmark == case.expected["ask"]["benchmark"]
