"""Networks of one's own that find people in a whole image: one-stage pose networks, and detectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from poseval.models.adapters.network_files import DEFAULT_PROVIDER, NetworkFile
from poseval.models.adapters.own_network import FromSource, Source
from poseval.models.inference.one_stage import READERS, Reading, letterboxed
from poseval.models.inference.predictions import Poses, check_finite
from poseval.models.inference.top_down import normalised
from poseval.models.registry import ModelCard


class Finder(FromSource):
    """Letterboxed inputs [N, 3, h, w] to the outputs of a file; `people` reads those of one image.

    With `any_size` the file's own input size holds, where it has one, and not the card's.
    """

    def __init__(self, source: Source, reading: Reading, decode: str, *, any_size: bool = False) -> None:
        super().__init__(source, reading.joints, reading.size)
        self.reading, self.decode, self.any_size = reading, decode, any_size

    def check_file(self, network: NetworkFile) -> None:
        """Take over the file's input size, or compare it with the card's; compare outputs that it states.

        Raises:
            MismatchError: P451 another input size, or outputs that the decoding does not know.
        """
        height, width = (network.takes if network.takes and len(network.takes) == 4 else (None,) * 4)[2:]
        if self.any_size and height is not None and width is not None:
            self.input_size = (height, width)
            self.reading = replace(self.reading, size=self.input_size)
        super().check_file(network)
        stated = [[side for side in shape[1:] if side is not None] for shape in network.gives or ()]
        if stated and list(map(len, stated)) == [len(shape) - 1 for shape in network.gives or ()]:
            READERS[self.decode]([np.zeros(shape) for shape in stated], replace(self.reading, least=1.0))

    def forward(self, images: Tensor) -> list[Tensor]:
        """Run the network on a batch.

        Raises:
            UsageError: P153 before a file is loaded.
        """
        return self.run(images)

    def people(self, outputs: Sequence[NDArray[np.floating]]) -> Poses:
        """People in pixels of the input, from the outputs of one image, without the batch axis.

        Raises:
            MismatchError: P451 for outputs that the decoding does not know.
        """
        return READERS[self.decode](outputs, self.reading)


class FinderOnImages:
    """A finder with the letterbox and the pixels of its card."""

    most = 8  # people that an image counts as when images are put into one batch

    def __init__(self, model: Finder, card: ModelCard, device: str | torch.device) -> None:
        self.model, self.card, self.device = model.to(device).eval(), card, torch.device(device)

    def poses(self, image: NDArray[np.uint8]) -> Poses:
        """People on one RGB image [H, W, 3]."""
        return self.batch([image])[0]

    def batch(self, images: Sequence[NDArray[np.uint8]]) -> list[Poses]:
        """People on each RGB image.

        Raises:
            ValueRangeError: P359 NaN or infinite outputs.
        """
        centred = self.card.crop == "letterbox"
        put = [
            letterboxed(image, self.model.reading.size, centred=centred, fill=self.card.fill)
            for image in images
        ]
        pixels = normalised(np.stack([inputs for inputs, _ in put]), self.card)
        with torch.inference_mode():
            outputs = self.model(torch.from_numpy(pixels).to(self.device))
        arrays = [output.float().cpu().numpy() for output in outputs]
        for array in arrays:
            check_finite(self.card.name, array)
        found = []
        for row, (image, (_, box)) in enumerate(zip(images, put, strict=True)):
            poses = self.model.people([output[row] for output in arrays])
            limit = np.array([image.shape[1], image.shape[0]] * 2, dtype=np.float64)
            corners = np.clip(box.to_image(poses.box.reshape(-1, 2, 2)).reshape(-1, 4), 0, limit)
            placed = Poses(
                box.to_image(poses.xy), poses.joint_score, poses.score, corners,
                (corners[:, 2:] - corners[:, :2]).prod(1), poses.row,
            )  # fmt: skip
            found.append(placed.take(placed.area > 0))
        return found


def build(
    joints: int,
    input_size: tuple[int, int],
    decode: str,
    source: Mapping[str, Any],
    person: int,
    least_score: float,
    overlap: float,
) -> Finder:
    """A network that a card names; `load_weights` opens its file. See `own_network.build`."""
    return Finder(Source(**source), Reading(input_size, joints, least_score, overlap, person), decode)


def build_onnx(
    joints: int,
    input_size: tuple[int, int],
    decode: str,
    provider: str = DEFAULT_PROVIDER,
    person: int = 0,
    least_score: float = 0.01,
    overlap: float = 0.65,
) -> Finder:
    """An ONNX network without a file; `load_weights` opens one, and takes over its input size."""
    reading = Reading(input_size, joints, least_score, overlap, person)
    return Finder(Source(providers=(provider,)), reading, decode, any_size=True)
