"""Packed files: unpacked in memory with bounds on size and ratio, or refused by name."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from poseval.errors import FormatError, LimitError, shown
from poseval.errors.optional import require
from poseval.files.reading import allowed_bytes, too_much
from poseval.limits import DEFAULT, MIB, Limits, to_raise

GZIP, XZ, BZIP2, ZSTD = b"\x1f\x8b", b"\xfd7zXZ\0", b"BZh", b"(\xb5/\xfd"
SUFFIXES = (".gz", ".xz", ".bz2", ".zst")
STEP = 1 << 16  # bytes that a decompressor is given at once
WORKING_BYTES = 256 * MIB  # memory of a decompressor; xz -9 wants 65 MiB, zstd --ultra -22 128 MiB
# What a file is that begins so and that no reader takes; tar has its mark behind the first name.
OTHERS = {
    b"7z\xbc\xaf\x27\x1c": "7z archive",
    b"Rar!\x1a\x07": "rar archive",
    b"\x04\x22\x4d\x18": "lz4 file",
    b"LZIP": "lzip file",
    b"\x1f\x9d": "file packed by compress (.Z)",
}
TAR, TAR_AT = b"ustar", 257


def plain_name(name: str) -> str:
    """A file's name without the ending of its packing: `a.json` for `a.json.gz`."""
    lower = name.lower()
    return next((name[: -len(end)] for end in SUFFIXES if lower.endswith(end)), name)


def unpacked(data: bytes, name: str, limits: Limits = DEFAULT) -> bytes:
    """The content of a gzip, xz, bzip2 or Zstandard file; any other data as they are.

    Raises:
        FormatError: P212 truncated or damaged, P225 packed in another way.
        LimitError: P501 too large, P503 too many streams, P504 unpacks to suspiciously much.
        MissingFeature: P601 Zstandard without its extra.
    """
    data = decompressed(data, name, limits)
    kind = None
    if data.startswith(tuple(OTHERS)):
        kind = next(kind for magic, kind in OTHERS.items() if data.startswith(magic))
    if kind is None and data[TAR_AT : TAR_AT + len(TAR)] == TAR:
        kind = "tar archive"
    if kind is not None:
        raise FormatError(
            "P225",
            where=name,
            what=f"is a {kind}",
            wanted="a plain file, or one packed by gzip, xz, bzip2, zstd or zip",
            hint="unpack it and give what is inside",
        )
    return data


def decompressed(data: bytes, name: str, limits: Limits = DEFAULT) -> bytes:
    """As `unpacked`, for readers that take archives, too.

    Raises:
        FormatError: P212 truncated or damaged.
        LimitError: P501 too large, P503 too many streams, P504 unpacks to suspiciously much.
        MissingFeature: P601 Zstandard without its extra.
    """
    if data.startswith(GZIP):
        return gunzip(data, name, limits)
    if data.startswith(XZ):
        return _members(data, name, limits, "xz", XZ, _xz)
    if data.startswith(BZIP2) and data[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        return _members(data, name, limits, "bzip2", BZIP2, _bzip2)
    return _zstd(data, name, limits) if data.startswith(ZSTD) else data


def gunzip(data: bytes, name: str, limits: Limits = DEFAULT) -> bytes:
    """The content of a gzip file of one or more members, never more than the limits allow.

    Raises:
        FormatError: P212 truncated or damaged.
        LimitError: P501 too large, P503 too many members, P504 ratio.
    """
    return _members(data, name, limits, "gzip", GZIP, lambda: zlib.decompressobj(wbits=31))


def _xz() -> Any:
    import lzma

    return lzma.LZMADecompressor(memlimit=WORKING_BYTES)


def _bzip2() -> Any:
    import bz2

    return bz2.BZ2Decompressor()


def _members(
    data: bytes, name: str, limits: Limits, kind: str, magic: bytes, make: Callable[[], Any]
) -> bytes:
    """The content of one or more packed streams in a row; zero bytes may follow the last.

    Data are fed in steps: a stream that ends gives back what it did not use, and that must not be all of the
    rest of the file for each of thousands of streams.
    """
    most = allowed_bytes(len(data), limits)
    parts: list[bytes] = []
    size = at = members = 0
    while at < len(data):
        if members and not data.startswith(magic, at):
            if data[at:].strip(b"\0"):
                raise _damaged(name, kind, "other data follows it")
            break
        members += 1
        if members > limits.archive_members:
            raise LimitError(
                "P503",
                where=name,
                what="has more packed streams than allowed",
                wanted=f"at most {limits.archive_members:,}",
                hint=to_raise("archive_members", 2 * limits.archive_members, known=False),
            )
        stream = make()
        while not stream.eof:
            step = data[at : at + STEP]
            if not step:
                raise _damaged(name, kind, "it ends too early")
            try:
                part = stream.decompress(step, most - size + 1)
            except Exception as error:  # zlib.error, lzma.LZMAError, OSError, ValueError: by kind
                raise _damaged(name, kind, str(error)) from None
            size += len(part)
            if size > most:
                raise too_much(name, len(data), limits)
            parts.append(part)
            at += len(step) - len(stream.unused_data)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _zstd(data: bytes, name: str, limits: Limits) -> bytes:
    """By Python's own module where it has one (3.14), else by the extra."""
    make: Callable[[], Any]
    try:
        from compression.zstd import ZstdDecompressor as make  # type: ignore[import-not-found,no-redef]
    except ImportError:
        zstandard = require("zstandard", name, "zstd", "unpack it with zstd -d")
        maker = zstandard.ZstdDecompressor(max_window_size=WORKING_BYTES)

        def make() -> _Stepwise:
            return _Stepwise(maker.decompressobj())

    return _members(data, name, limits, "Zstandard", ZSTD, make)


class _Stepwise:
    """A decompressor that takes no bound on its output, fed in steps that keep it near one."""

    SMALL = 1024  # bytes; a block of 4 makes 128 KiB, so that a step makes 32 MiB at most

    def __init__(self, made: Any) -> None:
        self._made = made
        self.eof = False
        self.unused_data = b""

    def decompress(self, data: bytes, most: int) -> bytes:
        """The content up to the first step that exceeds `most` bytes, or to the end of the data."""
        parts: list[bytes] = []
        size = 0
        for at in range(0, len(data), self.SMALL):
            parts.append(self._made.decompress(data[at : at + self.SMALL]))
            size += len(parts[-1])
            if self._made.eof:
                self.eof = True
                self.unused_data = self._made.unused_data + data[at + self.SMALL :]
            if self.eof or size > most:
                break
        return b"".join(parts)


def _damaged(name: str, kind: str, why: str) -> FormatError:
    return FormatError(
        "P212", where=name, what=f"is a damaged {kind} file ({shown(why)})", wanted="an undamaged file"
    )
