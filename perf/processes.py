"""One whole process, timed from its start to its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
# A process counts the memory of the one that started it in its own peak, so that a small one starts it.
LAUNCH = """
import json, os, sys, time
start = time.perf_counter()
process = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(process, 0)
wall = time.perf_counter() - start
cost = [wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]
os.write(int(sys.argv[1]), json.dumps([os.waitstatus_to_exitcode(status), *cost]).encode())
"""
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
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as said:
        launcher = [sys.executable, "-I", "-S", "-c", LAUNCH, str(said.fileno())]
        files = {"stdout": out, "stderr": err, "pass_fds": [said.fileno()]}
        subprocess.run([*launcher, *command], env=env, cwd=tree, check=True, **files)
        for file in (out, err, said):
            file.seek(0)
        status, wall, cpu, peak = json.loads(said.read())
        if status:
            raise SystemExit(f"{command[:4]} failed:\n{err.read().decode()[-2000:]}")
        return Process(wall, cpu, peak, out.read().decode())
