"""Work that is shared among processes, each of which begins as a copy of this one.

A copy has everything that was read before, in the same memory, and an interpreter lock of its own, which
threads of one process hold for a third of the time that a submission takes. A process may be copied only
where nothing else runs in it, so that a command may do it and a library may not; and only Linux does it well.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

from poseval.threads import each, is_shared, one_of, thread_limit

Item = TypeVar("Item")
Result = TypeVar("Result")

ALIGNED = 64  # bytes: where arrays begin
PLACE = 4  # bytes of the place of an item
LENGTH = 8  # bytes of a length
FREE = 8  # open files that are left to whoever works: of data, modules and threads

_is_ours = False


def own_process() -> None:
    """Say that nobody else runs anything in this process: it is that of a command."""
    global _is_ours
    _is_ours = True


def can_copy() -> bool:
    """Whether this process may be copied, and this system can do it."""
    alone = threading.current_thread() is threading.main_thread() and not is_shared()
    return _is_ours and alone and hasattr(os, "fork") and hasattr(os, "memfd_create")


def each_apart(
    work: Callable[[Item], Result], items: Sequence[Item], most: int | None = None
) -> list[Result]:
    """`work` of every item, in order, by this process and its copies; by threads where it may not be copied.

    There are as many processes as threads may be, or `most`, and none of them uses threads where there is
    enough to do. Items are begun in the order of the list. A copy sends its results, pickled, and changes
    nothing else. An item that fails in a copy, or whose copy was killed, is done here.

    Raises what `work` raises.
    """
    count = min(thread_limit() if most is None else most, len(items))
    if count < 2 or not can_copy():
        return each(work, items)
    try:
        turns = _turns(len(items))
    except OSError:  # no memory, or as many open files as may be
        return each(work, items)
    found: dict[int, Result] = {}
    copies: list[_Copy] = []
    with one_of(count, len(items)):
        try:
            while len(copies) < count - 1 and _copied(work, items, turns, copies):
                pass
            if copies:
                for place in _taken(turns):
                    found[place] = work(items[place])
            for copy in copies:
                found.update(copy.results())
        finally:
            os.close(turns)
            for copy in copies:
                copy.end()
    left = [place for place in range(len(items)) if place not in found]
    found.update(zip(left, each(work, [items[place] for place in left]), strict=True))
    return [found[place] for place in range(len(items))]


def _turns(count: int) -> int:
    """A file of the places of items, each of which one process reads, since all have one position in it.

    Raises:
        OSError: the system gives none.
    """
    file = os.memfd_create("poseval-turns")
    with open(file, "wb", closefd=False) as out:
        for place in range(count):
            out.write(place.to_bytes(PLACE, "little"))
    os.lseek(file, 0, os.SEEK_SET)
    return file


def _taken(turns: int) -> Iterator[int]:
    while place := os.read(turns, PLACE):
        yield int.from_bytes(place, "little")


class _Copy:
    """A copy of this process, and the memory in which it leaves its results."""

    def __init__(self, process: int, file: int) -> None:
        self._process, self._file = process, file
        self._lives = self._is_open = True

    def results(self) -> Iterator[tuple[int, Any]]:
        """Places and results, when the copy has ended; their arrays lie in its memory."""
        import mmap
        import pickle

        # Without a limit: a copy that somebody stopped cannot be told from one that works for long. Whoever
        # did it continues or kills it, and what is left is done here; Ctrl-C ends stopped copies, too.
        os.waitpid(self._process, 0)
        self._lives = False
        size = os.fstat(self._file).st_size
        if not size:
            return
        pages = memoryview(mmap.mmap(self._file, size, access=mmap.ACCESS_COPY))
        self._close()  # the pages have an open file of their own
        at = 0
        while at + LENGTH <= size:
            start = at + LENGTH
            end = start + int.from_bytes(pages[at:start], "little")
            if end > size:
                return  # it was ended while it wrote
            place, lengths, head = pickle.loads(pages[start:end])
            arrays, at = [], _aligned(end)
            for length in lengths:
                arrays.append(pages[at : at + length])
                at = _aligned(at + length)
            if at > size:
                return
            yield place, pickle.loads(head, buffers=arrays)

    def end(self) -> None:
        """End it, if it has not ended, and forget its memory."""
        if self._lives:
            with suppress(
                ProcessLookupError, ChildProcessError
            ):  # an interruption came after it was waited for
                os.kill(self._process, signal.SIGKILL)
                os.waitpid(self._process, 0)
        self._close()

    def _close(self) -> None:
        if self._is_open:
            self._is_open = False
            os.close(self._file)


def _copied(work: Callable[[Item], Result], items: Sequence[Item], turns: int, copies: list[_Copy]) -> bool:
    """Whether there is one more copy, which has begun to work."""
    parent = os.getpid()
    try:
        file = os.memfd_create("poseval-results")
    except OSError:
        return False
    if not _leaves_free(file):
        os.close(file)
        return False
    # What ends this process must find the copy in the list, and must not be heard by a copy that begins.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        # Python warns of other threads. One may draw a line about progress, and no copy takes its locks.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            process = os.fork()
        if process == 0:
            _work(work, items, turns, file, parent)
        copies.append(_Copy(process, file))
    except OSError:  # no memory, or as many processes as may be
        os.close(file)
        return False
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return True


def _leaves_free(file: int) -> bool:
    """Whether this process may open as many more files as work needs."""
    opened: list[int] = []
    try:
        while len(opened) < FREE:
            opened.append(os.dup(file))
    except OSError:
        return False
    finally:
        for one in opened:
            os.close(one)
    return True


def _work(
    work: Callable[[Item], Result], items: Sequence[Item], turns: int, file: int, parent: int
) -> NoReturn:
    """What a copy does: it ends when nothing is left, something fails or its parent is gone."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends its copies
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
        with open(file, "wb", closefd=False) as out, open(os.devnull, "w") as silent:
            sys.stdout = sys.stderr = silent  # a thread may have held the locks of these
            for place in _taken(turns):
                if os.getppid() != parent:
                    break
                for part in _written(place, work(items[place])):
                    out.write(part)
                out.flush()
    finally:
        os._exit(0)


def _written(place: int, result: object) -> Iterator[bytes | memoryview]:
    """A result as bytes: the length of what is pickled, and arrays behind it."""
    import pickle

    arrays: list[pickle.PickleBuffer] = []
    head = pickle.dumps(result, protocol=5, buffer_callback=arrays.append)
    raw = [array.raw() for array in arrays]
    first = pickle.dumps((place, [data.nbytes for data in raw], head))
    yield len(first).to_bytes(LENGTH, "little") + first
    yield bytes(-(LENGTH + len(first)) % ALIGNED)
    for data in raw:
        yield data
        yield bytes(-data.nbytes % ALIGNED)


def _aligned(at: int) -> int:
    return at + -at % ALIGNED
