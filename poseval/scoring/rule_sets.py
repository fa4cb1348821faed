"""The same files under every rule set of their benchmark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from poseval import benchmarks
from poseval.errors import InputError, PosevalError
from poseval.results.report import Report
from poseval.scoring.reading import PathOrPoses, read_truth
from poseval.scoring.task import Task


def rule_sets_of(truth: PathOrPoses, task: Task) -> list[str]:
    """Names of the rule sets of a task's benchmark, the reference first."""
    found = task.benchmark
    if found is None:
        found = benchmarks.recognise(read_truth(truth, replace(task, rules="reference")))
    elif isinstance(found, str):
        found = benchmarks.get_benchmark(found)
    return [rules.name for rules in found.rule_sets]


def each_rule_set(names: list[str], report: Callable[[str], Report]) -> dict[str, Report | PosevalError]:
    """The report of every rule set, or why the rule set refuses the files.

    Raises:
        InputError: what the first rule set found, when no rule set takes the files.
    """
    out: dict[str, Report | PosevalError] = {}
    for name in names:
        try:
            out[name] = report(name)
        except InputError as error:
            out[name] = error
    first = out[names[0]]
    if isinstance(first, PosevalError) and all(isinstance(found, PosevalError) for found in out.values()):
        raise first
    return out
