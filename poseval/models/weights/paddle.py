"""PaddlePaddle's parameter files (`.pdparams`): pickled NumPy arrays, read without running code."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from poseval.errors import FormatError, shown

NAMES = "StructuredToParameterName@@"  # Paddle's own table of names, beside the arrays
ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
    ("collections", "OrderedDict"),
}


class _ArraysOnly(pickle.Unpickler):
    """Resolves the names that NumPy arrays need and refuses every other."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise _Refused(f"{module}.{name}")
        return super().find_class(module, name)


class _Refused(Exception):
    """A pickled name that is not data."""


def read_paddle(path: Path) -> dict[str, NDArray[Any]]:
    """Arrays by name.

    Raises:
        FormatError: P250 not such a file, P251 it holds pickled code, P252 it holds no arrays.
    """
    where = shown(path.name)
    try:
        content = _ArraysOnly(io.BytesIO(path.read_bytes())).load()
    except _Refused as error:
        raise FormatError(
            "P251",
            where=where,
            what=f"holds a pickled {shown(error)}, and unpickling it could run code",
            wanted="NumPy arrays only",
        ) from error
    except Exception as error:  # torn pickles raise nearly every built-in error
        raise FormatError(
            "P250", where=where, what="cannot be read as Paddle parameters", wanted="a whole .pdparams file"
        ) from error
    arrays = {
        str(key): value
        for key, value in (content.items() if isinstance(content, dict) else ())
        if isinstance(value, np.ndarray) and key != NAMES and value.dtype.kind in "fiub"
    }
    if not arrays:
        raise FormatError("P252", where=where, what="holds no arrays", wanted="parameters by name")
    return arrays
