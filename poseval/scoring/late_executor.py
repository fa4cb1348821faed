"""An executor that is asked only where there is work for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

Result = TypeVar("Result")
Details = ParamSpec("Details")

PAYING_SECONDS = 0.25  # that it takes to send people to others: about as long as to tally 100,000


class LateExecutor(Executor):
    """Work is done in this process until that took as long as to send it away, and then by another executor.

    One process uses every processor by threads, so that few sets take as long. So nothing takes longer than
    twice the faster of the two ways.
    """

    def __init__(self, other: Executor) -> None:
        self._other, self._seconds = other, 0.0
        self.asked = False  # whether anything was sent

    def submit(
        self, work: Callable[Details, Result], /, *arguments: Details.args, **named: Details.kwargs
    ) -> Future[Result]:
        """The result of the work, or where it will be."""
        if self.asked or self._seconds >= PAYING_SECONDS:
            self.asked = True
            return self._other.submit(work, *arguments, **named)
        future: Future[Result] = Future()
        began = time.perf_counter()
        try:
            future.set_result(work(*arguments, **named))
        except Exception as error:
            future.set_exception(error)
        self._seconds += time.perf_counter() - began
        return future
