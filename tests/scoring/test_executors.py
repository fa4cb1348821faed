"""The same report from one process, several, and a cluster that loses a worker in the middle."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

from poseval import write
from poseval.errors import PosevalError, UsageError
from poseval.scoring.executors import pool
from poseval.scoring.late_processes import LateProcesses
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
    """Workers start with the first piece of work, however little there is."""
    monkeypatch.setattr("poseval.scoring.late_processes.START_SECONDS", 0.0)


@pytest.mark.usefixtures("at_once")
def test_processes_give_the_same_report_byte_by_byte() -> None:
    with pool(2) as found:
        assert found.shards == 8
        shared = score(
            TRUTH, FOUND, "coco-keypoints", per_joint=True, executor=found.executor, shards=found.shards
        )
    assert not found.one_process
    assert shared.to_json(timings=False) == alone()


def test_little_work_starts_no_process_and_gives_the_same_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("poseval.scoring.late_processes.START_SECONDS", 1000.0)
    monkeypatch.setattr("poseval.scoring.late_processes._processes", lambda _: pytest.fail("started"))
    with pool(2) as found:
        shared = score(
            TRUTH, FOUND, "coco-keypoints", per_joint=True, executor=found.executor, shards=found.shards
        )
    assert found.one_process
    assert shared.to_json(timings=False) == alone()


def test_workers_start_when_the_work_has_taken_as_long_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count()
    monkeypatch.setattr("poseval.scoring.late_processes.START_SECONDS", 2)
    monkeypatch.setattr("poseval.scoring.late_processes.time.perf_counter", lambda: next(clock))
    with pool(2) as found:
        assert found.executor is not None
        first = [found.executor.submit(os.getpid).result() for _ in range(2)]  # a second each
        assert found.one_process
        later = [found.executor.submit(os.getpid).result() for _ in range(2)]
    assert not found.one_process
    assert first == [os.getpid()] * 2
    assert os.getpid() not in later


def test_an_error_of_work_here_is_that_of_its_result() -> None:
    with pool(2) as found:
        assert found.executor is not None
        future = found.executor.submit(int, "x")
    with pytest.raises(ValueError, match="invalid literal"):
        future.result()


@pytest.mark.usefixtures("at_once")
def test_intervals_over_processes_are_the_same() -> None:
    from poseval.scoring.score import evaluate

    run = evaluate(TRUTH, FOUND, "coco-keypoints")
    with pool(2) as found:
        shared = intervals(run, method="percentile", resamples=400, executor=found.executor)
    assert repr(shared) == repr(intervals(run, method="percentile", resamples=400))


def test_the_recipe_of_the_page_works_in_processes_that_begin_empty(tmp_path: Path) -> None:
    recipe = next(b.text for b in blocks(ROOT / "docs" / "scale.md") if "ProcessPoolExecutor" in b.text)
    start = "import multiprocessing\nmultiprocessing.set_start_method('spawn', force=True)\n"
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


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.usefixtures("at_once")
def test_a_dead_worker_is_an_error_and_not_a_missing_row() -> None:
    def work() -> None:
        with pool(2) as found:
            assert found.executor is not None
            found.executor.submit(_die).result()

    with pytest.raises(PosevalError) as caught:
        work()
    assert caught.value.code == "P700"


@pytest.mark.usefixtures("at_once")
def test_what_waits_is_not_done_after_an_interruption() -> None:
    with suppress(KeyboardInterrupt), pool(2) as found:
        assert found.executor is not None
        waiting = [found.executor.submit(time.sleep, 0.5) for _ in range(60)]
        waiting[0].result()
        raise KeyboardInterrupt
    assert sum(one.cancelled() for one in waiting) > 40


PARENT = """
import time
from poseval.scoring import late_processes
late_processes.START_SECONDS = 0.0
if __name__ == "__main__":
    workers = late_processes.LateProcesses(2)
    asked = [workers.submit(late_processes.os.getpid) for _ in range(8)]
    print(*{one.result() for one in asked}, flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system has no /proc")
def test_workers_end_with_a_parent_that_is_killed_and_leave_ctrl_c_to_it(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PARENT, "utf-8")
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        workers = [int(word) for word in parent.stdout.readline().split()]
        assert workers
        for worker in workers:
            os.kill(worker, signal.SIGINT)
        time.sleep(0.3)
        assert all(map(lives, workers))
        parent.kill()
    until = time.monotonic() + 20
    while any(map(lives, workers)):
        assert time.monotonic() < until
        time.sleep(0.05)


def lives(process: int) -> bool:
    """Whether a process works; one that has ended and whose parent has not asked does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text("utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_where_no_process_can_be_started_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container whose /dev/shm cannot be written."""

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("poseval.scoring.late_processes.ProcessPoolExecutor", refused)
    monkeypatch.setattr("poseval.scoring.late_processes.START_SECONDS", 0.0)
    executor = LateProcesses(2)
    with pytest.raises(PosevalError, match="no worker process can be started") as caught:
        executor.submit(os.getpid)
    assert caught.value.code == "P700"


@pytest.mark.parametrize("address", ["spark:local", "dask", "dask:"])
def test_an_unknown_executor_is_refused(address: str) -> None:
    with pytest.raises(UsageError) as caught, pool(1, address):
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
def test_a_cluster_that_loses_a_worker_gives_the_same_report() -> None:
    with cluster(2) as (address, processes):
        # A stopped worker is given work and cannot finish it; killing it then loses that work for certain.
        processes[0].send_signal(signal.SIGSTOP)

        def kill() -> None:
            time.sleep(1.0)
            processes[0].send_signal(signal.SIGKILL)

        with pool(1, f"dask:{address}") as found:
            assert found.shards == 8
            assassin = threading.Thread(target=kill)
            assassin.start()
            shared = score(
                TRUTH, FOUND, "coco-keypoints", per_joint=True, executor=found.executor, shards=found.shards
            )
            assassin.join()
        assert processes[0].poll() == -signal.SIGKILL
    assert shared.to_json(timings=False) == alone()


def test_nobody_at_the_address_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("poseval.scoring.executors.ANSWER_SECONDS", 1.0)
    with pytest.raises(UsageError) as caught, pool(1, f"dask:tcp://127.0.0.1:{_free_port()}"):
        pass
    assert caught.value.code == "P182"
