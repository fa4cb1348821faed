"""Work over several processes or machines, by any `concurrent.futures.Executor`.

Scoring cuts the units into shards and tallies them apart; intervals reduce their resamples in chunks. Either
way the result is the same as in one process, byte by byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from poseval.errors import PosevalError, UsageError, shown
from poseval.errors.optional import require

if TYPE_CHECKING:
    from concurrent.futures import Executor

SHARDS_PER_WORKER = 4  # more shards than workers: a slow or lost worker costs a quarter of its part
ANSWER_SECONDS = 10.0  # how long a scheduler may take to answer
RETRIES = 3  # times that Dask runs a shard again whose worker died


@dataclass(frozen=True)
class Pool:
    """An executor, and the number of parts to divide work into."""

    executor: Executor | None
    shards: int

    @property
    def one_process(self) -> bool:
        """Whether workers were asked for, and all was done before one could have started."""
        return getattr(self.executor, "started", True) is False


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
    from poseval.scoring.late_processes import LateProcesses

    executor, whole = LateProcesses(workers), False
    try:
        yield Pool(executor, workers * SHARDS_PER_WORKER)
        whole = True
    finally:
        executor.shutdown(cancel_futures=not whole)  # what is interrupted need not score what is waiting


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
