"""MediaPipe's pose landmarks (BlazePose) out of a `.task` file, where the user has a TensorFlow Lite runtime.

Sources: Bazarevsky et al. 2020 (BlazePose); google-ai-edge/mediapipe, the graph of the pose landmarks
detector (landmarks in input pixels, logits of visibility, refinement from heatmaps).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from poseval.errors import FormatError, MismatchError, UsageError, shown
from poseval.errors.optional import require
from poseval.models.weights.mediapipe_task import pose_network

Floats = NDArray[np.float64]

JOINTS = 33
LANDMARKS = 39  # with six by which MediaPipe follows a person
NUMBERS = 5  # of a landmark: x, y, z, and the logits of visibility and presence
REACH = 3  # cells about a landmark that its heatmap is read in
LEAST_PEAK = 0.5  # of a heatmap that refines its landmark


class MediaPipePose(nn.Module):
    """RGB crops [N, 3, 256, 256] with values 0 to 1 to [N, 33, 3]: x, y in 0..1 of the crop and visibility.

    A crop in which the network sees nobody gives NaN places and score 0.
    """

    def __init__(self, detection: float) -> None:
        super().__init__()
        self.runtime: Any = require("ai_edge_litert.interpreter", "model mediapipe_pose", None)
        self.detection = detection
        self.network: Any = None

    @property
    def parameter_count(self) -> None:
        """Its file does not tell them."""
        return

    @property
    def counts_macs(self) -> bool:
        """LiteRT computes this network, not PyTorch."""
        return False

    def read_weights(self, path: Path) -> int:
        """Open a `.task` or `.tflite` file; returns the number of its outputs.

        Raises:
            FormatError: P250 not such a file. MismatchError: P451 another network.
        """
        content, name = pose_network(path), shown(path.name)
        try:
            network = self.runtime.Interpreter(model_content=content, num_threads=torch.get_num_threads())
            network.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise FormatError(
                "P250",
                where=name,
                what=f"cannot be opened by ai-edge-litert ({shown(error, 200)})",
                hint="compare its size with the published one; it may be truncated",
            ) from error
        given, *more = network.get_input_details()
        self.outputs = {tuple(each["shape"][1:]): each["index"] for each in network.get_output_details()}
        shape = tuple(given["shape"])
        if (
            more
            or shape[:1] + shape[3:] != (1, 3)
            or not {(LANDMARKS * NUMBERS,), (1,)} <= self.outputs.keys()
        ):
            sizes = [list(map(int, each)) for each in self.outputs]
            raise MismatchError(
                "P451",
                where=name,
                what=f"takes {list(map(int, shape))}, gives {sizes}",
                wanted=f"an image [1, 256, 256, 3], {LANDMARKS * NUMBERS} numbers of landmarks and a score",
            )
        self.network, self.input = network, given["index"]
        return len(self.outputs)

    def forward(self, images: Tensor) -> Tensor:
        """Landmarks of each crop.

        Raises:
            UsageError: P153 before a file is loaded.
        """
        if self.network is None:
            raise UsageError(
                "P153",
                where="model mediapipe_pose",
                what="has no file yet",
                wanted="load_weights(model, PATH) first",
            )
        pixels = images.permute(0, 2, 3, 1).float().cpu().numpy()
        return torch.from_numpy(np.stack([self._landmarks(image[None]) for image in pixels]))

    def _landmarks(self, image: NDArray[np.float32]) -> Floats:
        self.network.set_tensor(self.input, np.ascontiguousarray(image))
        self.network.invoke()
        answer = {shape: self.network.get_tensor(index)[0] for shape, index in self.outputs.items()}
        if answer[(1,)][0] < self.detection:
            return np.concatenate([np.full((JOINTS, 2), np.nan), np.zeros((JOINTS, 1))], 1)
        marks = answer[(LANDMARKS * NUMBERS,)].reshape(LANDMARKS, NUMBERS)[:JOINTS].astype(np.float64)
        xy = marks[:, :2] / [image.shape[2], image.shape[1]]
        for shape, maps in answer.items():
            if len(shape) == 3 and shape[2] == LANDMARKS:
                xy = refined(xy, sigmoid(maps[..., :JOINTS].astype(np.float64)))
        return np.concatenate([xy, sigmoid(marks[:, 3:4])], 1)


def sigmoid(logits: Floats) -> Floats:
    """Logits as values from 0 to 1."""
    value: Floats = 1 / (1 + np.exp(-np.clip(logits, -500, 500)))
    return value


def refined(xy: Floats, maps: Floats) -> Floats:
    """Places [K, 2] in 0..1 moved to the centre of weight of their heatmaps [H, W, K] about them.

    A landmark stays where it lies beside its map, or its map has no peak there.
    """
    out = xy.copy()
    height, width = maps.shape[:2]
    for joint, (x, y) in enumerate(xy):
        column, row = int(x * width), int(y * height)
        if not (0 <= column < width and 0 <= row < height):
            continue
        first_row, first_column = max(row - REACH, 0), max(column - REACH, 0)
        near = maps[first_row : row + REACH + 1, first_column : column + REACH + 1, joint]
        if near.max() >= LEAST_PEAK:
            rows, columns = np.indices(near.shape)
            place = [(columns + first_column) * near, (rows + first_row) * near]
            out[joint] = np.sum(place, axis=(1, 2)) / near.sum() / [width, height]
    return out


def build(joints: int, input_size: tuple[int, int], detection: float = 0.5) -> MediaPipePose:
    """The network without its file; `load_weights` opens one.

    Raises:
        MissingFeature: P601 without a runtime.
    """
    return MediaPipePose(detection)
