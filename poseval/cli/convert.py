"""`poseval convert`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from poseval.cli.options import ALIGN, QUIET, SKELETON, InputPath, talk
from poseval.cli.progress import ProgressLine


@click.command()
@click.argument("source", type=InputPath())
@click.argument("target", type=InputPath())
@click.option(
    "--to", "to", required=True, metavar="FORMAT", help="Format to write; see `poseval list formats`."
)
@click.option("--format-in", "format", metavar="FORMAT", help="Format of SOURCE; recognised otherwise.")
@click.option(
    "--role", type=click.Choice(["truth", "predictions"]), help="What SOURCE is; recognised otherwise."
)
@click.option("--gt", "truth", type=InputPath(), help="Ground truth that predictions belong to.")
@SKELETON
@click.option("--to-skeleton", metavar="NAME|FILE", help="Skeleton to map the joints to, by equal names.")
@click.option("--joints", type=InputPath(), metavar="MAP.toml", help="Your own map of joints.")
@click.option("--near", is_flag=True, help="Allow near equivalents (upper_neck for neck); they are listed.")
@click.option("--derive", is_flag=True, help="Make derived joints (neck from shoulders); they are listed.")
@ALIGN
@click.option("--force", is_flag=True, help="Overwrite TARGET.")
@QUIET
def convert(source: Path, target: Path, to: str, quiet: bool, **asked: Any) -> None:
    """Convert SOURCE to TARGET, and say what TARGET cannot hold.

    A folder that is one set (OpenPose, YOLO, PoseTrack ...) becomes what the target format is; a folder of
    files that are sets of their own becomes a folder of converted files.
    """
    from poseval.api import convert

    with ProgressLine("files", quiet) as line:
        done = convert(source, target, to, progress=line, **asked)
    say = talk(quiet)
    for text in done.lines():
        say(text)
