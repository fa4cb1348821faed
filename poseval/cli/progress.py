"""One line on a terminal that says how far a long job is, how fast, and how long it still takes."""

from __future__ import annotations

import time

import click

PAUSE = 0.2  # seconds between two redraws; a terminal over a slow line keeps up


class ProgressLine:
    """Callable with (done, total, counted, seconds); draws `1,234/5,000 images  12.3/s  2 min left`."""

    def __init__(self, unit: str, counted: str = "") -> None:
        self.unit, self.counted = unit, counted
        self._first: int | None = None
        self._drawn = 0.0
        self._width = 0

    def __call__(self, done: int, total: int, counted: int, seconds: float) -> None:
        if self._first is None:
            self._first = done  # what an earlier run had finished does not count for the rate
        now = time.monotonic()
        if done < total and now - self._drawn < PAUSE:
            return
        self._drawn = now
        text = progress_text(done, total, done - self._first, seconds, self.unit)
        if self.counted:
            text += f"  {counted:,} {self.counted}"
        click.echo("\r" + text.ljust(self._width), err=True, nl=False)
        self._width = len(text)

    def close(self) -> None:
        """End the line."""
        if self._width:
            click.echo("", err=True)
            self._width = 0


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
