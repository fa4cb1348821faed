"""The compiled file reader."""

from __future__ import annotations

from poseval.kernels import _kernels


def file_start(handle: int, size: int) -> bytes:
    """The first `size` bytes of an open regular file, or as many as it has; large ones by several threads.

    The position of `handle` in the file is undefined afterwards.

    Raises:
        OSError: the file cannot be read.
        MemoryError: there is not enough memory.
    """
    return _kernels.file_start(handle, size)
