"""Programs that run under limits of memory and time, as a server would run them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.shared import ROOT, SANITISED

MIB = 1 << 20
ADDRESS_SPACE = 2048 * MIB
HELD = 1024 * MIB  # resident memory that no file may lead to
SECONDS = 5  # for a file, and as many again for Python and its libraries to start on a busy machine


# Python takes no notice of a short write of its own compiled files, and the next process that imports one
# ends in an EOFError. A run that has no room on its disk must not write any into this checkout.
NO_BYTECODE = {"PYTHONDONTWRITEBYTECODE": "1"}

# A process begins with the peak of the one that it is forked from: this one is small, and the tests are not.
FORK = """
import os, sys
child = os.fork()
if not child:
    os.execv(sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(child, 0)
with open(sys.argv[1], "w") as file:
    file.write(f"{os.waitstatus_to_exitcode(status)} {usage.ru_maxrss}")
"""


@dataclass(frozen=True)
class Ended:
    """How a program ended: exit status (negative for a signal), texts, seconds, bytes of peak memory."""

    status: int
    out: str
    err: str
    seconds: float
    peak: int


def run_limited(
    arguments: list[str | Path],
    *,
    folder: Path,
    seconds: float = 2 * SECONDS,
    space: int = ADDRESS_SPACE,
    file_bytes: int | None = None,
    **extra: str,
) -> Ended:
    """Run `python ARGUMENTS` in a folder; one that takes longer than `seconds` is killed (status -9).

    A file of more than `file_bytes` cannot be written, as on a disk that is nearly full.
    """
    resource = pytest.importorskip("resource", reason="limits of processes are POSIX's")
    if file_bytes is not None:
        extra = {**NO_BYTECODE, **extra}

    def limit() -> None:
        if not SANITISED:
            resource.setrlimit(resource.RLIMIT_AS, (space, space))
        if file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        **extra,
    }
    out, err, used = folder / ".out", folder / ".err", folder / ".used"
    started = time.monotonic()
    with out.open("wb") as out_file, err.open("wb") as err_file:
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", FORK, used, sys.executable, *map(os.fspath, arguments)],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out_file,
            stderr=err_file,
            preexec_fn=limit,
            start_new_session=True,
        )
        try:
            child.wait(seconds * (20 if SANITISED else 1))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    status, peak = used.read_text().split() if used.exists() else (child.returncode, 0)
    ended = Ended(
        int(status),
        out.read_text("utf-8", "backslashreplace"),
        err.read_text("utf-8", "backslashreplace"),
        time.monotonic() - started,
        0 if SANITISED else int(peak) * 1024,
    )
    used.unlink(missing_ok=True)
    out.unlink()
    err.unlink()
    return ended


def poseval(arguments: list[str | Path], **options: object) -> Ended:
    """`poseval ARGUMENTS` under the limits."""
    return run_limited(["-m", "poseval", *arguments], **options)  # type: ignore[arg-type]


def see_refused(ended: Ended, codes: str, statuses: tuple[int, ...] = (2, 3)) -> None:
    """The program ended with an error of ours: `codes` are starts of codes, parted by blanks."""
    assert ended.status in statuses, (ended.status, ended.out[-500:], ended.err[-2000:])
    assert any(f"[{code}" in ended.err for code in codes.split()), ended.err
    assert "Traceback" not in ended.err
    assert ended.peak < HELD, f"{ended.peak / MIB:.0f} MiB"
