"""Pieces of work that others are asked to do only where that can be faster."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future
from typing import ParamSpec, Protocol, TypeVar

from poseval.threads import thread_limit

Item = TypeVar("Item")
Result = TypeVar("Result")
Details = ParamSpec("Details")

PAYING_SECONDS = 0.25  # of processor: others are not asked for less, since they must import this package
SENDING_SECONDS = 5e-9  # a byte: 1.5 to 8 ns were measured on loopback, in pieces of 8 to 64 MB


class Others(Protocol):
    """Who may be asked."""

    places: int  # pieces that are done at a time

    def each(self, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """`work` of every item, in order."""


class LateExecutor(Executor):
    """Pieces are done in this process until they show that it may be faster to send the others away.

    Three things must be so: pieces take longer than to send their bytes, others do them at least as fast
    as the threads of this process would, and there is more to do than their start takes. Processor time
    decides, which a busy machine changes little.
    """

    def __init__(self, others: Others) -> None:
        self._others, self._seconds = others, 0.0
        self.asked = False  # whether anything was sent

    def submit(
        self, work: Callable[Details, Result], /, *arguments: Details.args, **named: Details.kwargs
    ) -> Future[Result]:
        """The result of work that is not one of many pieces, which is done here."""
        future: Future[Result] = Future()
        try:
            future.set_result(work(*arguments, **named))
        except Exception as error:
            future.set_exception(error)
        return future

    def each(
        self,
        work: Callable[[Item], Result],
        items: Iterable[Item],
        threaded: Callable[..., list[Result]] | None,
    ) -> list[Result]:
        """`work` of every item, in order.

        What is not sent away is done by `threaded(work, items)`, or one by one where the work itself is
        done by threads.

        Raises what `work` raises.
        """
        rest, found, spent = iter(items), [], 0.0
        threads = 1 if threaded is None else thread_limit()
        first = SENDING_SECONDS * _bytes_of(work)  # every worker needs it, once
        for item in rest:
            began = time.thread_time()
            found.append(work(item))
            seconds = time.thread_time() - began
            spent, self._seconds = spent + seconds, self._seconds + seconds
            away = max(seconds / self._others.places, SENDING_SECONDS * _bytes_of(item))
            if away > seconds / threads:
                break
            if self._seconds >= PAYING_SECONDS and spent >= first:
                left = list(rest)
                self.asked = self.asked or bool(left)
                return found + self._others.each(work, left)
        return found + (threaded(work, list(rest)) if threaded else [work(item) for item in rest])


def shared(
    executor: Executor,
    work: Callable[[Item], Result],
    items: Iterable[Item],
    threaded: Callable[..., list[Result]] | None = None,
) -> list[Result]:
    """`work` of every item, in order, by an executor; `threaded` is as in `LateExecutor.each`."""
    if isinstance(executor, LateExecutor):
        return executor.each(work, items, threaded)
    return [future.result() for future in [executor.submit(work, item) for item in items]]


def _bytes_of(sent: object) -> float:
    """Bytes that are sent for it; infinite for what cannot be sent."""
    arrays: list[pickle.PickleBuffer] = []
    try:
        head = pickle.dumps(sent, protocol=5, buffer_callback=arrays.append)
    except (pickle.PicklingError, AttributeError, TypeError):
        return float("inf")
    return len(head) + sum(array.raw().nbytes for array in arrays)
