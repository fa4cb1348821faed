"""Pieces stay in this process unless others are faster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from poseval.poses import Ints
from poseval.scoring.late_executor import SENDING_SECONDS, LateExecutor

PIECES = 20
SMALL = np.zeros(1000, dtype=np.int64)
LARGE = np.zeros(4_000_000, dtype=np.int64)  # 32 MB, which take 160 ms to send


class Elsewhere:
    """Does pieces at once, and counts them."""

    def __init__(self, places: int) -> None:
        self.places, self.done = places, 0

    def each(self, work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        self.done += len(items)
        return [work(item) for item in items]


@dataclass(frozen=True)
class Work:
    """The size of a piece, in processor time that is told and not taken."""

    seconds: float
    needs: Ints | None = None  # sent with it

    def __call__(self, item: Ints) -> int:
        return len(item)


class Clock:
    """A clock that each piece moves."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._looks = seconds, 0

    def __call__(self) -> float:
        self._looks += 1
        return self._looks // 2 * self._seconds


def sent(monkeypatch: pytest.MonkeyPatch, work: Work, item: Ints, places: int, threads: int | None) -> int:
    """How many of `PIECES` were sent, of work with threads of its own, or in so many threads."""
    monkeypatch.setattr("poseval.scoring.late_executor.time.thread_time", Clock(work.seconds))
    monkeypatch.setattr("poseval.scoring.late_executor.thread_limit", lambda: threads)
    executor = LateExecutor(other := Elsewhere(places))
    here: list[int] = []

    def threaded(work: Callable[[Ints], int], items: Sequence[Ints]) -> list[int]:
        here.append(len(items))
        return [work(item) for item in items]

    found = executor.each(work, (item for _ in range(PIECES)), threaded if threads else None)
    assert found == [len(item)] * PIECES
    assert executor.asked == bool(other.done)
    assert not (here and other.done)
    return other.done


def test_pieces_that_take_long_are_sent_when_the_start_of_the_others_pays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert sent(monkeypatch, Work(0.1), SMALL, 2, None) == PIECES - 3  # 0.25 s are three pieces
    assert sent(monkeypatch, Work(0.01), SMALL, 2, None) == 0  # 20 pieces are 0.2 s


def test_what_takes_longer_to_send_than_to_do_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    to_send = SENDING_SECONDS * LARGE.nbytes
    assert sent(monkeypatch, Work(to_send / 2), LARGE, 100, None) == 0
    assert sent(monkeypatch, Work(to_send * 2), LARGE, 100, None) == PIECES - 1


def test_threads_that_are_more_than_places_keep_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sent(monkeypatch, Work(1.0), SMALL, 2, 8) == 0
    assert sent(monkeypatch, Work(1.0), SMALL, 8, 8) == PIECES - 1
    assert sent(monkeypatch, Work(0.3), LARGE, 8, 2) == 0  # 0.15 s each, by two threads


def test_what_all_pieces_need_is_sent_when_as_much_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    heavy = Work(0.3, np.zeros(20_000_000, dtype=np.int64))  # 0.8 s to send, before any piece
    assert sent(monkeypatch, heavy, SMALL, 2, None) == PIECES - 3
    assert sent(monkeypatch, Work(0.3), SMALL, 2, None) == PIECES - 1


def test_what_cannot_be_sent_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("poseval.scoring.late_executor.time.thread_time", Clock(1.0))
    executor = LateExecutor(other := Elsewhere(2))
    assert executor.each(lambda item: item + 1, [1, 2, 3], None) == [2, 3, 4]
    assert other.done == 0


def test_an_error_of_a_piece_here_is_raised() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        LateExecutor(Elsewhere(2)).each(int, ["1", "x"], None)


def test_work_that_is_not_one_of_many_pieces_is_done_here() -> None:
    executor = LateExecutor(other := Elsewhere(2))
    assert executor.submit(int, "7").result() == 7
    with pytest.raises(ValueError, match="invalid literal"):
        executor.submit(int, "x").result()
    assert other.done == 0
