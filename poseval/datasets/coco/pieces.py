"""A list of COCO results that is longer than memory: the results of some consecutive frames at a time.

A first pass reads where each result stands and whose image it is; results may stand in any order. Then the
results of so many frames as fit a piece are gathered from the file, and read as a list of their own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

import numpy as np

from poseval.datasets.coco.images import place, unknown_images
from poseval.datasets.coco.result_windows import SPACE, Windows
from poseval.datasets.containers.json_records import Records
from poseval.datasets.files.document import Document
from poseval.datasets.files.json_lines import as_items
from poseval.errors import Faults, UsageError, shown
from poseval.files.spooled import spooled
from poseval.kernels import json as kj
from poseval.kernels.json_outline import Origin
from poseval.limits import MIB, Limits
from poseval.poses import Ints, PoseSet

PIECE = 16 * MIB  # bytes of results that are read at once; their columns take as much again


class Piece(Document):
    """Some of the results as a list of their own; messages name the places that they have in the file.

    `first_fields` are those of the first result of the whole file.
    """

    def __init__(self, text: bytes, whole: Pieces, places: Ints, origin: Origin | None = None) -> None:
        super().__init__(text, whole.path, whole.limits, b"")
        self.first_fields = whole.first_fields
        self.origin = origin
        self._places = places

    def place(self, key: str, record: int) -> str:
        """Where a result stands in the file."""
        return super().place(key, int(self._places[record]))


@dataclass(frozen=True, eq=False)
class Share:
    """The frames `rows` (consecutive) of the ground truth, and their results."""

    rows: Ints
    document: Document


class Pieces:
    """The results of a file, by the frames of a ground truth. Close it, or use it as a context.

    They are given by frames only if they are `sound`: if each names an image of the ground truth by its id.

    Raises:
        UsageError: P838 no list of results with ids of images; and as for `spooled`.
        FormatError: P210 not JSON, P211 not UTF-8. LimitError: P501, P502, P504.
    """

    def __init__(self, path: str | os.PathLike[str], truth: PoseSet, limits: Limits) -> None:
        self.path = os.fspath(path)
        self.name = shown(os.path.basename(self.path), limit=200)
        self.limits = limits
        self.truth = truth
        self._file = spooled(path, limits)
        self._handle = self._file.fileno() if hasattr(os, "pread") else -1
        try:
            self._index(self._file)
        except BaseException:
            self._file.close()
            raise

    def _index(self, file: BinaryIO) -> None:
        """Frame row [N] of each result, -1 none, and byte offsets [N + 1] of where they start."""
        windows = Windows(file, self.path, self.name, self.limits)
        offsets, ids, marks = zip(*((at, ids.values, ids.mark) for at, ids in windows), strict=True)
        self.sha256 = windows.digest.hexdigest()  # of the unpacked content
        self.first_fields = windows.first_fields
        self._lines = windows.lines
        self._refused = windows.refused
        self._offset = np.concatenate([*offsets, [windows.end]]).astype(np.int64)
        self._ids = kj.Column(np.concatenate(marks), np.concatenate(ids))
        if (self._ids.mark == kj.TEXT).any():
            raise self.refused("has results whose images are named by text")
        self._row = self._rows(self._ids)
        self.sound = bool((self._row >= 0).all())
        if self.sound:
            del self._ids

    def _rows(self, column: kj.Column) -> Ints:
        ids = self.truth.frames.extra["image_id"]
        at = np.minimum(np.searchsorted(ids, column.values), len(ids) - 1)
        if not len(ids):
            return np.full(len(column.mark), -1, dtype=np.int64)
        return np.where((column.mark == kj.GIVEN) & (ids[at] == column.values), at, -1)

    def __enter__(self) -> Pieces:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._row)

    def __iter__(self) -> Iterator[Share]:
        """The frames in order, so many at a time as have `PIECE` bytes of results, one at least."""
        frames = len(self.truth.frames)
        if not frames:
            none = np.empty(0, dtype=np.int64)
            yield Share(none, Piece(b"[]", self, none))
            return
        of_frame = np.bincount(self._row, weights=np.diff(self._offset), minlength=frames)
        number = (np.cumsum(of_frame) // PIECE).astype(np.int64)
        order = np.argsort(self._row, kind="stable")
        edges = np.searchsorted(self._row[order], np.arange(frames + 1))
        for piece in np.unique(number).tolist():
            rows = np.flatnonzero(number == piece)
            places = np.sort(order[edges[rows[0]] : edges[rows[-1] + 1]])
            yield Share(rows, Piece(self._as_list(self._gathered(places)), self, places))

    def in_order(self) -> Iterator[Document]:
        """The results in the order of the file, `PIECE` bytes or more at a time: to tell what is wrong."""
        at = self._offset - self._offset[0]
        number = np.minimum(at[:-1] // PIECE, max(at[-1] // PIECE - 1, 0))  # the last piece is no small rest
        edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(self)]
        for first, last in pairwise(edges):
            places = np.arange(first, last)
            text = self._gathered(places)
            yield Piece(self._as_list(text), self, places, Origin(text, int(self._offset[first])))

    def tell_unknown(self, faults: Faults) -> None:
        """Add P402 where results are of images that the ground truth lacks, as for a whole file."""
        if self.sound:
            return
        ids = kj.Column(self._ids.mark, self._ids.values, codes=np.full(len(self), -1, dtype=np.int64))
        table = kj.Columns(len(self), self._offset[:-1], {"image_id": ids})
        records = Records(Document(b"", self.path, self.limits), table, faults)
        unknown_images(records, place(records, self.truth.frames, numbered=True), self.truth)

    def refused(self, what: str) -> UsageError:
        """The error for results that cannot be read in pieces."""
        return self._refused(what)

    def _gathered(self, places: Ints) -> bytes:
        """The text of the results at some places (ascending)."""
        breaks = np.flatnonzero(np.diff(places, prepend=-2, append=-2) != 1)
        start = self._offset[places[breaks[:-1]]]
        size = self._offset[places[breaks[1:] - 1] + 1] - start
        parts = list(map(self._read_at, size.tolist(), start.tolist()))  # each with the comma behind it
        if parts:
            parts[-1] = parts[-1].rstrip(SPACE + b",")
        return b"".join(parts)

    def _read_at(self, size: int, start: int) -> bytes:
        """Some bytes of the file; mapping it would be faster, and end the process if the file is cut."""
        if self._handle >= 0:
            return os.pread(self._handle, size, start)
        self._file.seek(start)
        return self._file.read(size)

    def _as_list(self, text: bytes) -> bytes:
        return b"".join([b"[", as_items(text) if self._lines else text, b"]"])
