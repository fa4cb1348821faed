"""The errors of predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poseval.errors import UsageError, shown, unknown_name

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from poseval.benchmarks.base import Benchmark
    from poseval.diagnosis.diagnose import Diagnosis
    from poseval.scoring.reading import PathOrPoses
    from poseval.scoring.score import Predictions, Prepared
    from poseval.scoring.task import Asked, Task


def diagnose(
    truth: PathOrPoses,
    predictions: Predictions,
    benchmark: str | Benchmark | None = None,
    *,
    scale: str | None = None,
    worst: int = 20,
    task: Task | None = None,
    **asked: Unpack[Asked],
) -> Diagnosis:
    """Find the errors of predictions: jitter, inversions, swaps, misses, scores, false positives, identities.

    `scale` is the unit of distances, `area` or `head`; by default the one that the ground truth has. `worst`
    is the number of frames to list. The other keywords are those of `poseval.score`.

    Raises:
        UsageError: unknown names, P112 areas without sigmas.
        InputError: a file is wrong; P410 people have neither areas nor head sizes.
    """
    from poseval.scoring.score import prepare
    from poseval.scoring.task import Task

    prepared = prepare(truth, predictions, Task.of(task, benchmark, **asked))
    return diagnose_prepared(prepared, scale, worst)


def diagnose_prepared(prepared: Prepared, scale: str | None = None, worst: int = 20) -> Diagnosis:
    """`diagnose` for files that were already read and paired."""
    from dataclasses import replace

    from poseval.diagnosis.diagnose import diagnose
    from poseval.diagnosis.error_types import Scale

    if not isinstance(worst, int) or worst < 0:
        raise UsageError(
            "P103", where="worst", what=f"is {shown(repr(worst), 40)}", wanted="a whole number of at least 0"
        )
    units = [unit.value for unit in Scale]
    if scale is not None and not (isinstance(scale, str) and scale in units):
        raise unknown_name("P102", "scale", scale, units)
    found = diagnose(
        prepared.aligned,
        scale=None if scale is None else Scale(scale),
        corrected=prepared.rules.name == "corrected",
        worst=worst,
    )
    return replace(found, notices=prepared.notices)
