"""A run from whatever the user has: a saved run, or predictions with their truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from poseval.errors import UsageError, shown
from poseval.skeletons import Skeleton

if TYPE_CHECKING:
    from poseval.poses import PoseSet
    from poseval.scoring import Evaluation


def run_of(
    path: Path,
    truth: Path | PoseSet | None,
    benchmark: str | None = None,
    rules: str = "reference",
    skeleton: Skeleton | None = None,
    like: Evaluation | None = None,
    per_joint: bool = False,
) -> Evaluation:
    """The saved run at `path`, or the evaluation of the predictions there.

    `like` is a run whose benchmark, rules and metrics are taken over where the user did not name them, so
    that a gate asks the question that its baseline answered.

    Raises:
        UsageError: P147 when predictions come without a truth.
    """
    from poseval import saved, scoring

    if saved.is_saved_run(path):
        return saved.load(path)
    if truth is None:
        raise UsageError(
            "P147",
            where=shown(path),
            what="is not a saved run, so it needs its ground truth",
            wanted="--gt FILE",
        )
    if like is None:
        return scoring.evaluate(truth, path, benchmark, rules=rules, skeleton=skeleton, per_joint=per_joint)
    own = tuple(metric for part in like.parts for metric in part.tallies)
    named = benchmark or like.benchmark.name
    chosen_rules = like.rules.name if rules == "reference" else rules
    by_hand = any(text.startswith("metrics chosen by hand") for text in like.deviations)
    return scoring.evaluate(
        truth, path, named, rules=chosen_rules, skeleton=skeleton, metrics=own if by_hand else ()
    )
