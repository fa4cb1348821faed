"""Work in a child process with limits on memory, time and disk, in an empty folder of its own.

The child is forked, so that ground truth which its parent holds is shared and not read again. It answers with
one JSON value of bounded size through a pipe. Whatever else it does ends with it.
"""

from __future__ import annotations

import json
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poseval.challenge.scratch import size_of
from poseval.limits import MIB

ANSWER_BYTES = 64 * MIB  # a report with its figures is 2 MB
OPEN_FILES = 256
GRACE = 2  # seconds of processor time beyond the limit, after which the system ends the child by itself
READ = 1 << 20
LOOK = 0.25  # seconds between looks at what the child has written


@dataclass(frozen=True)
class Allowance:
    """What a child may take: seconds, bytes of memory beyond its parent's, bytes of one file and of all."""

    seconds: int
    memory: int
    file_bytes: int
    disk: int


@dataclass(frozen=True)
class Ended:
    """How a child ended: with an `answer`, or for a reason: `time`, `memory`, `disk`, `answer`, `died`."""

    answer: Any = None
    reason: str = ""
    seconds: float = 0.0


def run_apart(work: Callable[[Path], Any], allowed: Allowance, place: Path) -> Ended:
    """What `work(folder)` returns, as JSON, from a child that may take so much.

    `folder` is an empty one below `place`, and is removed afterwards.
    """
    folder = Path(tempfile.mkdtemp(dir=place))
    started = time.monotonic()
    reader, writer = os.pipe()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _be_child(work, folder, writer, allowed)
    os.close(writer)
    try:
        with suppress(OSError):  # the child does the same; whoever is first
            os.setpgid(child, child)
        data, reason = _read(reader, started + allowed.seconds, folder, allowed.disk)
        if reason:
            with suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        child = 0
    finally:
        os.close(reader)
        if child:  # interrupted: nothing of it stays
            with suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(child, 0)
        shutil.rmtree(folder, ignore_errors=True)
    return _ended(data, reason, status, time.monotonic() - started)


def _ended(data: bytes, reason: str, status: int, seconds: float) -> Ended:
    number = os.waitstatus_to_exitcode(status)
    if number == -signal.SIGXCPU:
        reason = "time"
    if reason:
        return Ended(reason=reason, seconds=seconds)
    try:
        node = json.loads(data)
    except ValueError:  # killed, by the system for its memory more often than for anything else
        return Ended(reason="memory" if number == -signal.SIGKILL else "died", seconds=seconds)
    return Ended(node.get("answer"), node.get("reason", ""), seconds)


def _read(handle: int, deadline: float, folder: Path, disk: int) -> tuple[bytes, str]:
    """All that is written to a pipe, and why it is not waited for any longer; empty where it is whole."""
    parts: list[bytes] = []
    size = 0
    look = time.monotonic() + LOOK
    while True:
        now = time.monotonic()
        if now >= deadline:
            return b"", "time"
        if now >= look:
            if size_of(folder) > disk:
                return b"", "disk"
            look = 5 * time.monotonic() - 4 * now + LOOK  # a fifth of the time at most
        if not select.select([handle], [], [], max(min(deadline, look) - now, 0.0))[0]:
            continue
        part = os.read(handle, READ)
        if not part:
            return (b"", "disk") if size_of(folder) > disk else (b"".join(parts), "")
        size += len(part)
        if size > ANSWER_BYTES:
            return b"", "answer"
        parts.append(part)


def _be_child(
    work: Callable[[Path], Any], folder: Path, writer: int, allowed: Allowance
) -> None:  # pragma: no cover  # in another process
    """The life of the child; never returns."""
    status = 1
    try:
        os.setpgid(0, 0)
        _die_with_parent()
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        os.environ.clear()
        os.environ.update({"HOME": str(folder), "TMPDIR": str(folder), "MPLCONFIGDIR": str(folder)})
        os.chdir(folder)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        _limit(allowed)
        try:
            node = {"answer": work(folder)}
        except MemoryError:
            node = {"reason": "memory"}
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(json.dumps(node, allow_nan=False).encode())
        status = 0
    finally:
        os._exit(status)


def _limit(allowed: Allowance) -> None:
    now = _address_space()
    for what, most in (
        (resource.RLIMIT_AS, now + allowed.memory if now else None),
        (resource.RLIMIT_CPU, _processor_seconds(allowed.seconds)),
        (resource.RLIMIT_FSIZE, allowed.file_bytes),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        if most is not None:
            hard = resource.getrlimit(what)[1]
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            with suppress(ValueError, OSError):  # macOS has limits that cannot be set
                resource.setrlimit(what, (most, most))


def _processor_seconds(seconds: int) -> int:
    """Threads use more processor time than time: a bound for the case that nobody kills the child."""
    return seconds * (os.cpu_count() or 1) + GRACE


def _address_space() -> int:
    """Bytes that this process has mapped; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0


def _die_with_parent() -> None:
    """Ask Linux to end this process with its parent: a killed worker leaves nobody behind."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    die_with_parent = 1  # PR_SET_PDEATHSIG of prctl(2)
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(die_with_parent, signal.SIGKILL)
