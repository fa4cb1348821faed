"""A reader thread that loads and prepares the next groups of frames while the device works on this one."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from poseval.errors import Fault, PosevalError
from poseval.runners.frames import Pictures

AHEAD = 2  # prepared groups that wait: enough to hide the disk, few enough for memory
PATIENCE = 0.2  # seconds between looks at the stop sign


@dataclass(frozen=True)
class Loaded:
    """One prepared frame: the input for the device, and the image's (width, height)."""

    row: int
    prepared: Any
    size: tuple[int, int]


@dataclass(frozen=True)
class Ready:
    """A group of frames, loaded and prepared; `faults` are of frames that could not be loaded."""

    group: int
    frames: tuple[Loaded, ...]
    faults: tuple[Fault, ...] = ()


Prepare = Callable[[int, Any], Any]  # (frame row, image) -> what the device needs


@contextmanager
def reading(
    pictures: Pictures, groups: Sequence[tuple[int, Sequence[int]]], prepare: Prepare, loaders: int
) -> Iterator[Iterator[Ready]]:
    """Groups of frames in order, read ahead by a thread that ends with the context.

    Args:
        images: where frames are loaded from.
        groups: (number, frame rows) of each group.
        prepare: called in the reader with a frame row and its image.
        loaders: images loaded at once, where the source allows it.
    """
    stop = threading.Event()
    ready: queue.Queue[Ready | BaseException | None] = queue.Queue(AHEAD)
    arguments = (pictures, groups, prepare, loaders, ready, stop)
    thread = threading.Thread(target=_read, args=arguments, name="poseval-reader", daemon=True)
    thread.start()
    try:
        yield _taken(ready)
    finally:
        stop.set()
        thread.join()


def _taken(ready: queue.Queue[Ready | BaseException | None]) -> Iterator[Ready]:
    while (item := ready.get()) is not None:
        if isinstance(item, BaseException):
            raise item
        yield item


def _read(
    pictures: Pictures,
    groups: Sequence[tuple[int, Sequence[int]]],
    prepare: Prepare,
    loaders: int,
    ready: queue.Queue[Ready | BaseException | None],
    stop: threading.Event,
) -> None:
    def one(row: int) -> Loaded | tuple[Fault, ...]:
        try:
            picture = pictures.load(row)
        except PosevalError as error:
            return error.faults
        return Loaded(row, prepare(row, picture), (picture.shape[1], picture.shape[0]))

    try:
        with ThreadPoolExecutor(loaders if pictures.parallel else 1) as pool:
            for number, rows in groups:
                parts = list(pool.map(one, rows))
                good = tuple(part for part in parts if isinstance(part, Loaded))
                faults = tuple(fault for part in parts if isinstance(part, tuple) for fault in part)
                if not _put(ready, Ready(number, good, faults), stop):
                    return
        _put(ready, None, stop)
    except BaseException as error:  # whatever it is, the main thread must hear of it
        _put(ready, error, stop)


def _put(ready: queue.Queue[Any], item: Any, stop: threading.Event) -> bool:
    """Put when there is room; False when the run is over."""
    while not stop.is_set():
        try:
            ready.put(item, timeout=PATIENCE)
        except queue.Full:
            continue
        return True
    return False
