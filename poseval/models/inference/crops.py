"""From a person's box to a network's input and back: boxes, affine maps, and the warp.

Sizes are (height, width), points (x, y), boxes x0 y0 x1 y1, rotations degrees. Matrices are [..., 2, 3] and
map image pixels to input pixels; the centre of the first pixel is (0, 0).
Source: leoxiaobin/deep-high-resolution-net.pytorch 6f69e46, `lib/dataset/coco.py`, `lib/utils/transforms.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from poseval.errors import UsageError
from poseval.kernels import images

Floats = NDArray[np.float64]
Mapping = Literal["affine", "udp", "integer"]


@dataclass(frozen=True)
class Crops:
    """Where inputs were cut from an image.

    `centre` [N, 2] and `size` [N, 2] (width, height) in pixels of the image; `matrix` [N, 2, 3] from the
    image to the input of `input_size` (height, width).
    """

    centre: Floats
    size: Floats
    matrix: Floats
    input_size: tuple[int, int]
    mapping: Mapping = "affine"

    @property
    def area(self) -> Floats:
        """Pixels of the image inside each crop; OKS-NMS of the top-down repositories takes these."""
        area: Floats = self.size.prod(1)
        return area

    def to_image(self, points: ArrayLike) -> Floats:
        """Points [N, K, 2] on the input as image pixels; see `map_step` for points on output maps."""
        return transform(np.asarray(points, dtype=np.float64), inverse(self.matrix))

    def from_image(self, points: ArrayLike) -> Floats:
        """Image points [N, K, 2] on the input."""
        return transform(np.asarray(points, dtype=np.float64), self.matrix)


def map_step(input_size: tuple[int, int], map_size: tuple[int, int], udp: bool = False) -> Floats:
    """Input pixels per map pixel (x, y). UDP counts the steps between pixel centres, not the pixels."""
    less = 1 if udp else 0
    return np.array(
        [(input_size[axis] - less) / (map_size[axis] - less) for axis in (1, 0)], dtype=np.float64
    )


def on_input(xy: Floats, step: Floats, half_pixel: bool = False) -> Floats:
    """Places [..., 2] on a map as places on the input; `half_pixel` where the map's pixels are areas."""
    half = 0.5 if half_pixel else 0.0
    placed: Floats = (xy + half) * step - half
    return placed


def cut(
    boxes: ArrayLike,
    input_size: tuple[int, int],
    *,
    padding: float = 1.25,
    mapping: Mapping = "affine",
) -> Crops:
    """Crops for boxes [N, 4]: grown to the input's aspect and by `padding`, then mapped to the input."""
    centre, size = centre_and_size(boxes, input_size[1] / input_size[0], padding)
    return crops_of(centre, size, input_size, mapping=mapping)


def crops_of(
    centre: ArrayLike,
    size: ArrayLike,
    input_size: tuple[int, int],
    *,
    rotation: ArrayLike = 0.0,
    mapping: Mapping = "affine",
) -> Crops:
    """Crops from centres [N, 2] and sizes [N, 2] (width, height) that have the input's aspect already."""
    centre, size = np.asarray(centre, dtype=np.float64), np.asarray(size, dtype=np.float64)
    if mapping == "integer":
        matrix = integer_matrix(centre, size, input_size)
    elif mapping == "udp":
        matrix = udp_matrix(centre, size, input_size, rotation)
    elif mapping == "affine":
        matrix = affine_matrix(centre, size, input_size, rotation)
    else:
        raise UsageError(
            "P155",
            where="crop",
            what=f"is {mapping!r}",
            wanted="affine, udp or integer, because this image is not cropped",
        )
    return Crops(centre, size, matrix, input_size, mapping)


def raised(boxes: ArrayLike, share: float) -> Floats:
    """Boxes [N, 4] moved up by a fraction of their own height."""
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    up = share * (boxes[:, 3] - boxes[:, 1])
    moved: Floats = boxes - up[:, None] * np.array([0.0, 1.0, 0.0, 1.0])
    return moved


