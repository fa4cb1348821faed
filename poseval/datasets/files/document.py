"""Bounded reading: a document is the bytes of one regular file, opened once; and writing never half done.

gzip is told by its first bytes and unpacked as a stream with bounds on size and ratio. The digest is of the
bytes that are parsed: a file that changes while it is read cannot be reported under another content's digest.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import stat
import threading
import zlib
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from poseval.errors import FormatError, LimitError, UsageError, shown
from poseval.kernels import json as kernel
from poseval.kernels.files import file_start
from poseval.limits import DEFAULT, MIB, Limits

GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
RATIO_FREE_BYTES = MIB  # below this size no ratio is suspicious: a short file of zeros packs 1000 to 1
DIGEST_AHEAD_BYTES = MIB  # above this size the digest is worth a thread of its own
TREE_BYTES = 16 * MIB  # largest part of a document that becomes Python objects


class Document:
    """The bytes of one file, and what they hold. `path` is as it was given, `name` its safe short form."""

    def __init__(self, data: bytes, path: str = "<memory>", limits: Limits = DEFAULT) -> None:
        self.data = data
        self.path = path
        self.name = shown(path.rstrip("/").rsplit("/", 1)[-1], limit=200)
        self.limits = limits
        self._digest = hashlib.sha256()
        self._read: set[int] = set()  # bytes where arrays start whose columns were read
        self._digesting: threading.Thread | None = None
        if len(data) >= DIGEST_AHEAD_BYTES:
            self._digesting = threading.Thread(target=self._digest.update, args=(data,), daemon=True)
            self._digesting.start()
        else:
            self._digest.update(data)

    @classmethod
    def open(cls, path: str | os.PathLike[str], limits: Limits = DEFAULT) -> Document:
        """Read a regular file whole, unpacking gzip.

        Raises:
            UsageError: P114 no such file, P135 not a regular file, P136 cannot be read.
            FormatError: P212 damaged gzip.
            LimitError: P501 too large, P504 unpacks to suspiciously much.
        """
        text = shown(os.fspath(path), limit=400)
        data = _read_regular(path, text, limits.file_bytes)
        if data.startswith(GZIP_MAGIC):
            data = gunzip(data, text, limits)
        return cls(data, os.fspath(path), limits)

    @property
    def sha256(self) -> str:
        """SHA-256 of `data`, in hexadecimal."""
        if self._digesting is not None:
            self._digesting.join()
        return self._digest.hexdigest()

    @property
    def head(self) -> bytes:
        """The first 4096 bytes, for recognising formats that are not JSON."""
        return self.data[:4096]

    @property
    def is_zip(self) -> bool:
        """Whether this is a zip archive (see `archive.py`)."""
        return self.data.startswith(ZIP_MAGICS)

    @property
    def is_json(self) -> bool:
        """Whether it starts like a JSON object or array, in any Unicode encoding."""
        text = self.head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
        return text[:1] in (b"{", b"[")

    @cached_property
    def outline(self) -> kernel.Outline:
        """What the JSON text holds and where.

        Raises:
            FormatError: P200 empty, P210 not JSON, P211 not UTF-8.
            LimitError: P502 nested too deep or too many keys.
        """
        return kernel.outline(self.data, name=self.name, limits=self.limits)

    def line(self, offset: int) -> int:
        """Line, from 1, of a byte offset."""
        return kernel.line_of(self.data, offset)

    def columns(
        self, fields: Sequence[kernel.Field], key: str | None = None, max_records: int | None = None
    ) -> kernel.Columns:
        """Columns of the top-level array, or of the array under a key of the top-level object.

        Raises:
            FormatError: P206 no such key, P210 not JSON, P211 not UTF-8.
            LimitError: P502 too many records, numbers or keys, or nested too deep.
        """
        entry = self.outline if key is None else self._entry(key)
        found = kernel.columns(
            self.data,
            fields,
            start=entry.start,
            depth=0 if key is None else 1,
            last=key is None,
            name=self.name,
            limits=self.limits,
            max_records=max_records,
            end=entry.end,
        )
        self._read.add(entry.start)
        return found

    def _entry(self, key: str) -> kernel.Entry:
        """A key of the top-level object, and where its value stands."""
        entry = self.outline.by_key().get(key) if self.outline.kind == "object" else None
        if entry is None:
            raise FormatError("P206", where=self.name, what=f'has no "{key}"', wanted="a list of that name")
        return entry

    def check_rest(self) -> None:
        """Check the long lists that nobody has read: a broken file is refused whatever is asked of it.

        Raises:
            FormatError: P210 not JSON, P211 not UTF-8.
            LimitError: P502 nested too deep or too many keys.
        """
        entries = self.outline.entries if self.outline.kind == "object" else ()
        for entry in entries if isinstance(entries, tuple) else ():
            if not entry.checked and entry.start not in self._read:
                kernel.check(self.data, entry, name=self.name, limits=self.limits)
                self._read.add(entry.start)

    def tree(self, start: int, end: int) -> Any:
        """The value between two bytes as Python objects; for small parts whose bounds `outline` has found.

        Raises:
            LimitError: P501 for a part larger than `TREE_BYTES`.
            FormatError: P210 for a number of thousands of digits.
        """
        if end - start > TREE_BYTES:
            raise LimitError(
                "P501",
                where=f"{self.name}: byte {start}",
                what=f"is a part of {end - start:,} bytes",
                wanted=f"at most {TREE_BYTES:,}",
            )
        try:
            return json.loads(self.data[start:end].decode("utf-8"))
        except ValueError as error:
            raise FormatError("P210", where=f"{self.name}: byte {start}", what=shown(error)) from None


def _read_regular(path: str | os.PathLike[str], name: str, most: int) -> bytes:
    """All bytes of a regular file. Opened without waiting, so that a FIFO cannot hold us."""
    flags = (
        os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    )
    try:
        handle = os.open(path, flags)
    except FileNotFoundError:
        raise UsageError("P114", where=name, what="does not exist", wanted="a file") from None
    except (OSError, ValueError) as error:
        raise _unreadable(name, error) from None
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise UsageError(
                "P135", where=name, what=f"is {_kind_of(found.st_mode)}", wanted="a regular file"
            )
        data = file_start(handle, min(found.st_size, most + 1))
        os.lseek(handle, len(data), os.SEEK_SET)
        with io.FileIO(handle, closefd=False) as file:
            while len(data) <= most:
                more = file.read(min(MIB, most + 1 - len(data)))
                if not more:
                    return data
                data += more
    except OSError as error:
        raise _unreadable(name, error) from None
    finally:
        os.close(handle)
    raise LimitError(
        "P501", where=name, what=f"is larger than {most:,} bytes", wanted="at most limits.file_bytes"
    )


def _kind_of(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"


def _unreadable(name: str, error: OSError | ValueError) -> UsageError:
    reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        reason = "its symbolic links form a loop"
    return UsageError("P136", where=name, what=f"cannot be read ({shown(reason)})", wanted="a readable file")


def allowed_bytes(packed: int, limits: Limits) -> int:
    """How much `packed` bytes may unpack to."""
    return min(limits.file_bytes, max(limits.ratio * packed, RATIO_FREE_BYTES))


def too_much(name: str, packed: int, limits: Limits) -> LimitError:
    """The error for packed data that holds more than `allowed_bytes`."""
    if allowed_bytes(packed, limits) == limits.file_bytes:
        return LimitError(
            "P501",
            where=name,
            what=f"unpacks to more than {limits.file_bytes:,} bytes",
            wanted="at most limits.file_bytes",
        )
    return LimitError(
        "P504",
        where=name,
        what=f"unpacks to more than {limits.ratio} times its size",
        wanted="at most limits.ratio",
        hint="real pose files reach 20; unpack it yourself if you trust it",
    )


def gunzip(data: bytes, name: str, limits: Limits = DEFAULT) -> bytes:
    """The content of a gzip file of one or more members, never more than the limits allow.

    Raises:
        FormatError: P212 truncated or damaged.
        LimitError: P501 too large, P504 ratio.
    """
    most = allowed_bytes(len(data), limits)
    parts: list[bytes] = []
    size = 0
    rest = data
    while rest:
        stream = zlib.decompressobj(wbits=31)
        try:
            part = stream.decompress(rest, most - size + 1)
        except zlib.error as error:
            raise _damaged(name, str(error)) from None
        size += len(part)
        if size > most:
            raise too_much(name, len(data), limits)
        if not stream.eof:
            raise _damaged(name, "it ends too early")
        parts.append(part)
        rest = stream.unused_data
        if rest and not rest.startswith(GZIP_MAGIC):
            if rest.strip(b"\0"):
                raise _damaged(name, "other data follows it")
            break
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _damaged(name: str, why: str) -> FormatError:
    return FormatError(
        "P212", where=name, what=f"is a damaged gzip file ({shown(why)})", wanted="a whole one"
    )


def write_atomically(
    path: str | os.PathLike[str], content: bytes | Callable[[BinaryIO], None], force: bool = False
) -> None:
    """Write a neighbour file and rename it: readers see the old content or the new, never a part.

    `content` is the bytes or a function that writes them. On any failure, Ctrl-C included, the neighbour is
    removed and the target is as it was. A device or pipe (`/dev/stdout`) is written to as it is.

    Raises:
        UsageError: P131 the target exists and `force` is not given, P137 it cannot be written.
    """
    target = Path(os.path.realpath(path))
    name = shown(os.fspath(path), limit=400)
    exists = os.path.lexists(target) or os.path.exists(path)  # /dev/stdout leads to no name when it is a pipe
    if exists and not force:
        raise _exists(name)
    try:
        if exists and not os.path.isfile(path):
            with open(path, "wb") as file:
                _put(file, content)
            return
        _replace(target, content, force, name)
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = shown(error.strerror or error)
        raise UsageError(
            "P137",
            where=name,
            what=f"cannot be written ({reason})",
            wanted="a place that exists and can be written to",
        ) from error


def _replace(target: Path, content: bytes | Callable[[BinaryIO], None], force: bool, name: str) -> None:
    neighbour = target.with_name(f".{target.name[:100]}.{os.urandom(6).hex()}.tmp")
    try:
        with neighbour.open("xb") as file:
            _put(file, content)
        if force:
            if target.exists():
                neighbour.chmod(stat.S_IMODE(target.stat().st_mode))
            neighbour.replace(target)
        else:
            _rename_to_new(neighbour, target, name)
    except BaseException:
        neighbour.unlink(missing_ok=True)
        raise


def _rename_to_new(neighbour: Path, target: Path, name: str) -> None:
    """Rename that does not replace a target that came into being meanwhile, where hard links exist."""
    try:
        os.link(neighbour, target)
    except FileExistsError:
        raise _exists(name) from None
    except (OSError, NotImplementedError):
        neighbour.rename(target)
    else:
        neighbour.unlink()


def _put(file: BinaryIO, content: bytes | Callable[[BinaryIO], None]) -> None:
    if callable(content):
        content(file)
    else:
        file.write(content)


def _exists(name: str) -> UsageError:
    return UsageError(
        "P131", where=name, what="exists", wanted="a new name", hint="pass --force to overwrite it"
    )
