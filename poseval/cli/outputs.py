"""Options that name outputs, and the checks of them before any work is done."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poseval.errors import UsageError, shown

if TYPE_CHECKING:
    from poseval.poses import Frames
    from poseval.poses.images import FrameImages

STDOUT = "-"


class OutputPath(click.Path):
    """A file to write."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path.

        Raises:
            UsageError: P137 for `-`, which is standard output elsewhere.
        """
        if os.fspath(value) == STDOUT:
            raise UsageError(
                "P137",
                where=f"{param.opts[0] if param else 'output'} -",
                what="is standard output, to which this cannot be written",
                wanted="a file",
                hint="name a file",
            )
        return super().convert(value, param, ctx)


class OutputOrStdout(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic from click 8.2 on
    """A file to write as text, or `-`."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text as it is."""
        return str(value)


OUTPUT = OutputOrStdout()


class WritingCommand(click.Command):
    """A command with outputs: they are checked against its inputs and against what is there, before work.

    It has an option `--force`, which lets an output replace a file that poseval did not write.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        text = "Replace output files that poseval did not write."
        self.params.append(click.Option(["--force"], is_flag=True, help=text, expose_value=False))

    def invoke(self, ctx: click.Context) -> Any:
        """Check, then run."""
        outputs = dict(_outputs(ctx))
        inputs = list(_inputs(ctx))
        for option, path in outputs.items():
            _check_distinct(option, path, inputs, outputs)
        check_replaceable(outputs.items(), forced())
        return super().invoke(ctx)


def forced() -> bool:
    """Whether the command that runs was given `--force`."""
    source = click.get_current_context().get_parameter_source("force")
    return source is click.core.ParameterSource.COMMANDLINE


def writes_files() -> bool:
    """Whether the command that runs was given a file to write."""
    context = click.get_current_context(silent=True)
    return context is not None and any(True for _ in _outputs(context))


def check_replaceable(outputs: Iterable[tuple[str, Path]], force: bool) -> None:
    """Refuse outputs that cannot be written, and files that are not earlier outputs of poseval.

    Raises:
        UsageError: P137 no such folder, or one that cannot be written to; P131 a file that poseval did not
            write, P864 a baseline with a history, and no `force`.
    """
    from poseval.files.earlier import has_history, is_earlier_output

    for option, path in outputs:
        where = f"{option} {shown(path, limit=400)}"
        if not os.path.isdir(path.parent):
            raise UsageError(
                "P137",
                where=where,
                what="cannot be written (no such folder)",
                wanted="a folder that exists",
            )
        if os.path.isdir(path):
            raise UsageError("P137", where=where, what="is a folder", wanted="a file")
        if not force and os.path.islink(path) and not os.path.exists(path):
            raise UsageError(
                "P131",
                where=where,
                what=f"is a link to {shown(os.path.realpath(path), limit=400)}, which does not exist",
                wanted="a new name",
                hint="pass --force to write there",
            )
        if not force and os.path.isfile(path) and has_history(path):
            raise UsageError(
                "P864",
                where=where,
                what="is a baseline with a history: the runs that it replaced, and the anchor of its gates",
                wanted="a new name",
                hint="let `poseval gate --update-baseline` or `--accept` replace it, or pass --force",
            )
        if not force and os.path.isfile(path) and not is_earlier_output(path):
            raise UsageError(
                "P131",
                where=where,
                what="exists, and poseval did not write it",
                wanted="a new name, or an earlier output",
                hint="pass --force to replace it",
            )
        if not _is_writable(path):
            raise UsageError(
                "P137",
                where=where,
                what="cannot be written (no permission, or a read-only file system)",
                wanted="a folder that can be written to",
            )


def _is_writable(path: Path) -> bool:
    """Whether a file can take its place; a device or pipe is written to where it is."""
    if os.path.exists(path) and not os.path.isfile(path):
        return True
    return os.access(os.path.dirname(os.path.realpath(path)), os.W_OK)


def check_images(folder: Path | None, page: Path | None) -> None:
    """Refuse a folder of images that does not exist, and one without a page to draw them on.

    Raises:
        UsageError: P114, P841.
    """
    if folder is None:
        return
    if page is None:
        raise UsageError(
            "P841",
            where=f"--images {shown(folder, limit=400)}",
            what="is given, but no page to draw them on",
            wanted="--images together with --report",
            hint="add --report report.html, or leave --images out",
        )
    if not os.path.isdir(folder):
        where = f"--images {shown(folder, limit=400)}"
        raise UsageError("P114", where=where, what="is not a folder", wanted="the folder of the images")


def find_images(folder: Path | None, frames: Frames, say: Callable[[str], None]) -> FrameImages | None:
    """Find the images of frames below a folder, if one is given, and say how many were found.

    Raises:
        UsageError: P840 no image was found.
    """
    if folder is None:
        return None
    from poseval.poses.images import images_of

    found = images_of(frames, folder)
    say(str(found))
    return found


def _outputs(ctx: click.Context) -> Iterator[tuple[str, Path]]:
    for parameter in ctx.command.params:
        value = ctx.params.get(parameter.name or "")
        if isinstance(parameter.type, OutputPath | OutputOrStdout) and value not in (None, STDOUT):
            yield parameter.opts[0], Path(value)


def _inputs(ctx: click.Context) -> Iterator[tuple[str, Path]]:
    """Every other value that is the name of something that exists."""
    for parameter in ctx.command.params:
        if isinstance(parameter.type, OutputPath | OutputOrStdout):
            continue
        for value in _texts(ctx.params.get(parameter.name or "")):
            if os.path.exists(value):
                yield parameter.opts[0], Path(value)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, tuple):
        return [text for item in value for text in _texts(item)]
    return [os.fspath(value)] if isinstance(value, str | Path) and str(value) else []


def _check_distinct(
    option: str, path: Path, inputs: list[tuple[str, Path]], outputs: dict[str, Path]
) -> None:
    """Raise P199 for an output that is an input, or lies in a folder that is one, or is another output."""
    here = os.path.realpath(path)
    for name, other in inputs:
        there = os.path.realpath(other)
        inside = os.path.isdir(other) and here.startswith(there + os.sep)
        if here == there or (inside and os.path.isfile(path)):
            raise UsageError(
                "P199",
                where=f"{option} {shown(path, limit=400)}",
                what=f"is also an input ({name})",
                wanted="another name for the output",
            )
    for name, other in outputs.items():
        if name != option and here == os.path.realpath(other) and not _is_device(path):
            raise UsageError(
                "P199",
                where=f"{option} {shown(path, limit=400)}",
                what=f"is also the output of {name}",
                wanted="a file for each output",
            )


def _is_device(path: Path) -> bool:
    return os.path.exists(path) and not os.path.isfile(path)
