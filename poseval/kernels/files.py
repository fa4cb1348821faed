"""Face of the file reader."""

from __future__ import annotations

from poseval.kernels import _kernels


def file_start(handle: int, size: int) -> bytes:
    """The first `size` bytes of an open regular file, or as many as it has; large ones by several threads.

    The place in the file of `handle` may have moved or not.

    Raises:
        OSError: the file cannot be read.
        MemoryError: so many bytes are not to be had.
    """
    return _kernels.file_start(handle, size)
