"""A digest of what a pose set holds, for sets that were not read from a file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from poseval.poses.pose_set import Array, PoseSet


def content_digest(poses: PoseSet) -> str:
    """SHA-256 over every column of people, frames and ignore regions, and over the names of sequences.

    Columns come in the order of their declaration, further ones by name. Equal values give an equal digest on
    every machine: numbers are little-endian, there is one NaN and one zero, and text does not depend on the
    width of its array. The joints are not part of it, because a signature names the skeleton beside it.
    """
    digest = hashlib.sha256()
    for table, held in (("people", poses.people), ("frames", poses.frames), ("ignore", poses.ignore)):
        for item in fields(held):
            _add(digest, f"{table}.{item.name}", getattr(held, item.name))
    return digest.hexdigest()


def _add(digest: Any, name: str, value: Any) -> None:
    if isinstance(value, Mapping):
        for key in sorted(value):
            _add(digest, f"{name}.{key}", value[key])
        return
    column = np.asarray(value)
    digest.update(f"{name}\0{column.dtype.kind}\0{column.shape}\0".encode())
    digest.update(_bytes_of(column))


def _bytes_of(column: Array) -> bytes:
    if column.dtype.kind == "U":
        texts = column.ravel().tolist()
        plain = "".join([f"{len(text)}:{text}" for text in texts])
        if plain.isascii():  # one byte a character, many times faster than text by text
            return plain.encode()
    if column.dtype.kind in "US":
        return b"".join(b"%d:%s" % (len(text), text) for text in map(_encoded, column.ravel().tolist()))
    if column.dtype.kind == "f":
        column = np.where(np.isnan(column), np.nan, column + 0.0)
    return column.astype(column.dtype.newbyteorder("<")).tobytes()


def _encoded(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
