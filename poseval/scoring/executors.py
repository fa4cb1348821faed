"""Work over several machines, by any `concurrent.futures.Executor`.

Scoring cuts the units into shards and tallies them apart; intervals reduce their resamples in chunks. Either
way the result is the same as in one process, byte by byte.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from poseval.scoring.dask_cluster import connected
from poseval.scoring.late_executor import LateExecutor

SHARDS_PER_WORKER = 4  # more shards than workers: a slow or lost worker costs a quarter of its part


@dataclass(frozen=True)
class Pool:
    """An executor, and the number of parts to divide work into."""

    executor: LateExecutor | None
    shards: int

    @property
    def one_process(self) -> bool:
        """Whether others could have worked, and all was done without them."""
        return self.executor is not None and not self.executor.asked


@contextmanager
def pool(address: str | None = None) -> Iterator[Pool]:
    """The workers at an `address` such as `dask:tcp://host:8786`; none without one.

    Raises:
        UsageError: P181 an address of an unknown kind, P182 nobody answers there.
        MissingFeature: P601 without the extra `dask`.
        PosevalError: P700 when the cluster lost pieces of the work, because their part would be missing.
    """
    if address is None:
        yield Pool(None, 1)
        return
    with connected(address) as cluster:
        yield Pool(LateExecutor(cluster), cluster.workers * SHARDS_PER_WORKER)
