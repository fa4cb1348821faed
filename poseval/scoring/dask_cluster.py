"""Pieces of work on the workers of a Dask cluster, whose losses are errors and never a wait without end."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from poseval.errors import PosevalError, UsageError, shown
from poseval.errors.optional import require

Item = TypeVar("Item")
Result = TypeVar("Result")

ANSWER_SECONDS = 10.0  # how long a scheduler may take to answer
WORKERLESS_SECONDS = 15.0  # how long there may be no worker: Dask's nannies start another one in less
GLANCE_SECONDS = 1.0  # between two looks at the workers
RETRIES = 3  # times that Dask runs a piece again whose worker died
LOGGERS = ("distributed", "distributed.client", "distributed.gc", "tornado", "tornado.application", "asyncio")


class DaskCluster:
    """The workers of a connected `client`; what one of them loses the others do again.

    `workers` is their number, and `places` that of pieces that are done at a time.
    """

    def __init__(self, distributed: Any, client: Any, where: str) -> None:
        self._distributed, self._client, self._where = distributed, client, where
        threads = client.nthreads()
        self.workers = max(1, len(threads))
        self.places = max(1, sum(threads.values()))

    def each(self, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """`work` of every item, in order. The work is sent to each worker once.

        Raises:
            PosevalError: P700 when pieces were lost, because their part would be missing.

        Raises what `work` raises.
        """
        try:
            # The scheduler keeps what is submitted until it is done, and not what is scattered.
            held = self._submit(_itself, work)
            pieces = [self._submit(_done, held, item) for item in items]
            self._wait(pieces)
            found: list[Result] = self._client.gather(pieces)
        except self._distributed.KilledWorker as error:
            what = "lost every worker that was given a part of the work"
            raise self._lost(what, hint="give its workers more memory, or leave out --executor") from error
        except Exception as error:
            if self._is_connected and not isinstance(error, self._distributed.CancelledError):
                raise  # an error of the work
            raise self._lost("lost its scheduler", hint="start it again, or leave out --executor") from error
        return found

    def _submit(self, work: Callable[..., object], *given: object) -> Any:
        return self._client.submit(work, *given, pure=False, retries=RETRIES)

    @property
    def _is_connected(self) -> bool:
        return bool(self._client.status == "running")

    def _wait(self, pieces: Sequence[Any]) -> None:
        """Wait until all pieces are done or one failed.

        Raises:
            PosevalError: P700 when there was no worker for a while.
            distributed.CancelledError: the scheduler is gone.
        """
        seen = time.monotonic()
        while not any(piece.status in ("error", "cancelled") for piece in pieces):
            try:
                self._distributed.wait(pieces, timeout=GLANCE_SECONDS)
                return
            except self._distributed.TimeoutError:
                pass
            if not self._is_connected:
                raise self._distributed.CancelledError
            if self._has_workers():
                seen = time.monotonic()
            elif time.monotonic() - seen >= WORKERLESS_SECONDS:
                what = f"has had no worker for {WORKERLESS_SECONDS:g} s"
                raise self._lost(what, hint="start workers, or leave out --executor")

    def _has_workers(self) -> bool:
        """Whether the scheduler says so, and in time."""
        try:
            asked = self._client.scheduler.ncores
            return bool(self._client.sync(asked, callback_timeout=ANSWER_SECONDS))
        except (OSError, self._distributed.TimeoutError):
            return False

    def _lost(self, what: str, *, hint: str) -> PosevalError:
        return PosevalError("P700", where=self._where, what=what, hint=hint)


def _itself(work: Callable[[Item], Result]) -> Callable[[Item], Result]:
    return work


def _done(work: Callable[[Item], Result], item: Item) -> Result:
    return work(item)


@contextmanager
def connected(address: str) -> Iterator[DaskCluster]:
    """The cluster of `dask:SCHEDULER`.

    Raises:
        UsageError: P181 an address of an unknown kind, P182 nobody answers there.
        MissingFeature: P601 without the extra `dask`.
    """
    where = f"executor {shown(address)!r}"
    kind, _, scheduler = address.partition(":")
    if kind != "dask" or not scheduler:
        raise UsageError("P181", where=where, what="is not known", wanted="dask:ADDRESS")
    distributed = require("distributed", "executor dask", "dask")
    for name in LOGGERS:  # what matters is raised; Dask writes a traceback for each connection that ends
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
        try:
            client: Any = distributed.Client(scheduler, timeout=ANSWER_SECONDS)
        except (OSError, TimeoutError, ValueError) as error:
            raise UsageError(
                "P182", where=where, what="does not answer", wanted="a running scheduler"
            ) from error
        with client:
            yield DaskCluster(distributed, client, where)
