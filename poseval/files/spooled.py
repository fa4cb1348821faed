"""A file that is read at any place, without holding it: as it lies, or unpacked into a temporary file."""

from __future__ import annotations

import os
import tempfile
from typing import Any, BinaryIO, cast

from poseval.errors import FormatError, shown
from poseval.errors.optional import require
from poseval.files.packed import BZIP2, GZIP, WORKING_BYTES, XZ, ZSTD
from poseval.files.reading import allowed_bytes, require_regular, too_large, too_much
from poseval.limits import MIB, Limits


def spooled(path: str | os.PathLike[str], limits: Limits) -> BinaryIO:
    """The content of a regular file, open at its start; gzip, xz, bzip2 and Zstandard are unpacked to disk.

    The caller closes it, which removes the unpacked copy.

    Raises:
        UsageError: P114 no such file, P135 not a regular file, P136 cannot be looked at.
        FormatError: P212 damaged.
        LimitError: P501 larger than `limits.file_bytes`, P504 unpacks to suspiciously much.
        MissingFeature: P601 Zstandard without its extra.
    """
    name = shown(os.fspath(path), limit=400)
    require_regular(path, name)
    file = open(path, "rb")  # noqa: SIM115 the caller closes it
    try:
        head = file.read(4)
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        opened = _opened(file, head, name)
        if opened is None:
            if size > limits.file_bytes:
                raise too_large(name, limits.file_bytes, size)
            return file
        with file:
            return _unpacked(opened, size, name, limits)
    except BaseException:
        file.close()
        raise


def _opened(file: BinaryIO, head: bytes, name: str) -> Any:
    """What gives the content of a packed file; None for any other."""
    if head.startswith(GZIP):
        import gzip

        return gzip.GzipFile(fileobj=file)
    if head.startswith(BZIP2):
        import bz2

        return bz2.BZ2File(file)
    if head.startswith(XZ[:4]):
        import lzma

        return lzma.LZMAFile(file)
    if head.startswith(ZSTD):
        try:
            from compression.zstd import ZstdFile  # type: ignore[import-not-found]
        except ImportError:
            zstandard = require("zstandard", name, "zstd", "unpack it with zstd -d")
            unpacking = zstandard.ZstdDecompressor(max_window_size=WORKING_BYTES)
            return unpacking.stream_reader(file, read_across_frames=True)
        return ZstdFile(file)
    return None


def _unpacked(packed: Any, size: int, name: str, limits: Limits) -> BinaryIO:
    most = allowed_bytes(size, limits)
    spool = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 the caller closes it
    try:
        written = 0
        while part := _part(packed, name):
            written += len(part)
            if written > most:
                raise too_much(name, size, limits)
            spool.write(part)
        spool.seek(0)
    except BaseException:
        spool.close()
        raise
    return spool


def _part(packed: Any, name: str) -> bytes:
    try:
        return cast("bytes", packed.read(MIB))
    except Exception as error:  # EOFError, OSError, zlib.error, lzma.LZMAError, ...: by kind of packing
        raise FormatError(
            "P212", where=name, what=f"is a damaged packed file ({shown(error)})", wanted="an undamaged file"
        ) from None
