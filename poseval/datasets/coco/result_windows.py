"""The first pass over a long list of COCO results: where each stands in the file, and whose image it is.

The file is read a window at a time, each up to the last result that stands whole in it. What is wrong with
the text is said as by the reader of whole documents, with the line and byte of the file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import BinaryIO

from poseval.datasets.files.json_lines import are_lines, as_items
from poseval.errors import FormatError, UsageError
from poseval.kernels import json as kj
from poseval.kernels import json_outline
from poseval.kernels.json_outline import Origin
from poseval.limits import MIB, Limits
from poseval.poses import Ints

WINDOW = 2 * MIB  # bytes at a time; a result is a kilobyte
HEAD = MIB  # bytes that say what the file is
GUESSES = 8  # places where a window may end that are tried
SPACE = b" \t\r\n"
_LIST = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\[")
_BEHIND = re.compile(rb"[ \t\r\n]*(,?)[ \t\r\n]*")  # a result
_FIELDS = (kj.identifier("image_id"),)


class Windows:
    """The results of an open file, in its order; iterate once, then ask for the rest.

    `lines` says whether they are JSON lines, `end` the byte behind the last of them, `first_fields` which
    fields the first one has, and `digest` is of all bytes.

    Raises:
        UsageError: P838 no list of results, or one result that is longer than a window.
        FormatError: P210 not JSON, P211 not UTF-8. LimitError: P502.
    """

    def __init__(self, file: BinaryIO, path: str, name: str, limits: Limits) -> None:
        self.digest = hashlib.sha256()
        self.first_fields: frozenset[str] = frozenset()
        self.end = 0
        self._file, self._name, self._limits = file, name, limits
        self._text = self._take(HEAD)
        self._base, self._line = 0, 1  # byte and line of the file where the text begins
        self.lines = are_lines(self._text, path)
        found = _LIST.match(self._text)
        if self.lines is (found is not None):  # lines that are lists, or neither
            raise self.refused("is no list of results")
        self._forward(len(found.group()) if found else self._text.index(b"{"))
        if self._text.lstrip(SPACE).startswith(b"["):
            raise self.refused("is a list of lists")

    def _take(self, size: int) -> bytes:
        block = self._file.read(size)
        self.digest.update(block)
        return block

    def _forward(self, size: int) -> None:
        """Forget the first bytes of the text."""
        self._line += self._text.count(b"\n", 0, size)
        self._base += size
        self._text = self._text[size:]

    def __iter__(self) -> Iterator[tuple[Ints, kj.Column]]:
        """Bytes [n] where the results of a window begin, and their `image_id`."""
        count, comma = 0, False
        while True:
            block = self._take(WINDOW)
            self._text += block
            last = len(block) < WINDOW
            if last and comma and self._text[:1] == b"]":
                self._refuse_comma()
            table, cut = self._rest() if last else self._window()
            if not count and table.count:
                self.first_fields = self._fields_of_first(table, cut)
            count += table.count
            if count > self._limits.people:
                self._refuse_more(table, self._limits.people - count + table.count)
            yield self._base + table.offset - 1, table["image_id"]
            if last:
                body = self._text.rstrip(SPACE)
                self.end = self._base + len(body if self.lines else body[:-1].rstrip(SPACE))
                return
            behind = _BEHIND.match(self._text, cut)
            assert behind is not None
            comma = bool(behind.group(1))
            self._forward(behind.end())

    def _window(self) -> tuple[kj.Columns, int]:
        """The results that stand whole in the text, and where the last of them ends."""
        for cut in self._cuts():
            try:
                return self._columns(self._text[:cut] + b"]"), cut
            except FormatError:  # the brace was one inside of a result, or the text is wrong
                continue
        if kj.cut_short(self._as_list(self._text), self._limits):
            raise self.refused(f"has a result of more than {WINDOW:,} bytes")
        return self._columns(self._text), len(self._text)

    def _cuts(self) -> Iterator[int]:
        """Places behind a brace after which another result seems to begin, the last first."""
        at, found = len(self._text), 0
        between = b"\n" if self.lines else b","
        while found < GUESSES and (at := self._text.rfind(b"{", 0, at)) > 0:
            before = self._text[max(0, at - 4096) : at]
            bare = before.rstrip(SPACE + b",")
            if between in before[len(bare) :] and bare.endswith(b"}"):
                found += 1
                yield at - len(before) + len(bare)

    def _rest(self) -> tuple[kj.Columns, int]:
        """The results of the end of the file."""
        return self._columns(self._text + b"]" if self.lines else self._text), len(self._text)

    def _as_list(self, text: bytes) -> bytes:
        return b"[" + (as_items(text) if self.lines else text)

    def _columns(self, text: bytes) -> kj.Columns:
        origin = Origin(self._text, self._base, self._line)
        text = self._as_list(text)
        return kj.columns(text, _FIELDS, last=True, name=self._name, limits=self._limits, origin=origin)

    def _refuse_comma(self) -> None:
        """Raise P210 for a list that ends behind a comma: the window before it had the comma."""
        origin = Origin(b"{}," + self._text, self._base - 3, self._line)
        kj.columns(b"[{}," + self._text, (), last=True, name=self._name, limits=self._limits, origin=origin)

    def _refuse_more(self, table: kj.Columns, first: int) -> None:
        """Raise P502 for the first result that is one too many."""
        line, byte = Origin(self._text, self._base, self._line).place(int(table.offset[first]))
        where = f"{self._name}: line {line}, byte {byte}"
        raise json_outline.limited("records", where, self._limits.people)

    def _fields_of_first(self, table: kj.Columns, cut: int) -> frozenset[str]:
        """The fields of the first result, but a box that is null."""
        end = int(table.offset[1]) - 1 if table.count > 1 else cut
        record = b"[" + self._text[int(table.offset[0]) - 1 : end].rstrip(SPACE + b",]") + b"]"
        keys = set(json_outline.outline(record, name=self._name, limits=self._limits).by_key())
        box = kj.columns(record, (kj.span("bbox"),), name=self._name, limits=self._limits)["bbox"]
        begin = int(box.values[0])
        if begin < 0 or record[begin : begin + 4] == b"null":
            keys.discard("bbox")
        return frozenset(keys)

    def refused(self, what: str) -> UsageError:
        """The error for results that cannot be read in pieces."""
        return UsageError(
            "P838",
            where=f"--stream: {self._name}",
            what=what,
            wanted="a list of COCO results, or JSON lines of them, with ids of the ground truth's images",
            hint="leave --stream out",
        )
