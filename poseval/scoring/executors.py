"""Work over several machines, by any `concurrent.futures.Executor`.

Scoring cuts the units into shards and tallies them apart; intervals reduce their resamples in chunks. Either
way the result is the same as in one process, byte by byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from poseval.errors import PosevalError, UsageError, shown
from poseval.errors.optional import require
from poseval.scoring.late_executor import LateExecutor

SHARDS_PER_WORKER = 4  # more shards than workers: a slow or lost worker costs a quarter of its part
ANSWER_SECONDS = 10.0  # how long a scheduler may take to answer
RETRIES = 3  # times that Dask runs a shard again whose worker died


@dataclass(frozen=True)
class Pool:
    """An executor, and the number of parts to divide work into."""

    executor: LateExecutor | None
    shards: int

    @property
    def one_process(self) -> bool:
        """Whether others could have worked, and all was done before one was asked."""
        return self.executor is not None and not self.executor.asked


@contextmanager
def pool(address: str | None = None) -> Iterator[Pool]:
    """The workers at an `address` such as `dask:tcp://host:8786`; none without one.

    Raises:
        UsageError: P181 an address of an unknown kind, P182 nobody answers there.
        MissingFeature: P601 without the extra `dask`.
        PosevalError: P700 when workers died again and again, because their part would be missing.
    """
    if address is None:
        yield Pool(None, 1)
        return
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
        try:
            yield Pool(LateExecutor(client.get_executor(retries=RETRIES)), workers * SHARDS_PER_WORKER)
        except distributed.scheduler.KilledWorker as error:
            raise PosevalError(
                "P700",
                where=f"executor {shown(address)!r}",
                what="lost every worker that was given a part of the work",
                hint="give its workers more memory, or leave out --executor",
            ) from error
