"""Records from several places as one JSON list: from all files of a set, or a part of one file's list."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from poseval.datasets.files.document import Document
from poseval.kernels import json as kernel
from poseval.kernels.json import Bools
from poseval.limits import Limits

_FIELDS = (kernel.identifier("image_id"),)


@dataclass(frozen=True)
class Piece:
    """The text of `count` consecutive records, of which the first is number `first` of its list."""

    name: str
    key: str
    first: int
    count: int
    text: bytes


class Joined(Document):
    """Pieces as one top-level list; messages name the place that a record came from."""

    def __init__(self, pieces: Sequence[Piece], path: str, limits: Limits, of: bytes) -> None:
        self._pieces = [piece for piece in pieces if piece.count]
        self._start = [0, *accumulate(piece.count for piece in self._pieces)]
        text = b"[" + b",\n".join(piece.text for piece in self._pieces) + b"]"
        super().__init__(text, path, limits, of)

    def place(self, key: str, record: int) -> str:
        """Where a record stood before."""
        at = bisect_right(self._start, record) - 1
        piece = self._pieces[at]
        return f"{piece.name}: {piece.key}[{piece.first + record - self._start[at]}]"


def whole_list(document: Document, key: str) -> tuple[Piece, kernel.Columns]:
    """All records of a list, and the images that they name (column `image_id`).

    Raises:
        FormatError, LimitError: as for `Document.columns`.
    """
    table = document.columns(_FIELDS, key or None)
    document.hand_on(key)
    return _piece(document, key, table, 0, table.count), table


def some_of(document: Document, key: str, wanted: Bools) -> Joined:
    """The wanted records [N] of a list, as a new list.

    Raises:
        FormatError, LimitError: as for `Document.columns`.
    """
    table = document.columns(_FIELDS, key or None)
    edges = np.flatnonzero(np.diff(wanted.astype(np.int8), prepend=0, append=0))
    runs = [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
    pieces = [_piece(document, key, table, start, stop) for start, stop in runs]
    made = Joined(pieces, document.path, document.limits, document.data)
    made.name = document.name
    document.hand_on(key)
    made.unread = document.unread
    made.unread["records of other classes"] = int((~wanted).sum())
    return made


def _piece(document: Document, key: str, table: kernel.Columns, start: int, stop: int) -> Piece:
    text = b""
    if stop > start:
        if stop < table.count:
            end = int(table.offset[stop])
        else:
            end = document.outline.by_key()[key].end if key else len(document.data)
        text = document.data[int(table.offset[start]) : end].rstrip(b" \t\r\n")
        text = text.removesuffix(b"," if stop < table.count else b"]").rstrip(b" \t\r\n")
    return Piece(document.name, key, start, stop - start, text)
