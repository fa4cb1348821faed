"""One whole process, timed from its start to its end."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PYCACHE = ROOT / "build" / "pycache"


class Process(NamedTuple):
    """What a process cost, and what it wrote to stdout."""

    wall: float  # seconds
    cpu: float  # processor seconds, all threads
    peak: float  # MB, the maximum resident set
    text: str


def run_process(command: list[str], tree: Path | None = None) -> Process:
    """Run a command to its end, with the package of this checkout, or in another (`tree`) with its own.

    Raises:
        SystemExit: the command failed.
    """
    env = {**os.environ, "PYTHONPATH": str(tree or ROOT), "PYTHONPYCACHEPREFIX": str(PYCACHE)}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err, env=env, cwd=tree)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        text = out.read().decode()
        if process.returncode:
            raise SystemExit(f"{command[:4]} failed:\n{err.read().decode()[-2000:]}")
    return Process(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text)
