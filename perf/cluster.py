"""Many submissions on a Dask cluster of two workers on loopback, of which one is killed on the way.

    python perf/cluster.py [--submissions 1000] [--images 60]

The ground truth is sent to each worker once, and stays there. Every report must equal that of one process,
byte by byte (timings aside); the program fails where one does not, or where a worker unpacked the ground
truth twice.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import distributed
from processes import ROOT

import poseval
from poseval.poses import PoseSet
from poseval.synth import perturb, scene_set

DISTINCT = 20  # files; each is submitted again and again
WORKERS = 2


def make(folder: Path, images: int, count: int) -> tuple[Path, list[Path]]:
    """A file of ground truth and `count` submissions."""
    truth = scene_set(seed=1, images=images, people=4)
    poseval.write(truth, folder / "truth.json", format="coco", role="truth")
    paths = [folder / f"submission{index:02d}.json" for index in range(count)]
    for index, path in enumerate(paths):
        poseval.write(perturb(truth, index), path, format="coco", role="predictions", truth=truth)
    return folder / "truth.json", paths


def digest(truth: PoseSet, path: str) -> str:
    """SHA-256 of a report without its timings."""
    return hashlib.sha256(poseval.score(truth, path).to_json(timings=False).encode()).hexdigest()


def submission(path: str, truth: PoseSet) -> tuple[str, int, int]:
    """The digest of a report, and which object in which process was the ground truth."""
    import hashlib as hashes
    import os as system

    import poseval as package

    report = package.score(truth, path).to_json(timings=False)
    return hashes.sha256(report.encode()).hexdigest(), system.getpid(), id(truth)


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The address of a scheduler with workers on loopback, and the processes of these; files in a folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    address = f"tcp://127.0.0.1:{port}"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "POSEVAL_NUM_THREADS": "1"}
    env |= {"DASK_DISTRIBUTED__WORKER__DAEMON": "False", "DASK_TEMPORARY_DIRECTORY": str(folder)}
    worker = ["distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    scheduler = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port)]
    started = [
        subprocess.Popen([sys.executable, "-m", *words], env=env, stderr=subprocess.DEVNULL)
        for words in ([*scheduler, "--no-dashboard"], *[worker] * WORKERS)
    ]
    try:
        yield address, started[1:]
    finally:
        for process in started:
            process.kill()
            process.wait(20)


def scored(client: Any, truth: PoseSet, paths: Sequence[str], victim: subprocess.Popen[bytes]) -> list[Any]:
    """What `submission` gives for each path; the victim is killed when a quarter is done."""
    held = client.scatter(truth, broadcast=True)  # once to each worker
    futures = client.map(submission, paths, truth=held, pure=False, retries=3)
    for done, _ in enumerate(distributed.as_completed(futures), start=1):
        if done == max(1, len(paths) // 4):
            victim.send_signal(signal.SIGKILL)
    found: list[Any] = client.gather(futures)
    return found


def main() -> None:
    """Score, compare, print."""
    parser = argparse.ArgumentParser(description="Score many submissions on a cluster.")
    parser.add_argument("--submissions", type=int, default=1000)
    parser.add_argument("--images", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        truth, files = make(Path(name), options.images, DISTINCT)
        paths = [str(files[number % DISTINCT]) for number in range(options.submissions)]
        poses = poseval.read(truth)
        start = time.perf_counter()
        alone = {path: digest(poses, path) for path in map(str, files)}
        each = (time.perf_counter() - start) / DISTINCT
        with cluster(Path(name)) as (address, processes), distributed.Client(address, timeout=120) as client:
            client.wait_for_workers(WORKERS, timeout=120)
            start = time.perf_counter()
            found = scored(client, poses, paths, processes[0])
            seconds = time.perf_counter() - start
            killed = processes[0].wait(20)
    wrong = sum(report != alone[path] for (report, _, _), path in zip(found, paths, strict=True))
    objects = {(process, place) for _, process, place in found}
    lost = len({process for process, _ in objects})
    print(f"{len(found)} submissions, {wrong} reports that differ, worker ended by signal {-killed}")
    print(f"ground truth unpacked {len(objects)} times in {lost} processes")
    print(f"one process: {each * len(paths):.1f} s; cluster, one worker after a quarter: {seconds:.1f} s")
    if wrong or len(objects) != lost or killed != -signal.SIGKILL:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
