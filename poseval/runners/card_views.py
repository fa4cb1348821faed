"""A network's answers to people seen in several ways, and how far its joints are from where they should be.

Each person is shown as the card says, mirrored, moved two ways and from farther away. Read rightly, the
joints come back to the same places of the image. Where the truth is known, the distance to it counts instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from poseval.models.inference.crops import Crops, Floats, map_step, on_input
from poseval.models.inference.decoding import DECODERS, decode
from poseval.models.inference.predictions import check_finite
from poseval.models.inference.top_down import TopDown, last_maps
from poseval.runners.frames import Picture

BATCH = 16
GROWN = 1.2  # of the box
MOVED = {"moved": 0.1, "moved back": -0.1}  # of the box's sides: all of a person stays in the crop
VIEWS = ("plain", "mirrored", *MOVED, "grown")
TURNED = "turned"  # the input itself mirrored, as a flip test does it
SURE = 0.5  # share of the joints, the most certain ones, that are compared
OUTLIER = 3.0  # times the median distance
ERRORS = 3  # standard errors that a difference must be


@dataclass(frozen=True, eq=False)
class Sample:
    """A person: an RGB image [H, W, 3], a box [4], and where known the true joints [K, 2], else NaN."""

    picture: Picture
    box: Floats
    truth: Floats


@dataclass(frozen=True)
class Reading:
    """How places are read from heatmaps: the way to find the maximum, and the step to the input's pixels."""

    method: str
    step: str  # affine, udp or half pixel


@dataclass(frozen=True, eq=False)
class View:
    """The network's answer to one way of looking at all people."""

    crops: Crops
    outputs: Any
    width: Floats  # [N] of the images, where mirrored; NaN elsewhere
    pixel: Floats  # [N] image pixels per input pixel

    def places(self, reading: Reading) -> tuple[Floats, Floats]:
        """Joints [N, K, 2] in pixels of the image as it is, not mirrored, and scores [N, K]."""
        if isinstance(self.outputs, tuple):
            xy, score = self.outputs
        else:
            xy, score = decode(self.outputs, reading.method)
            size = (self.outputs.shape[2], self.outputs.shape[3])
            step = map_step(self.crops.input_size, size, reading.step == "udp")
            xy = on_input(xy, step, reading.step == "half pixel")
        placed = self.crops.to_image(xy)
        turned = ~np.isnan(self.width)
        placed[turned, :, 0] = self.width[turned, None] - 1 - placed[turned, :, 0]
        return placed, score

    def scores(self) -> Floats:
        """The mean score [N] of each person's joints."""
        joints = self.outputs[1] if isinstance(self.outputs, tuple) else self.outputs.max((2, 3))
        mean: Floats = np.asarray(joints, dtype=np.float64).mean(1)
        return mean


def view(top: TopDown, people: Sequence[Sample], name: str) -> View:
    """Run the network on all people, seen in one of `VIEWS`, or `TURNED`.

    Raises:
        MismatchError: P451 for outputs other than the card says. ValueRangeError: P359 NaN or infinite ones.
    """
    boxes = np.stack([one.box for one in people]).astype(np.float64)
    width = np.full(len(people), np.nan)
    sides = boxes[:, 2:] - boxes[:, :2]
    if name in MOVED:
        boxes += np.tile(sides * MOVED[name], 2)
    elif name == "grown":
        boxes += np.concatenate([-sides, sides], axis=1) * (GROWN - 1) / 2
    elif name == "mirrored":
        width = np.array([one.picture.shape[1] for one in people], dtype=np.float64)
        boxes[:, [0, 2]] = width[:, None] - 1 - boxes[:, [2, 0]]
    crops = top.crops(boxes)
    inputs = []
    for row, one in enumerate(people):
        picture = one.picture[:, ::-1] if name == "mirrored" else one.picture
        inputs.append(top.inputs(picture, _row(crops, row)))
    pixel = crops.size[:, 0] / crops.input_size[1]
    given = torch.cat(inputs).flip(3) if name == TURNED else torch.cat(inputs)
    return View(crops, _outputs(top, given), width, pixel)


