"""Boxes around joints."""

from __future__ import annotations

import numpy as np

from poseval.poses import Bools, Floats


def enclosing_boxes(xy: Floats, seen: Bools) -> Floats:
    """Smallest upright boxes [N, 4] (x0, y0, x1, y1), in pixels, around the joints of `xy` [N, K, 2].

    Joints that are not `seen` [N, K] do not count; a row without any is NaN.
    """
    low = np.where(seen[:, :, None], xy, np.inf).min(axis=1, initial=np.inf)
    high = np.where(seen[:, :, None], xy, -np.inf).max(axis=1, initial=-np.inf)
    return np.where(seen.any(axis=1, keepdims=True), np.concatenate([low, high], axis=1), np.nan)
