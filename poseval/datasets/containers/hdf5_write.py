"""HDF5 files made in memory through h5py (extra `formats`), so that they appear whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from poseval.errors import shown
from poseval.errors.optional import require
from poseval.poses import Array


def content(path: Path, fill: Callable[[Any], None]) -> bytes:
    """The bytes of a file that `fill` has put its data sets into.

    Raises:
        MissingFeature: P601 without h5py.
    """
    h5py = require("h5py", shown(path), "formats")
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        fill(file)
    return out.getvalue()


def fixed_texts(words: Sequence[str]) -> Array:
    """Texts as an array of bytes of one length; an empty list as no numbers, as SLEAP writes it."""
    if not words:
        return np.zeros(0)
    raw = [word.encode("utf-8", "surrogateescape") for word in words]
    return np.asarray(raw, dtype=f"S{max(len(word) for word in raw) or 1}")
