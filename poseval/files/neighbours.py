"""Temporary files beside a target, and the removal of those that a killed process left."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
from contextlib import suppress
from pathlib import Path

# .NAME.HOST-PROCESS-RANDOM.tmp is being written; .old is a folder that was moved away for its successor.
_FORM = re.compile(
    r"\.(?P<name>.+)\.(?P<host>[0-9a-f]{8})-(?P<process>[0-9]+)-[0-9a-f]{12}\.(?P<kind>tmp|old)"
)
_HOST = hashlib.sha256(platform.node().encode("utf-8", "surrogateescape")).hexdigest()[:8]
_NAME = 100  # characters of the target's name that a neighbour carries: a name has 255 bytes at most
_seen: set[Path] = set()


def neighbour_of(target: Path) -> Path:
    """A new name for a temporary file beside the target, to be renamed later.

    Files that killed processes of this machine left in the folder are removed first, once per process.
    """
    if target.parent not in _seen:
        _seen.add(target.parent)
        _clear(target.parent)
    return target.with_name(f".{target.name[:_NAME]}.{_HOST}-{os.getpid()}-{os.urandom(6).hex()}.tmp")


def _clear(folder: Path) -> None:
    if os.name != "posix":  # elsewhere nothing tells whether a process still runs
        return
    try:
        found = [(entry.path, _FORM.fullmatch(entry.name)) for entry in os.scandir(folder)]
    except OSError:
        return
    for path, match in found:
        if match is None or match["host"] != _HOST or _runs(int(match["process"])):
            continue
        with suppress(OSError):  # in a shared folder it may be another person's
            _settle(Path(path), match["kind"], folder / match["name"])


def _settle(left: Path, kind: str, target: Path) -> None:
    """Put a folder back that was moved away for a successor which never came; remove anything else."""
    if kind == "old" and not os.path.lexists(target):
        if len(target.name) < _NAME:  # else the name is cut, and a person must look
            left.rename(target)  # killed between the two renames
    elif left.is_dir() and not left.is_symlink():
        shutil.rmtree(left, ignore_errors=True)
    else:
        left.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True
