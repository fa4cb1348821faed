"""The reader thread: order, faults, errors, and an end when nobody listens any more."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval.errors import FormatError
from poseval.poses import Frames
from poseval.runners.frames import Picture, Pictures
from poseval.runners.prefetch import reading


class Numbers(Pictures):
    """Picture `row` is filled with `row`; row 3 cannot be read."""

    def __init__(self, count: int) -> None:
        self.frames = Frames(np.array([str(row) for row in range(count)]))
        self.loaded: list[int] = []

    def load(self, row: int) -> Picture:
        self.loaded.append(row)
        if row == 3:
            raise FormatError("P260", where="3.png", what="is torn")
        return np.full((2, 3, 3), row, dtype=np.uint8)

    def file(self, row: int) -> Path:
        raise NotImplementedError

    def describe(self) -> dict[str, Any]:
        return {}


GROUPS = [(0, (0, 1)), (1, (2, 3)), (2, (4,))]


def test_groups_come_in_order_with_their_faults() -> None:
    with reading(Numbers(5), GROUPS, lambda row, picture: int(picture[0, 0, 0]) * 10, 3) as ready:
        items = list(ready)
    assert [item.group for item in items] == [0, 1, 2]
    assert [[frame.prepared for frame in item.frames] for item in items] == [[0, 10], [20], [40]]
    assert items[0].frames[0].size == (3, 2)
    assert [fault.code for fault in items[1].faults] == ["P260"]


def test_an_error_of_the_reader_reaches_the_listener() -> None:
    def fails(row: int, picture: Picture) -> None:
        raise ZeroDivisionError

    with reading(Numbers(2), [(0, (0,))], fails, 1) as ready, pytest.raises(ZeroDivisionError):
        list(ready)


def test_the_reader_ends_when_the_listener_stops() -> None:
    pictures = Numbers(400)
    groups = [(row, (row,)) for row in range(4, 400)]
    with reading(pictures, groups, lambda row, picture: row, 1) as ready:
        next(ready)
    assert len(pictures.loaded) < 20
    assert not [thread for thread in threading.enumerate() if thread.name == "poseval-reader"]
