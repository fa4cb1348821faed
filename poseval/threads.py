"""The number of threads of this process, and work that is shared among them.

The result of any work here is the same for every number of threads, and none of it fails where the system
cannot start another thread: fewer threads then do the work, in the end the caller's own.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TypeVar

from poseval.errors import UsageError, shown

VARIABLE = "POSEVAL_NUM_THREADS"
MOST = 256  # more help no machine and cost memory
MANY = 4  # items a thread, from which on the compiled module needs no threads of its own
SWITCH = 0.0002  # seconds that a thread waits for the interpreter lock, before it asks for it

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


def begun(work: Callable[[], Result]) -> Callable[[], Result]:
    """Begin work in a thread; what is returned waits for its result, or does it if no thread can be started.

    What is returned raises what `work` raises.
    """
    found: list[Result] = []
    failed: list[Exception] = []

    def run() -> None:
        try:
            found.append(work())
        except Exception as error:
            failed.append(error)

    thread = started(run)

    def result() -> Result:
        if thread is None:
            return work()
        thread.join()
        if failed:
            raise failed[0]
        return found[0]

    return result


class _Shared(threading.local):
    now = False  # whether this thread is one of several of `each`


_is_shared = _Shared()


def is_shared() -> bool:
    """Whether this thread is one of several that share items, and must not start others."""
    return _is_shared.now


_limits: list[Callable[[int], None]] = []  # of compiled modules


def tell_limit(limit: Callable[[int], None]) -> None:
    """Tell a compiled module how many threads it may use, now and whenever that changes."""
    _limits.append(limit)
    limit(thread_limit())


class _Alone:
    """While each thread works alone, on items that give the interpreter lock away and take it many times.

    Threads of the compiled module would be more than there are processors, and an item that comes back from
    it would wait for the lock as long as Python lets another one hold it.
    """

    def __init__(self) -> None:
        self._guard, self._inside, self._switch = threading.Lock(), 0, 0.0

    def __enter__(self) -> None:
        with self._guard:
            self._inside += 1
            if self._inside == 1:
                self._switch = sys.getswitchinterval()
                sys.setswitchinterval(min(self._switch, SWITCH))
                self._limit(1)

    def __exit__(self, *_: object) -> None:
        with self._guard:
            self._inside -= 1
            if not self._inside:
                sys.setswitchinterval(self._switch)
                self._limit(thread_limit())

    def _limit(self, threads: int) -> None:
        for limit in _limits:
            limit(threads)


_alone = _Alone()


@contextmanager
def one_of(count: int, items: int) -> Iterator[None]:
    """While this thread is one of several that share items: work that asks for threads gets none.

    Where there are few items, threads of the compiled module are of use at their end.
    """
    with _alone if items >= MANY * count else nullcontext():
        _is_shared.now = True
        try:
            yield
        finally:
            _is_shared.now = False


def each(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """`work` of every item, in order, by several threads. Useful where the work releases the interpreter
    lock. Work that asks for threads again gets none.

    Raises what `work` raises, for the first such item.
    """
    count = min(thread_limit(), len(items))
    if count < 2 or _is_shared.now:
        return [work(item) for item in items]
    with one_of(count, len(items)):
        return _each(work, items, count)


def _each(work: Callable[[Item], Result], items: Sequence[Item], count: int) -> list[Result]:
    found: dict[int, Result] = {}
    failed: dict[int, Exception] = {}
    places = iter(range(len(items)))
    guard, over = threading.Lock(), threading.Event()

    def take() -> int | None:
        with guard:
            return None if over.is_set() else next(places, None)

    def run() -> None:
        _is_shared.now = True
        # Items are taken in order, so all before one that fails are finished, too.
        while (place := take()) is not None:
            try:
                found[place] = work(items[place])
            except Exception as error:
                failed[place] = error
                over.set()

    helpers: list[threading.Thread] = []
    for _ in range(count - 1):
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
