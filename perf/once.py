"""Files and folders that programs make once and keep: a program that is stopped leaves none that is cut."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A place beside `path` to write to, which takes its name when the block has ended without an error."""
    part = path.with_name(f"part-{path.name}")
    if part.is_dir():
        shutil.rmtree(part)
    part.unlink(missing_ok=True)
    yield part
    part.replace(path)


def once(path: Path, make: Callable[[Path], object]) -> Path:
    """`path`, which `make` writes to the place that it is given, where there is none."""
    import fcntl  # which Windows has not, where some programs need `whole` alone

    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # another program may be making it
        if not path.exists():
            with whole(path) as part:
                make(part)
    finally:
        os.close(folder)
    return path
