"""Folders for what is needed for a moment, which do not outlive a process that was killed.

Beside each folder stands a file that its process has locked. The system frees the lock when the process ends,
whatever ended it; then the next process that makes such a folder removes both.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

FRONT, LOCK = "poseval-scratch-", ".lock"
NAME_BYTES = 8


@contextmanager
def scratch_folder(place: Path) -> Iterator[Path]:
    """An empty folder below `place`, gone afterwards; those of killed processes are removed first."""
    for lock in place.glob(f"{FRONT}*{LOCK}"):
        _remove_if_left(lock)
    file, lock = _locked(place)
    folder = _folder_of(lock)
    with file:
        try:
            folder.mkdir(mode=0o700)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock.unlink(missing_ok=True)


def size_of(folder: Path) -> int:
    """Bytes that everything below a folder takes on the disk, as far as it can be seen."""
    total = 0
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            with suppress(OSError):
                found = os.lstat(os.path.join(place, name))
                total += max(found.st_blocks * 512, found.st_blksize)  # an empty file takes room, too
    return total


def _folder_of(lock: Path) -> Path:
    return lock.with_name(lock.name.removesuffix(LOCK))


def _locked(place: Path) -> tuple[BinaryIO, Path]:
    """A new file with a lock on it. Another process may take it for a left one before it is locked."""
    while True:
        lock = place / f"{FRONT}{secrets.token_hex(NAME_BYTES)}{LOCK}"
        file = lock.open("xb")
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:
            return file, lock
        file.close()


def _remove_if_left(lock: Path) -> None:
    """Remove the folder of a process of this user that is no more, and its file."""
    try:
        handle = os.open(lock, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if os.fstat(handle).st_uid != os.getuid():
            return
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(_folder_of(lock), ignore_errors=True)
        lock.unlink(missing_ok=True)
    except OSError:  # locked: it is at work
        return
    finally:
        os.close(handle)
