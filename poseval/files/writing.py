"""Atomic writing: to a temporary file first, then a rename."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from poseval.errors import LimitError, PosevalError, UsageError, shown
from poseval.files.neighbours import neighbour_of

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


def write_atomically(
    path: str | os.PathLike[str], content: bytes | Callable[[BinaryIO], None], force: bool = False
) -> None:
    """Write a temporary file and rename it, so that readers see the old content or the new, never a part.

    `content` is the bytes or a function that writes them. On any failure, Ctrl-C included, the temporary file
    is removed and the target stays as it was. A device or pipe (`/dev/stdout`) is written to as it is.

    Raises:
        UsageError: P131 the target exists and `force` is not given, P137 it cannot be written.
        LimitError: P506 the disk is full.
    """
    target = Path(os.path.realpath(path))
    name = shown(os.fspath(path), limit=400)
    exists = os.path.lexists(target) or os.path.exists(path)  # /dev/stdout leads to no name when it is a pipe
    if exists and not force:
        raise _exists(name)
    try:
        if exists and not os.path.isfile(path):
            with open(path, "wb") as file:
                _put(file, content)
            return
        _replace(target, content, force, name)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise unwritable(name, error) from error


def make_folder(path: str | os.PathLike[str]) -> None:
    """Make a folder, and those above it, unless it is there.

    Raises:
        UsageError: P137 it cannot be made. LimitError: P506 the disk is full.
    """
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise unwritable(shown(os.fspath(path), limit=400), error) from error


@contextmanager
def appending(path: str | os.PathLike[str]) -> Iterator[Callable[[bytes], None]]:
    """Open a file, or make one, and give a function that adds bytes to its end.

    It is opened at once, and without waiting, so that one that cannot be written is refused before any work.

    Raises:
        UsageError: P137 it cannot be written: a folder, a pipe that nobody reads, no such folder.
        LimitError: P506 the disk is full.
    """
    name = shown(os.fspath(path), limit=400)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    flags |= getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        file = os.fdopen(os.open(path, flags, 0o666), "ab", buffering=0)
    except OSError as error:
        raise unwritable(name, error) from error

    def append(content: bytes) -> None:
        try:
            while content:
                content = content[file.write(content) or 0 :]
        except OSError as error:
            raise unwritable(name, error) from error

    with file:
        yield append


def require_free(path: str | os.PathLike[str], force: bool = False) -> None:
    """Refuse a target that exists before anything is written.

    Raises:
        UsageError: P131 the target exists and `force` is not given.
    """
    if not force and os.path.lexists(path):
        raise _exists(shown(os.fspath(path), limit=400))


def unwritable(name: str, error: OSError) -> PosevalError:
    """The error for an output that the system refuses: P137, or P506 if the disk is full."""
    reason = shown(error.strerror or error)
    if error.errno in NO_ROOM:
        return LimitError(
            "P506", where=name, what=f"cannot be written ({reason})", wanted="free space on the disk"
        )
    return UsageError(
        "P137",
        where=name,
        what=f"cannot be written ({reason})",
        wanted="an existing folder that can be written to",
    )


def _replace(target: Path, content: bytes | Callable[[BinaryIO], None], force: bool, name: str) -> None:
    neighbour = neighbour_of(target)
    try:
        with neighbour.open("xb") as file:
            _put(file, content)
        if force:
            if os.path.exists(target):
                neighbour.chmod(stat.S_IMODE(target.stat().st_mode))
            neighbour.replace(target)
        else:
            _rename_to_new(neighbour, target, name)
    except BaseException:
        neighbour.unlink(missing_ok=True)
        raise


def _rename_to_new(neighbour: Path, target: Path, name: str) -> None:
    """Rename that does not replace a target that came into being meanwhile, where hard links exist."""
    try:
        os.link(neighbour, target)
    except FileExistsError:
        raise _exists(name) from None
    except (OSError, NotImplementedError):
        neighbour.rename(target)
    else:
        neighbour.unlink()


def _put(file: BinaryIO, content: bytes | Callable[[BinaryIO], None]) -> None:
    if callable(content):
        content(file)
    else:
        file.write(content)


def _exists(name: str) -> UsageError:
    return UsageError(
        "P131", where=name, what="exists", wanted="a new name", hint="pass --force to overwrite it"
    )
