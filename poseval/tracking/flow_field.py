"""A field of optical flow [H, W, 2], read between pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from poseval.poses import Floats

Field = NDArray[Any]  # [H, W, 2] movement of each pixel in x and y
LARGEST = 1e9  # movements beyond mark a pixel of unknown flow (Middlebury)


def sample(field: Field, points: Floats) -> Floats:
    """Movement [M, 2] at points [M, 2], bilinear; 0 outside the field and where the flow is unknown."""
    height, width = field.shape[:2]
    inside = (points.min(axis=1) >= 0) & (points[:, 0] <= width - 1) & (points[:, 1] <= height - 1)
    at = np.where(inside[:, None], points, 0.0)
    low = np.minimum(np.floor(at).astype(np.int64), [max(width - 2, 0), max(height - 2, 0)])
    share = at - low
    high = np.minimum(low + 1, [width - 1, height - 1])
    corners = np.stack(
        [
            field[low[:, 1], low[:, 0]],
            field[low[:, 1], high[:, 0]],
            field[high[:, 1], low[:, 0]],
            field[high[:, 1], high[:, 0]],
        ]
    ).astype(np.float64)
    x, y = share[:, 0], share[:, 1]
    weight = np.stack([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y])
    known = np.abs(corners).max(axis=2) < LARGEST  # a NaN is not below either
    use = inside & (known | (weight == 0)).all(axis=0)
    corners = np.where(known[:, :, None], corners, 0.0)
    moved: Floats = np.where(use[:, None], (weight[:, :, None] * corners).sum(axis=0), 0.0)
    return moved
