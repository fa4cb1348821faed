"""HDF5 files (also MATLAB 7.3), opened with bounds through h5py (extra `formats`)."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from poseval.datasets.containers.hdf5_claims import BLOCK, MAGIC, check_heaps, check_texts, check_type
from poseval.datasets.containers.unread import Asked, add
from poseval.datasets.files.document import Document
from poseval.errors import FormatError, LimitError, MissingFeature, PosevalError, shown
from poseval.errors.optional import require
from poseval.files.reading import allowed_bytes, too_much

PLACES = (0, BLOCK)


def is_hdf5(document: Document) -> bool:
    """Whether the bytes are an HDF5 file."""
    return any(document.data[at : at + len(MAGIC)] == MAGIC for at in PLACES)


@contextmanager
def opened(document: Document) -> Iterator[Any]:
    """The file, opened from memory; every fault of the library becomes ours.

    Raises:
        MissingFeature: P601 without h5py.
        FormatError: P215 damaged.
    """
    h5py = require("h5py", document.name, "formats")
    check_heaps(document)
    try:
        with h5py.File(io.BytesIO(document.data), "r") as file:
            yield file
    except PosevalError:
        raise
    except Exception as error:  # a damaged file fails anywhere in the library, with any error
        raise FormatError(
            "P215",
            where=document.name,
            what=f"is damaged, or has an unexpected form ({type(error).__name__}: {shown(error, 80)})",
            wanted="an undamaged HDF5 file",
        ) from None


def keys(document: Document) -> frozenset[str]:
    """Names at the top of the file; none when it is damaged or h5py is not installed."""
    try:
        with opened(document) as file:
            return frozenset(str(name) for name in file)
    except (FormatError, MissingFeature):
        return frozenset()


def load(document: Document, names: frozenset[str] | None = None) -> dict[str, Any]:
    """Top-level arrays of numbers or byte strings by name; groups and other types are left out.

    `names` limits which: COFW's file holds its images beside the landmarks.

    Raises:
        MissingFeature: P601 without h5py.
        FormatError: P215 damaged. LimitError: P501, P502, P504 more than allowed, or than the file can hold.
    """
    out: dict[str, Any] = {}
    total = 0
    with opened(document) as file:
        import h5py

        for name in file:
            item = file.get(name, getlink=True)
            if names is not None and str(name) not in names:
                add(document.unread, str(name))
                continue
            if not isinstance(item, h5py.HardLink) or not isinstance(file[name], h5py.Dataset):
                add(document.unread, str(name))
                continue
            dataset = file[name]
            if not _simple(dataset) or dataset.external is not None or dataset.is_virtual:
                continue
            total += check_claim(dataset, document)
            if total > document.limits.numbers:
                raise LimitError(
                    "P502",
                    where=document.name,
                    what="has more numbers than allowed",
                    wanted=f"at most {document.limits.numbers:,}",
                )
            out[str(name)] = np.asarray(dataset[()])
    return Asked(out, document.unread)


def _simple(dataset: Any) -> bool:
    """Whether the values are numbers, truth values or byte strings of one length."""
    from h5py import h5t

    kind = dataset.id.get_type()
    form = kind.get_class()
    return form in (h5t.INTEGER, h5t.FLOAT, h5t.ENUM) or (form == h5t.STRING and not kind.is_variable_str())


def check_claim(dataset: Any, document: Document) -> int:
    """How many values a data set has, refused when it needs far more bytes than the file has, or is unusual.

    A data set without chunks is filled with its default, so that a kilobyte can claim all of the memory; and
    a chunk is unpacked as a whole.

    Raises:
        FormatError: P215 values of another form than numbers and texts.
        LimitError: P502 more values than allowed, P501 or P504 more bytes than the file can hold.
    """
    kind = dataset.id.get_type()
    check_type(kind, document)
    count = int(dataset.size or 0)
    if count > document.limits.numbers:
        raise LimitError(
            "P502",
            where=f"{document.name}: {shown(dataset.name, 60)}",
            what=f"has {count:,} values",
            wanted=f"at most {document.limits.numbers:,}",
        )
    chunk = math.prod(dataset.chunks or ())
    if max(count, chunk) * kind.get_size() > allowed_bytes(len(document.data), document.limits):
        raise too_much(document.name, len(document.data), document.limits)
    check_texts(dataset, document)
    return count
