"""A list of COCO results that is longer than memory: the results of some consecutive frames at a time.

A first pass reads where each result stands and whose image it is; results may stand in any order. Then the
results of so many frames as fit a piece are gathered from the file, and read as a list of their own.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from poseval.datasets.files.document import Document
from poseval.errors import FormatError, LimitError, UsageError, shown
from poseval.files.spooled import spooled
from poseval.kernels import json as kj
from poseval.kernels import json_outline
from poseval.limits import MIB, Limits, to_raise
from poseval.poses import Frames, Ints

WINDOW = 2 * MIB  # bytes of the first pass at a time; a result is a kilobyte
HEAD = MIB  # bytes that say what the file is
PIECE = 16 * MIB  # bytes of results that are read at once; their columns take as much again
GUESSES = 8  # places where a window may end that are tried
SPACE = b" \t\r\n"
_BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*([\[{])")
_LINES = re.compile(rb"\}([ \t\r\n]*)\n([ \t\r]*)\{")  # between two values of JSON lines


class Piece(Document):
    """Results of some frames as a list of their own; messages name the places that they have in the file.

    `first_fields` are those of the first result of the whole file.
    """

    def __init__(self, text: bytes, whole: Pieces, place: Ints) -> None:
        super().__init__(text, whole.path, whole.limits, b"")
        self.first_fields = whole.first_fields
        self._place = place

    def place(self, key: str, record: int) -> str:
        """Where a result stands in the file."""
        return super().place(key, int(self._place[record]))


@dataclass(frozen=True, eq=False)
class Share:
    """The frames `rows` (consecutive) of the ground truth, and their results."""

    rows: Ints
    document: Document


class Pieces:
    """The results of a file, by the frames of a ground truth. Close it, or use it as a context.

    Raises:
        UsageError: P838 no list of results with ids of images, or images that the ground truth lacks; and as
            for `spooled`.
        FormatError: P210 not JSON. LimitError: P501, P502, P504.
    """

    def __init__(self, path: str | os.PathLike[str], frames: Frames, limits: Limits) -> None:
        self.path = os.fspath(path)
        self.name = shown(os.path.basename(self.path), limit=200)
        self.limits = limits
        self.frames = frames
        self.first_fields: frozenset[str] = frozenset()
        self._digest = hashlib.sha256()
        self._lines = False
        self._file = spooled(path, limits)
        self._handle = self._file.fileno() if hasattr(os, "pread") else -1
        try:
            self._row, self._offset = self._index(self._file)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Pieces:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._row)

    @property
    def sha256(self) -> str:
        """SHA-256 of the unpacked content, in hexadecimal."""
        return self._digest.hexdigest()

    def __iter__(self) -> Iterator[Share]:
        """The frames in order, so many at a time as have `PIECE` bytes of results, one at least."""
        size = np.diff(self._offset)
        of_frame = np.bincount(self._row, weights=size, minlength=len(self.frames))
        number = (np.cumsum(of_frame) // PIECE).astype(np.int64)
        order = np.argsort(self._row, kind="stable")
        edges = np.searchsorted(self._row[order], np.arange(len(self.frames) + 1))
        for piece in np.unique(number).tolist():
            rows = np.flatnonzero(number == piece)
            place = np.sort(order[edges[rows[0]] : edges[rows[-1] + 1]])
            yield Share(rows, Piece(self._gathered(place), self, place))

    def _gathered(self, place: Ints) -> bytes:
        """The results at some places (ascending) as one list."""
        breaks = np.flatnonzero(np.diff(place, prepend=-2, append=-2) != 1)
        start = self._offset[place[breaks[:-1]]]
        size = self._offset[place[breaks[1:] - 1] + 1] - start
        parts = list(map(self._read_at, size.tolist(), start.tolist()))  # each with the comma behind it
        if parts:
            parts[-1] = parts[-1].rstrip(SPACE + b",")
        return self._as_items(b"".join([b"[", *parts, b"]"]))

    def _read_at(self, size: int, start: int) -> bytes:
        """Some bytes of the file; mapping it would be faster, and end the process if the file is cut."""
        if self._handle >= 0:
            return os.pread(self._handle, size, start)
        self._file.seek(start)
        return self._file.read(size)

    def _as_items(self, text: bytes) -> bytes:
        """Values as a list has them; of JSON lines, a line's end becomes a comma. The length stays."""
        return _LINES.sub(rb"}\1,\2{", text) if self._lines else text

    def _index(self, file: BinaryIO) -> tuple[Ints, Ints]:
        """Frame row [N] of each result, and byte offsets [N + 1] of where they start."""
        text, base = self._begin(file)
        rows, offsets, count = [], [], 0
        while True:
            block = file.read(WINDOW)
            self._digest.update(block)
            text += block
            whole = len(block) < WINDOW
            table, cut = self._last(text, base) if whole else self._window(text, base)
            if not count and table.count:
                self._look_at_first(text, table)
            count += table.count
            if count > self.limits.people:
                raise LimitError(
                    "P502",
                    where=self.name,
                    what="has more records than allowed",
                    wanted=f"at most {self.limits.people:,} records",
                    hint=to_raise("people", 2 * count, known=False),
                )
            rows.append(self._rows(table))
            offsets.append(base + table.offset - 1)  # behind the bracket that was put before the text
            if whole:
                break
            behind = len(text) - len(text[cut:].lstrip(SPACE + b","))
            text, base = text[behind:], base + behind
        end = base + text.rfind(b"}") + 1
        return np.concatenate(rows), np.concatenate([*offsets, [end]]).astype(np.int64)

    def _begin(self, file: BinaryIO) -> tuple[bytes, int]:
        """The text behind the bracket that opens the list, or from the first of several lines, and where."""
        text = file.read(HEAD)
        self._digest.update(text)
        found = _BEGIN.match(text)
        if found is None:
            raise self._refused("is no list of results")
        self._lines = found.group(1) == b"{"
        begin = found.start(1) if self._lines else found.end()
        return text[begin:], begin

    def _window(self, text: bytes, base: int) -> tuple[kj.Columns, int]:
        """The results that stand whole in a text, and where the last of them ends."""
        failure: FormatError | None = None
        for cut in self._cuts(text):
            try:
                return self._columns(text[:cut] + b"]", base), cut
            except FormatError as error:  # the brace was one inside of a result, or the text is wrong
                failure = failure or error
        raise failure or self._refused(f"has a result of more than {WINDOW:,} bytes")

    def _cuts(self, text: bytes) -> Iterator[int]:
        """Places behind a brace after which another result seems to begin, the last first."""
        at, found = len(text), 0
        between = b"\n" if self._lines else b","
        while found < GUESSES and (at := text.rfind(b"{", 0, at)) > 0:
            before = text[max(0, at - 4096) : at]
            bare = before.rstrip(SPACE + b",")
            if between in before[len(bare) :] and bare.endswith(b"}"):
                found += 1
                yield at - len(before) + len(bare)

    def _last(self, text: bytes, base: int) -> tuple[kj.Columns, int]:
        """The results of the end of the file."""
        if self._lines:
            return self._columns(text.rstrip(SPACE) + b"]", base), len(text)
        table = self._columns(text, base)
        if not table.count and base > 0 and text.lstrip(SPACE)[:1] == b"]" and self.first_fields:
            raise FormatError("P210", where=self.name, what="has a comma before a closing bracket")
        return table, len(text)

    def _columns(self, text: bytes, base: int) -> kj.Columns:
        name = f"{self.name} (from byte {base:,})"
        fields = (kj.identifier("image_id"),)
        text = b"[" + self._as_items(text)
        return kj.columns(text, fields, last=True, name=name, limits=self.limits)

    def _look_at_first(self, text: bytes, table: kj.Columns) -> None:
        end = int(table.offset[1]) - 1 if table.count > 1 else len(text)
        record = b"[" + text[int(table.offset[0]) - 1 : end].rstrip(SPACE + b",]") + b"]"
        keys = set(json_outline.outline(record, name=self.name, limits=self.limits).by_key())
        box = kj.columns(record, (kj.span("bbox"),), name=self.name, limits=self.limits)["bbox"]
        begin = int(box.values[0])
        if begin < 0 or record[begin : begin + 4] == b"null":
            keys.discard("bbox")
        self.first_fields = frozenset(keys)

    def _rows(self, table: kj.Columns) -> Ints:
        """The frame of each result; only ids that the ground truth has are taken."""
        column = table["image_id"]
        if not (column.mark == kj.GIVEN).all() or table.faults:
            raise self._refused("has results whose images are named by text, or not at all")
        ids = self.frames.extra["image_id"]
        at: Ints = np.minimum(np.searchsorted(ids, column.values), max(len(ids) - 1, 0))
        if not len(ids) or (ids[at] != column.values).any():
            raise self._refused("has results of images that are not in the ground truth")
        return at

    def _refused(self, what: str) -> UsageError:
        return UsageError(
            "P838",
            where=f"--stream: {self.name}",
            what=what,
            wanted="a list of COCO results, or JSON lines of them, with ids of the ground truth's images",
            hint="leave --stream out",
        )
