"""A document: the bytes of one regular file, opened once, and what they hold.

The digest is of the bytes that are parsed: a file that changes while it is read cannot be reported under
another content's digest.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from poseval.datasets.files.json_lines import as_list
from poseval.errors import FormatError, LimitError, shown
from poseval.files.packed import unpacked
from poseval.files.reading import parse_tree, read_regular
from poseval.files.streams import public_name, read_input
from poseval.kernels import json as kernel
from poseval.kernels import json_outline
from poseval.kernels.json_outline import Entry, Origin, Outline
from poseval.limits import DEFAULT, MIB, Limits, to_raise
from poseval.threads import started

if TYPE_CHECKING:
    from poseval.datasets.containers.unread import Known

ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
DIGEST_AHEAD_BYTES = MIB  # above this size the digest is worth a thread of its own
MOST_KEYS = 500  # of the top-level object that are counted as unread


class Document:
    """The bytes of one file, and what they hold. `path` is as it was given, `name` its safe short form.

    `of` are the original bytes of the file if `data` was made from them; the digest is of these. `unread`
    counts keys of the top-level object and fields of records that were never asked for. `first_fields` are
    those of the first record of the list that this document is a piece of, if it is one. `origin` is where
    the data stand in the file, if they were made from its bytes.
    """

    first_fields: frozenset[str] | None = None
    origin: Origin | None = None

    def __init__(
        self, data: bytes | None, path: str = "<memory>", limits: Limits = DEFAULT, of: bytes | None = None
    ) -> None:
        self._data = data  # None: `_whole` gives it when it is asked for
        self.path = path
        self.name = shown(path.rstrip("/").rsplit("/", 1)[-1], limit=200)
        self.limits = limits
        self._digest = hashlib.sha256()
        self._read: set[int] = set()  # bytes where values start that were read
        self.unread: Counter[str] = Counter()
        self._digesting: threading.Thread | None = None
        content = data if of is None else of
        if content is not None and len(content) >= DIGEST_AHEAD_BYTES:
            self._digesting = started(lambda: self._digest.update(content))
        if content is not None and self._digesting is None:
            self._digest.update(content)

    @classmethod
    def open(cls, path: str | os.PathLike[str], limits: Limits = DEFAULT) -> Document:
        """Read a regular file whole, unpacking gzip, xz, bzip2 and Zstandard; JSON lines become one list.

        Raises:
            UsageError: P114 no such file, P135 not a regular file, P136 cannot be read.
            FormatError: P212 damaged, P225 packed in a way that is not read.
            LimitError: P501 too large, P504 unpacks to suspiciously much.
        """
        text = shown(os.fspath(path), limit=400)
        return cls._of(read_regular(path, text, limits.file_bytes), os.fspath(path), text, limits)

    @classmethod
    def open_input(cls, path: str | os.PathLike[str], limits: Limits = DEFAULT) -> Document:
        """As `open`, for what a user named: standard input (`-`), pipes and addresses are read, too.

        Raises:
            UsageError, FormatError, LimitError: as for `open`; P109, P128 standard input that cannot be read.
            MissingFeature: P601 an address without the package that opens it.
        """
        name = public_name(path)
        return cls._of(read_input(path, limits.file_bytes), name, shown(name, limit=400), limits)

    @classmethod
    def _of(cls, data: bytes, path: str, name: str, limits: Limits) -> Document:
        """A file's content as it is parsed; `name` stands in messages."""
        data = unpacked(data, name, limits)
        lines = as_list(data, path)
        made = cls(data if lines is None else lines, path, limits, data)
        made.origin = None if lines is None else Origin(data)
        return made

    @property
    def data(self) -> bytes:
        """The text or bytes that are parsed."""
        if self._data is None:
            self._data = self._whole()
        return self._data

    def _whole(self) -> bytes:
        """The content of a document that was made without it."""
        raise NotImplementedError

    def start(self, size: int) -> bytes:
        """The first bytes, at most `size`, for recognising formats."""
        return self.data[:size]

    @property
    def sha256(self) -> str:
        """SHA-256 of `data`, in hexadecimal."""
        if self._digesting is not None:
            self._digesting.join()
        return self._digest.hexdigest()

    @property
    def head(self) -> bytes:
        """The first 4096 bytes, for recognising formats that are not JSON."""
        return self.start(4096)

    @property
    def is_zip(self) -> bool:
        """Whether this is a zip archive (see `archive.py`)."""
        return self.head.startswith(ZIP_MAGICS)

    @property
    def is_json(self) -> bool:
        """Whether it starts like a JSON object or array, in any Unicode encoding."""
        text = self.head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
        return text[:1] in (b"{", b"[")

    @cached_property
    def outline(self) -> Outline:
        """What the JSON text holds and where.

        Raises:
            FormatError: P200 empty, P210 not JSON, P211 not UTF-8.
            LimitError: P502 nested too deep or too many keys.
        """
        found = self._outline()
        if found.kind == "object" and isinstance(found.entries, tuple):
            self.unread.update({entry.key: 1 for entry in found.entries[:MOST_KEYS]})
        return found

    def _outline(self) -> Outline:
        return json_outline.outline(self.data, name=self.name, limits=self.limits, origin=self.origin)

    @cached_property
    def _keys(self) -> dict[int, str]:
        """Keys of the top-level object by the place of their value."""
        entries = self.outline.entries if self.outline.kind == "object" else ()
        return {entry.start: entry.key for entry in entries} if isinstance(entries, tuple) else {}

    def place(self, key: str, record: int) -> str:
        """Where a record of the array under a key stands, in words: `gt.json: annotations[3]`."""
        return f"{self.name}: {key}[{record}]"

    def byte(self, offset: int) -> int:
        """The byte of the file that an offset in the data is."""
        return offset if self.origin is None else self.origin.place(offset)[1]

    def columns(
        self, fields: Sequence[kernel.Field], key: str | None = None, max_records: int | None = None
    ) -> kernel.Columns:
        """Columns of the top-level array, or of the array under a key of the top-level object.

        Raises:
            FormatError: P206 no such key, P210 not JSON, P211 not UTF-8.
            LimitError: P502 too many records, numbers or keys, or nested too deep.
        """
        entry = self.outline if key is None else self._entry(key)
        found = self._columns(fields, entry, max_records)
        self._count(found, "" if key is None else f"{key}[].", entry.start in self._read)
        self._read.add(entry.start)
        self.unread.pop(key or "", None)
        return found

    def _columns(
        self,
        fields: Sequence[kernel.Field],
        entry: Outline | Entry,
        max_records: int | None,
    ) -> kernel.Columns:
        """Columns of the array at an entry of the top-level object, or of the top-level array."""
        alone = isinstance(entry, Outline)
        return kernel.columns(
            self.data,
            fields,
            start=entry.start,
            depth=0 if alone else 1,
            last=alone,
            name=self.name,
            limits=self.limits,
            max_records=max_records,
            end=entry.end,
            origin=self.origin,
        )

    def _count(self, table: kernel.Columns, path: str, again: bool) -> None:
        """Count the fields that were not asked for; those of a list that is asked again stay as they are."""
        for inner, place in kernel.walk(table):
            front = path + (f"{place}[]." if place else "")
            for name in inner.columns if again else ():
                self.unread.pop(front + name, None)
            if not again:
                self.unread.update({front + name: count for name, count in inner.unknown.items()})
                self.unread.update({f"{front}*": inner.unknown_rest} if inner.unknown_rest else {})

    def hand_on(self, key: str) -> None:
        """Do not count fields of the list under a key: another document reads its records."""
        for name in list(self.unread):
            if not key or name.startswith(f"{key}[]."):
                del self.unread[name]

    def _entry(self, key: str) -> Entry:
        """A key of the top-level object, and where its value stands."""
        entry = self.outline.by_key().get(key) if self.outline.kind == "object" else None
        if entry is None:
            raise FormatError("P206", where=self.name, what=f'has no "{key}"', wanted="a list of that name")
        return entry

    def check_rest(self) -> None:
        """Check the long lists that were not read, so that a broken file is always refused.

        Raises:
            FormatError: P210 not JSON, P211 not UTF-8.
            LimitError: P502 nested too deep or too many keys.
        """
        entries = self.outline.entries if self.outline.kind == "object" else ()
        for entry in entries if isinstance(entries, tuple) else ():
            if not entry.checked and entry.start not in self._read:
                json_outline.check(self.data, entry, name=self.name, limits=self.limits)
                self._read.add(entry.start)

    def tree(self, start: int, end: int, known: Known, path: str = "") -> Any:
        """The value between two bytes as Python objects; for small parts whose bounds `outline` has found.

        Keys that are not `known` are counted under `path`, where the value stands.

        Raises:
            LimitError: P501 for a part larger than `limits.tree_bytes`, P502 for one nested too deeply.
            FormatError: P210 for a number of thousands of digits, or many of more than 64 bits.
        """
        most = self.limits.tree_bytes
        if end - start > most:
            raise LimitError(
                "P501",
                where=f"{self.name}: byte {self.byte(start)}",
                what=f"begins a value of {end - start:,} bytes",
                wanted=f"at most {most:,}",
                hint=to_raise("tree_bytes", end - start),
            )
        where = f"{self.name}: byte {self.byte(start)}"
        try:
            found = parse_tree(self.data[start:end])
            if start == self.outline.start:
                self.unread.clear()
            self.unread.pop(self._keys.get(start, ""), None)
            if start not in self._read:
                self._read.add(start)
                known.count(found, self.unread, path)
        except ValueError as error:
            raise FormatError("P210", where=where, what=shown(error)) from None
        except RecursionError:
            wanted = f"at most {self.limits.depth} levels"
            raise LimitError("P502", where=where, what="is nested too deeply", wanted=wanted) from None
        return found
