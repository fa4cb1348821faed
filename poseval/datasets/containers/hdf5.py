"""HDF5 files (also MATLAB 7.3): numeric arrays with bounds, through h5py (extra `formats`)."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from poseval.datasets.files.document import Document
from poseval.errors import FormatError, LimitError, MissingFeature, shown

MAGIC = b"\x89HDF\r\n\x1a\n"
PLACES = (0, 512)  # MATLAB puts a block of 512 bytes in front


def is_hdf5(document: Document) -> bool:
    """Whether the bytes are an HDF5 file."""
    return any(document.data[at : at + len(MAGIC)] == MAGIC for at in PLACES)


def load(document: Document, names: frozenset[str] | None = None) -> dict[str, Any]:
    """Top-level arrays of numbers or byte strings by name; groups and other types are left out.

    `names` limits which: COFW's file holds its images beside the landmarks.

    Raises:
        MissingFeature: P601 without h5py.
        FormatError: P215 damaged. LimitError: P502 more numbers than allowed.
    """
    try:
        import h5py
    except ImportError:
        raise MissingFeature(
            "P601",
            where=document.name,
            what="is an HDF5 file, and h5py is not installed",
            wanted="the extra `formats`",
            hint="pip install 'poseval[formats]'",
        ) from None
    out: dict[str, Any] = {}
    try:
        with h5py.File(io.BytesIO(document.data), "r") as file:
            total = 0
            for name in file:
                item = file.get(name, getlink=True)
                if names is not None and str(name) not in names:
                    continue
                if not isinstance(item, h5py.HardLink) or not isinstance(file[name], h5py.Dataset):
                    continue
                dataset = file[name]
                if dataset.dtype.kind not in "iufbS" or dataset.external is not None or dataset.is_virtual:
                    continue
                total += int(dataset.size)
                if total > document.limits.numbers or dataset.nbytes > document.limits.file_bytes:
                    raise LimitError(
                        "P502",
                        where=document.name,
                        what="has more numbers than allowed",
                        wanted=f"at most {document.limits.numbers:,}",
                    )
                out[str(name)] = np.asarray(dataset[()])
    except LimitError:
        raise
    except Exception as error:  # a damaged file fails anywhere in the library, with any error
        raise FormatError(
            "P215", where=document.name, what=f"is a damaged HDF5 file ({shown(error)})", wanted="a whole one"
        ) from error
    return out


def names(document: Document) -> list[str]:
    """Names at the top of the file; empty when it is damaged or h5py is not installed."""
    try:
        import h5py

        with h5py.File(io.BytesIO(document.data), "r") as file:
            return [str(name) for name in file]
    except Exception:  # as in `load`
        return []
