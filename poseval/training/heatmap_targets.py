"""Heatmaps to train on: Gaussians around joints, in the published variants, in NumPy.

Joints are [K, 2] (x, y) in map pixels, `seen` [K] is 0 where a joint is not labelled; maps are float32 [K,
H, W], not normalised: the peak is 1. The weights [K] are 0 for joints that are not labelled or whose patch
misses the map.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Targets = tuple[NDArray[np.float32], NDArray[np.float32]]
REACH = 3  # deviations that a patch covers to each side


def gaussian(xy: ArrayLike, seen: ArrayLike, size: tuple[int, int], sigma: float = 2.0) -> Targets:
    """Square patches of 3 sigma around the nearest pixel; the centre itself is rounded to it.

    Source: leoxiaobin/deep-high-resolution-net.pytorch 6f69e46, `generate_target`; mmpose 1.x
    `generate_gaussian_heatmaps`.
    """
    return _patches(xy, seen, size, sigma, rounded=True)


def udp(xy: ArrayLike, seen: ArrayLike, size: tuple[int, int], sigma: float = 2.0) -> Targets:
    """The same square patches with the Gaussian's centre where the joint is, between pixels.

    Source: mmpose 1.x, `generate_udp_gaussian_heatmaps`.
    """
    return _patches(xy, seen, size, sigma, rounded=False)


def unbiased(xy: ArrayLike, seen: ArrayLike, size: tuple[int, int], sigma: float = 2.0) -> Targets:
    """The Gaussian over the whole map, centred where the joint is.

    Source: Zhang et al. 2020 (DARK); mmpose 1.x, `generate_unbiased_gaussian_heatmaps`.
    """
    points, weight = _points(xy, seen)
    reach = REACH * sigma
    lowest, highest = points - reach, points + reach + 1
    weight = weight * _touches(lowest, highest, size)
    x, y = np.arange(size[1], dtype=np.float32), np.arange(size[0], dtype=np.float32)
    apart = (x - points[:, None, None, 0]) ** 2 + (y[:, None] - points[:, None, None, 1]) ** 2
    maps = np.exp(-apart / (2 * sigma**2)) * (weight > 0)[:, None, None]
    return maps.astype(np.float32), weight.astype(np.float32)


def _points(xy: ArrayLike, seen: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    weight = (np.asarray(seen, dtype=np.float64).reshape(-1) > 0).astype(np.float64)
    weight[~np.isfinite(points).all(1)] = 0.0
    return np.where(weight[:, None] > 0, points, 0.0), weight


def _touches(
    lowest: NDArray[np.float64], highest: NDArray[np.float64], size: tuple[int, int]
) -> NDArray[np.bool_]:
    """Patches that are not wholly beside the map; one that ends at pixel 0 counts as touching."""
    limit = np.array([size[1], size[0]])
    return np.asarray(((lowest < limit) & (highest >= 0)).all(1), dtype=np.bool_)


def _patches(xy: ArrayLike, seen: ArrayLike, size: tuple[int, int], sigma: float, rounded: bool) -> Targets:
    points, weight = _points(xy, seen)
    reach = int(REACH * sigma)
    nearest = np.trunc(points + 0.5)  # towards zero, as the published programs' int() does
    weight = weight * _touches(nearest - reach, nearest + reach + 1, size)
    centre = nearest if rounded else points
    x, y = np.arange(size[1]), np.arange(size[0])
    near_x = np.abs(x - nearest[:, :1]) <= reach
    near_y = np.abs(y - nearest[:, 1:]) <= reach
    apart = (x - centre[:, None, None, 0]) ** 2 + (y[:, None] - centre[:, None, None, 1]) ** 2
    patch = near_y[:, :, None] & near_x[:, None, :] & (weight > 0)[:, None, None]
    maps = np.where(patch, np.exp(-apart / (2 * sigma**2)), 0.0)
    return maps.astype(np.float32), weight.astype(np.float32)