def centre_and_size(boxes: ArrayLike, aspect: float, padding: float = 1.25) -> tuple[Floats, Floats]:
    """Centres [N, 2] and sizes [N, 2] (width, height) of boxes [N, 4], the shorter side grown to `aspect`."""
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    width, height = (boxes[:, 2:] - boxes[:, :2]).T
    size = np.stack([np.maximum(width, height * aspect), np.maximum(height, width / aspect)], 1)
    return centre, size * padding


def affine_matrix(
    centre: Floats, size: Floats, input_size: tuple[int, int], rotation: ArrayLike = 0.0
) -> Floats:
    """[N, 2, 3]: scaled by width alone, turned about the centre, which lands on (width / 2, height / 2)."""
    angle = np.deg2rad(np.asarray(rotation, dtype=np.float64))
    scale = input_size[1] / size[:, 0]
    middle = np.array([input_size[1] * 0.5, input_size[0] * 0.5])
    turn = np.stack(np.broadcast_arrays(np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle)), -1)
    linear = scale[:, None, None] * turn.reshape(-1, 2, 2)
    shift = middle - np.einsum("nij,nj->ni", linear, centre)
    return np.concatenate([linear, shift[:, :, None]], 2)


def udp_matrix(
    centre: Floats, size: Floats, input_size: tuple[int, int], rotation: ArrayLike = 0.0
) -> Floats:
    """[N, 2, 3] in units of size - 1, each axis with its own scale.

    Source: Huang et al. 2020, "The Devil Is in the Details: Delving Into Unbiased Data Processing", section
    4.
    """
    angle = np.broadcast_to(np.deg2rad(np.asarray(rotation, dtype=np.float64)), len(centre))
    cos, sin = np.cos(angle), np.sin(angle)
    x, y = centre.T
    scale = (np.array([input_size[1], input_size[0]]) - 1) / size
    matrix = np.empty((len(centre), 2, 3))
    matrix[:, 0, 0], matrix[:, 0, 1] = cos, -sin
    matrix[:, 1, 0], matrix[:, 1, 1] = sin, cos
    matrix[:, 0, 2] = -x * cos + y * sin + 0.5 * size[:, 0]
    matrix[:, 1, 2] = -x * sin - y * cos + 0.5 * size[:, 1]
    return matrix * scale[:, :, None]


def integer_matrix(centre: Floats, size: Floats, input_size: tuple[int, int]) -> Floats:
    """[N, 2, 3] of a cut between whole pixels and a resize of it, as hourglass and face programs crop.

    The corners are cut off towards zero, not rounded; the resize maps pixel areas, not pixel centres.
    """
    wanted = np.array([input_size[1], input_size[0]], dtype=np.float64)
    first = np.trunc(centre - size / 2)
    scale = wanted / np.maximum(np.trunc(centre + size / 2) - first, 1.0)
    matrix = np.zeros((len(centre), 2, 3))
    matrix[:, [0, 1], [0, 1]] = scale
    matrix[:, :, 2] = (0.5 - first) * scale - 0.5
    return matrix


def inverse(matrix: Floats) -> Floats:
    """The way back, [..., 2, 3]."""
    linear = np.linalg.inv(matrix[..., :2])
    shift = -np.einsum("...ij,...j->...i", linear, matrix[..., 2])
    return np.concatenate([linear, shift[..., None]], -1)


def transform(points: Floats, matrix: Floats) -> Floats:
    """Points [..., K, 2] through matrices [..., 2, 3]."""
    moved: Floats = np.einsum("...ij,...kj->...ki", matrix[..., :2], points) + matrix[..., None, :, 2]
    return moved


def warp(image: NDArray[np.uint8], matrix: Floats, size: tuple[int, int]) -> NDArray[np.uint8]:
    """An image [H, W, C] seen through `matrix` [2, 3] as [h, w, C] of `size`, bilinear, zero outside.

    Positions are float32, blends float64, rounded to nearest, as OpenCV 5 does it; OpenCV 3 and 4 round
    positions to 1/32 of a pixel first, which moves single grey levels a little.
    """
    return images.warp(image, inverse(matrix).astype(np.float32), size)
