"""The figures of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from poseval.errors import UsageError, number_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from poseval.benchmarks.base import Benchmark
    from poseval.diagnosis.diagnose import Diagnosis
    from poseval.report.plots import Figure
    from poseval.scoring.evaluation import Evaluation
    from poseval.scoring.reading import PathOrPoses
    from poseval.scoring.saved_runs import Run
    from poseval.scoring.task import Asked, Task


def plot(
    run: Run | Sequence[Run] | Mapping[str, Run],
    truth: PathOrPoses | None = None,
    benchmark: str | Benchmark | None = None,
    *,
    unit: str = "percent",
    task: Task | None = None,
    **asked: Unpack[Asked],
) -> dict[str, Figure]:
    """The figures of a saved run, or of predictions with their ground truth (`truth`), by name.

    They are plain matplotlib figures; no window is opened and `pyplot` is not used. Predictions also give the
    figures of their diagnosis, where the ground truth allows one. Several runs, as a list or by name, are
    drawn over one another. `unit`, "percent" or "fraction", is how shares are shown. The other keywords are
    those of `poseval.score`.

    Raises:
        UsageError: P147 predictions without ground truth, P834 more runs than there are colours.
        InputError: a file is wrong; P420 runs of other rules or ground truth.
    """
    from poseval.datasets.objects.taken import is_in_memory
    from poseval.report.plots import figures
    from poseval.report.slice_plot import slice_figures
    from poseval.results.units import shown_as
    from poseval.scoring.task import Task

    wanted = Task.of(task, benchmark, **asked)
    several = isinstance(run, Mapping) or (isinstance(run, list | tuple) and not is_in_memory(run))
    if several:
        return overlaid_figures(run, truth, wanted, unit)  # type: ignore[arg-type]
    evaluation, diagnosis = run_and_diagnosis(run, truth, wanted)  # type: ignore[arg-type]
    drawn = figures(evaluation, evaluation.report(), diagnosis, shown_as(unit))
    return drawn | slice_figures({"": evaluation}, unit)


def overlaid_figures(
    runs: Sequence[Run] | Mapping[str, Run], truth: PathOrPoses | None, task: Task, unit: str
) -> dict[str, Figure]:
    """The figures of several runs of one benchmark, one colour each."""
    from poseval.api.compare import named
    from poseval.report.overlays import MOST_RUNS, overlaid
    from poseval.results.signature import check_comparable
    from poseval.results.units import shown_as
    from poseval.scoring.reading import read_truth
    from poseval.scoring.saved_runs import run_of

    by_name = named([runs] if isinstance(runs, Mapping) else runs)
    if not 1 <= len(by_name) <= MOST_RUNS:
        what = f"are {number_of(len(by_name), 'run')}"
        raise UsageError(
            "P834", where="figures", what=what, wanted=f"1 to {MOST_RUNS}, so that colours differ"
        )
    gt = None if truth is None else read_truth(truth, task)
    found = {name: run_of(one, gt, task) for name, one in by_name.items()}  # type: ignore[arg-type]
    (first, one), *others = found.items()
    for name, other in others:
        check_comparable(one.signature, other.signature, (first, name), ignoring=("poseval", "cluster"))
    short = {name.removesuffix(".poseval"): run for name, run in found.items()}
    return overlaid(short, shown_as(unit))


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
