"""PaddlePaddle's parameter files (`.pdparams`): pickled NumPy arrays, read without running code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from poseval.errors import FormatError, LimitError, UsageError, shown
from poseval.files.pickle import ForeignNameError, plain_content
from poseval.files.reading import read_regular
from poseval.limits import DEFAULT

NAMES = "StructuredToParameterName@@"  # Paddle's own table of names, beside the arrays


def read_paddle(path: Path) -> dict[str, NDArray[Any]]:
    """Arrays by name.

    Raises:
        FormatError: P250 not such a file, P251 it holds pickled code, P252 it holds no arrays.
        LimitError: P501, P502 larger than allowed.
    """
    where = shown(path.name)
    try:
        content = plain_content(read_regular(path, where, DEFAULT.file_bytes), where, DEFAULT)
    except (LimitError, UsageError):
        raise
    except ForeignNameError as error:
        raise FormatError(
            "P251",
            where=where,
            what=f"has a pickled {shown(error)}, which could run code when unpickled",
            wanted="only NumPy arrays",
        ) from error
    except Exception as error:  # torn pickles raise nearly every built-in error
        raise FormatError(
            "P250",
            where=where,
            what="cannot be read as Paddle parameters",
            wanted="a complete .pdparams file",
        ) from error
    arrays = {
        str(key): value
        for key, value in (content.items() if isinstance(content, dict) else ())
        if isinstance(value, np.ndarray) and key != NAMES and value.dtype.kind in "fiub"
    }
    if not arrays:
        raise FormatError("P252", where=where, what="holds no arrays", wanted="parameters by name")
    return arrays
