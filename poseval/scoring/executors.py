"""Work over several processes or machines, by any `concurrent.futures.Executor`.

Scoring cuts the units into shards and tallies them apart; intervals reduce their resamples in chunks. Either
way the result is the same as in one process, byte by byte.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from poseval.errors import PosevalError, UsageError, shown
from poseval.errors.optional import require

Result = TypeVar("Result")
Details = ParamSpec("Details")

SHARDS_PER_WORKER = 4  # more shards than workers: a slow or lost worker costs a quarter of its part
ANSWER_SECONDS = 10.0  # how long a scheduler may take to answer
RETRIES = 3  # times that Dask runs a shard again whose worker died
START_SECONDS = 0.25  # that a worker takes to start and to import what scores


@dataclass(frozen=True)
class Pool:
    """An executor, and the number of parts to divide work into."""

    executor: Executor | None
    shards: int

    @property
    def one_process(self) -> bool:
        """Whether workers were asked for, and all was done before one could have started."""
        return isinstance(self.executor, LateProcesses) and not self.executor.started


class LateProcesses(Executor):
    """Work is done in this process until that took as long as workers take to start, and then by them.

    One process uses every processor by threads, so that few sets take as long. So nothing takes longer than
    twice the faster of the two ways.
    """

    def __init__(self, workers: int) -> None:
        self._workers, self._seconds = workers, 0.0
        self._processes: Executor | None = None

    @property
    def started(self) -> bool:
        """Whether there are worker processes."""
        return self._processes is not None

    def submit(
        self, work: Callable[Details, Result], /, *arguments: Details.args, **named: Details.kwargs
    ) -> Future[Result]:
        """The result of the work, or where it will be.

        Raises:
            PosevalError: P700 no process can be started.
        """
        if self._processes is None and self._seconds >= START_SECONDS:
            self._processes = _processes(self._workers)
        if self._processes is not None:
            return self._processes.submit(work, *arguments, **named)
        future: Future[Result] = Future()
        began = time.perf_counter()
        try:
            future.set_result(work(*arguments, **named))
        except Exception as error:
            future.set_exception(error)
        self._seconds += time.perf_counter() - began
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the workers end."""
        if self._processes is not None:
            self._processes.shutdown(wait, cancel_futures=cancel_futures)


@contextmanager
def pool(workers: int = 1, address: str | None = None) -> Iterator[Pool]:
    """Local processes (`workers`), or `address` such as `dask:tcp://host:8786`; one worker needs no pool.

    Raises:
        UsageError: P181 an address of an unknown kind, P182 nobody answers there.
        MissingFeature: P601 without the extra `dask`.
        PosevalError: P700 when a worker died, because its part would be missing.
    """
    if address is None and workers <= 1:
        # Starting a process costs more than it saves on sets that fit one.
        yield Pool(None, 1)
        return
    from concurrent.futures import BrokenExecutor

    try:
        with _late(workers) if address is None else _dask(address) as found:
            yield found
    except BrokenExecutor as error:
        raise PosevalError(
            "P700",
            where="workers",
            what="a worker process died before it finished",
            hint="use fewer --workers, which need less memory",
        ) from error


@contextmanager
def _late(workers: int) -> Iterator[Pool]:
    with LateProcesses(workers) as executor:
        yield Pool(executor, workers * SHARDS_PER_WORKER)


def _processes(workers: int) -> Executor:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    try:
        return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    except OSError as error:  # no semaphores: a /dev/shm that cannot be written
        raise PosevalError(
            "P700",
            where="workers",
            what=f"no worker process can be started ({shown(error, 80)})",
            hint="leave out --workers",
        ) from error


@contextmanager
def _dask(address: str) -> Iterator[Pool]:
    kind, _, place = address.partition(":")
    if kind != "dask" or not place:
        raise UsageError(
            "P181", where=f"executor {shown(address)!r}", what="is not known", wanted="dask:ADDRESS"
        )
    distributed = require("distributed", "executor dask", "dask")
    try:
        client: Any = distributed.Client(place, timeout=ANSWER_SECONDS)
    except (OSError, TimeoutError, ValueError) as error:
        raise UsageError(
            "P182", where=f"executor {shown(address)!r}", what="does not answer", wanted="a running scheduler"
        ) from error
    with client:
        workers = max(1, len(client.scheduler_info()["workers"]))
        executor: Executor = client.get_executor(retries=RETRIES)
        yield Pool(executor, workers * SHARDS_PER_WORKER)
