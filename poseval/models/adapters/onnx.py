"""Adapter for ONNX files of top-down networks, heatmap or SimCC, on onnxruntime where the user has it.

The file says what it takes and gives; colour order and normalisation it does not say, so the card assumes
RGB and ImageNet's, as mmpose exports have them. Another file needs a card replaced by the caller.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from poseval.errors import FormatError, MismatchError, UsageError, shown
from poseval.errors.optional import require
from poseval.models.inference.decoding import simcc


class OnnxModel(nn.Module):
    """Inputs [N, 3, h, w] to heatmaps [N, K, H, W], or for SimCC to x, y in 0..1 and score [N, K, 3].

    SimCC files give two outputs [N, K, w * split] and [N, K, h * split].
    """

    def __init__(self, joints: int, input_size: tuple[int, int], simcc: bool, provider: str) -> None:
        super().__init__()
        self.runtime: Any = require("onnxruntime", "ONNX models", None)
        self.joints, self.input_size, self.simcc, self.provider = joints, input_size, simcc, provider
        self.session: Any = None

    def read_weights(self, path: Path) -> int:
        """Open an `.onnx` file; returns the number of its outputs.

        Raises:
            FormatError: P250 not an ONNX file.
            MismatchError: P451 another input size, number of outputs or of joints.
        """
        try:
            session = self.runtime.InferenceSession(str(path), providers=[self.provider])
        except Exception as error:  # onnxruntime's own classes differ between its versions
            raise FormatError(
                "P250",
                where=shown(path.name),
                what=f"cannot be opened by onnxruntime ({shown(error)})",
                wanted="an .onnx file of a pose network",
            ) from error
        inputs, outputs = session.get_inputs(), session.get_outputs()
        self._check(path.name, "input", list(inputs[0].shape), [None, 3, *self.input_size])
        wanted = 2 if self.simcc else 1
        if len(outputs) != wanted:
            raise MismatchError(
                "P451",
                where=shown(path.name),
                what=f"has {len(outputs)} outputs",
                wanted=f"{wanted}",
                hint="onnx_simcc reads files with two outputs, onnx_heatmap those with one",
            )
        rank = 3 if self.simcc else 4
        self._check(path.name, "output", list(outputs[0].shape), [None, self.joints, *[None] * (rank - 2)])
        self.session = session
        return len(outputs)

    def _check(self, name: str, part: str, given: list[Any], wanted: list[int | None]) -> None:
        """Sizes that the file fixes must be those wanted; a free size in it is text or None."""
        fits = len(given) == len(wanted) and all(
            want is None or not isinstance(have, int) or have == want
            for have, want in zip(given, wanted, strict=True)
        )
        if not fits:
            shape = ["any" if side is None else side for side in wanted]
            raise MismatchError(
                "P451",
                where=shown(name),
                what=f"has {part} shape {shown(given)}",
                wanted=f"{shape}",
                hint="create the model with the joints and input_size (height, width) of the file",
            )

    def forward(self, images: Tensor) -> Tensor:
        """Run the file on a batch.

        Raises:
            UsageError: P153 before a file is loaded.
        """
        if self.session is None:
            raise UsageError(
                "P153", where="ONNX model", what="has no file yet", wanted="load_weights(model, PATH) first"
            )
        feed = {self.session.get_inputs()[0].name: images.cpu().numpy()}
        outputs = self.session.run(None, feed)
        if not self.simcc:
            return torch.from_numpy(np.asarray(outputs[0]))
        x, y = (np.asarray(output) for output in outputs)
        split = x.shape[2] / self.input_size[1]
        xy, score = simcc(x, y, split)
        xy = xy / np.array([self.input_size[1], self.input_size[0]])
        return torch.from_numpy(np.concatenate([xy, score[..., None]], 2))


def build_heatmap(
    joints: int, input_size: tuple[int, int], provider: str = "CPUExecutionProvider"
) -> OnnxModel:
    """An adapter without a file; `load_weights` opens one."""
    return OnnxModel(joints, input_size, simcc=False, provider=provider)


def build_simcc(
    joints: int, input_size: tuple[int, int], provider: str = "CPUExecutionProvider"
) -> OnnxModel:
    """An adapter without a file; `load_weights` opens one."""
    return OnnxModel(joints, input_size, simcc=True, provider=provider)
