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

from poseval.cli.names import names_of, rules, slices
from poseval.cli.numbers import Number
from poseval.cli.outputs import writes_files
from poseval.cli.terminal import say, terminal_width
from poseval.errors import near_names, number_of
from poseval.poses import Notice, PoseSet


class Choice(click.Choice):  # type: ignore[type-arg,unused-ignore]  # generic from click 8.2 on
    """A choice whose error proposes the nearest name."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The choice that was typed."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            near = near_names(str(value), map(str, self.choices), 1)
            if not near:
                raise
            raise click.BadParameter(
                f"{error.message} Did you mean {near[0]!r}?", ctx=ctx, param=param
            ) from None


class InputPath(click.Path):
    """A path as typed. The reader checks whether it exists, because it knows what was expected."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """The path; an address stays text, because a path has no two slashes in a row."""
        if value == "":
            self.fail("is empty; a dot names the current folder.", param, ctx)
        if isinstance(value, str) and "://" in value:
            return value
        return super().convert(value, param, ctx)


class Asked(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic from click 8.2 on
    """A level, a count or a seed, as `poseval.statistics.options` reads it."""

    def __init__(self, name: str, reader: str) -> None:
        self.name, self.reader = name, reader

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number that a text stands for."""
        from poseval.statistics import options

        return getattr(options, self.reader)(value, param.opts[0] if param else self.name)


LEVEL, COUNT, SEED = Asked("level", "level_of"), Asked("count", "count_of"), Asked("seed", "seed_of")
SEED_OPTION = click.option(
    "--seed", type=SEED, default=0, show_default=True, help="Seed of all random draws."
)
CLUSTER = click.option(
    "--cluster",
    metavar="frame|sequence|FIELD|FILE.csv",
    help="Units that are resampled as a whole. By default those of the benchmark.",
)
# What compare and gate ask of their tests.
TESTING_OPTIONS = (
    click.option(
        "--level",
        type=LEVEL,
        default="95",
        show_default=True,
        help="Confidence level. 95, 95% and 0.95 are the same.",
    ),
    click.option(
        "--resamples", type=COUNT, help="Number of random sign flips. By default as many as the tests need."
    ),
    SEED_OPTION,
    CLUSTER,
    click.option(
        "--seed-sd",
        "seed_sd",
        multiple=True,
        metavar="[KEY=]SD",
        help="Standard deviation of a number between trainings, if known. It replaces that of several runs.",
    ),
)
# poseval.results.units.SHOWN_AS, which the start-up does not wait for
UNIT = click.option(
    "--unit",
    type=Choice(["percent", "fraction"]),
    default="percent",
    show_default=True,
    help="How fractions such as AP are shown in text and tables. JSON and CSV hold fractions.",
)
DIGITS = click.option(
    "--digits",
    type=Number(0, 6),
    help="Decimals of percentages in text and tables. By default as papers print.",
)
TRUTH = click.option("--gt", "truth", type=InputPath(), required=True, help="Ground-truth file or folder.")
TRUTH_OR_SAVED = click.option(
    "--gt", "truth", type=InputPath(), help="Ground truth. Not needed for saved runs."
)
BENCHMARK = click.option(
    "--benchmark",
    metavar="NAME",
    shell_complete=names_of("benchmarks"),
    help="Benchmark. By default recognised from the ground truth.",
)
SKELETON = click.option(
    "--skeleton",
    metavar="NAME|FILE",
    shell_complete=names_of("skeletons"),
    help="Skeleton, for files that do not name their joints.",
)
SIGMAS = click.option(
    "--sigmas",
    metavar="NUMBERS|FILE",
    help="OKS sigmas: 0.05 for all joints, a list 0.05,0.1,..., names nose=0.03,..., or a file.",
)
# poseval.poses.frame_names.WAYS, which the start-up does not wait for
WAYS = ("key", "file name", "stem", "base name", "path end", "spelling", "number")
ORDERS = ("later_first", "official")  # poseval.benchmarks.rule_sets.ORDERS, likewise
ALIGN = click.option(
    "--align",
    "align_by",
    type=Choice(WAYS),
    help="Pair frames only in this way. By default every way is tried.",
)
TRANSFORM = click.option(
    "--transform",
    multiple=True,
    metavar="xy|scale=K|...",
    help="Change coordinates: xy, left-right, flip=y, normalised, scale=K, offset=X,Y, boxes=corners. "
    "Repeatable.",
)
CATEGORY = click.option("--category", metavar="NAME", help="Category to read, for files with several.")
ROLE = click.option(
    "--role",
    type=Choice(["predictions", "ground-truth", "truth"]),
    help="What the file holds. By default predictions if --gt is given, otherwise recognised.",
)
ONE_PROCESS = "workers: one process is faster for this, since by threads it uses every processor"
QUIET = click.option("--quiet", "-q", is_flag=True, help="Do not print notices and progress.")

