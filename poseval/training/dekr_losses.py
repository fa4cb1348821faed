"""Targets and losses of DEKR.

People are [P, J + 1, 3]: x, y in cells of the map and visibility, the centre last.
Source: Geng et al. 2021, section 3; HRNet/DEKR 7a30313, `lib/dataset/target_generators`,
`lib/dataset/COCOKeypoints.py` and `lib/core/loss.py`.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from poseval.training.recipe_fields import BACKGROUND, OFFSET_FACTOR

Floats = NDArray[np.float64]
Maps = NDArray[np.float32]

SIGMA = 2.0
CENTRE_SIGMA = 4.0
RADIUS = 4  # cells around a centre that learn offsets
BETA = 1 / 9  # where the smooth L1 loss turns from a square to a line
SMALLEST_AREA = 32**2  # annotated pixels; smaller people have no centre
COCO_JOINTS = 17


def with_centres(xy: ArrayLike, seen: ArrayLike, area: ArrayLike) -> tuple[Floats, Floats]:
    """People [P, J + 1, 3] and their sizes [P] from joints [P, J, 2], labels [P, J] and annotated areas [P].

    The centre is the mean of labelled joints; people under 32 x 32 pixels have none. The size is the squared
    diagonal of the extent of all J + 1 points before the centre is known: unlabelled joints and the centre
    are at the origin then, in the reference program and here.
    """
    xy, area = np.asarray(xy, dtype=np.float64), np.asarray(area, dtype=np.float64)
    labelled = np.asarray(seen) > 0
    placed = np.concatenate((xy * labelled[..., None], np.zeros((len(xy), 1, 2))), axis=1)
    size: Floats = (np.ptp(placed, axis=1) ** 2).sum(axis=1)
    count = labelled.sum(axis=1)
    centre = placed.sum(axis=1) / np.maximum(count, 1)[:, None]
    has_centre = area >= SMALLEST_AREA
    placed[:, -1] = np.where(has_centre[:, None], centre, 0)
    flags = np.concatenate((labelled, has_centre[:, None]), axis=1)
    return np.concatenate((placed, flags[..., None]), axis=2), size


def heatmap_targets(
    people: ArrayLike, size: tuple[int, int], background: float = BACKGROUND
) -> tuple[Maps, Maps]:
    """Heatmaps [J + 1, H, W] and their weights: 1 around joints, `background` elsewhere.

    The reference program takes the centre's sigma from channel 17 on, so that the centre of CrowdPose's 14
    joints gets the joints' sigma.
    """
    points = np.asarray(people, dtype=np.float64)
    channels = points.shape[1]
    maps = np.zeros((channels, *size), dtype=np.float32)
    weight = np.full(maps.shape, background, dtype=np.float32)
    for x, y, channel in _inside(points, size):
        sigma = CENTRE_SIGMA if channel >= COCO_JOINTS else SIGMA
        rows, columns = (_window(value, sigma, side) for value, side in ((y, size[0]), (x, size[1])))
        apart = (columns[None] - x) ** 2 + (rows[:, None] - y) ** 2
        place = (channel, slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        maps[place] = np.maximum(maps[place], np.exp(-apart / (2 * sigma**2)))
        weight[place] = 1
    return maps, weight


def _inside(points: Floats, size: tuple[int, int]) -> list[tuple[float, float, int]]:
    """x, y and channel of the labelled points inside the map, person by person."""
    x, y, seen = np.moveaxis(points, 2, 0)
    good = (seen > 0) & (x >= 0) & (y >= 0) & (x < size[1]) & (y < size[0])
    return [(x[p, j], y[p, j], int(j)) for p, j in zip(*np.nonzero(good), strict=True)]


def _window(value: float, sigma: float, side: int) -> NDArray[np.int64]:
    first, last = int(np.floor(value - 3 * sigma - 1)), int(np.ceil(value + 3 * sigma + 2))
    return np.arange(max(0, first), min(last, side))


def offset_targets(people: ArrayLike, area: ArrayLike, size: tuple[int, int]) -> tuple[Maps, Maps]:
    """Offsets [2 * J, H, W] from joint to cell around each centre, and weights 1 / sqrt(area).

    Where people overlap the smaller one wins, as far as the reference program sees it: its area map is shared
    by all joints, and an offset of exactly (0, 0) counts as free.
    """
    points, area = np.asarray(people, dtype=np.float64), np.asarray(area, dtype=np.float64).reshape(-1)
    offsets = np.zeros((points.shape[1] - 1, 2, *size), dtype=np.float32)
    weight = np.zeros(offsets.shape, dtype=np.float32)
    owner = np.zeros(size, dtype=np.float32)
    for person, own in zip(points, area, strict=True):
        x, y = int(person[-1, 0]), int(person[-1, 1])
        if int(person[-1, 2]) < 1 or not (0 <= x < size[1] and 0 <= y < size[0]):
            continue
        rows = np.arange(max(y - RADIUS, 0), min(y + RADIUS, size[0]))
        columns = np.arange(max(x - RADIUS, 0), min(x + RADIUS, size[1]))
        window = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        for joint_x, joint_y, joint in _inside(person[None, :-1], size):
            there = (joint, slice(None), *window)
            free = ~((offsets[there] != 0).any(axis=0) & (owner[window] < own))
            away = np.stack(np.broadcast_arrays(columns[None] - joint_x, rows[:, None] - joint_y))
            offsets[there] = np.where(free, away, offsets[there])
            weight[there] = np.where(free, 1 / np.sqrt(own), weight[there])
            owner[window] = np.where(free, own, owner[window])
    flat = (2 * len(offsets), *size)
    return offsets.reshape(flat), weight.reshape(flat)


def heatmap_loss(maps: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Mean weighted squared difference; all [B, J + 1, H, W]."""
    return ((maps - target).square() * weight).mean()


def offset_loss(offsets: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Weighted smooth L1 over the number of weighted entries; all [B, 2 * J, H, W]."""
    apart = (offsets - target).abs()
    loss = torch.where(apart < BETA, 0.5 * apart.square() / BETA, apart - 0.5 * BETA)
    return (loss * weight).sum() / (weight > 0).sum().clamp(min=1)


def dekr_loss(
    outputs: tuple[Tensor, Tensor],
    heatmaps: tuple[Tensor, Tensor],
    offsets: tuple[Tensor, Tensor],
    factor: float = OFFSET_FACTOR,
) -> Tensor:
    """The loss of a batch: heatmaps plus `factor` times offsets; targets come with their weights."""
    return heatmap_loss(outputs[0], *heatmaps) + factor * offset_loss(outputs[1], *offsets)
