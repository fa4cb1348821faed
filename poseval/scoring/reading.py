"""What scores read first: the ground truth of a task, its benchmark by recognition, and its metrics."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from poseval import benchmarks, datasets
from poseval.benchmarks.base import Benchmark
from poseval.benchmarks.rule_sets import RuleSet
from poseval.datasets.base import ReadOptions, Role
from poseval.datasets.files.source import path_of
from poseval.datasets.objects.taken import HoldsCoco, is_in_memory, taken
from poseval.metrics import MetricRequest
from poseval.metrics.base import Metric
from poseval.poses import PoseSet
from poseval.scoring.task import Task

Records = Mapping[Any, Any] | Sequence[Mapping[str, Any]]  # as JSON holds them, or arrays by image
PathOrPoses = str | os.PathLike[str] | PoseSet | Records | HoldsCoco
# Whether areas may be absent is known only once the benchmark is; the preconditions decide then.
OPTIONAL = frozenset({"area"})
A_SET = "a path, a PoseSet, or records in memory"


def read_truth(truth: PathOrPoses, task: Task) -> PoseSet:
    """The ground truth of a task, under its sigmas."""
    mapped = task.joint_rules.asked
    options = ReadOptions(
        Role.TRUTH,
        None,
        task.skeleton,
        task.rules,
        OPTIONAL,
        task.limits,
        mapped=mapped,
        category=task.category,
    )
    if is_in_memory(truth):
        return task.with_sigmas_on(taken(truth, options, "ground truth", task.truth_format))
    return task.with_sigmas_on(datasets.read(path_of(truth, "truth", A_SET), options, task.truth_format))


def recognised(benchmark: Benchmark, truth: PoseSet) -> str:
    """What to say of a benchmark that was not named; `custom` may stand in for one of the same joints."""
    text = f"benchmark {benchmark.name}, recognised from the content of the ground truth"
    others = benchmarks.with_joints_of(truth) if benchmark.name == "custom" else []
    if others:
        text += f". These joints are those of {', '.join(others)}: name one with --benchmark"
    return text


def by_hand(benchmark: Benchmark, truth: PoseSet, task: Task, rules: RuleSet) -> tuple[Metric, ...]:
    """The metrics that were asked for, with the rule set's parameters where none were given."""
    own = benchmark.metrics(rules, truth, task.per_joint) if task.metrics else ()
    chosen = tuple(m.under(own) if isinstance(m, MetricRequest) else m for m in task.metrics)
    return tuple(metric.with_joints() for metric in chosen) if task.per_joint else chosen
