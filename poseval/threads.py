"""The number of threads of this process, and work that is shared among them.

The result of any work here is the same for every number of threads, and none of it fails where the system
cannot start another thread: fewer threads then do the work, in the end the caller's own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from poseval.errors import UsageError, shown

VARIABLE = "POSEVAL_NUM_THREADS"
MOST = 256  # more help no machine and cost memory

Item = TypeVar("Item")
Result = TypeVar("Result")


def thread_limit() -> int:
    """POSEVAL_NUM_THREADS, or the number of processors that this process may use; at most 256.

    The compiled module reads it when it is imported.

    Raises:
        UsageError: P196 for a value that is not a whole number above 0.
    """
    given = os.environ.get(VARIABLE, "")
    if not given:
        return min(_processors(), MOST)
    digits = given.lstrip("0")
    if not (given.isascii() and given.isdigit() and digits):
        raise UsageError(
            "P196",
            where=f"environment variable {VARIABLE}",
            what=f"is {shown(given)!r}",
            wanted="a whole number above 0, such as 4",
        )
    return MOST if len(digits) > len(str(MOST)) else min(int(digits), MOST)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def started(work: Callable[[], object]) -> threading.Thread | None:
    """A started daemon thread that does the work; None, with nothing done, if the system cannot start one."""
    thread = threading.Thread(target=work, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # "can't start new thread"
        return None
    return thread


def each(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """`work` of every item, in order, by several threads. Useful where the work releases the interpreter
    lock.

    Raises what `work` raises, for the first such item.
    """
    found: dict[int, Result] = {}
    failed: dict[int, Exception] = {}
    places = iter(range(len(items)))
    guard, over = threading.Lock(), threading.Event()

    def take() -> int | None:
        with guard:
            return None if over.is_set() else next(places, None)

    def run() -> None:
        # Items are taken in order, so all before one that fails are finished, too.
        while (place := take()) is not None:
            try:
                found[place] = work(items[place])
            except Exception as error:
                failed[place] = error
                over.set()

    helpers: list[threading.Thread] = []
    for _ in range(min(thread_limit(), len(items)) - 1):
        helper = started(run)
        if helper is None:
            break
        helpers.append(helper)
    try:
        run()
    finally:
        over.set()
        for helper in helpers:
            helper.join()
    if failed:
        raise failed[min(failed)]
    return [found[place] for place in range(len(items))]
