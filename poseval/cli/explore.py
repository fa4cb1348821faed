"""`poseval explore`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from poseval.cli.options import QUIET, TRUTH, UNIT, InputPath, talk, task_options, tell
from poseval.cli.outputs import find_images
from poseval.cli.progress import ProgressLine, working
from poseval.errors import UsageError, number_of, shown

if TYPE_CHECKING:
    from poseval.scoring.task import Task

MOST_SYSTEMS = 2


@click.command()
@click.argument("predictions", type=InputPath(), nargs=-1, required=True)
@TRUTH
@task_options
@click.option("--images", type=InputPath(), help="Folder of images; its sub-folders are searched, too.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("site"),
    show_default=True,
    help="Folder for the pages.",
)
@click.option("--force", is_flag=True, help="Write into a folder that holds other files.")
@UNIT
@QUIET
def explore(
    predictions: tuple[Path, ...],
    truth: Path,
    task: Task,
    images: Path | None,
    out: Path,
    force: bool,
    unit: str,
    quiet: bool,
) -> None:
    """Make a folder of pages that shows every frame of PREDICTIONS, one system or two.

    Open its index.html in a browser. It needs no server and no network.
    """
    from poseval.api.explore import names_of, system_of
    from poseval.report.explorer.site import check_site, write_site
    from poseval.scoring.reading import read_truth
    from poseval.scoring.score import prepare

    if len(predictions) > MOST_SYSTEMS:
        raise UsageError(
            "P842",
            where="PREDICTIONS",
            what=f"are {number_of(len(predictions), 'system')}",
            wanted="one, or two to be compared",
            hint="name two of them, and compare the others by `poseval compare`",
        )
    _check_apart(out, (*predictions, truth, *([] if images is None else [images])))
    check_site(out, force)
    if images is not None and not os.path.isdir(images):
        where = f"--images {shown(images, limit=400)}"
        raise UsageError("P114", where=where, what="is not a folder", wanted="the folder of the images")
    say = talk(quiet)
    with working("reading", quiet):
        # The ground truth is read once, however many systems there are.
        gt = read_truth(truth, task)
        prepared = [prepare(gt, path, replace(task, per_joint=False)) for path in predictions]
    found = find_images(images, prepared[0].aligned.truth.frames, say)
    with working("scoring and diagnosing", quiet):
        systems = [
            system_of(one, name)
            for one, name in zip(prepared, names_of([str(path) for path in predictions]), strict=True)
        ]
    for one, system in zip(prepared, systems, strict=True):
        tell(one.notices, say, system.name if len(systems) > 1 else "")
    with ProgressLine("frames", quiet) as line:
        text = write_site(out, systems, found, line, unit)
    say(text)


def _check_apart(out: Path, inputs: Sequence[Path]) -> None:
    """Raise P199 for a site that would be written over what it is made from; --force allows no such thing."""
    for path in inputs:
        place = Path(os.path.realpath(path))
        if Path(os.path.realpath(out)) in (place, *place.parents):
            raise UsageError(
                "P199",
                where=f"--out {shown(out, limit=400)}",
                what=f"holds {shown(path, limit=400)}, which is an input",
                wanted="a folder of its own",
                hint="name a new folder",
            )
