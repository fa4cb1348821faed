"""A pytest fixture that holds predictions against a baseline: `poseval_gate`.

def test_model_keeps_up(poseval_gate):
    poseval_gate("preds.json", gt="gt.json", baseline="baseline.poseval", max_drop={"AP": "0.5%"})
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from poseval.decisions.gate import Verdict

PathLike = str | os.PathLike[str]


class Gate(Protocol):
    """What the fixture gives: call it to fail the test when the run is worse than its baseline allows."""

    def __call__(
        self,
        predictions: PathLike,
        *,
        baseline: PathLike,
        gt: PathLike | None = None,
        max_drop: Mapping[str, str | float] | None = None,
        significant: bool = False,
        benchmark: str | None = None,
    ) -> Verdict:
        """The verdict of a gate that passed."""


@pytest.fixture
def poseval_gate() -> Gate:
    """Fail the test when predictions (or a saved run) score worse than a baseline allows.

    `max_drop` maps keys of the summary, or patterns, to what they may lose: 0.005 (absolute) or "0.5%".
    """

    def check(
        predictions: PathLike,
        *,
        baseline: PathLike,
        gt: PathLike | None = None,
        max_drop: Mapping[str, str | float] | None = None,
        significant: bool = False,
        benchmark: str | None = None,
    ) -> Verdict:
        from poseval.decisions.gate import Tolerance, gate
        from poseval.report.gate import to_text
        from poseval.scoring import saved_runs
        from poseval.scoring.saved_runs import run_of
        from poseval.scoring.task import Task

        before = saved_runs.load(baseline)
        run = run_of(Path(predictions), gt, Task(benchmark=benchmark), like=before)
        tolerances = [Tolerance.parse(f"{key}={amount}") for key, amount in (max_drop or {}).items()]
        verdict = gate(run, before, tolerances, significant=significant)
        if not verdict.passed:
            pytest.fail(to_text(verdict), pytrace=False)
        return verdict

    return check
