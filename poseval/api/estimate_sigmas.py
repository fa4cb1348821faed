"""The sigmas of OKS from repeated annotations."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from poseval.errors import FormatError, PosevalError, UsageError, error_of, number_of, shown

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from poseval.scoring.reading import PathOrPoses
    from poseval.scoring.task import Asked, Task
    from poseval.statistics.sigmas import SigmaEstimate


def estimate_sigmas(
    annotations: Sequence[PathOrPoses],
    *,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
    task: Task | None = None,
    **asked: Unpack[Asked],
) -> SigmaEstimate:
    """Estimate the sigmas of OKS from annotations of the same images by several annotators.

    `annotations` are one file per annotator; each is compared with the first one. The other keywords are
    those of `poseval.score`: `skeleton`, `align_by`, `truth_format`, `limits`.

    Raises:
        UsageError: P142 level, resamples or seed out of range, P197 no repeated annotations.
        InputError: a file is wrong, or the files do not belong together.
    """
    from poseval.benchmarks.alignment import align
    from poseval.poses import PoseSet
    from poseval.scoring.keywords import several
    from poseval.scoring.reading import A_SET, read_truth
    from poseval.scoring.task import Task
    from poseval.statistics.sigmas import estimate

    wanted = Task.of(task, **asked)
    files = several((str, os.PathLike, PoseSet), A_SET)("annotations", annotations)
    try:
        sets = [read_truth(one, wanted) for one in files]
    except FormatError as error:
        raise _of_labels(error) from None
    copies = len({(one.origin.sha256 or str(id(one))) for one in sets}) < len(sets)
    if len(sets) < 2 or copies:
        raise UsageError(
            "P197",
            where="annotations",
            what="are copies of one file" if copies else f"hold {number_of(len(sets), 'file')}",
            wanted="two files or more of the same images, each by another annotator",
            hint="sigmas say how much annotators differ, and one annotation says nothing about it",
        )
    aligned = [align(sets[0], other, wanted.align_by)[0] for other in sets[1:]]
    found = estimate(aligned, level, resamples, seed)
    if not any(row.n for row in found.joints):
        raise UsageError(
            "P197",
            where=shown(sets[1].origin.name),
            what=f"has no person in common with {shown(sets[0].origin.name)}",
            wanted="annotations of the same people",
        )
    return found


def _of_labels(error: FormatError) -> PosevalError:
    """The error, whose advice is not to exchange two files: all of them are labels here."""
    from poseval.datasets.recognition import EXCHANGED

    hint = "give labels: what a model predicts says nothing about how much annotators differ"
    faults = [
        replace(fault, hint=hint) if (fault.hint or "").endswith(EXCHANGED) else fault
        for fault in error.faults
    ]
    return error_of(faults, sum(error.counts.values()), error.counts)
