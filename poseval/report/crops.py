"""The part of an image that a drawing lies over, embedded in the page."""

from __future__ import annotations

import base64
import io
import math
from pathlib import Path
from typing import NamedTuple

Window = tuple[float, float, float, float]  # x0, y0, x1, y1 in pixels


class Crop(NamedTuple):
    """A JPEG as a data address, and the pixels of the image that it shows."""

    url: str
    x: int
    y: int
    width: int
    height: int


def crop(file: Path | None, window: Window, widest: int) -> Crop | None:
    """What an image has inside the window, at most `widest` pixels wide; None without a readable image."""
    if file is None or not file.is_file():
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
