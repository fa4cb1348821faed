"""The pytest fixture `poseval_gate`, which checks predictions against a baseline.

def test_model_keeps_up(poseval_gate):
    poseval_gate("preds.json", gt="gt.json", baseline="baseline.poseval", max_drop={"AP": "2rel%"})
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from poseval.decisions.verdict import Verdict

PathLike = str | os.PathLike[str]


class Gate(Protocol):
    """The type of the fixture. Call it to fail the test when the run is worse than its baseline allows."""

    def __call__(
        self, predictions: PathLike, *, baseline: PathLike, gt: PathLike | None = None, **keywords: Any
    ) -> Verdict:
        """The verdict of a gate that passed; the keywords are those of `poseval.gate`."""


@pytest.fixture
def poseval_gate() -> Gate:
    """Fail the test when predictions (or a saved run) score worse than a baseline allows.

    `max_drop` maps keys of the summary, or patterns, to how much they may get worse: 0.5 (points, as shown)
    or "2rel%".
    """

    def check(
        predictions: PathLike, *, baseline: PathLike, gt: PathLike | None = None, **keywords: Any
    ) -> Verdict:
        from poseval.api.gate import gate

        verdict = gate(predictions, baseline, gt, **keywords)
        if not verdict.passed:
            pytest.fail(verdict.to_text(), pytrace=False)
        return verdict

    return check
