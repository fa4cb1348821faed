"""Heatmaps to joints: arg-maximum, quarter shift, DARK, UDP and SimCC, and the averaging of a flip test.

Maps are [N, K, H, W]; joints [N, K, 2] as (x, y) in pixels of the map; scores [N, K] are the map's maximum.
Sources: Newell et al. 2016 (quarter shift); Zhang et al. 2020, "Distribution-Aware Coordinate Representation"
(DARK); Huang et al. 2020 (UDP); Li et al. 2022 (SimCC); the reference programs named at each function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from poseval.errors import UsageError, did_you_mean, shown
from poseval.kernels import images

Array = NDArray[np.floating]
Decoded = tuple[NDArray[np.float64], NDArray[np.float64]]
Border = Literal["repository", "mmpose"]

SMALLEST = 1e-10  # DARK's floor before the logarithm
UDP_RANGE = (1e-3, 50.0)  # UDP's
UDP_DAMPING = float(np.finfo(np.float32).eps)  # on the Hessian's diagonal, so that flat maps have an inverse


def argmax(maps: Array, border: Border = "repository") -> Decoded:
    """The first largest pixel in row-major order.

    Where the maximum is not positive the joint is (0, 0) in the repositories and (-1, -1) in mmpose.
    """
    count, joints, _, width = maps.shape
    flat = maps.reshape(count, joints, -1)
    index = flat.argmax(2)
    score = np.take_along_axis(flat, index[..., None], 2)[..., 0].astype(np.float64)
    xy = np.stack([index % width, index // width], 2).astype(np.float64)
    xy[score <= 0] = 0.0 if border == "repository" else -1.0
    return xy, score


def quarter(maps: Array, border: Border = "repository") -> Decoded:
    """Arg-maximum moved by a quarter pixel to the higher neighbour on each axis.

    `repository` (Simple Baselines, HRNet) moves only where 1 < x < W - 1 and 1 < y < H - 1; `mmpose` 1.x
    treats the axes apart: the other axis may be on the border.
    """
    xy, score = argmax(maps, border)
    x, y = xy[..., 0], xy[..., 1]
    height, width = maps.shape[2:]
    if border == "repository":
        inside = (x > 1) & (x < width - 1) & (y > 1) & (y < height - 1)
        move_x = move_y = inside
    else:
        move_x = (x > 1) & (x < width - 1) & (y > 0) & (y < height)
        move_y = (y > 1) & (y < height - 1) & (x > 0) & (x < width)
    near = _around(maps, xy, 1)
    xy[..., 0] += np.where(move_x, 0.25 * np.sign(near[..., 1, 2] - near[..., 1, 0]), 0.0)
    xy[..., 1] += np.where(move_y, 0.25 * np.sign(near[..., 2, 1] - near[..., 0, 1]), 0.0)
    return xy, score


def dark(maps: Array, kernel: int = 11, border: Border = "repository") -> Decoded:
    """Arg-maximum and one Newton step on the logarithm of the blurred map.

    No step where 1 < x < W - 2 and 1 < y < H - 2 does not hold, or the Hessian is singular.
    """
    xy, score = argmax(maps, border)
    x, y = xy[..., 0], xy[..., 1]
    height, width = maps.shape[2:]
    inside = (x > 1) & (x < width - 2) & (y > 1) & (y < height - 2)
    near = np.log(np.maximum(_around(blur(maps, kernel), xy, 2), SMALLEST)).astype(np.float64)

    def at(dx: int, dy: int) -> NDArray[np.float64]:
        return near[..., 2 + dy, 2 + dx]

    slope_x, slope_y = 0.5 * (at(1, 0) - at(-1, 0)), 0.5 * (at(0, 1) - at(0, -1))
    xx = 0.25 * (at(2, 0) - 2 * at(0, 0) + at(-2, 0))
    yy = 0.25 * (at(0, 2) - 2 * at(0, 0) + at(0, -2))
    xy_ = 0.25 * (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1))
    return _stepped(xy, slope_x, slope_y, xx, yy, xy_, inside), score


def _around(maps: Array, xy: NDArray[np.float64], reach: int) -> Array:
    """What each joint's map has in rows and columns about a pixel [N, K, 2]; its edge repeated beyond it."""
    steps = np.arange(-reach, reach + 1)
    height, width = maps.shape[2:]
    columns = np.clip(xy[..., 0].astype(np.intp)[..., None, None] + steps, 0, width - 1)
    rows = np.clip(xy[..., 1].astype(np.intp)[..., None, None] + steps[:, None], 0, height - 1)
    person, joint = np.indices(xy.shape[:2])[..., None, None]
    around: Array = maps[person, joint, rows, columns]
    return around


