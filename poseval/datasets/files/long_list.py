"""A long JSON list of records in a file: it becomes columns part by part, and is never held as a whole.

Whatever is not as usual is left to the reader of whole documents, which also says what is wrong: the content
is read when it is asked for. The digest is of the bytes that became columns, either way.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from poseval.datasets.files.document import Document
from poseval.datasets.files.json_lines import SUFFIXES, as_list
from poseval.errors import PosevalError, UsageError, shown
from poseval.files.reading import read_regular
from poseval.files.streams import is_stream, public_name
from poseval.kernels import json as kernel
from poseval.kernels import json_outline
from poseval.kernels.json_outline import Entry, Origin, Outline
from poseval.limits import MIB, Limits

LONG = 4 * MIB  # bytes from which a file is read so: below it a file and its columns are small, too
HEAD = MIB // 4  # bytes that say what the file is; a record is a kilobyte
_LIST = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*\{")
_LINES = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[[^\n]*\]\s*?\n\s*[\[{]")  # each of them a list


class LongList(Document):
    """The list in a regular file; `state` is the file's when its first bytes, `head`, were read."""

    def __init__(self, head: bytes, path: str, limits: Limits, state: tuple[int, ...]) -> None:
        super().__init__(None, path, limits)
        self._head = head
        self._state = state
        self._is_read = False

    @property
    def sha256(self) -> str:
        """SHA-256 of the file, in hexadecimal."""
        if not self._is_read:
            _ = self.data
        return super().sha256

    def start(self, size: int) -> bytes:
        """The first bytes, at most `size`."""
        return self._head[:size] if size <= HEAD else super().start(size)

    def _whole(self) -> bytes:
        data = read_regular(self.path, shown(self.path, limit=400), self.limits.file_bytes)
        digest = hashlib.sha256(data)
        other = self._is_read and digest.digest() != self._digest.digest()
        if other or not data.startswith(self._head):
            what = "cannot be read (it changed meanwhile)"
            raise UsageError("P136", where=self.name, what=what, wanted="a readable file")
        self._digest, self._is_read = digest, True
        lines = as_list(data, self.path)
        self.origin = None if lines is None else Origin(data)
        return data if lines is None else lines

    def _outline(self) -> Outline:
        try:  # only the first record of a list is looked at
            return json_outline.outline(self._head, name=self.name, limits=self.limits)
        except PosevalError:
            return super()._outline()

    def _columns(
        self,
        fields: Sequence[kernel.Field],
        entry: Outline | Entry,
        max_records: int | None,
    ) -> kernel.Columns:
        found = None if self._is_read else self._by_parts(fields, entry.start, max_records)
        return super()._columns(fields, entry, max_records) if found is None else found

    def _by_parts(
        self, fields: Sequence[kernel.Field], start: int, max_records: int | None
    ) -> kernel.Columns | None:
        digest = hashlib.sha256()
        try:
            with _regular(self.path) as file:
                if _state(file) != self._state:
                    return None
                found = kernel.file_columns(
                    file.fileno(),
                    os.fstat(file.fileno()).st_size,
                    fields,
                    digest.update,
                    start=start,
                    limits=self.limits,
                    max_records=max_records,
                )
                if found is None or _state(file) != self._state:
                    return None
        except OSError:
            return None
        self._digest, self._is_read = digest, True
        return found


def opened(path: str | os.PathLike[str], limits: Limits) -> LongList | None:
    """The list in a regular file, if that is what it holds, and it is long; else None."""
    if is_stream(path):
        return None
    try:
        size = os.stat(path).st_size
        if not LONG <= size <= limits.file_bytes:
            return None
        with _regular(path) as file:
            head, state = file.read(HEAD), _state(file)
    except (OSError, ValueError):
        return None
    text = public_name(path)
    if not _LIST.match(head) or _LINES.match(head) or text.lower().endswith(SUFFIXES):
        return None
    return LongList(head, text, limits, state)


@contextmanager
def _regular(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A regular file, opened without waiting for a writer.

    Raises:
        OSError: it is none, or cannot be read.
    """

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))

    with open(path, "rb", buffering=0, opener=opener) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError
        yield file


def _state(file: BinaryIO) -> tuple[int, ...]:
    """What changes when a file does."""
    found = os.fstat(file.fileno())
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
