"""A run against its baseline."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from poseval.errors import unknown_name

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from poseval.benchmarks.base import Benchmark
    from poseval.decisions.keeping import Saved
    from poseval.decisions.tolerances import Tolerance
    from poseval.decisions.verdict import Verdict
    from poseval.scoring.reading import PathOrPoses
    from poseval.scoring.saved_runs import Run
    from poseval.scoring.task import Asked, Task
    from poseval.statistics.training import Deviations

    System = Run | Sequence[Run]  # one run, or several trainings of one recipe


KEEP_UP = "keep-up"  # what a gate may require


def gate(
    run: System,
    baseline: Saved | Sequence[Saved],
    truth: PathOrPoses | None = None,
    *,
    max_drop: Mapping[str, str | float] | Sequence[str] = (),
    guard: Sequence[str] = (),
    significant: bool = False,
    require: str | None = None,
    level: float | str = 0.95,
    resamples: int | None = None,
    seed: int = 0,
    cluster: str | None = None,
    seed_sd: Deviations = None,
    unit: str = "percent",
    ledger: str | os.PathLike[str] | None = None,
    update_baseline: bool = False,
    accept: str | None = None,
    benchmark: str | Benchmark | None = None,
    task: Task | None = None,
    **asked: Unpack[Asked],
) -> Verdict:
    """Check a run, or several trainings of one recipe, against the baseline.

    A run is a saved run, or predictions with their ground truth (`truth`). `max_drop` says how much numbers
    of the summary, or all that match a pattern, may get worse: `{"AP": 0.5}` in the unit that tables show
    (points of percent; 0.005 with `unit="fraction"`), `{"AP": "0.5pt"}` in points in any case, `{"AP":
    "2rel%"}` of the baseline's value. `guard` names the numbers that decide; by default those of `max_drop`,
    else the primary number (in an exact gate without tolerances all numbers). A `significant` gate bounds
    each drop; with `require="keep-up"` it also fails if a number is not shown to keep up. `level`,
    `resamples`, `seed`, `cluster`, `seed_sd` and `unit` are as in `compare`. `ledger` is a file that counts
    how often the gate was run. `update_baseline` replaces the baseline's file by a run that is shown to keep
    up, `accept` by any run for the reason given. Benchmark, rules and metrics are the baseline's unless
    given.

    Raises:
        UsageError: P100 the baseline defines no number that decides, P142 level, resamples or seed out of
            range, P170 a drop that cannot be read, P146 a drop for no number, P147 predictions without ground
            truth, P167 too few resamples, P168 an unknown cluster, P169 contradictory settings, P820 a
            drop that may mean two things, P821 points for a number that is not a fraction.
        InputError: a file is wrong; P231 not a baseline, P232 not a ledger, P420 other
            rules or ground truth, P421 other units.
    """
    from poseval.datasets.files.source import path_of
    from poseval.decisions.gate import Demands
    from poseval.decisions.keeping import Keeping, hold
    from poseval.results.units import shown_as
    from poseval.scoring.keywords import FLAG, OPTIONAL_TEXT, several
    from poseval.scoring.task import Task
    from poseval.statistics.training import deviations

    if OPTIONAL_TEXT("require", require) not in (None, KEEP_UP):
        raise unknown_name("P102", "require", require, [KEEP_UP])
    demands = Demands(
        _tolerances(max_drop),
        several((str,), "keys or patterns")("guard", guard),
        FLAG("significant", significant),
        require is not None,
        level,
        resamples,
        seed,
        deviations(seed_sd),
        shown_as=shown_as(unit),
    )
    keeping = Keeping(
        FLAG("update_baseline", update_baseline),
        OPTIONAL_TEXT("accept", accept),
        None if ledger is None else Path(path_of(ledger, "ledger")),
    )
    field = OPTIONAL_TEXT("cluster", cluster)
    return hold(run, baseline, truth, Task.of(task, benchmark, **asked), field, demands, keeping)


def _tolerances(max_drop: Mapping[str, str | float] | Sequence[str]) -> list[Tolerance]:
    """What may get worse, from a mapping or from texts `KEY=AMOUNT`."""
    from poseval.decisions.tolerances import Tolerance
    from poseval.scoring.keywords import several

    if isinstance(max_drop, Mapping):
        texts: Iterable[str] = [f"{key}={amount}" for key, amount in max_drop.items()]
    else:
        texts = several((str,), 'a mapping such as {"AP": 0.5}')("max_drop", max_drop)
    return [Tolerance.parse(text) for text in texts]
