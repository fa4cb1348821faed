"""Arrays by name from MATLAB and HDF5 files: what the readers of MPII, LSP, FLIC, PARSE and COFW share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from poseval.datasets.containers import hdf5, mat
from poseval.datasets.containers.unread import Asked
from poseval.datasets.files.document import Document
from poseval.datasets.files.source import Source
from poseval.errors import Fault, PosevalError, error_of, shown
from poseval.poses import Floats

NUMBER_KINDS = "iufb"


def shapes(source: Source) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the variables of a .mat file of level 5; empty for anything else."""
    if source.is_folder:
        return {}
    try:
        return mat.variables(source.document) if mat.is_mat(source.document) else {}
    except PosevalError:
        return {}


def hdf5_names(source: Source) -> frozenset[str]:
    """Names at the top of an HDF5 file; empty for anything else."""
    if source.is_folder:
        return frozenset()
    try:
        return hdf5.keys(source.document) if hdf5.is_hdf5(source.document) else frozenset()
    except PosevalError:
        return frozenset()


def load(document: Document, names: frozenset[str] | None = None) -> dict[str, Any]:
    """Variables of a .mat file of any level from 5, in MATLAB's shape.

    Raises:
        FormatError: P214 or P215 for a damaged file.
    """
    if hdf5.is_hdf5(document):
        # HDF5 is written by MATLAB with the axes in reverse.
        found = {name: value.T for name, value in hdf5.load(document, names).items()}
        return Asked(found, document.unread)
    return mat.load(document, names)


def numbers(found: Mapping[str, Any], name: str, shape: tuple[int | None, ...], document: Document) -> Floats:
    """The array `name` as float64; `None` in `shape` allows any length of that axis.

    Raises:
        FormatError: P206 when it is missing, P203 when it holds no numbers, P204 for another shape.
    """
    value = found.get(name)
    if value is None:
        raise error_of([Fault("P206", document.name, f"has no variable {name}", "one array of numbers")])
    if not isinstance(value, np.ndarray) or value.dtype.kind not in NUMBER_KINDS:
        raise error_of([Fault("P203", f"{document.name}: {name}", "holds no numbers", "an array of numbers")])
    fits = len(value.shape) == len(shape) and all(
        want is None or want == have for want, have in zip(shape, value.shape, strict=True)
    )
    if not fits:
        wanted = " x ".join("N" if side is None else str(side) for side in shape)
        have = " x ".join(map(str, value.shape))
        raise error_of([Fault("P204", f"{document.name}: {name}", f"has shape {shown(have)}", f"{wanted}")])
    return np.asarray(value, dtype=np.float64)
