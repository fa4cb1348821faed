"""Compiled passes over images: crops, and their pixels as a network takes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from poseval.kernels import _kernels


def warp(image: NDArray[np.uint8], back: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.uint8]:
    """An image [H, W, C] through `back` [2, 3], from crop to image pixels, as [h, w, C] of `size` (h, w).

    Bilinear, zeros beside the image. Positions are float32, blends float64, rounded to nearest.

    Raises:
        ValueError: shapes disagree, or more than 64 channels.
    """
    return _kernels.image_warp(image, back, *size)


def as_planes(
    crops: NDArray[np.uint8], table: NDArray[np.float32], from_channel: Sequence[int]
) -> NDArray[np.float32]:
    """Crops [N, h, w, C] as [N, C, h, w], channel c being `table` [C, 256] of the crops' `from_channel[c]`.

    Raises:
        ValueError: shapes disagree, or a channel is out of range.
    """
    return _kernels.image_planes(crops, table, np.asarray(from_channel, dtype=np.int64))


def blur(maps: NDArray[np.float32], taps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Maps [M, H, W] times an odd number of `taps` along both axes, zeros beside them, in float32.

    Raises:
        ValueError: shapes disagree, or an even number of taps.
    """
    return _kernels.image_blur(maps, taps)
