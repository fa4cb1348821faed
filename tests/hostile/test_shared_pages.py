"""Row 41: a store whose rows all name the same pages, so that a small file claims to hold much more."""

from __future__ import annotations

import sqlite3
import struct
from pathlib import Path

from poseval.decisions.store import TABLE, TALLIES
from tests.hostile.limited import HELD, poseval

ROWS, HELD_BY_FILE = 6, 2_200_000
CLAIMED = HELD_BY_FILE + 2_400 * 4092  # by a row, which alone would fit into the file


def varint(number: int) -> bytes:
    out = [number & 0x7F]
    while number := number >> 7:
        out.append(number & 0x7F | 0x80)
    return bytes(reversed(out))


def claiming(path: Path) -> None:
    """Rows of 2 MB that claim 12 MB, whose pages of overflow each name themselves as the next."""
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute(TABLE)
        connection.execute(TALLIES)
        for row in range(ROWS):
            values = (f"{row:064x}", f"n{row:03d}", "", "{}", "A" * HELD_BY_FILE)
            connection.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", values)
    connection.close()
    data = bytearray(path.read_bytes())
    (size,) = struct.unpack(">H", data[16:18])
    full = b"A" * (size - 4)
    for page in range(len(data) // size):
        if data[page * size + 4 : (page + 1) * size] == full:
            struct.pack_into(">I", data, page * size, page + 1)
    # The type of a text is twice its length and 13; a row has 10 bytes of header and 70 of other values.
    for factor, more in ((2, 13), (1, 80)):
        held, claimed = varint(factor * HELD_BY_FILE + more), varint(factor * CLAIMED + more)
        assert held in data
        assert len(held) == len(claimed)
        data = data.replace(held, claimed)
    path.write_bytes(data)


def test_41_rows_that_share_their_pages_are_not_read_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "board.db"
    claiming(path)
    ended = poseval(["leaderboard", "list", "--db", path], folder=tmp_path)
    assert ended.status == 3
    assert "longer together than the file" in ended.err
    assert ended.peak < HELD
