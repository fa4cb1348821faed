"""Packed files: unpacked in memory with bounds on size and ratio, or refused by name."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

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


class Packing(NamedTuple):
    """A way to pack: its name, how each stream begins, and what makes a decompressor of one stream."""

    kind: str
    magic: bytes
    make: Callable[[], Any]


_GZIP = Packing("gzip", GZIP, lambda: zlib.decompressobj(wbits=31))


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
    packing = packing_of(data, name)
    return data if packing is None else _members(data, name, limits, packing)


def packing_of(head: bytes, name: str) -> Packing | None:
    """How the file is packed that begins with these 10 bytes or more; None for any other.

    Raises:
        MissingFeature: P601 Zstandard without its extra.
    """
    if head.startswith(GZIP):
        return _GZIP
    if head.startswith(XZ):
        return Packing("xz", XZ, _xz)
    if head.startswith(BZIP2) and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        return Packing("bzip2", BZIP2, _bzip2)
    return Packing("Zstandard", ZSTD, _zstd(name)) if head.startswith(ZSTD) else None


def gunzip(data: bytes, name: str, limits: Limits = DEFAULT) -> bytes:
    """The content of a gzip file of one or more members, never more than the limits allow.

    Raises:
        FormatError: P212 truncated or damaged.
        LimitError: P501 too large, P503 too many members, P504 ratio.
    """
    return _members(data, name, limits, _GZIP)


def _xz() -> Any:
    import lzma

    return lzma.LZMADecompressor(memlimit=WORKING_BYTES)


def _bzip2() -> Any:
    import bz2

    return bz2.BZ2Decompressor()


def _members(data: bytes, name: str, limits: Limits, packing: Packing) -> bytes:
    steps = (data[at : at + STEP] for at in range(0, len(data), STEP))
    parts = list(unpacked_parts(lambda: next(steps, b""), len(data), packing, name, limits))
    return parts[0] if len(parts) == 1 else b"".join(parts)


def unpacked_parts(
    take: Callable[[], bytes], size: int, packing: Packing, name: str, limits: Limits
) -> Iterator[bytes]:
    """The content of one or more packed streams in a row, part by part; zero bytes may follow the last.

    `take` gives the next bytes of the file, of `size` bytes in all, and none at its end.

    Raises:
        FormatError: P212 truncated or damaged.
        LimitError: P501 too large, P503 too many streams, P504 unpacks to suspiciously much.
    """
    most = allowed_bytes(size, limits)
    held, members, written = take(), 0, 0
    while held:
        if members:
            while len(held) < len(packing.magic) and (more := take()):
                held += more
            if not held.startswith(packing.magic):
                _refuse_what_follows(held, take, packing, name)
                return
        members += 1
        if members > limits.archive_members:
            raise LimitError(
                "P503",
                where=name,
                what="has more packed streams than allowed",
                wanted=f"at most {limits.archive_members:,}",
                hint=to_raise("archive_members", 2 * limits.archive_members, known=False),
            )
        stream = packing.make()
        while not stream.eof:
            held = held or take()
            if not held:
                raise _damaged(name, packing, "it ends too early")
            try:
                part = stream.decompress(held, most - written + 1)
            except Exception as error:  # zlib.error, lzma.LZMAError, OSError, ValueError: by kind
                raise _damaged(name, packing, str(error)) from None
            written += len(part)
            if written > most:
                raise too_much(name, size, limits)
            held = stream.unused_data
            yield part
        held = held or take()


def _refuse_what_follows(held: bytes, take: Callable[[], bytes], packing: Packing, name: str) -> None:
    while held:
        if held.strip(b"\0"):
            raise _damaged(name, packing, "other data follows it")
        held = take()


def _zstd(name: str) -> Callable[[], Any]:
    """By Python's own module where it has one (3.14), else by the extra."""
    try:
        from compression.zstd import ZstdDecompressor  # type: ignore[import-not-found]
    except ImportError:
        zstandard = require("zstandard", name, "zstd", "unpack it with zstd -d")
        maker = zstandard.ZstdDecompressor(max_window_size=WORKING_BYTES)
        return lambda: _Stepwise(maker.decompressobj())
    made: Callable[[], Any] = ZstdDecompressor
    return made


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


def _damaged(name: str, packing: Packing, why: str) -> FormatError:
    what = f"is a damaged {packing.kind} file ({shown(why)})"
    return FormatError("P212", where=name, what=what, wanted="an undamaged file")
