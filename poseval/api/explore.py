"""The explorer: a folder of pages that shows every frame of one system or two."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from poseval.errors import unknown_name, wrong_type

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from poseval.benchmarks.base import Benchmark
    from poseval.report.explorer.index import System
    from poseval.scoring.reading import PathOrPoses
    from poseval.scoring.score import Predictions, Prepared
    from poseval.scoring.task import Asked, Task


def explore(
    truth: PathOrPoses,
    predictions: Predictions,
    out: str | os.PathLike[str],
    benchmark: str | Benchmark | None = None,
    *,
    other: Predictions | None = None,
    images: str | os.PathLike[str] | None = None,
    unit: str = "percent",
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
    task: Task | None = None,
    **asked: Unpack[Asked],
) -> Path:
    """Write a folder of pages that shows every frame, and return the page to open.

    `out` is a new folder, or that of an earlier site; `force` allows any other. `other` is a second system,
    shown beside the first. `images` is a folder of images, searched with its sub-folders. `progress` is
    called with (done, total). The other keywords are those of `poseval.score`.

    Raises:
        UsageError: unknown names, P114 no such folder of images, P131 a folder that holds something else,
            P137 a folder that cannot be written to, P840 no frame has an image in the folder.
        InputError: a file is wrong.
    """
    from poseval.datasets.files.source import path_of
    from poseval.poses.images import images_of
    from poseval.report.explorer.site import check_site, write_site
    from poseval.results.units import SHOWN_AS
    from poseval.scoring.keywords import FLAG
    from poseval.scoring.reading import read_truth
    from poseval.scoring.score import prepare
    from poseval.scoring.task import Task

    site = Path(path_of(out, "out", "a folder"))
    if not (isinstance(unit, str) and unit in SHOWN_AS):
        raise unknown_name("P102", "unit", unit, SHOWN_AS)
    if progress is not None and not callable(progress):
        raise wrong_type("progress", progress, "a function of two numbers")
    folder = None if images is None else Path(path_of(images, "images", "a folder"))
    check_site(site, FLAG("force", force))
    wanted = Task.of(task, benchmark, **asked)
    gt = read_truth(truth, wanted)  # once, however many systems there are
    given = [predictions] if other is None else [predictions, other]
    prepared = [prepare(gt, one, wanted) for one in given]
    found = None if folder is None else images_of(prepared[0].aligned.truth.frames, folder)
    names = names_of([one.predictions.origin.path for one in prepared])
    systems = [system_of(one, name) for one, name in zip(prepared, names, strict=True)]
    write_site(site, systems, found, progress or (lambda done, total: None), unit)
    return site / "index.html"


def names_of(paths: list[str]) -> list[str]:
    """Names of systems: those of their files, whole paths if these are equal, numbers if they have none."""
    names = [Path(path).name for path in paths]
    chosen = names if len(set(names)) == len(names) else paths
    if len(set(chosen)) == len(chosen) and all(chosen):
        return chosen
    return [f"{name or 'system'} ({number})" for number, name in enumerate(names, start=1)]


def system_of(prepared: Prepared, name: str) -> System:
    """A system as the explorer shows it, from files that were read and paired."""
    from poseval.diagnosis.diagnose import diagnose_if_possible
    from poseval.diagnosis.pairs import pairs_of
    from poseval.report.explorer.index import System
    from poseval.scoring.score import tally

    aligned = prepared.aligned
    corrected = prepared.rules.name == "corrected"
    frames = aligned.truth.frames
    by_sequence = prepared.benchmark.unit == "sequence"
    part = prepared.parts[0]
    return System(
        name,
        tally(prepared).report(),
        diagnose_if_possible(aligned, corrected),
        pairs_of(aligned, corrected),
        {key: mask[frames.sequence] if by_sequence else mask for key, mask in part.slices.items()},
        {key: group.people for key, group in part.groups.items()},
    )
