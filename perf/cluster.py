"""Many submissions on a Dask cluster of two workers on loopback, of which one is killed on the way.

    python perf/cluster.py [--submissions 1000] [--images 60]

The ground truth is sent to each worker once, and stays there. Every report must equal that of one process,
byte by byte (timings aside), those of the worker that is killed, too: they are fetched as they come, and
computed again when it is gone. The program fails where a report differs, where the victim reported nothing,
or where a worker unpacked the ground truth twice.
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
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

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


class Truth:
    """A ground truth that gets a new token each time that it is unpacked."""

    def __init__(self, poses: PoseSet) -> None:
        self.poses = poses
        self.token = ""

    def __getstate__(self) -> PoseSet:
        return self.poses

    def __setstate__(self, poses: PoseSet) -> None:
        self.poses = poses
        self.token = uuid.uuid4().hex


class Answer(NamedTuple):
    """A submission, the digest of its report, the worker's process, and the token of its ground truth."""

    path: str
    report: str
    process: int
    token: str


def submission(path: str, truth: Truth) -> Answer:
    """What a worker says of a submission."""
    return Answer(path, digest(truth.poses, path), os.getpid(), truth.token)


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


def scored(
    client: Any, truth: PoseSet, paths: Sequence[str], victim: subprocess.Popen[bytes]
) -> tuple[list[Answer], list[Answer]]:
    """What `submission` gives for each path, as it comes and at the end; a quarter in, the victim dies."""
    held = client.scatter(Truth(truth), broadcast=True)  # once to each worker
    futures = client.map(submission, paths, truth=held, pure=False, retries=3)
    came = []
    for done, (_, answer) in enumerate(distributed.as_completed(futures, with_results=True), start=1):
        came.append(answer)
        if done == max(1, len(paths) // 4):
            victim.send_signal(signal.SIGKILL)
    return came, client.gather(futures)


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
            came, found = scored(client, poses, paths, processes[0])
            seconds = time.perf_counter() - start
            killed = processes[0].wait(20)
    wrong = sum(answer.report != alone[answer.path] for answer in [*came, *found])
    own = sum(answer.process == processes[0].pid for answer in came)
    unpacked = {(answer.process, answer.token) for answer in [*came, *found]}
    places = len({process for process, _ in unpacked})
    print(f"{len(found)} submissions, {wrong} reports that differ, worker ended by signal {-killed}")
    print(f"{own} reports came from the worker that was killed")
    print(f"ground truth unpacked {len(unpacked)} times in {places} processes")
    print(f"one process: {each * len(paths):.1f} s; cluster, one worker after a quarter: {seconds:.1f} s")
    if wrong or not own or len(unpacked) != places or killed != -signal.SIGKILL:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
