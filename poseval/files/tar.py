"""Files in a tar archive that is in memory: regular members by name, nothing written to disk.

Python's own reader takes names of any length, which pack to a thousandth of it, and recurses into each.
Source: POSIX.1-2017, pax, ustar interchange format; GNU tar's long names.
"""

from __future__ import annotations

from collections.abc import Iterator

from poseval.errors import LimitError, number_of
from poseval.limits import DEFAULT

BLOCK = 512
LONG_NAME, EXTENDED, FOR_ALL = b"L", b"x", b"g"  # what stands before a member and says more about it
FILES = (b"0", b"\0", b"7")
NAME_BYTES = 1 << 16  # of what is said about one member; file systems allow names of 4,096 bytes
SUM_AT = slice(148, 156)


def tar_members(data: bytes, where: str) -> Iterator[tuple[str, memoryview]]:
    """Names and contents of the regular files, in the order of the archive.

    Raises:
        ValueError: damaged or cut short.
        LimitError: P502 more members than allowed, or a name larger than any.
    """
    view, at, longer, count = memoryview(data), 0, "", 0
    while at + BLOCK <= len(data):
        header = bytes(view[at : at + BLOCK])
        if not header.strip(b"\0"):
            return
        size, kind = _size(header), header[156:157]
        content = view[at + BLOCK : at + BLOCK + size]
        count += 1
        said = kind in (LONG_NAME, EXTENDED, FOR_ALL)
        if count > DEFAULT.archive_members:
            raise LimitError(
                "P502",
                where=where,
                what="has too many members",
                wanted=f"at most {DEFAULT.archive_members:,}",
            )
        if said and size > NAME_BYTES:
            raise LimitError(
                "P502",
                where=where,
                what=f"has a member whose name takes {number_of(size, 'byte')}",
                wanted=f"at most {NAME_BYTES:,}",
            )
        if len(content) < size:
            raise ValueError("unexpected end of data")
        if kind == LONG_NAME:
            longer = _text(content)
        elif kind == EXTENDED:
            longer = _path(bytes(content)) or longer
        elif kind != FOR_ALL:
            if kind in FILES:
                yield longer or _name(header), content
            longer = ""
        at += BLOCK + -(-size // BLOCK) * BLOCK
    if at != len(data) or not count:
        raise ValueError("unexpected end of data")


def _size(header: bytes) -> int:
    """Bytes of the content, after the header's sum has been checked."""
    blank = header[: SUM_AT.start] + b" " * 8 + header[SUM_AT.stop :]
    try:
        if sum(blank) != int(header[SUM_AT].strip(b" \0"), 8):
            raise ValueError
        size = int(header[124:136].strip(b" \0") or b"0", 8)
        if size < 0:
            raise ValueError
    except ValueError:
        raise ValueError("bad header") from None
    return size


def _name(header: bytes) -> str:
    name, prefix = _text(header[:100]), _text(header[345:500])
    ustar = header[257:263] == b"ustar\0"
    return f"{prefix}/{name}" if ustar and prefix else name


def _text(field: bytes | memoryview) -> str:
    return bytes(field).split(b"\0", 1)[0].decode("utf-8", "surrogateescape")


def _path(records: bytes) -> str:
    """The path in records `LENGTH KEY=VALUE\\n`."""
    found = ""
    while records:
        length, _, rest = records.partition(b" ")
        size = int(length) - len(length) - 1 if length.isdigit() and len(length) < 7 else 0
        if size < 2 or size > len(rest):
            raise ValueError("bad header")
        key, _, value = rest[: size - 1].partition(b"=")
        found = _text(value) if key == b"path" else found
        records = rest[size:]
    return found
