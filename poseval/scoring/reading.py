"""What scores read first: the ground truth of a task, its benchmark by recognition, and its metrics."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from poseval import benchmarks, datasets
from poseval.benchmarks.base import Benchmark
from poseval.benchmarks.rule_sets import RuleSet
from poseval.datasets.base import ReadOptions, Role
from poseval.datasets.files.source import Source, path_of
from poseval.datasets.objects.taken import HoldsCoco, is_in_memory, taken
from poseval.datasets.recognition import of_two_predictions
from poseval.errors import FormatError, MismatchError, shown
from poseval.limits import from_environment
from poseval.metrics import MetricRequest
from poseval.metrics.base import Metric
from poseval.poses import PoseSet
from poseval.scoring.task import Task
from poseval.threads import thread_limit

Records = Mapping[Any, Any] | Sequence[Mapping[str, Any]]  # as JSON holds them, or arrays by image
PathOrPoses = str | os.PathLike[str] | PoseSet | Records | HoldsCoco
# Whether areas may be absent is known only once the benchmark is; the preconditions decide then.
OPTIONAL = frozenset({"area"})
A_SET = "a path, a PoseSet, or records in memory"


def refuse_at_once(task: Task) -> None:
    """Refuse what cannot be before any work.

    Raises:
        UsageError: P193 limits, P196 a number of threads in the environment; an unknown benchmark.
    """
    thread_limit()
    from_environment()
    if isinstance(task.benchmark, str):
        benchmarks.get_benchmark(task.benchmark)


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


def truth_to_score(truth: PathOrPoses, task: Task, predictions: Source | None = None) -> PoseSet:
    """As `read_truth`, of what can be scored; `predictions`, if they are a file, are named in advice.

    Raises:
        MismatchError: P414 a list of images without annotations.
    """
    try:
        found = read_truth(truth, task)
    except FormatError as error:
        if predictions is None:
            raise
        raise of_two_predictions(error, predictions) from None
    if is_image_list(found):
        raise MismatchError(
            "P414",
            where=shown(found.origin.name),
            what="is a list of images without annotations, as for test sets, so there is nothing to score",
            wanted="annotations",
            hint="check the form of results with `poseval validate RESULTS --gt LIST`, and score them with a "
            "set that has annotations",
        )
    return found


def is_image_list(truth: PoseSet) -> bool:
    """Whether a ground truth came from a list of images alone."""
    return any(notice.code == "N541" for notice in truth.origin.notices)


def benchmark_of(truth: PoseSet, task: Task) -> Benchmark:
    """The benchmark of a task: the one that it names, or that of the ground truth's content."""
    name = task.benchmark
    named = benchmarks.get_benchmark(name) if isinstance(name, str) else name
    return named or benchmarks.recognise(truth)


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
