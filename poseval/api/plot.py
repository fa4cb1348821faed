"""The figures of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from poseval.benchmarks.base import Benchmark
    from poseval.diagnosis.diagnose import Diagnosis
    from poseval.report.plots import Figure
    from poseval.scoring.evaluation import Evaluation
    from poseval.scoring.saved_runs import Run
    from poseval.scoring.score import PathOrPoses
    from poseval.scoring.task import Asked, Task


def plot(
    run: Run,
    truth: PathOrPoses | None = None,
    benchmark: str | Benchmark | None = None,
    *,
    task: Task | None = None,
    **asked: Unpack[Asked],
) -> dict[str, Figure]:
    """The figures of a saved run, or of predictions with their ground truth (`truth`), by name.

    They are matplotlib figures that belong to no window and no global state. Predictions also give the
    figures of their diagnosis, where the ground truth allows one. The keywords are those of `poseval.score`.

    Raises:
        UsageError: P147 predictions without ground truth.
        InputError: a file is wrong.
    """
    from poseval.report.plots import figures
    from poseval.scoring.task import Task

    evaluation, diagnosis = run_and_diagnosis(run, truth, Task.of(task, benchmark, **asked))
    return figures(evaluation, evaluation.report(), diagnosis)


def run_and_diagnosis(run: Run, truth: PathOrPoses | None, task: Task) -> tuple[Evaluation, Diagnosis | None]:
    """A run, and the diagnosis of predictions. A saved run holds no people, so it has no diagnosis."""
    from poseval.diagnosis.diagnose import diagnose_if_possible
    from poseval.scoring.evaluation import Evaluation
    from poseval.scoring.saved_runs import is_saved, run_of
    from poseval.scoring.score import prepare, tally

    if truth is None or is_saved(run) or isinstance(run, Evaluation):
        return run_of(run, truth, task), None
    prepared = prepare(truth, run, task)
    return tally(prepared), diagnose_if_possible(prepared.aligned, prepared.rules.name == "corrected")
