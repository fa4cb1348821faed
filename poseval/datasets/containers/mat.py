"""MATLAB files, level 5: a small bounded reader of our own.

SciPy's reader is documented as not hardened against crafted files, and importing it takes longer than most of
these files take to read. This one knows numbers, text, cells and structs, checks every length against the
bytes that are there, and refuses the rest. Files of version 7.3 are HDF5 inside and go to `hdf5.py`.

Source of the layout: MathWorks, MAT-File Format (Level 5).
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from poseval.datasets.containers.unread import Asked, add
from poseval.datasets.files.document import Document
from poseval.errors import FormatError, LimitError, shown
from poseval.files.reading import allowed_bytes, too_much
from poseval.limits import to_raise
from poseval.poses import Array

MAGIC = b"MATLAB 5.0 MAT-file"
HEADER_BYTES = 128
COMPRESSED, MATRIX = 15, 14
TEXTS = {16: "utf-8", 17: "utf-16", 18: "utf-32", 1: "latin-1", 2: "latin-1", 4: "utf-16"}
STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
# Class of an array -> the type its numbers have, whatever shorter type they are stored in.
NUMERIC = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
# (stored type, bytes) -> how `struct` reads one
CODES = {(1, 1): "b", (2, 1): "B", (3, 2): "h", (4, 2): "H", (5, 4): "i", (6, 4): "I", (7, 4): "f",
         (9, 8): "d", (12, 8): "q", (13, 8): "Q"}  # fmt: skip
SINGLE_HEADER = 40  # bytes of flags, two dimensions and an empty name
CELL, STRUCT, CHAR = 1, 2, 4
COMPLEX = 0x08
LONGEST_FIELD = 64  # bytes of a field name with its end mark; MATLAB itself allows 63


@dataclass(frozen=True)
class Cell:
    """A cell array: items in MATLAB's order (first axis fastest)."""

    shape: tuple[int, ...]
    items: list[Any]


@dataclass(frozen=True)
class Struct:
    """A struct array: one mapping per element, in MATLAB's order."""

    shape: tuple[int, ...]
    fields: tuple[str, ...]
    rows: list[dict[str, Any]]

    def items(self) -> list[tuple[str, Any]]:
        """The elements, to count which of them are not read."""
        return [("[]", row) for row in self.rows]


def is_mat(document: Document) -> bool:
    """Whether the bytes begin like a MAT file of level 5."""
    return document.data.startswith(MAGIC)


