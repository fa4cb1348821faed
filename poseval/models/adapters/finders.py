"""Networks of one's own that find people in a whole image: one-stage pose networks, and detectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from poseval.errors import UsageError, shown
from poseval.models.adapters.network_files import (
    DEFAULT_PROVIDER,
    NetworkFile,
    check_runtime,
    in_batches,
    open_network,
    tensors_of,
)
from poseval.models.adapters.own_network import agree, blamed, called
from poseval.models.inference.one_stage import READERS, Reading, letterboxed
from poseval.models.inference.predictions import Poses
from poseval.models.inference.top_down import normalised
from poseval.models.registry import ModelCard
from poseval.models.weights.load import load_weights

LEAST_SCORE = 0.01  # of people kept: an evaluation ranks them, a picture wants 0.25 and more
OVERLAP = 0.65  # IoU above which a box is a duplicate, where the file does not suppress them itself


class Finder(nn.Module):
    """Letterboxed inputs [N, 3, h, w] to the outputs of a file; `people` reads those of one image.

    With `any_size` the file's own input size holds, where it has one, and not the card's.
    """

    def __init__(
        self,
        reading: Reading,
        decode: str,
        kind: str,
        *,
        module: nn.Module | None = None,
        providers: Sequence[str] = (DEFAULT_PROVIDER,),
        names: Sequence[str] | None = None,
        layout: str = "nchw",
        any_size: bool = False,
    ) -> None:
        super().__init__()
        if module is None:
            check_runtime(kind)
        self.reading, self.decode, self.kind = reading, decode, kind
        self.providers, self.names, self.layout = tuple(providers), names, layout
        self.any_size = any_size
        self.own = module
        self.network: NetworkFile | None = None
        self.name = "the network"

    def read_weights(self, path: Path) -> int:
        """Open the file; returns how many tensors, or outputs, it holds.

        Raises:
            FormatError: P250 not such a file. MismatchError: P451 another input size.
        """
        self.name = path.name
        if self.own is not None:
            return load_weights(self.own, path).tensors
        network = open_network(path, self.kind, self.providers, self.names)
        if network.takes is not None:
            height, width = (network.takes if len(network.takes) == 4 else (None,) * 4)[2:]
            if self.any_size and height is not None and width is not None:
                self.reading = replace(self.reading, size=(height, width))
            size = self.reading.size
            agree(
                path.name,
                "input",
                network.takes,
                (None, 3, *size) if self.layout == "nchw" else (None, *size, 3),
            )
        self.network = network
        return len(network.gives or ())

    def forward(self, images: Tensor) -> list[Tensor]:
        """Run the network on a batch.

        Raises:
            UsageError: P153 before a file is loaded.
        """
        given = images if self.layout == "nchw" else images.permute(0, 2, 3, 1).contiguous()
        if self.own is not None:
            with blamed(self.name):
                return tensors_of(self.own(given), self.name)
        if self.network is None:
            raise UsageError(
                "P153", where="ONNX model", what="has no file yet", wanted="load_weights(model, PATH) first"
            )
        return in_batches(self.network, given)

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
        """People on each RGB image."""
        centred = self.card.crop == "letterbox"
        put = [
            letterboxed(image, self.model.reading.size, centred=centred, fill=self.card.fill)
            for image in images
        ]
        pixels = normalised(np.stack([inputs for inputs, _ in put]), self.card)
        with torch.inference_mode():
            outputs = self.model(torch.from_numpy(pixels).to(self.device))
        arrays = [output.float().cpu().numpy() for output in outputs]
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
    format: str = "onnx",
    entry: str | None = None,
    folder: str = ".",
    options: Mapping[str, Any] | None = None,
    providers: Sequence[str] = (DEFAULT_PROVIDER,),
    names: Sequence[str] | None = None,
    layout: str = "nchw",
    person: int = 0,
    least_score: float = LEAST_SCORE,
    overlap: float = OVERLAP,
) -> Finder:
    """A network that a card names; `load_weights` opens its file. See `own_network.build`.

    Raises:
        UsageError: P152 an unknown decoding, P880 when the entry does not make a network.
    """
    if decode not in READERS:
        raise UsageError(
            "P152", where="decode", what=f"is {shown(decode)}", wanted=f"one of {', '.join(READERS)}"
        )
    module = None
    if entry is not None:
        module = called(entry, folder, {"joints": joints, "input_size": input_size, **(options or {})})
    reading = Reading(input_size, joints, least_score, overlap, person)
    return Finder(reading, decode, format, module=module, providers=providers, names=names, layout=layout)


def build_onnx(
    joints: int,
    input_size: tuple[int, int],
    decode: str,
    provider: str = DEFAULT_PROVIDER,
    person: int = 0,
    least_score: float = LEAST_SCORE,
    overlap: float = OVERLAP,
) -> Finder:
    """An ONNX network without a file; `load_weights` opens one, and takes over its input size."""
    reading = Reading(input_size, joints, least_score, overlap, person)
    return Finder(reading, decode, "onnx", providers=[provider], any_size=True)
