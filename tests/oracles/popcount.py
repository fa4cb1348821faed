"""A convolution of signs by counting bits, without a single product: the oracle of packed layers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

POPCOUNT = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1).astype(np.int32)


def popcount_conv(signs: NDArray[np.int8], bits: NDArray[np.uint8]) -> NDArray[np.int32]:
    """3x3 convolution with padding 1 of signs [B, I, H, W] by packed rows [O, bytes]: integers [B, O, H, W].

    sum = live - 2 * disagreeing, where live are the taps that are not zero.
    """
    batch, channels, height, width = signs.shape
    padded = np.pad(signs, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    rows = windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, channels * 9)
    plus, live = np.packbits(rows > 0, axis=1), np.packbits(rows != 0, axis=1)
    alive = POPCOUNT[live].sum(axis=1)
    sums = np.empty((len(bits), len(rows)), dtype=np.int32)
    for index, row in enumerate(bits):
        sums[index] = alive - 2 * POPCOUNT[(plus ^ row) & live].sum(axis=1)
    return sums.reshape(-1, batch, height, width).transpose(1, 0, 2, 3).copy()
