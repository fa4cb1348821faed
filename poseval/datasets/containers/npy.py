"""NumPy's .npy and .npz with bounds: no objects, and no more memory than the file has bytes for."""

from __future__ import annotations

import io
import math
import warnings
import zipfile
import zlib
from typing import Any

import numpy as np

from poseval.datasets.containers.unread import Asked
from poseval.datasets.files.document import Document
from poseval.errors import Fault, FormatError, LimitError, error_of, shown
from poseval.files.reading import allowed_bytes, too_much
from poseval.limits import Limits
from poseval.poses import Array

MAGIC = b"\x93NUMPY"
KINDS = "iufbUS"  # numbers, flags and text


def is_npy(document: Document) -> bool:
    """Whether the bytes are a .npy file."""
    return document.data.startswith(MAGIC)


def is_npz(document: Document) -> bool:
    """Whether the bytes are a zip archive whose first member is a .npy file."""
    if not document.is_zip:
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(document.data)) as archive:
            listed = archive.namelist()
            return bool(listed) and all(name.endswith(".npy") for name in listed[:10])
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, OverflowError, NotImplementedError):
        return False


def load_npy(data: bytes, where: str, limits: Limits) -> Array:
    """The array of a .npy file; its header is checked against the bytes before anything is allocated.

    Raises:
        FormatError: P216 damaged, or of objects. LimitError: P502 too many numbers.
    """
    from tokenize import TokenError  # NumPy parses headers of Python 2 with it

    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        with warnings.catch_warnings():  # NumPy's and Python's about headers of odd forms
            warnings.simplefilter("ignore")
            shape, fortran, dtype = read(stream)
    except (ValueError, TypeError, SyntaxError, TokenError, EOFError, RecursionError, MemoryError) as error:
        raise _damaged(where, shown(error)) from None
    if dtype.kind not in KINDS or dtype.hasobject:
        raise error_of(
            [Fault("P216", where, f"holds {shown(dtype)}", "numbers, because objects are never unpacked")]
        )
    count = math.prod(shape)
    if count > limits.numbers:
        raise LimitError(
            "P502",
            where=where,
            what=f"has {count:,} numbers by its header",
            wanted=f"at most {limits.numbers:,}",
        )
    at = stream.tell()
    if any(side < 0 for side in shape) or len(data) - at != count * dtype.itemsize:
        raise _damaged(
            where, f"the header gives shape {shape}, but only {len(data) - at} bytes of data follow"
        )
    flat = np.frombuffer(data, dtype, count, at)
    native = flat.astype(dtype.newbyteorder("="), copy=False)
    return native.reshape(shape, order="F" if fortran else "C")


def load_npz(document: Document) -> dict[str, Array]:
    """The arrays of a .npz file by name.

    Raises:
        FormatError: P216 damaged, or of objects. LimitError: P501, P502, P503, P504 too much.
    """
    limits = document.limits
    out: dict[str, Any] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(document.data)) as archive:
            members = [entry for entry in archive.infolist() if entry.filename.endswith(".npy")]
            if len(members) > limits.archive_members:
                raise LimitError(
                    "P503",
                    where=document.name,
                    what=f"has {len(members):,} members",
                    wanted=f"at most {limits.archive_members:,}",
                )
            most = allowed_bytes(len(document.data), limits)
            for entry in members:
                with archive.open(entry) as stream:
                    data = stream.read(most + 1)
                most -= len(data)
                if most < 0:
                    raise too_much(document.name, len(document.data), limits)
                name = entry.filename.removesuffix(".npy")
                if name in out:
                    raise _damaged(document.name, f"two members have the name {shown(name)}")
                out[name] = load_npy(data, f"{document.name}: {shown(name)}", limits)
    except (
        zipfile.BadZipFile,
        zlib.error,
        ValueError,
        OSError,
        EOFError,
        NotImplementedError,
        RuntimeError,
    ) as e:
        raise _damaged(document.name, shown(e)) from None
    return Asked(out, document.unread)


def load(document: Document) -> dict[str, Array]:
    """The arrays of a .npy file (under the empty name) or a .npz file."""
    if is_npy(document):
        return {"": load_npy(document.data, document.name, document.limits)}
    return load_npz(document)


def _damaged(where: str, why: str) -> FormatError:
    return FormatError(
        "P216", where=where, what=f"is a damaged NumPy file ({why})", wanted="an undamaged file"
    )
