"""Worker processes that start only where there is work for them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from typing import ParamSpec, TypeVar

from poseval.errors import PosevalError, shown
from poseval.threads import limit_threads, thread_limit

Result = TypeVar("Result")
Details = ParamSpec("Details")

START_SECONDS = 0.25  # that a worker takes to start and to import what scores


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
            with _interrupts_held():
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
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C is for this process: workers that start now inherit that it is held back, and never see it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(threads: int) -> None:
    """Begin as a worker, which ends with the process that started it, however that ends."""
    limit_threads(threads)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _processes(workers: int) -> Executor:
    try:
        return ProcessPoolExecutor(
            workers,
            mp_context=get_context("spawn"),
            initializer=_begin,
            initargs=(max(1, thread_limit() // workers),),
        )
    except OSError as error:  # no semaphores: a /dev/shm that cannot be written
        raise PosevalError(
            "P700",
            where="workers",
            what=f"no worker process can be started ({shown(error, 80)})",
            hint="leave out --workers",
        ) from error
