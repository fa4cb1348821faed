"""A benchmark of two joints."""

from __future__ import annotations

from typing import ClassVar

from example_poses.offset import Offset
from poseval.benchmarks.base import Benchmark
from poseval.benchmarks.rule_sets import RuleSet
from poseval.metrics.base import Metric
from poseval.poses import PoseSet


class Hands(Benchmark):
    """The offset of both hands."""

    name: ClassVar[str] = "hands"
    title: ClassVar[str] = "Hands"
    truth_formats: ClassVar[tuple[str, ...]] = ("pose-rows",)

    def recognise(self, truth: PoseSet) -> float:
        """By the joints."""
        return 0.9 if truth.skeleton.joints == ("left_hand", "right_hand") else 0.0

    def metrics(self, rules: RuleSet, truth: PoseSet, per_joint: bool) -> tuple[Metric, ...]:
        """The offset."""
        return (Offset(),)
