"""Augmentation of a person for training: half body, scale, rotation and mirroring, then the crop.

Source: leoxiaobin/deep-high-resolution-net.pytorch 6f69e46, `lib/dataset/JointsDataset.py`; the values of
each recipe from the experiment files named in its card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from poseval.models.inference.crops import Crops, Floats, Mapping, centre_and_size, crops_of, warp

UPPER_MARGIN = 1.5  # a half body's box grows by this, where a whole body's grows by the card's padding
FEWEST_JOINTS = 3  # of a half; with fewer the other half is taken
UPPER_SHARE = 0.6915  # chance of the upper half: the program draws a normal number below 0.5


@dataclass(frozen=True)
class Augmentation:
    """How a person is varied.

    `scale` is the deviation of the factor about 1 and its largest distance from it; `rotation` the
    deviation in degrees, cut at twice it and drawn for `rotated` of the people; `mirrored` and `halved` are
    fractions of people. A half body is cut only where more than `halved_from` joints are labelled.
    """

    scale: float = 0.3
    rotation: float = 40.0
    rotated: float = 0.6
    mirrored: float = 0.5
    halved: float = 0.0
    halved_from: int = 8


SIMPLE_BASELINES = Augmentation()
HRNET_COCO = Augmentation(scale=0.35, rotation=45.0, halved=0.3)
HRNET_MPII = Augmentation(scale=0.25, rotation=30.0)
MIRRORED = Augmentation(scale=0.0, rotation=0.0, rotated=0.0)
NONE = Augmentation(scale=0.0, rotation=0.0, rotated=0.0, mirrored=0.0)


@dataclass(frozen=True)
class Sample:
    """A training sample: the cut [h, w, C], joints [K, 2] in its pixels, `seen` [K] of the same joints."""

    image: NDArray[np.uint8]
    xy: Floats
    seen: NDArray[np.int8]
    crops: Crops


def sample(
    image: NDArray[np.uint8],
    box: ArrayLike,
    xy: ArrayLike,
    seen: ArrayLike,
    input_size: tuple[int, int],
    flip: Sequence[int],
    rng: np.random.Generator,
    augmentation: Augmentation = SIMPLE_BASELINES,
    *,
    upper: Sequence[int] = (),
    padding: float = 1.25,
    mapping: Mapping = "affine",
) -> Sample:
    """Vary and cut one person: box [4] (x0 y0 x1 y1), joints [K, 2] in the image's pixels.

    `flip` holds mirror joints, `upper` the joints of the upper body (no half body without it). A cut between
    whole pixels (`integer`) cannot be turned: people that are turned are cut affinely.
    """
    points = np.asarray(xy, dtype=np.float64).copy()
    seen = np.asarray(seen, dtype=np.int8).copy()
    aspect = input_size[1] / input_size[0]
    centre, size = centre_and_size(np.asarray(box), aspect, padding)
    if upper and (seen > 0).sum() > augmentation.halved_from and rng.random() < augmentation.halved:
        half = half_body(points, seen, upper, aspect, rng)
        centre, size = (centre, size) if half is None else half
    spread = augmentation.scale
    size = size * np.clip(rng.standard_normal() * spread + 1, 1 - spread, 1 + spread)
    most = 2 * augmentation.rotation
    angle = np.clip(rng.standard_normal() * augmentation.rotation, -most, most)
    angle = angle if rng.random() <= augmentation.rotated else 0.0
    if rng.random() < augmentation.mirrored:
        image, points, seen, centre = _mirrored(image, points, seen, centre, flip)
    turned: Mapping = "affine" if mapping == "integer" and angle else mapping
    crops = crops_of(centre, size, input_size, rotation=angle, mapping=turned)
    return Sample(warp(image, crops.matrix[0], input_size), crops.from_image(points[None])[0], seen, crops)


def _mirrored(
    image: NDArray[np.uint8],
    points: Floats,
    seen: NDArray[np.int8],
    centre: Floats,
    flip: Sequence[int],
) -> tuple[NDArray[np.uint8], Floats, NDArray[np.int8], Floats]:
    last = image.shape[1] - 1
    turned, centre = points[list(flip)], centre.copy()
    turned[:, 0] = last - turned[:, 0]
    centre[:, 0] = last - centre[:, 0]
    return image[:, ::-1], turned, seen[list(flip)], centre


def half_body(
    xy: Floats, seen: NDArray[np.int8], upper: Sequence[int], aspect: float, rng: np.random.Generator
) -> tuple[Floats, Floats] | None:
    """Centre [1, 2] and size [1, 2] about the labelled joints of one half, or None when neither half has any.

    The centre is the joints' mean, the size their extent grown to `aspect` and by half.
    """
    above = np.zeros(len(xy), dtype=np.bool_)
    above[list(upper)] = True
    halves = [xy[above & (seen > 0)], xy[~above & (seen > 0)]]
    if rng.random() >= UPPER_SHARE:
        halves.reverse()
    if len(halves[0]) < FEWEST_JOINTS:
        halves.reverse()
    chosen = halves[0]
    if len(chosen) < FEWEST_JOINTS - 1:
        return None
    extent = np.concatenate([chosen.min(0), chosen.max(0)])
    _, size = centre_and_size(extent, aspect, UPPER_MARGIN)
    return chosen.mean(0, keepdims=True), size
