"""A benchmark of two joints."""

from __future__ import annotations

from example_poses.offset import Offset
from poseval.benchmarks.base import Benchmark
from poseval.benchmarks.rule_sets import RuleSet
from poseval.poses import PoseSet


def two_hands(benchmark: Benchmark, truth: PoseSet) -> bool:
    """By the joints."""
    return truth.skeleton.joints == ("left_hand", "right_hand")


def offset(rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Offset]:
    """The offset of both hands."""
    return (Offset(),)


HANDS = Benchmark(
    name="hands",
    title="Hands",
    truth_formats=("pose-rows",),
    signs=((two_hands, 0.9),),
    metrics=offset,
)
