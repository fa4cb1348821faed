"""From a person's box to a network's input and back: boxes, affine maps, and the warp, in NumPy.

Sizes are (height, width), points (x, y), boxes x0 y0 x1 y1, rotations degrees. Matrices are [..., 2, 3] and
map image pixels to input pixels; the centre of the first pixel is (0, 0).
Source: leoxiaobin/deep-high-resolution-net.pytorch 6f69e46, `lib/dataset/coco.py`, `lib/utils/transforms.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from poseval.errors import UsageError

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


def warp(image: NDArray[np.generic], matrix: Floats, size: tuple[int, int]) -> NDArray[np.generic]:
    """An image [H, W, C] seen through `matrix` [2, 3], bilinear, zero outside, in the image's own dtype.

    Positions are float32, blends float64, and whole-number images are rounded to nearest, as OpenCV 5 does
    it; OpenCV 3 and 4 round positions to 1/32 of a pixel first, which moves single grey levels a little.
    """
    back = inverse(matrix).astype(np.float32)
    x = np.arange(size[1], dtype=np.float32)[None, :]
    y = np.arange(size[0], dtype=np.float32)[:, None]
    column = x * back[0, 0] + y * back[0, 1] + back[0, 2]
    row = x * back[1, 0] + y * back[1, 1] + back[1, 2]
    height, width = image.shape[:2]
    # one pixel of zeros around the image; whatever lies farther out reads from it too
    column, row = np.clip(column, -1, width), np.clip(row, -1, height)
    left, top = np.floor(column).astype(np.intp), np.floor(row).astype(np.intp)
    planes, stride, start = _seen_planes(image, left, top)
    at = (top * stride + left - start).ravel()
    corners = (at, at + 1, at + stride, at + stride + 1)
    right_share, low_share = (column - left).ravel(), (row - top).ravel()
    shares = (1 - right_share, right_share, 1 - low_share, low_share)
    blended = np.stack([_blend(plane, corners, shares) for plane in planes], axis=-1)
    blended = np.rint(blended, out=blended) if image.dtype.kind in "ui" else blended
    seen: NDArray[np.generic] = blended.reshape(*size, *image.shape[2:]).astype(image.dtype)
    return seen


def _blend(
    plane: NDArray[np.float32], corners: Sequence[NDArray[np.intp]], shares: Sequence[Floats]
) -> Floats:
    """Values [P] of a plane: four corners, weighted by the fractions to the left, right, up and down."""
    upper_left, upper_right, lower_left, lower_right = (plane.take(at, mode="clip") for at in corners)
    left, right, up, low = shares
    upper = upper_left * left
    upper += upper_right * right
    upper *= up
    lower = lower_left * left
    lower += lower_right * right
    lower *= low
    upper += lower
    blended: Floats = upper
    return blended


def _seen_planes(
    image: NDArray[np.generic], left: NDArray[np.intp], top: NDArray[np.intp]
) -> tuple[NDArray[np.float32], int, int]:
    """The part of an image that a warp reads, with zeros where it leaves the image, as planes [C, P].

    Also pixels per row, and what to take off `row * stride + column` to index them. A small crop of a large
    image then costs what the crop costs.
    """
    first_row, first_column = int(top.min()), int(left.min())
    rows, columns = int(top.max()) + 2 - first_row, int(left.max()) + 2 - first_column
    inside = image[max(first_row, 0) : first_row + rows, max(first_column, 0) : first_column + columns]
    channels = int(np.prod(image.shape[2:]))
    part = np.zeros((channels, rows, columns), dtype=np.float32)
    from_row, from_column = max(-first_row, 0), max(-first_column, 0)
    height, width = inside.shape[:2]
    part[:, from_row : from_row + height, from_column : from_column + width] = np.moveaxis(
        inside.reshape(height, width, channels), 2, 0
    )
    return part.reshape(channels, -1), columns, first_row * columns + first_column
