"""`poseval synth`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from poseval.cli.options import QUIET, InputPath, emit, records, talk
from poseval.cli.progress import ProgressLine
from poseval.errors import shown


@click.command()
@click.argument("folder", type=InputPath())
@click.option("--images", default=100, show_default=True, type=click.IntRange(0), help="Pictures in all.")
@click.option("--people", default=3, show_default=True, type=click.IntRange(0), help="Most on one picture.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0))
@click.option("--video", is_flag=True, help="Clips with motion and crossings instead of stills.")
@click.option("--skeleton", default="coco17", show_default=True, metavar="NAME", help="Joints of the truth.")
@click.option(
    "--format", "form", default="coco", show_default=True, metavar="NAME", help="Format of the truth."
)
@click.option("--width", default=320, show_default=True)
@click.option("--height", default=240, show_default=True)
@click.option("--smallest", default=90.0, show_default=True, help="Standing height of the smallest, pixels.")
@click.option("--largest", default=260.0, show_default=True)
@click.option("--clutter", default=7, show_default=True, help="Most things behind the people.")
@click.option("--occluders", default=0.4, show_default=True, help="Chance of a thing before somebody.")
@click.option("--sequence-length", default=24, show_default=True, help="Frames of a clip.")
@click.option("--force", is_flag=True, help="Overwrite the truth.")
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
    """Draw synthetic people into FOLDER/images, with their exact truth beside them.

    The same options give the same truth on every platform.
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
