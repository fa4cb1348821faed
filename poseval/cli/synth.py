"""`poseval synth`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from poseval.cli.names import names_of
from poseval.cli.numbers import MOST_SIDE, Number
from poseval.cli.options import QUIET, SEED_OPTION, InputPath, emit, records, talk
from poseval.cli.progress import ProgressLine
from poseval.errors import shown
from poseval.limits import DEFAULT


@click.command()
@click.argument("folder", type=InputPath())
@click.option(
    "--images", default=100, show_default=True, type=Number(0, DEFAULT.frames), help="Number of images."
)
@click.option(
    "--people",
    default=3,
    show_default=True,
    type=Number(0, DEFAULT.people_per_frame),
    help="Maximum number of people per image.",
)
@SEED_OPTION
@click.option("--video", is_flag=True, help="Make videos with motion and crossings instead of single images.")
@click.option(
    "--skeleton",
    default="coco17",
    show_default=True,
    metavar="NAME",
    shell_complete=names_of("skeletons"),
    help="Skeleton of the ground truth.",
)
@click.option(
    "--format",
    "form",
    default="coco",
    show_default=True,
    metavar="NAME",
    shell_complete=names_of("formats"),
    help="Format of the ground truth.",
)
@click.option(
    "--width",
    default=320,
    type=Number(1, MOST_SIDE),
    show_default=True,
    help="Width of an image, in pixels.",
)
@click.option(
    "--height",
    default=240,
    type=Number(1, MOST_SIDE),
    show_default=True,
    help="Height of an image, in pixels.",
)
@click.option(
    "--smallest",
    default=90.0,
    type=Number(1, MOST_SIDE, fraction=True),
    show_default=True,
    help="Smallest height of a standing person, in pixels.",
)
@click.option(
    "--largest",
    default=260.0,
    type=Number(1, MOST_SIDE, fraction=True),
    show_default=True,
    help="Largest height of a standing person, in pixels.",
)
@click.option(
    "--clutter",
    default=7,
    type=Number(0, 1000),
    show_default=True,
    help="Maximum number of objects behind the people.",
)
@click.option(
    "--occluders",
    default=0.4,
    type=Number(0, 1, fraction=True),
    show_default=True,
    help="Probability of an object in front of a person.",
)
@click.option(
    "--sequence-length",
    default=24,
    type=Number(1, DEFAULT.frames),
    show_default=True,
    help="Frames per video.",
)
@click.option("--force", is_flag=True, help="Overwrite existing ground truth.")
@QUIET
def synth(
    folder: Path,
    images: int,
    people: int,
    seed: int,
    video: bool,
    skeleton: str,
    form: str,
    force: bool,
    quiet: bool,
    **world: Any,
) -> None:
    """Draw synthetic people into FOLDER/images, with exact ground truth beside them.

    The same options give the same ground truth on every platform.
    """
    from poseval.synth import World, scenes
    from poseval.synth.folder import write_world

    drawn = list(scenes(seed, images, people, video=video, world=World(**world)))
    with ProgressLine("images", quiet) as line:
        truth, path, losses = write_world(
            folder, drawn, skeleton=skeleton, form=form, force=force, progress=line
        )
    say = talk(quiet)
    say(f"{records(truth)}; format {form}: {losses}")
    emit(shown(path), None)
