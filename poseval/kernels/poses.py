"""Face of the small passes over pose columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from poseval.kernels import _kernels

Floats = NDArray[np.float64]
Flags = NDArray[np.int8]


def extent(xy: Floats, seen: Flags | None = None) -> Floats:
    """Area [N] of the smallest upright box around the joints of `xy` [N, K, 2] with `seen` > 0 (None: all).

    0 where the box has no width or height, or nothing is seen; infinity where it overflows.

    Raises:
        ValueError: shapes disagree.
    """
    return _kernels.pose_extent(xy, np.ones(xy.shape[:2], dtype=np.int8) if seen is None else seen)


def predicted(xy: Floats, score: Floats) -> Flags:
    """2 [N, K] where a joint is predicted, 0 where it is at (0, 0) with score 0, as files mark a missing one.

    Raises:
        ValueError: shapes disagree.
    """
    return _kernels.pose_predicted(xy, score)
