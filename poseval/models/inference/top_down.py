"""One person per crop: boxes to inputs, outputs to joints in the image, with the flip test and scores.

Runners call its steps one by one, or `TopDown.poses` for one image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from poseval.errors import UsageError, did_you_mean, shown
from poseval.kernels import images
from poseval.models.inference.crops import Crops, Floats, cut, map_step, on_input, raised, warp
from poseval.models.inference.decoding import (
    DECODERS,
    Decoded,
    decode,
    flip_back,
    flip_points,
    flip_vectors,
    simcc,
)
from poseval.models.inference.predictions import Poses, check_finite
from poseval.models.inference.suppression import instance_scores
from poseval.models.networks.layers import mixed
from poseval.models.registry import WHOLE_IMAGE, ModelCard
from poseval.skeletons import load_skeleton


@runtime_checkable
class DecodesItself(Protocol):
    """A network whose outputs are neither heatmaps nor coordinates."""

    def decode(self, outputs: Any) -> Decoded:
        """Joints [N, K, 2] in 0..1 of the input, and scores [N, K]."""


class TopDown:
    """A network with the crop, the pixels and the decoding of its card.

    `flip_test` averages with the mirrored input, by default where the card says how. `mirror` are the mirror
    joints, by default those of the card's skeleton.

    Raises:
        UsageError: P155 for a `method` that does not read this network's outputs, P156 when a flip test is
            wanted and no mirror joints are known.
    """

    def __init__(
        self,
        model: nn.Module,
        card: ModelCard,
        *,
        flip_test: bool | None = None,
        mirror: Sequence[int] | None = None,
        method: str | None = None,
        device: str | torch.device = "cpu",
        autocast: bool = False,
    ) -> None:
        self.card = card
        self.device = torch.device(device)
        self.model = model.to(self.device).eval()
        self.method = decoding(card, method)
        self.autocast = autocast
        self.flip_test = card.flip != "none" if flip_test is None else flip_test
        if mirror is None and card.skeleton is not None:
            mirror = load_skeleton(card.skeleton).flip
        if self.flip_test and (mirror is None or card.flip == "none"):
            raise UsageError(
                "P156",
                where=f"model {card.name}",
                what="cannot run a flip test, because "
                + ("it has none" if mirror else "mirror joints are not known"),
                hint="turn off the flip test with --no-flip" if mirror else "name the skeleton",
            )
        self.mirror = tuple(mirror or range(card.joints))

    def crops(self, boxes: ArrayLike) -> Crops:
        """Crops for boxes [N, 4], x0 y0 x1 y1.

        Raises:
            UsageError: P156 for a network of whole images.
        """
        if self.card.crop in WHOLE_IMAGE:
            raise UsageError("P156", where=f"model {self.card.name}", what="takes whole images, not people")
        boxes = raised(boxes, self.card.raised)
        return cut(boxes, self.card.input_size, padding=self.card.padding, mapping=self.card.mapping)

    def inputs(self, image: NDArray[np.uint8], crops: Crops) -> Tensor:
        """float32 [N, 3, h, w] from an RGB image [H, W, 3]."""
        cuts = [warp(image, matrix, crops.input_size) for matrix in crops.matrix]
        return torch.from_numpy(normalised(np.stack(cuts), self.card))

    def decoded(self, inputs: Tensor) -> Decoded:
        """Joints [N, K, 2] in input pixels and scores [N, K] for a batch; NaN joints where nobody is found.

        Raises:
            ValueRangeError: P359 NaN or infinite scores.
        """
        xy, score = self._decoded(inputs.to(self.device))
        check_finite(self.card.name, score[~np.isnan(xy).any(2)])
        return xy, score

    def _decoded(self, inputs: Tensor) -> Decoded:
        outputs = self.outputs(inputs)
        mirrored = self.outputs(inputs.flip(3)) if self.flip_test else None
        height, width = inputs.shape[2:]
        if self.method in DECODERS:
            maps: NDArray[np.floating] = last_maps(outputs)
            if mirrored is not None:
                turned = flip_back(last_maps(mirrored), self.mirror, self.card.flip_shift)
                maps = (maps + turned) * 0.5
            xy, score = decode(maps, self.method)
            step = map_step((height, width), (maps.shape[2], maps.shape[3]), self.card.crop == "udp")
            return on_input(xy, step, self.card.half_pixel), score
        if self.method == "simcc":
            return self._vectors(outputs, mirrored, width)
        xy, score = self._coordinates(outputs)
        if mirrored is not None:
            other, other_score = flip_points(*self._coordinates(mirrored), self.mirror)
            xy, score = (xy + other) / 2, (score + other_score) / 2
        return xy * np.array([width, height]), score

    def poses(self, image: NDArray[np.uint8], boxes: ArrayLike, box_score: ArrayLike | None = None) -> Poses:
        """Poses for the boxes [N, 4] of one RGB image [H, W, 3]; without box scores these are 1."""
        crops = self.crops(boxes)
        count = len(crops.centre)
        if not count:
            return _poses(
                np.zeros((0, self.card.joints, 2)), np.zeros((0, self.card.joints)), crops, boxes, []
            )
        xy, joint_score = self.decoded(self.inputs(image, crops))
        box_score = np.ones(count) if box_score is None else box_score
        return _poses(crops.to_image(xy), joint_score, crops, boxes, box_score)

    def outputs(self, inputs: Tensor) -> Any:
        """What the network gives for a batch, as it gives it."""
        with torch.inference_mode(), mixed(self.device.type, self.autocast):
            return self.model(inputs)

    def _vectors(self, outputs: Any, mirrored: Any, width: int) -> Decoded:
        """Joints in input pixels from SimCC's two outputs; a flip test averages the distributions."""
        x, y = (part.float().cpu().numpy() for part in outputs)
        if mirrored is not None:
            other_x, other_y = (part.float().cpu().numpy() for part in mirrored)
            turned_x, turned_y = flip_vectors(other_x, other_y, self.mirror)
            x, y = (x + turned_x) * 0.5, (y + turned_y) * 0.5
        return simcc(x, y, x.shape[2] / width)

    def _coordinates(self, outputs: Any) -> Decoded:
        if isinstance(self.model, DecodesItself):
            return self.model.decode(outputs)
        answer = outputs.cpu().double().numpy()
        return answer[..., :2], answer[..., 2]


