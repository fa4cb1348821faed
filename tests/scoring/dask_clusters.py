"""Dask clusters on loopback, whose processes tests stop and kill."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Cluster:
    """A scheduler and its workers, and a client of the test."""

    address: str  # of --executor
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]
    client: Any

    def stop(self) -> None:
        """Stop the workers: they are given work, and cannot finish it."""
        for worker in self.workers:
            worker.send_signal(signal.SIGSTOP)


@contextmanager
def cluster(workers: int) -> Iterator[Cluster]:
    """A Dask scheduler and workers on loopback, as processes of their own."""
    distributed = pytest.importorskip("distributed")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__WORKER__DAEMON": "False"}
    started: list[subprocess.Popen[bytes]] = []

    def start(*words: str) -> subprocess.Popen[bytes]:
        silent = subprocess.DEVNULL
        command = [sys.executable, "-m", *words]
        started.append(subprocess.Popen(command, env=environment, stdout=silent, stderr=silent))
        return started[-1]

    port = free_port()
    place = f"tcp://127.0.0.1:{port}"
    worker = ["distributed.cli.dask_worker", place, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    scheduler = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port)]
    try:
        first = start(*scheduler, "--no-dashboard")
        others = [start(*worker) for _ in range(workers)]
        with distributed.Client(place, timeout=60) as client:
            if workers:
                client.wait_for_workers(workers, timeout=60)
            yield Cluster(f"dask:{place}", first, others, client)
    finally:
        for process in started:
            process.kill()
            process.wait(20)


def free_port() -> int:
    """A port on loopback that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