def _row(crops: Crops, row: int) -> Crops:
    one = slice(row, row + 1)
    return replace(crops, centre=crops.centre[one], size=crops.size[one], matrix=crops.matrix[one])


def _outputs(top: TopDown, inputs: torch.Tensor) -> Any:
    """Maps [N, K, H, W] of a network of heatmaps, else (places [N, K, 2] in input pixels, scores [N, K])."""
    parts = [inputs[first : first + BATCH] for first in range(0, len(inputs), BATCH)]
    if top.method in DECODERS:
        maps = np.concatenate([last_maps(top.outputs(part.to(top.device))) for part in parts])
        check_finite(top.card.name, maps)
        return maps
    answers = [top.decoded(part) for part in parts]
    return tuple(np.concatenate(each) for each in zip(*answers, strict=True))


def truth_of(people: Sequence[Sample]) -> Floats:
    """True joints [N, K, 2], NaN where not known."""
    return np.stack([one.truth for one in people]).astype(np.float64)


def longer_sides(people: Sequence[Sample]) -> Floats:
    """The longer side [N] of each box."""
    return np.array([(one.box[2:] - one.box[:2]).max() for one in people])


def residuals(
    views: Mapping[str, View], truth: Floats, mirror: Sequence[int] | None, reading: Reading
) -> Floats:
    """How far joints [V, N, K, 2] are from the truth or, without any, from where the plain view has them.

    In input pixels of the plain view; V is 1 with truth, and else counts the other views. Mirrored ones are
    left out where `mirror` joints are not known.
    """
    plain = views["plain"].places(reading)[0]
    pixel = views["plain"].pixel[:, None, None]
    if np.isfinite(truth).any():
        return ((plain - truth) / pixel)[None]
    others = []
    for name, each in views.items():
        if name == "mirrored" and mirror is not None:
            others.append(each.places(reading)[0][:, list(mirror)])
        elif name not in ("plain", "mirrored"):
            others.append(each.places(reading)[0])
    apart: Floats = (np.stack(others) - plain) / pixel
    return apart


def compared(own: Floats, score: Floats) -> NDArray[np.bool_]:
    """Which residuals [V, N, K] count: of the surer joints [N, K], without outliers of each view.

    Outliers are so from the middle of a view: a card that is wrong moves all joints of a view alike.
    """
    use: NDArray[np.bool_] = np.isfinite(own).all(3) & (score >= np.quantile(score, SURE))
    for residual, kept in zip(own, use, strict=True):
        if kept.any():
            length = np.linalg.norm(residual - np.median(residual[kept], axis=0), axis=2)
            kept &= length <= OUTLIER * np.median(length[kept])
    return use


def spread(residual: Floats, use: NDArray[np.bool_]) -> float:
    """The root mean square of the residuals that count, NaN without any."""
    return float(np.sqrt(np.square(residual).sum(3)[use].mean())) if use.any() else float("nan")


def nearer(own: Floats, other: Floats, use: NDArray[np.bool_], least: float) -> bool:
    """Whether joints lie where the other reading [V, N, K, 2] has them, and not where the card has them.

    Of the difference between the two readings, `share` is what the residuals show: 0 where the card is right,
    1 where the other reading is. It must be above one half by `ERRORS` standard errors, which are those of
    people, not of joints; and the difference must be at least `least` input pixels in one of the views.
    """
    apart = np.where(use[..., None], own - other, 0.0)
    count = np.maximum(use.sum((1, 2)), 1)
    total = np.square(apart).sum()
    if not total or np.sqrt(np.square(apart).sum((1, 2, 3)) / count).max() < least:
        return False
    own = np.where(use[..., None], own, 0.0)
    share = (own * apart).sum() / total
    error = np.sqrt(np.square(((own - share * apart) * apart).sum((0, 2, 3))).sum()) / total
    return bool(share - ERRORS * error > 0.5)
