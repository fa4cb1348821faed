"""Options and outputs that several commands share."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from poseval.cli.terminal import say
from poseval.poses import Notice, PoseSet


class InputPath(click.Path):
    """A path as typed; whether it exists is checked by the reader, which knows what was wanted."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)


TRUTH = click.option("--gt", "truth", type=InputPath(), required=True, help="Ground-truth file or folder.")
BENCHMARK = click.option("--benchmark", metavar="NAME", help="Benchmark; guessed from the truth otherwise.")
SKELETON = click.option("--skeleton", metavar="NAME|FILE", help="Skeleton, when the file does not tell.")
# poseval.poses.frame_names.WAYS, which the start-up does not wait for
WAYS = ("key", "file name", "stem", "number")
ALIGN = click.option("--align", "align_by", type=click.Choice(WAYS), help="Pair frames only this way.")
QUIET = click.option("--quiet", "-q", is_flag=True, help="No talk on stderr.")

# What can be asked of two files, by the names of the fields of `Task`.
TASK_OPTIONS = (
    BENCHMARK,
    click.option("--metric", "metrics", multiple=True, metavar="NAME(...)", help="Replaces the benchmark's."),
    click.option(
        "--rules",
        default="reference",
        metavar="NAME",
        help="Rule set: reference (the official tool's digits), corrected, or a profile of the benchmark.",
    ),
    SKELETON,
    click.option("--sigmas", type=InputPath(), help="One OKS sigma per joint: JSON list or lines."),
    click.option("--joints", metavar="names|MAP.toml", help="Map predictions of other joints."),
    click.option("--near", is_flag=True, help="Allow near equivalents, listed (upper_neck for neck)."),
    click.option("--derive", is_flag=True, help="Make derived joints, listed (neck from shoulders)."),
    ALIGN,
    click.option("--gt-format", "truth_format", metavar="FORMAT", help="Format of the ground truth."),
    click.option("--format-in", "predictions_format", metavar="FORMAT", help="Format of the predictions."),
    click.option("--per-joint", is_flag=True, help="Numbers of each joint, too."),
    click.option(
        "--slice", "slices", multiple=True, metavar="sequence|FILE.csv", help="Report groups of frames apart."
    ),
    click.option(
        "--limit", "limits", multiple=True, metavar="NAME=NUMBER", help="Raise a bound of `list limits`."
    ),
)


def task_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command every option that makes a task; it gets the task as its argument `task`."""

    @functools.wraps(command)
    def with_task(**given: Any) -> Any:
        from poseval.scoring.task import Task

        asked = {field.name: given.pop(field.name) for field in fields(Task)}
        return command(task=Task(**asked), **given)

    for option in reversed(TASK_OPTIONS):
        with_task = option(with_task)
    return with_task


def use_color() -> bool:
    """Whether stdout is a terminal that wants colour (NO_COLOR is honoured)."""
    return sys.stdout is not None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def emit(text: str, target: str | None) -> None:
    """Write a result to stdout (`None` or `-`) or, by a neighbour file and a rename, to a file.

    Raises:
        UsageError: P137 it cannot be written (no such folder, no permission).
        LimitError: P506 a full disk.
    """
    if target in (None, "-"):
        try:
            say(text, err=False, nl=not text.endswith("\n"))
        except BrokenPipeError:
            raise
        except OSError as error:
            from poseval.files.writing import unwritable

            raise unwritable("standard output", error) from error
        return
    from poseval.files.writing import write_atomically

    write_atomically(Path(str(target)), text.encode("utf-8", "backslashreplace"), force=True)


def talk(quiet: bool) -> Callable[[str], None]:
    """A function that says things on stderr, or nothing when quiet."""
    return (lambda text: None) if quiet else say


def records(poses: PoseSet) -> str:
    """`12 people in 5 frames`, for messages."""
    return f"{len(poses)} people in {len(poses.frames)} frames"


def tell(notices: Iterable[Notice], say: Callable[[str], None], name: str = "") -> None:
    """Say what was found odd, under the name of the file where there are several."""
    for notice in notices:
        say(f"{name}: {notice}" if name else f"notice: {notice}")
