"""One line on a terminal that shows the progress of a long job, its speed and the time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from types import TracebackType

import click

QUICK = 2.0  # seconds that a step may take without a line about it
PAUSE = 0.5  # seconds between two redraws; a line that changes faster cannot be read


def on_terminal(quiet: bool) -> bool:
    """Whether a line about progress can be seen."""
    return not quiet and sys.stderr is not None and sys.stderr.isatty()


@contextmanager
def working(what: str, quiet: bool) -> Iterator[None]:
    """A step of unknown length: `scoring, 5 s` on a terminal once it has taken two seconds.

    Nothing else may be printed meanwhile. The line is gone when the step ends.
    """
    if not on_terminal(quiet):
        yield
        return
    done, start = Event(), time.monotonic()

    def draw() -> None:
        wait = QUICK
        while not done.wait(wait):
            wait = 1.0
            click.echo(f"\r\x1b[K{what}, {duration(time.monotonic() - start)}", err=True, nl=False)

    thread = Thread(target=draw, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        if time.monotonic() - start >= QUICK:
            click.echo("\r\x1b[K", err=True, nl=False)


class ProgressLine:
    """Called with (done, total), draws `1,234/5,000 images  12.3/s  2 min left`; leaves nothing behind.

    A context manager. Nothing is drawn when quiet, elsewhere than on a terminal, and for short jobs.
    """

    def __init__(self, unit: str, quiet: bool) -> None:
        self.unit = unit
        self.shown = on_terminal(quiet)
        self._first, self._last, self._start = 0, -1, 0.0
        self._next = time.monotonic() + PAUSE
        self._drawn = False

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def __call__(self, done: int, total: int) -> None:
        if not self.shown:
            return
        now = time.monotonic()
        if self._last < 0 or done < self._last:
            # What an earlier run had finished does not count for the rate, nor does reading for writing.
            self._first, self._start = done, now
        self._last = done
        if now >= self._next:
            self._next, self._drawn = now + PAUSE, True
            text = progress_text(done, total, done - self._first, now - self._start, self.unit)
            click.echo(f"\r\x1b[K{text}", err=True, nl=False)

    def clear(self) -> None:
        """Take the line away until it is drawn again."""
        if self._drawn:
            click.echo("\r\x1b[K", err=True, nl=False)
            self._drawn = False


def progress_text(done: int, total: int, worked: int, seconds: float, unit: str) -> str:
    """`1,234/5,000 images  12.3/s  5 min left`; rate and rest once they are known."""
    text = f"{done:,}/{total:,} {unit}"
    if worked > 0 and seconds > 0:
        rate = worked / seconds
        text += f"  {rate:.1f}/s  {duration((total - done) / rate)} left"
    return text


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `3 h 20 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
