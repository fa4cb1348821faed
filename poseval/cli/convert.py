"""`poseval convert`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import click

from poseval.cli.options import ALIGN, QUIET, SKELETON, InputPath, talk

PROGRESS_SECONDS = 0.5  # a line that changes faster cannot be read


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

    bar = Progress(sys.stderr.isatty() and not quiet)
    try:
        done = convert(source, target, to, progress=bar, **asked)
    finally:
        bar.clear()
    say = talk(quiet)
    for line in done.lines():
        say(line)


class Progress:
    """One line on a terminal that says how far the work is; nothing elsewhere."""

    def __init__(self, shown: bool) -> None:
        self.shown = shown
        self.next = time.monotonic() + PROGRESS_SECONDS
        self.drawn = False

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self.shown and now >= self.next:
            click.echo(f"\r{done:,} of {total:,}", nl=False, err=True)
            self.next, self.drawn = now + PROGRESS_SECONDS, True

    def clear(self) -> None:
        """Take the line away."""
        if self.drawn:
            click.echo("\r\x1b[K", nl=False, err=True)
