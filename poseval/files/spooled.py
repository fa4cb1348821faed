"""A file that is read at any place, without holding it: as it lies, or unpacked into a temporary file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from functools import partial
from typing import BinaryIO, cast

from poseval.errors import LimitError, shown
from poseval.files.packed import packing_of, unpacked_parts
from poseval.files.reading import require_regular, too_large, unreadable
from poseval.limits import Limits

HEAD = 10  # bytes that show how a file is packed
STEP = 1 << 12  # packed bytes at once; some unpack to thousands of times as much


def spooled(path: str | os.PathLike[str], limits: Limits) -> BinaryIO:
    """The content of a regular file, open at its start; gzip, xz, bzip2 and Zstandard are unpacked to disk.

    The caller closes it, which removes the unpacked copy.

    Raises:
        UsageError: P114 no such file, P135 not a regular file, P136 cannot be read.
        FormatError: P212 damaged.
        LimitError: P501 larger than `limits.file_bytes`, P503 too many streams, P504 unpacks to suspiciously
            much, P506 no room for the copy.
        MissingFeature: P601 Zstandard without its extra.
    """
    name = shown(os.fspath(path), limit=400)
    require_regular(path, name)
    try:
        file = open(path, "rb")  # noqa: SIM115 the caller closes it
    except OSError as error:
        raise unreadable(name, error) from None
    try:
        head = file.read(HEAD)
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        packing = packing_of(head, name)
        if packing is None:
            if size > limits.file_bytes:
                raise too_large(name, limits.file_bytes, size)
            return file
        with file:
            return _copy(unpacked_parts(partial(file.read, STEP), size, packing, name, limits), name)
    except BaseException:
        file.close()
        raise


def _copy(parts: Iterable[bytes], name: str) -> BinaryIO:
    spool = cast("BinaryIO", tempfile.TemporaryFile(buffering=0))  # noqa: SIM115 the caller closes it
    try:
        for part in parts:
            _write(spool, part, name)
        spool.seek(0)
    except BaseException:
        spool.close()
        raise
    return spool


def _write(spool: BinaryIO, part: bytes, name: str) -> None:
    try:
        left = memoryview(part)
        while left:
            left = left[spool.write(left) :]
    except OSError as error:
        folder = shown(tempfile.gettempdir())
        raise LimitError(
            "P506",
            where=name,
            what=f"cannot be unpacked into {folder} ({shown(error.strerror, 80)})",
            wanted="room for its content there, or TMPDIR naming a folder that has it",
        ) from None
