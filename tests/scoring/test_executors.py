"""The same report from one process, several, and a cluster that loses a worker in the middle."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from itertools import count
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path
from typing import Any

import pytest

from poseval import write
from poseval.cli import invoke
from poseval.errors import PosevalError, UsageError
from poseval.scoring.executors import Pool, pool
from poseval.scoring.late_executor import LateExecutor
from poseval.scoring.score import score
from poseval.statistics.intervals import intervals
from poseval.synth import perturb, scene_set
from tests.docs.blocks import blocks

TRUTH = scene_set(seed=1, images=60, people=3)
FOUND = perturb(TRUTH, seed=2)
ROOT = Path(__file__).resolve().parents[2]


def alone() -> str:
    return score(TRUTH, FOUND, "coco-keypoints", per_joint=True).to_json(timings=False)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others are asked from the first piece of work on, however little there is."""
    monkeypatch.setattr("poseval.scoring.late_executor.PAYING_SECONDS", 0.0)


@pytest.mark.parametrize("way", ["fork", "forkserver", "spawn"])
def test_processes_give_the_same_report_byte_by_byte(way: str) -> None:
    if way not in get_all_start_methods():
        pytest.skip(f"this system cannot {way}")
    with ProcessPoolExecutor(2, mp_context=get_context(way)) as executor:
        shared = score(TRUTH, FOUND, "coco-keypoints", per_joint=True, executor=executor, shards=8)
    assert shared.to_json(timings=False) == alone()


class Elsewhere(Executor):
    """Does work at once, and counts it."""

    def __init__(self) -> None:
        self.done = 0

    def submit(self, fn: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        self.done += 1
        future: Future[Any] = Future()
        future.set_result(fn(*arguments, **named))
        return future


def test_little_work_is_done_here_and_gives_the_same_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("poseval.scoring.late_executor.PAYING_SECONDS", 1000.0)
    other = Elsewhere()
    found = Pool(LateExecutor(other), 8)
    shared = score(
        TRUTH, FOUND, "coco-keypoints", per_joint=True, executor=found.executor, shards=found.shards
    )
    assert found.one_process
    assert other.done == 0
    assert shared.to_json(timings=False) == alone()


def test_others_are_asked_when_the_work_has_taken_as_long_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count()
    monkeypatch.setattr("poseval.scoring.late_executor.PAYING_SECONDS", 2)
    monkeypatch.setattr("poseval.scoring.late_executor.time.perf_counter", lambda: next(clock))
    other = Elsewhere()
    found = Pool(executor := LateExecutor(other), 8)
    assert [executor.submit(abs, -item).result() for item in range(2)] == [0, 1]  # a second each
    assert found.one_process
    assert other.done == 0
    assert [executor.submit(abs, -item).result() for item in range(3)] == [0, 1, 2]
    assert not found.one_process
    assert other.done == 3


def test_an_error_of_work_here_is_that_of_its_result() -> None:
    future = LateExecutor(Elsewhere()).submit(int, "x")
    with pytest.raises(ValueError, match="invalid literal"):
        future.result()


def test_without_an_address_there_is_nobody_to_ask() -> None:
    with pool() as found:
        assert found.executor is None
        assert not found.one_process


def test_intervals_over_processes_are_the_same() -> None:
    from poseval.scoring.score import evaluate

    run = evaluate(TRUTH, FOUND, "coco-keypoints")
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        shared = intervals(run, method="percentile", resamples=400, executor=executor)
    assert repr(shared) == repr(intervals(run, method="percentile", resamples=400))


@pytest.mark.parametrize("way", ["fork", "forkserver", "spawn"])
def test_the_recipe_of_the_page_works_however_processes_start(way: str, tmp_path: Path) -> None:
    if way not in get_all_start_methods():
        pytest.skip(f"this system cannot {way}")
    recipe = next(b.text for b in blocks(ROOT / "docs" / "scale.md") if "ProcessPoolExecutor" in b.text)
    start = f"import multiprocessing\nmultiprocessing.set_start_method('{way}', force=True)\n"
    (tmp_path / "recipe.py").write_text(start + recipe, "utf-8")
    write(TRUTH, tmp_path / "gt.json", format="coco", role="truth")
    wanted = {}
    for seed, name in enumerate(("a.json", "b.json")):
        found = perturb(TRUTH, seed)
        write(found, tmp_path / name, format="coco", role="predictions", truth=TRUTH)
        wanted[name] = score(str(tmp_path / "gt.json"), str(tmp_path / name)).summary["AP"]
    done = subprocess.run(
        [sys.executable, "recipe.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ast.literal_eval(done.stdout) == wanted, done.stderr


@pytest.mark.parametrize("address", ["spark:local", "dask", "dask:"])
def test_an_unknown_executor_is_refused(address: str) -> None:
    with pytest.raises(UsageError) as caught, pool(address):
        pass
    assert caught.value.code == "P181"


@contextmanager
def cluster(workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A Dask scheduler and workers on loopback, as processes of their own."""
    distributed = pytest.importorskip("distributed")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__WORKER__DAEMON": "False"}

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", *arguments]
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    port = _free_port()
    address = f"tcp://127.0.0.1:{port}"
    scheduler = start(
        "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"
    )
    processes = [
        start("distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard")
        for _ in range(workers)
    ]
    try:
        with distributed.Client(address, timeout=60) as client:
            client.wait_for_workers(workers, timeout=60)
        yield address, processes
    finally:
        for process in [*processes, scheduler]:
            process.kill()
            process.wait(20)


def _free_port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.slow
@pytest.mark.usefixtures("at_once")
def test_a_cluster_that_loses_a_worker_gives_the_same_report() -> None:
    with cluster(2) as (address, processes):
        # A stopped worker is given work and cannot finish it; killing it then loses that work for certain.
        processes[0].send_signal(signal.SIGSTOP)

        def kill() -> None:
            time.sleep(1.0)
            processes[0].send_signal(signal.SIGKILL)

        with pool(f"dask:{address}") as found:
            assert found.shards == 8
            assassin = threading.Thread(target=kill)
            assassin.start()
            shared = score(
                TRUTH, FOUND, "coco-keypoints", per_joint=True, executor=found.executor, shards=found.shards
            )
            assassin.join()
        assert processes[0].poll() == -signal.SIGKILL
    assert shared.to_json(timings=False) == alone()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.usefixtures("at_once")
def test_work_that_ends_every_worker_is_an_error_and_not_a_missing_row() -> None:
    def work(address: str) -> None:
        with pool(f"dask:{address}") as found:
            assert found.executor is not None
            found.executor.submit(die).result()

    with cluster(5) as (address, _), pytest.raises(PosevalError) as caught:
        work(address)
    assert caught.value.code == "P700"


@pytest.mark.slow
def test_a_cluster_is_told_where_one_process_is_faster(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [str(tmp_path / "preds.json"), str(tmp_path / "gt.json")]
    write(TRUTH, paths[1], format="coco", role="truth")
    write(FOUND, paths[0], format="coco", role="predictions", truth=TRUTH)
    command = ["score", paths[0], "--gt", paths[1], "--executor"]
    with cluster(1) as (address, _):
        assert invoke([*command, f"dask:{address}"]) == 0
    assert "one process is faster for this" in capsys.readouterr().err


def test_nobody_at_the_address_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("poseval.scoring.executors.ANSWER_SECONDS", 1.0)
    with pytest.raises(UsageError) as caught, pool(f"dask:tcp://127.0.0.1:{_free_port()}"):
        pass
    assert caught.value.code == "P182"
