"""The same report from a cluster that loses a worker in the middle, and a clear error where it loses more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval import write
from poseval.cli import invoke
from poseval.errors import PosevalError
from poseval.scoring.executors import Pool, pool
from poseval.scoring.score import evaluate, score
from poseval.statistics.intervals import intervals
from poseval.synth import perturb, scene_set
from tests.scoring.dask_clusters import ROOT, Cluster, cluster

pytestmark = pytest.mark.slow

TRUTH = scene_set(seed=1, images=60, people=3)
FOUND = perturb(TRUTH, seed=2)
AT_ONCE = {"PAYING_SECONDS": 0.0, "SENDING_SECONDS": 0.0}  # others are asked from the second piece on
COMMAND = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # not so in the background of a shell
from poseval.cli import main
from poseval.scoring import dask_cluster, late_executor

vars(late_executor).update({AT_ONCE})
dask_cluster.WORKERLESS_SECONDS = float(sys.argv.pop(1))
main()
"""
LOCAL = """
import sys
from poseval.scoring.executors import pool

with pool(sys.argv[1]) as found:
    print("connected", flush=True)
    sys.stdin.readline()
    print(found.executor.each(abs, [-1, -2], None))
"""
SECONDS = 60.0  # that a busy machine may take


@pytest.fixture(scope="module")
def whole() -> Iterator[Cluster]:
    """A cluster of two workers that loses nothing."""
    with cluster(2) as running:
        yield running


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others are asked from the second piece on, however little there is."""
    for name, value in AT_ONCE.items():
        monkeypatch.setattr(f"poseval.scoring.late_executor.{name}", value)


def scored(found: Pool) -> str:
    report = score(
        TRUTH, FOUND, "coco-keypoints", per_joint=True, executor=found.executor, shards=found.shards
    )
    return report.to_json(timings=False)


def has_work(running: Cluster) -> bool:
    """Whether a worker holds pieces."""
    return any(running.client.processing().values())


def until_it_has_work(running: Cluster) -> None:
    end = time.monotonic() + SECONDS
    while not has_work(running):
        assert time.monotonic() < end, "nothing was sent"
        time.sleep(0.05)


@pytest.mark.usefixtures("at_once")
def test_a_cluster_that_loses_a_worker_gives_the_same_report() -> None:
    with cluster(2) as running:
        lost = running.workers[0]
        lost.send_signal(signal.SIGSTOP)  # it is given work, and killing it then loses that for certain

        def kill() -> None:
            until_it_has_work(running)
            time.sleep(0.5)
            lost.kill()

        assassin = threading.Thread(target=kill)
        with pool(running.address) as found:
            assert found.shards == 8
            assassin.start()
            shared = scored(found)
            assassin.join()
        assert lost.wait(20) == -signal.SIGKILL
    assert shared == scored(Pool(None, 1))


def die(item: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refused(item: int) -> None:
    raise OSError("no such file")


@pytest.mark.usefixtures("at_once")
def test_work_that_ends_every_worker_is_an_error_and_not_a_missing_row() -> None:
    with cluster(5) as running, pool(running.address) as found, pytest.raises(PosevalError) as caught:
        cluster_of(found).each(die, [1])
    assert caught.value.code == "P700"
    assert "more memory" in str(caught.value.fault.hint)


def cluster_of(found: Pool) -> Any:
    """The workers themselves, without a piece that is done here."""
    assert found.executor is not None
    return found.executor._others


def test_a_cluster_never_given_a_worker_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("poseval.scoring.dask_cluster.WORKERLESS_SECONDS", 0.5)
    with cluster(0) as running, pool(running.address) as found, pytest.raises(PosevalError) as caught:
        cluster_of(found).each(abs, [1])
    assert "P700" in str(caught.value)
    assert "has had no worker for 0.5 s" in str(caught.value)


def test_work_for_a_connection_that_was_given_up_is_an_error(whole: Cluster) -> None:
    with pool(whole.address) as found:
        cluster_of(found)._client.close()  # as Dask does when a scheduler has not come back
        with pytest.raises(PosevalError, match=r"lost its scheduler \[P700\]"):
            cluster_of(found).each(abs, [1])


def test_pieces_arrive_without_a_warning_in_order_and_errors_are_those_of_the_work(whole: Cluster) -> None:
    pieces = [np.full(2_000_000, place) for place in range(3)]  # 16 MB each: Dask warns from 10 MB on
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pool(whole.address) as found:
            assert cluster_of(found).each(np.max, pieces) == [0, 1, 2]
            with pytest.raises(OSError, match="no such file"):
                cluster_of(found).each(refused, [1])


@pytest.mark.usefixtures("at_once")
def test_intervals_of_a_cluster_are_the_same(whole: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("poseval.scoring.late_executor.thread_limit", lambda: 1)
    run = evaluate(TRUTH, FOUND, "coco-keypoints")
    alone = intervals(run, method="percentile", resamples=400)
    with pool(whole.address) as found:
        shared = intervals(run, method="percentile", resamples=400, executor=found.executor)
        assert not found.one_process
    assert repr(shared) == repr(alone)


def files(folder: Path) -> list[str]:
    paths = [str(folder / "preds.json"), "--gt", str(folder / "gt.json")]
    write(TRUTH, paths[2], format="coco", role="truth")
    write(FOUND, paths[0], format="coco", role="predictions", truth=TRUTH)
    return paths


def test_a_cluster_is_told_where_one_process_is_faster(
    whole: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["score", *files(tmp_path), "--executor", whole.address]) == 0
    assert "one process is faster for this" in capsys.readouterr().err


def started(words: list[str], **given: Any) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", *words], env=environment, stdout=pipe, stderr=pipe, text=True, **given
    )


LOST = {
    "workers": (70, "has had no worker for 1 s [P700]\n  try: start workers, or leave out --executor"),
    "scheduler": (70, "lost its scheduler [P700]\n  try: start it again, or leave out --executor"),
    "Ctrl-C": (130, ""),
}


@pytest.mark.parametrize("what", LOST)
def test_a_command_whose_cluster_is_lost_says_so_once(what: str, tmp_path: Path) -> None:
    status, says = LOST[what]
    patience = 1 if what == "workers" else SECONDS
    with cluster(2) as running:
        running.stop()
        command = started([COMMAND, str(patience), "score", *files(tmp_path), "--executor", running.address])
        until_it_has_work(running)
        if what == "Ctrl-C":
            command.send_signal(signal.SIGINT)
        for process in {"workers": running.workers, "scheduler": [running.scheduler]}.get(what, []):
            process.kill()
        out, said = command.communicate(timeout=SECONDS)
    assert command.returncode == status, said
    assert not out
    assert said.strip() == (f"poseval: executor '{running.address}': {says}" if says else "")


def test_a_scheduler_that_is_lost_before_it_was_needed_is_not_mentioned() -> None:
    with cluster(1) as running:
        program = started([LOCAL, running.address], stdin=subprocess.PIPE)
        assert program.stdout is not None
        assert program.stdout.readline() == "connected\n"
        running.scheduler.kill()
        running.scheduler.wait(20)
        out, said = program.communicate("\n", timeout=SECONDS)
    assert (program.returncode, out, said) == (0, "[1, 2]\n", "")