def _poses(xy: Floats, joint_score: Floats, crops: Crops, boxes: ArrayLike, box_score: ArrayLike) -> Poses:
    """Poses of the boxes in which the network found somebody."""
    score = instance_scores(joint_score, box_score)
    box = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    poses = Poses(xy, joint_score, score, box, crops.area, np.arange(len(box)))
    return poses.take(np.isfinite(xy).all((1, 2)))


def decoding(card: ModelCard, method: str | None) -> str:
    """How a network's outputs are read: as the card says, or by another method where they are heatmaps.

    Raises:
        UsageError: P155 for a method that does not read them.
    """
    fitting = tuple(DECODERS) if card.decode in DECODERS else (card.decode,)
    if method is not None and method not in fitting:
        raise UsageError(
            "P155",
            where=f"model {card.name}",
            what=f"is not decoded by {shown(method)!r}",
            wanted=f"one of {', '.join(fitting)}",
            hint=did_you_mean(method, fitting),
        )
    return method or card.decode


def last_maps(outputs: Any) -> NDArray[np.float32]:
    """Heatmaps [N, K, H, W] of a network's last stack, however it hands out its stacks."""
    maps = outputs[-1] if isinstance(outputs, list | tuple) else outputs
    maps = maps[:, -1] if maps.ndim == 5 else maps
    array: NDArray[np.float32] = maps.float().cpu().numpy()
    return array


def normalised(crops: NDArray[np.uint8], card: ModelCard) -> NDArray[np.float32]:
    """RGB crops [N, h, w, 3] as the card's network wants them: float32 [N, 3, h, w] in its colour order."""
    levels = np.arange(256, dtype=np.float32) / np.float32(card.pixel_divisor)
    mean, std = np.asarray([card.mean, card.std], dtype=np.float32)[:, :, None]
    return images.as_planes(crops, (levels - mean) / std, (2, 1, 0) if card.colour == "bgr" else (0, 1, 2))
