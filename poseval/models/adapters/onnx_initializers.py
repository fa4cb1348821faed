"""How many numbers an ONNX file holds as initialisers, and in which files, read from its protocol buffers.

onnxruntime does not tell them, and the package `onnx` is not always there. Only the messages on the way are
read: the model's graph, the graph's initialisers, and their dimensions.
Source: onnx/onnx.proto (ModelProto, GraphProto, TensorProto); Protocol Buffers, "Encoding".
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from math import prod
from pathlib import Path

GRAPH, INITIALIZER, DIMS, DATA_TYPE, EXTERNAL, KEY, VALUE = 7, 5, 1, 2, 13, 1, 2  # numbers of fields
VARINT, FIXED_64, PIECE, FIXED_32 = 0, 1, 2, 5  # wire types
NO_WEIGHTS = (7, 8, 9)  # types of whole numbers of 64 bits, which are shapes and indices, texts and truths
LONGEST_VARINT = 10  # bytes


def count_initializers(path: Path) -> int | None:
    """Numbers in the initialisers of the file; None where it has none, or is not read."""
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return sum(_numbers(data, *tensor) for tensor in _tensors(data)) or None
    except (OSError, ValueError):  # what is no ONNX file is said by onnxruntime
        return None


def external_files(path: Path) -> list[str]:
    """Names of the files that initialisers lie in, from the folder of the ONNX file; none if not read."""
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return sorted({name for tensor in _tensors(data) for name in _locations(data, *tensor)})
    except (OSError, ValueError):  # as above
        return []


def _locations(data: mmap.mmap, start: int, end: int) -> Iterator[str]:
    """What a tensor gives as the place of its numbers."""
    for number, _, entry in _fields(data, start, end):
        if number == EXTERNAL and isinstance(entry, tuple):
            pair = {
                key: data[slice(*piece)]
                for key, _, piece in _fields(data, *entry)
                if isinstance(piece, tuple)
            }
            if pair.get(KEY) == b"location":
                yield pair.get(VALUE, b"").decode()


def _tensors(data: mmap.mmap) -> Iterator[tuple[int, int]]:
    """Where initialisers begin and end."""
    for number, _, graph in _fields(data, 0, len(data)):
        if number == GRAPH and isinstance(graph, tuple):
            for inner, _, tensor in _fields(data, *graph):
                if inner == INITIALIZER and isinstance(tensor, tuple):
                    yield tensor


def _numbers(data: mmap.mmap, start: int, end: int) -> int:
    """The product of a tensor's dimensions, 0 for types that hold no weights."""
    dims: list[int] = []
    kind = 0
    for number, wire, value in _fields(data, start, end):
        if number == DIMS and isinstance(value, tuple):  # packed
            at, last = value
            while at < last:
                side, at = _varint(data, at, last)
                dims.append(side)
        elif number == DIMS and wire == VARINT and isinstance(value, int):
            dims.append(value)
        elif number == DATA_TYPE and isinstance(value, int):
            kind = value
    return 0 if kind in NO_WEIGHTS else prod(dims)


def _fields(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int | tuple[int, int]]]:
    """Number, wire type and value of each field; of a piece, where it begins and ends.

    Raises:
        ValueError: what is there is no message.
    """
    at = start
    while at < end:
        key, at = _varint(data, at, end)
        number, wire = key >> 3, key & 7
        if wire == VARINT:
            value, at = _varint(data, at, end)
            yield number, wire, value
            continue
        length = {FIXED_64: 8, FIXED_32: 4}.get(wire, 0)
        if wire == PIECE:
            length, at = _varint(data, at, end)
        elif not length:
            raise ValueError("an unknown wire type")
        if at + length > end:
            raise ValueError("a field that ends beyond its message")
        yield number, wire, (at, at + length)
        at += length


def _varint(data: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    """A whole number of variable length, and the place behind it."""
    value = 0
    for turn in range(LONGEST_VARINT):
        if at >= end:
            break
        byte = data[at]
        value |= (byte & 127) << (7 * turn)
        at += 1
        if byte < 128:
            return value, at
    raise ValueError("a number without an end")