def _stepped(
    xy: NDArray[np.float64],
    slope_x: Array,
    slope_y: Array,
    xx: Array,
    yy: Array,
    cross: Array,
    where: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """xy minus Hessian inverse times slope, where it has one."""
    determinant = xx * yy - cross * cross
    use = where & (determinant != 0)
    safe = np.where(use, determinant, 1.0)
    step_x = (yy * slope_x - cross * slope_y) / safe
    step_y = (xx * slope_y - cross * slope_x) / safe
    return xy - np.where(use[..., None], np.stack([step_x, step_y], -1), 0.0)


def udp(maps: Array, kernel: int = 11, border: Border = "mmpose") -> Decoded:
    """UDP's form of DARK: edge-padded neighbours, unit steps, damped Hessian, everywhere on the map.

    The published program reads neighbours from one flat array of all maps of a person, so a joint without a
    positive maximum, at (-1, -1), reads from the map before its own. Its coordinates mean nothing there or
    here; they are reproduced so that scores agree.
    Source: mmpose 1.x, `refine_keypoints_dark_udp`.
    """
    xy, score = argmax(maps, border)
    padded = np.pad(blur(maps, kernel), ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    people, joints, height, width = padded.shape
    flat = padded.reshape(people, -1)
    cell = xy.astype(np.intp) + 1
    centre = (np.arange(joints) * height + cell[..., 1]) * width + cell[..., 0]
    steps = np.arange(-1, 2)
    index = (centre[..., None, None] + steps[:, None] * width + steps) % flat.shape[1]
    levels = flat[np.arange(people)[:, None, None, None], index]
    near: NDArray[np.float64] = np.log(np.clip(levels, *UDP_RANGE)).astype(np.float64)

    def at(dx: int, dy: int) -> NDArray[np.float64]:
        return near[..., 1 + dy, 1 + dx]

    here = at(0, 0)
    slope_x, slope_y = 0.5 * (at(1, 0) - at(-1, 0)), 0.5 * (at(0, 1) - at(0, -1))
    xx = at(1, 0) - 2 * here + at(-1, 0) + UDP_DAMPING
    yy = at(0, 1) - 2 * here + at(0, -1) + UDP_DAMPING
    cross = 0.5 * (at(1, 1) - at(1, 0) - at(0, 1) + 2 * here - at(-1, 0) - at(0, -1) + at(-1, -1))
    everywhere = np.ones(score.shape, dtype=np.bool_)
    return _stepped(xy, slope_x, slope_y, xx, yy, cross, everywhere), score


def blur(maps: Array, kernel: int) -> NDArray[np.float32]:
    """Gaussian blur with zeros outside, each map scaled back to its old maximum.

    The deviation follows from the kernel as in OpenCV: 0.3 * ((kernel - 1) / 2 - 1) + 0.8.

    Raises:
        UsageError: P155 for an even or non-positive kernel.
    """
    if kernel < 1 or kernel % 2 == 0:
        raise UsageError("P155", where="kernel", what=f"is {shown(kernel)}", wanted="an odd number of pixels")
    half = (kernel - 1) // 2
    sigma = 0.3 * (half - 1) + 0.8
    taps = np.exp(-(np.arange(-half, half + 1) ** 2) / (2 * sigma**2))
    taps = (taps / taps.sum()).astype(np.float32)
    single = maps.astype(np.float32, copy=False).reshape(-1, *maps.shape[2:])
    out = images.blur(single, taps).reshape(maps.shape)
    old, new = maps.max((2, 3), keepdims=True), out.max((2, 3), keepdims=True)
    scaled: NDArray[np.float32] = out * np.divide(old, new, out=np.ones_like(new), where=new != 0)
    return scaled


def simcc(x: Array, y: Array, split: float = 2.0) -> Decoded:
    """SimCC's two one-dimensional distributions [N, K, W * split] and [N, K, H * split] to input pixels.

    The score is the smaller of the two maxima; a joint where it is not positive is (-1, -1).
    Source: mmpose 1.x, `get_simcc_maximum`.
    """
    xy = np.stack([x.argmax(2), y.argmax(2)], 2).astype(np.float64) / split
    score = np.minimum(x.max(2), y.max(2)).astype(np.float64)
    xy[score <= 0] = -1.0
    return xy, score


def flip_vectors(x: Array, y: Array, flip: Sequence[int]) -> tuple[Array, Array]:
    """SimCC's distributions of a mirrored image as those of the image: x turned round, joints swapped.

    Source: mmpose 1.x, `flip_vectors`.
    """
    return x[:, list(flip), ::-1], y[:, list(flip)]


DECODERS: dict[str, Callable[[Array], Decoded]] = {
    "argmax": argmax,
    "quarter": quarter,
    "dark": dark,
    "udp": udp,
}


def decode(maps: Array, method: str) -> Decoded:
    """Joints and scores by a method's name.

    Raises:
        UsageError: P155 for a method that does not decode heatmaps.
    """
    if method not in DECODERS:
        raise UsageError(
            "P155",
            where="decode",
            what=f"{shown(method)!r} does not read heatmaps",
            wanted=f"one of {', '.join(DECODERS)}",
            hint=did_you_mean(method, DECODERS),
        )
    return DECODERS[method](maps)


def flip_back(maps: Array, flip: Sequence[int], shift: int = 1) -> Array:
    """Maps [N, K, H, W] of a mirrored image as maps of the image: mirrored, joints swapped, moved right.

    `flip[k]` is joint k's mirror joint. The move by `shift` pixels aligns maps whose stride the mirroring
    does not respect; the first columns stay. UDP needs none.
    """
    turned = maps[:, list(flip), :, ::-1].copy()
    if shift:
        turned[..., shift:] = turned[..., :-shift].copy()
    return turned


def flip_points(xy: Array, score: Array, flip: Sequence[int], width: float = 1.0) -> Decoded:
    """Joints of a mirrored input of `width` as joints of the input; scores are swapped with them."""
    turned = xy[:, list(flip)].astype(np.float64)
    turned[..., 0] = width - turned[..., 0]
    return turned, score[:, list(flip)].astype(np.float64)
