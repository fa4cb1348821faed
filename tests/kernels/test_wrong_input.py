"""A wrong argument of the compiled module is an exception, never a read or write past the end."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from poseval.kernels import _kernels
from tests.kernels.wrong_calls import calls
from tests.shared import ROOT, SANITISED

resource = pytest.importorskip("resource", reason="limits of processes are POSIX's")
SPACE = 6 << 30  # bytes; a call that asks for more is refused by the system


def started(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    def bounded() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if not SANITISED:
            resource.setrlimit(resource.RLIMIT_AS, (SPACE, SPACE))

    return subprocess.run(
        [sys.executable, "-m", f"tests.kernels.{module}", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "POSEVAL_NUM_THREADS": "2"},
        preexec_fn=bounded,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.parametrize("name", calls())
def test_each_wrong_call_is_refused(name: str) -> None:
    done = started("wrong_calls", name)
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
    assert done.stdout.count("Error") >= 5  # the table is not empty


@pytest.mark.parametrize("seed", [1, 2])
def test_random_calls_are_answered_or_refused(seed: int) -> None:
    done = started("random_calls", "--seed", str(seed), "--count", "1500")
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]


def test_every_function_has_a_table() -> None:
    names = [name for name in dir(_kernels) if not name.startswith("_")]
    functions = {name for name in names if callable(getattr(_kernels, name))}
    methods = {f"Scene.{name}" for name in dir(_kernels.Scene) if not name.startswith("_")}
    assert (functions | methods) - {"JsonStop", "read_in_blocks"} == calls().keys()
