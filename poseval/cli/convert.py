"""`poseval convert`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from poseval.cli.names import names_of
from poseval.cli.numbers import MOST_ITEMS, Number
from poseval.cli.options import ALIGN, CATEGORY, LIMIT, QUIET, ROLE, SKELETON, TRANSFORM, InputPath, talk
from poseval.cli.outputs import OutputPath
from poseval.cli.progress import ProgressLine


@click.command()
@click.argument("source", type=InputPath())
@click.argument("target", type=OutputPath())
@click.option(
    "--to",
    "to",
    required=True,
    metavar="FORMAT",
    shell_complete=names_of("formats"),
    help="Format to write (see `poseval list formats`).",
)
@click.option(
    "--format-in",
    "format",
    metavar="FORMAT",
    shell_complete=names_of("formats"),
    help="Format of SOURCE. Recognised by default.",
)
@ROLE
@click.option("--gt", "truth", type=InputPath(), help="Ground truth that the predictions belong to.")
@SKELETON
@click.option(
    "--to-skeleton",
    metavar="NAME|FILE",
    shell_complete=names_of("skeletons"),
    help="Skeleton to map the joints to, by name.",
)
@click.option("--joints", type=InputPath(), metavar="MAP.toml", help="File with a joint map.")
@click.option("--near", is_flag=True, help="Allow similar joints (upper_neck for neck). They are listed.")
@click.option("--derive", is_flag=True, help="Compute missing joints (neck from shoulders). They are listed.")
@ALIGN
@TRANSFORM
@click.option(
    "--worst",
    type=Number(1, MOST_ITEMS),
    metavar="N",
    help="Write only the N frames with the most errors (needs --gt).",
)
@click.option(
    "--fps",
    type=Number(1e-6, 1e6, fraction=True),
    help="Frames per second, for files that have no times.",
)
@CATEGORY
@click.option("--images", type=InputPath(), help="Folder of the images, for sizes that SOURCE does not give.")
@LIMIT
@click.option("--force", is_flag=True, help="Overwrite TARGET.")
@QUIET
def convert(source: Path, target: Path, to: str, quiet: bool, **asked: Any) -> None:
    """Convert SOURCE to TARGET and list what TARGET cannot hold.

    A folder that is one data set (OpenPose, YOLO, PoseTrack ...) becomes one target. Otherwise each file of
    the folder is converted by itself, into a folder.
    """
    from poseval.api.convert import convert

    with ProgressLine("files", quiet) as line:
        done = convert(source, target, to, progress=line, **asked)
    say = talk(quiet)
    for text in done.lines():
        say(text)