def variables(document: Document) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the variables, without reading them.

    Raises:
        FormatError: P214 when the file is damaged.
    """
    reader = _Reader(document)
    return {name: shape for name, _, shape, _ in reader.walk(peek=True)}


def load(document: Document, names: frozenset[str] | None = None) -> dict[str, Any]:
    """Variables as arrays (column-major shape kept), text, `Cell` and `Struct`; `names` limits which.

    A single number inside a cell or struct is a Python number.

    Raises:
        FormatError: P214 when the file is damaged, or holds what poses never are (objects, sparse arrays).
        LimitError: P501, P502, P504 for more than the limits allow.
    """
    reader = _Reader(document)
    out: dict[str, Any] = {}
    for name, body, _, _ in reader.walk(peek=False):
        if names is None or name in names:
            out[name] = body()
        else:
            add(document.unread, name)
    return Asked(out, document.unread)


class _Reader:
    """Walks the elements of one file."""

    def __init__(self, document: Document) -> None:
        data = document.data
        self.name = document.name
        self.limits = document.limits
        if len(data) < HEADER_BYTES or data[126:128] not in (b"IM", b"MI"):
            raise self.damaged("its header is incomplete")
        self.order = "<" if data[126:128] == b"IM" else ">"
        self.data = data
        self.numbers = 0
        # Release files of MPII hold millions of single numbers: their headers are few, and remembered.
        self.single: set[bytes] = set()
        self.read_tag = struct.Struct(self.order + "II").unpack_from

    def damaged(self, why: str) -> FormatError:
        return FormatError(
            "P214",
            where=self.name,
            what=f"is a damaged MATLAB file ({why})",
            wanted="an undamaged MATLAB 5 file",
        )

    def walk(self, peek: bool) -> Iterator[tuple[str, Any, tuple[int, ...], int]]:
        """Name, a function that reads the value, shape and class of each variable."""
        at = HEADER_BYTES
        while at < len(self.data):
            kind, start, size, after = self.tag(self.data, at, len(self.data))
            if kind == COMPRESSED:
                # Compressed elements are not padded.
                data = self.unpack(self.data[start : start + size], peek)
                after = start + size
                kind, start, size, _ = self.tag(data, 0, (1 << 62) if peek else len(data))
            else:
                data = self.data
            if kind != MATRIX:
                raise self.damaged(f"an element of type {kind} instead of a variable")
            cls, _, shape, name, _ = self.header(data, start, start + size)

            def value(data: bytes = data, start: int = start, end: int = start + size) -> Any:
                return self.matrix(data, start, end, 0)

            yield name, value, shape, cls
            at = after

    def unpack(self, packed: bytes, peek: bool) -> bytes:
        """The content of a compressed element; only its first bytes to peek."""
        stream = zlib.decompressobj()
        most = 4096 if peek else allowed_bytes(len(self.data), self.limits)
        try:
            data = stream.decompress(packed, most + 1)
        except zlib.error as error:
            raise self.damaged(shown(error)) from None
        if not peek and len(data) > most:
            raise too_much(self.name, len(self.data), self.limits)
        if not peek and not stream.eof:
            raise self.damaged("a compressed variable ends too early")
        return data

    def tag(self, data: bytes, at: int, end: int) -> tuple[int, int, int, int]:
        """Type, first byte, size and the next element's place of the element at a byte."""
        if at + 8 > len(data):
            raise self.damaged("it ends in the middle of a variable")
        kind, size = self.read_tag(data, at)
        if kind >> 16:
            short = kind >> 16
            if short > 4:
                raise self.damaged(f"a short element with a size of {short} bytes")
            return kind & 0xFFFF, at + 4, short, at + 8
        start = at + 8
        if start + size > end:
            raise self.damaged("an element is longer than its parent")
        return kind, start, size, start + (size + 7) // 8 * 8

    def header(self, data: bytes, at: int, end: int) -> tuple[int, int, tuple[int, ...], str, int]:
        """Class, flags, shape and name of a matrix, and the place of its content."""
        end = min(end, len(data))  # of a variable that one peeks at, the first bytes alone are there
        _, start, size, at = self.tag(data, at, end)
        if size != 8:
            raise self.damaged("array flags are not 8 bytes")
        flags = struct.unpack_from(self.order + "I", data, start)[0]
        _, start, size, at = self.tag(data, at, end)
        count = size // 4
        if size % 4 or not 2 <= count <= 8:
            raise self.damaged("an array has invalid dimensions")
        shape = struct.unpack_from(f"{self.order}{count}i", data, start)
        if any(side < 0 for side in shape):
            raise self.damaged("an array has a negative dimension")
        _, start, size, at = self.tag(data, at, end)
        name = data[start : start + size].decode("latin-1")
        return flags & 0xFF, flags >> 8 & 0xFF, shape, name, at

    def matrix(self, data: bytes, start: int, end: int, depth: int) -> Any:
        """The value of the matrix between two bytes."""
        if start == end:
            return np.zeros((0, 0))
        if depth > self.limits.depth:
            raise LimitError(
                "P502",
                where=self.name,
                what="is nested too deeply",
                wanted=f"at most {self.limits.depth} levels",
            )
        cls, flags, shape, _, at = self.header(data, start, end)
        count = math.prod(shape)
        if cls in NUMERIC:
            if flags & COMPLEX:
                raise self.damaged("it holds complex numbers")
            return self.array(data, at, end, shape, count, NUMERIC[cls])
        if cls == CHAR:
            return self.text(data, at, end, shape)
        if cls == CELL:
            return self.cell(data, at, end, shape, count, depth)
        if cls == STRUCT:
            return self.struct(data, at, end, shape, count, depth)
        raise self.damaged(f"it holds an array of class {cls}, which no pose file needs")

    def array(self, data: bytes, at: int, end: int, shape: tuple[int, ...], count: int, want: str) -> Array:
        kind, start, size, _ = self.tag(data, at, end)
        if kind not in STORED:
            raise self.damaged(f"numbers of unknown type {kind}")
        dtype = np.dtype(self.order + STORED[kind])
        if size != count * dtype.itemsize:
            raise self.damaged(f"an array of {count} numbers has {size} bytes")
        self.numbers += count
        if self.numbers > self.limits.numbers:
            raise LimitError(
                "P502",
                where=self.name,
                what="has more numbers than allowed",
                wanted=f"at most {self.limits.numbers:,}",
            )
        try:
            with np.errstate(invalid="raise"):
                flat = np.frombuffer(data, dtype, count, start).astype(want, copy=False)
        except FloatingPointError:
            raise self.damaged(f"numbers that are not of type {np.dtype(want)}") from None
        return flat.reshape(shape, order="F")

    def text(self, data: bytes, at: int, end: int, shape: tuple[int, ...]) -> str:
        kind, start, size, _ = self.tag(data, at, end)
        if kind not in TEXTS or len(shape) != 2 or shape[0] > 1:
            raise self.damaged("text that is not one line")
        order = {"<": "-le", ">": "-be"}[self.order] if TEXTS[kind] in ("utf-16", "utf-32") else ""
        try:
            return data[start : start + size].decode(TEXTS[kind] + order)
        except UnicodeDecodeError:
            raise self.damaged("text in a wrong encoding") from None

    def items(self, data: bytes, at: int, end: int, count: int, depth: int) -> Iterator[Any]:
        """So many matrices in a row."""
        if count * 8 > end - at:
            raise self.damaged(f"{count} elements do not fit into {end - at} bytes")
        for _ in range(count):
            kind, start, size, after = self.tag(data, at, end)
            if kind != MATRIX:
                raise self.damaged(f"an element of type {kind} instead of an array")
            if size >= SINGLE_HEADER + 8 and data[start : start + SINGLE_HEADER] in self.single:
                yield self.number(data, start + SINGLE_HEADER, start + size)
            else:
                found = self.matrix(data, start, start + size, depth + 1)
                if isinstance(found, np.ndarray) and found.shape == (1, 1):
                    self.single.add(data[start : start + SINGLE_HEADER])
                    found = found.item()
                yield found
            at = after

    def number(self, data: bytes, at: int, end: int) -> float | int:
        """The number of an array whose header says that it holds one."""
        kind, start, size, _ = self.tag(data, at, end)
        code = CODES.get((kind, size))
        if code is None:
            raise self.damaged(f"a number of type {kind} with {size} bytes")
        self.numbers += 1
        found: float | int = struct.unpack_from(self.order + code, data, start)[0]
        return found

    def cell(self, data: bytes, at: int, end: int, shape: tuple[int, ...], count: int, depth: int) -> Cell:
        return Cell(shape, list(self.items(data, at, end, count, depth)))

    def struct(
        self, data: bytes, at: int, end: int, shape: tuple[int, ...], count: int, depth: int
    ) -> Struct:
        _, start, size, at = self.tag(data, at, end)
        width = struct.unpack_from(self.order + "i", data, start)[0] if size == 4 else 0
        if not 0 < width <= LONGEST_FIELD:
            raise self.damaged("a struct has invalid field names")
        _, start, size, at = self.tag(data, at, end)
        raw = [data[place : place + width] for place in range(start, start + size, width)]
        fields = tuple(name.split(b"\0", 1)[0].decode("latin-1") for name in raw)
        if not fields and count > self.limits.people:
            raise LimitError(
                "P502",
                where=self.name,
                what=f"has a struct of {count:,} elements",
                wanted=f"at most {self.limits.people:,}",
                hint=to_raise("people", count),
            )
        values = self.items(data, at, end, count * len(fields), depth)
        rows = [{field: next(values) for field in fields} for _ in range(count)]
        return Struct(shape, fields, rows)