LIMIT = click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="NAME=NUMBER",
    help="Change a limit, such as bytes=2GiB (see `poseval list limits`). Repeatable.",
)

# What can be asked of two files, by the names of the fields of `Task`.
TASK_OPTIONS = (
    BENCHMARK,
    click.option(
        "--metric",
        "metrics",
        multiple=True,
        metavar="NAME(...)",
        shell_complete=names_of("metrics"),
        help="Metric to use instead of the benchmark's. Repeatable.",
    ),
    click.option(
        "--rules",
        default="reference",
        metavar="NAME",
        shell_complete=rules,
        help="Rule set: reference (as the official program), corrected, or another of the benchmark.",
    ),
    click.option(
        "--ties",
        type=Choice(ORDERS),
        help="Order of equal joint scores in PoseTrack's AP: later_first, or official (NumPy before 1.25). "
        "By default that of the rule set.",
    ),
    SKELETON,
    SIGMAS,
    click.option(
        "--joints", metavar="names|MAP.toml", help="Map predictions with other joints, by name or by a file."
    ),
    click.option("--near", is_flag=True, help="Allow similar joints (upper_neck for neck). They are listed."),
    click.option(
        "--derive", is_flag=True, help="Compute missing joints (neck from shoulders). They are listed."
    ),
    ALIGN,
    TRANSFORM,
    click.option(
        "--gt-format",
        "truth_format",
        metavar="FORMAT",
        shell_complete=names_of("formats"),
        help="Format of the ground truth. Recognised by default.",
    ),
    click.option(
        "--format-in",
        "predictions_format",
        metavar="FORMAT",
        shell_complete=names_of("formats"),
        help="Format of the predictions. Recognised by default.",
    ),
    CATEGORY,
    click.option("--per-joint", is_flag=True, help="Also report each joint."),
    click.option(
        "--slice",
        "slices",
        multiple=True,
        metavar="size|sequence|FILE.csv|...",
        shell_complete=slices,
        help="Also report groups: size, crowding, visible-joints, occlusion, truncation, category, sequence, "
        "a column of frames, or a csv file. Repeatable.",
    ),
    LIMIT,
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


def testing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of statistical tests: level, resamples, seed, cluster, deviation of trainings."""
    for option in reversed(TESTING_OPTIONS):
        command = option(command)
    return command


def use_color() -> bool:
    """Whether stdout is a terminal that wants colour (NO_COLOR is honoured)."""
    return sys.stdout is not None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def emit(text: str, target: str | None) -> None:
    """Write a result to stdout (`None` or `-`) or, by a neighbour file and a rename, to a file.

    Raises:
        UsageError: P137 it cannot be written (no such folder, no permission, a closed stdout).
        LimitError: P506 a full disk.
    """
    if target in (None, "-"):
        if target is None and sys.stdout is None and writes_files():
            return  # a file holds the result, and what is printed beside it is for people
        say(text, err=False, nl=not text.endswith("\n"))
        return
    from poseval.files.writing import write_atomically

    write_atomically(Path(str(target)), text.encode("utf-8", "backslashreplace"), force=True)


def show(make: Callable[[], str]) -> None:
    """Print a result as text; where stdout is a terminal, its tables are made to fit."""
    from poseval.report.text_table import fitting

    with fitting(terminal_width()):
        emit(make(), None)


def talk(quiet: bool) -> Callable[[str], None]:
    """A function that prints messages on stderr, or nothing when quiet."""
    return (lambda text: None) if quiet else say


def records(poses: PoseSet) -> str:
    """`12 people in 5 frames`, for messages."""
    return f"{number_of(len(poses), 'person', 'people')} in {number_of(len(poses.frames), 'frame')}"


def tell(notices: Iterable[Notice], say: Callable[[str], None], name: str = "") -> None:
    """Print notices, with the name of the file where there are several."""
    for notice in notices:
        text = str(notice)
        say(text if name and text.startswith(f"{name}: ") else f"{name or 'notice'}: {text}")
