"""Options and outputs that several commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from poseval.errors import UsageError, shown
from poseval.poses import PoseSet
from poseval.skeletons import Skeleton, get_skeleton, load_skeleton


class InputPath(click.Path):
    """A path as typed; whether it exists is checked by the reader, which knows what was wanted."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)


if TYPE_CHECKING:
    from poseval.joint_mapping import JointRules

TRUTH = click.option("--gt", "truth", type=InputPath(), required=True, help="Ground-truth file or folder.")
BENCHMARK = click.option("--benchmark", metavar="NAME", help="Benchmark; guessed from the truth otherwise.")
RULES = click.option(
    "--rules",
    default="reference",
    metavar="BOOK",
    help="Rule book: reference (the official tool's digits), corrected, a profile of the benchmark, or all.",
)
SKELETON = click.option("--skeleton", metavar="NAME|FILE", help="Skeleton, when the file does not tell.")
SIGMAS = click.option("--sigmas", type=InputPath(), help="One OKS sigma per joint: JSON list or lines.")
# poseval.frame_names.WAYS, which the start-up does not wait for
WAYS = ("key", "file name", "stem", "number")
ALIGN = click.option("--align", "align_by", type=click.Choice(WAYS), help="Pair frames only this way.")
FORMAT_IN = click.option(
    "--format-in", "format_in", metavar="FORMAT", help="Format of the predictions; recognised otherwise."
)
QUIET = click.option("--quiet", "-q", is_flag=True, help="No talk on stderr.")


def skeleton_option(name: str | None, sigmas: Path | None, joints: int | None = None) -> Skeleton | None:
    """The skeleton that --skeleton and --sigmas ask for; None leaves it to the file.

    Raises:
        UsageError: P113 unknown skeleton, P115 sigmas without a skeleton of that size.
    """
    skeleton = load_skeleton(name) if name else None
    if sigmas is None:
        return skeleton
    numbers = read_sigmas(sigmas)
    if skeleton is None and len(numbers) == len(get_skeleton("coco17")):
        skeleton = get_skeleton("coco17")
    if skeleton is None or len(skeleton) != len(numbers):
        raise UsageError(
            "P115",
            where=shown(sigmas),
            what=f"has {len(numbers)} sigmas",
            wanted=f"skeleton {skeleton.name} has {len(skeleton)} joints"
            if skeleton
            else "name the --skeleton",
        )
    return skeleton.with_sigmas(numbers)


def joint_rules(joint_map: str | None, near: bool, derive: bool) -> JointRules:
    """What --joints, --near and --derive ask for: equal names, or a map in a file."""
    from poseval.joint_mapping import JointRules

    by_name = joint_map == "names"
    file = None if joint_map is None or by_name else Path(joint_map)
    return JointRules(file=file, near=near, derive=derive, names=by_name)


def read_sigmas(path: Path) -> list[float]:
    """Positive numbers from a JSON list, or separated by white space or commas.

    Raises:
        UsageError: P115 when the file holds something else.
    """
    try:
        text = path.read_text("utf-8").strip().strip("[]").replace(",", " ")
        numbers = [float(word) for word in text.split()]
    except (OSError, ValueError) as error:
        raise UsageError(
            "P115",
            where=shown(path),
            what=f"cannot be read as sigmas ({shown(error)})",
            wanted="one number per joint",
        ) from error
    return numbers


def use_color() -> bool:
    """Whether stdout is a terminal that wants colour (NO_COLOR is honoured)."""
    return sys.stdout is not None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def emit(text: str, target: str | None) -> None:
    """Write a result to stdout (`None` or `-`) or, by a neighbour file and a rename, to a file.

    Raises:
        UsageError: P137 it cannot be written (disk full, no such folder, no permission).
    """
    if target in (None, "-"):
        try:
            click.echo(text, nl=not text.endswith("\n"))
        except BrokenPipeError:
            raise
        except OSError as error:
            raise UsageError(
                "P137", where="standard output", what=f"cannot be written ({shown(error.strerror or error)})"
            ) from error
        return
    from poseval.datasets.document import write_atomically

    write_atomically(Path(str(target)), text.encode(), force=True)


def talk(quiet: bool) -> Callable[[str], None]:
    """A function that says things on stderr, or nothing when quiet."""
    return (lambda text: None) if quiet else (lambda text: click.echo(text, err=True))


def records(poses: PoseSet) -> str:
    """`12 people in 5 frames`, for messages."""
    return f"{len(poses)} people in {len(poses.frames)} frames"
