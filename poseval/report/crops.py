"""The part of an image behind a drawing, embedded in the page."""

from __future__ import annotations

import base64
import io
import math
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from poseval.poses import Floats

Window = tuple[float, float, float, float]  # x0, y0, x1, y1 in pixels
MARGIN = 0.15  # of the people's extent, around them
FARTHEST = 1e9  # pixels: a point beyond has its place here, and its window stays finite


class Crop(NamedTuple):
    """A JPEG as a data address, and the pixels of the image that it shows."""

    url: str
    x: int
    y: int
    width: int
    height: int


def around(points: Floats, size: Floats) -> Window:
    """The window that shows points [N, 2] with a margin; without any, the whole frame of this size [2]."""
    if not len(points):
        width, height = np.nan_to_num(size, nan=100.0).tolist()
        return 0.0, 0.0, width, height
    points = np.clip(points, -FARTHEST, FARTHEST)
    low, high = points.min(axis=0), points.max(axis=0)
    pad = max(20.0, MARGIN * float((high - low).max()))
    low, high = low - pad, high + pad
    if not np.isnan(size).any():
        low, high = np.maximum(low, 0), np.minimum(high, size)
    high = np.maximum(high, low + 10)
    # A sliver is hard to look at: no side is more than twice the other.
    span = high - low
    grow = np.maximum(span.max() / 2 - span, 0) / 2
    low, high = low - grow, high + grow
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def crop(file: Path | None, window: Window, widest: int) -> Crop | None:
    """The image inside the window, at most `widest` pixels wide; None without a readable image."""
    if file is None or not os.path.isfile(file):
        return None
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file) as image:
            x0, y0 = max(math.floor(window[0]), 0), max(math.floor(window[1]), 0)
            x1, y1 = min(math.ceil(window[2]), image.width), min(math.ceil(window[3]), image.height)
            if x1 <= x0 or y1 <= y0:
                return None
            scale = min(1.0, widest / (x1 - x0))
            size = max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale))
            cut = image.convert("RGB").resize(size, box=(x0, y0, x1, y1))
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    out = io.BytesIO()
    cut.save(out, "JPEG", quality=75)
    data = base64.b64encode(out.getvalue()).decode()
    return Crop(f"data:image/jpeg;base64,{data}", x0, y0, x1 - x0, y1 - y0)
