"""Find the differences between systems that are larger than noise."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from poseval.errors import wrong_type

if TYPE_CHECKING:
    from typing import TypeAlias

    from typing_extensions import Unpack

    from poseval.benchmarks.base import Benchmark
    from poseval.scoring.reading import PathOrPoses
    from poseval.scoring.saved_runs import Run
    from poseval.scoring.task import Asked, Task
    from poseval.statistics.comparison import Comparison
    from poseval.statistics.training import Deviations

    System: TypeAlias = Run | Sequence[Run]  # one run, or several trainings of one recipe


def compare(
    *systems: System | Mapping[str, System],
    truth: PathOrPoses | None = None,
    benchmark: str | Benchmark | None = None,
    keys: Sequence[str] = (),
    level: float | str = 0.95,
    resamples: int | None = None,
    seed: int = 0,
    cluster: str | None = None,
    seed_sd: Deviations = None,
    simultaneous: bool = False,
    unit: str = "percent",
    task: Task | None = None,
    **asked: Unpack[Asked],
) -> Comparison:
    """Compare systems, and say which differences are larger than noise.

    Systems are saved runs, evaluations, or predictions with their ground truth (`truth`): one argument per
    system, or a mapping of names to systems. A list or a folder of saved runs is one system, trained several
    times. `keys` chooses numbers of the summary, by default all. `level` is 0.95 or 95, `resamples` the
    number of random sign flips, by default as many as the tests need. `cluster` names the units that are
    resampled as a whole. `seed_sd` is the standard deviation of a number between trainings, for sides of a
    single run. `unit`, "percent" or "fraction", is how fractions such as AP are shown, and the unit of
    `seed_sd`. `simultaneous` intervals hold for all differences at once. The other keywords are those of
    `poseval.score`.

    Raises:
        UsageError: P140 fewer than two units, P142 level, resamples or seed out of range, P143 fewer than two
            systems, P144 an unknown key, P147 predictions without ground truth, P167 too few resamples, P168
            an unknown cluster.
        InputError: a file is wrong; P420 other rules or ground truth, P421 other units.
    """
    from poseval.results.units import shown_as
    from poseval.scoring.keywords import FLAG, OPTIONAL_TEXT, several
    from poseval.scoring.reading import read_truth
    from poseval.scoring.saved_runs import runs_of
    from poseval.scoring.task import Task
    from poseval.statistics.clusters import clustered
    from poseval.statistics.comparison import compare
    from poseval.statistics.training import deviations

    asked_task = Task.of(task, benchmark, **asked)
    systems_named, field = named(systems), OPTIONAL_TEXT("cluster", cluster)
    chosen = several((str,), "keys of the summary")("keys", keys)
    # The ground truth is read once, however many systems there are.
    gt = None if truth is None else read_truth(truth, asked_task)
    runs = {
        name: [clustered(run, field, asked_task.limits) for run in runs_of(system, gt, asked_task)]
        for name, system in systems_named.items()
    }
    return compare(
        runs,
        keys=chosen,
        level=level,
        resamples=resamples,
        seed=seed,
        seed_sd=deviations(seed_sd),
        simultaneous=FLAG("simultaneous", simultaneous),
        shown_as=shown_as(unit),
    )


def named(systems: Sequence[System | Mapping[str, System]]) -> dict[str, System]:
    """Systems by name: the names given, else the names of their files, or whole paths if these are equal."""
    from poseval.datasets.objects.taken import is_in_memory
    from poseval.poses import PoseSet
    from poseval.scoring.evaluation import Evaluation

    if len(systems) == 1 and isinstance(systems[0], Mapping):
        return {str(name): run for name, run in systems[0].items()}
    runs: dict[str, System] = {}
    paths: list[str] = []
    for run in systems:
        if isinstance(run, PoseSet):
            paths.append(run.origin.path)
        elif isinstance(run, Evaluation):
            paths.append(next((item.path for item in run.inputs if item.role == "predictions"), ""))
        elif isinstance(run, (str, os.PathLike)):
            paths.append(os.fspath(run))
        elif is_in_memory(run) and not (isinstance(run, list) and not run):
            paths.append("")
        else:
            hint = "give one argument per system, or one mapping of names to systems"
            wanted = "a path, a PoseSet, records or an evaluation"
            raise wrong_type(f"system {len(paths) + 1}", run, wanted, hint)
    names = [Path(path).name for path in paths]
    labels = names if len(set(names)) == len(names) else paths
    for number, (label, run) in enumerate(zip(labels, systems, strict=True), start=1):
        unique = label if label and labels.count(label) == 1 else f"{label or 'system'} ({number})"
        runs[unique] = run
    return runs
