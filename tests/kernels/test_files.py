"""Files are read whole, in one piece or in several."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from poseval.kernels.files import file_start


@pytest.mark.parametrize("size", [0, 1, 4096, 5_000_000, 20_000_001])
@pytest.mark.parametrize("more", [-1, 0, 1, 9_000_000])
def test_start_of_a_file(tmp_path: Path, size: int, more: int) -> None:
    content = random.Random(size).randbytes(size)
    path = tmp_path / "a"
    path.write_bytes(content)
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        assert file_start(handle, max(size + more, 0)) == content[: max(size + more, 0)]
    finally:
        os.close(handle)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    handle = os.open(tmp_path / "a", os.O_WRONLY | os.O_CREAT)
    try:
        with pytest.raises(OSError, match="Bad file descriptor"):
            file_start(handle, 10)
    finally:
        os.close(handle)
