"""Columns of texts: names of frames, sequences and groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from poseval.limits import check_texts


def text_column(words: Sequence[str], where: str = "frames") -> NDArray[np.str_]:
    """The words as an array [N] of texts.

    Raises:
        LimitError: P507 one of them is so long that the column would not fit.
    """
    if not len(words):
        return np.zeros(0, dtype="U1")
    check_texts(len(words), max(map(len, words)), where)
    return np.asarray(words, dtype=np.str_)
