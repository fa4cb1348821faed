"""Running a TensorFlow.js graph model on PyTorch: the operations that single-pose networks use.

Tensors keep TensorFlow's order [N, H, W, C]; convolutions see them as channels-last.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from math import ceil
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from poseval.errors import FormatError, shown
from poseval.models.weights.tfjs import GraphFile, Node

Operation = Callable[[Node, list[Tensor], list[list[Any] | Any]], Any]
FLOATS = {"DT_FLOAT": torch.float32, "DT_HALF": torch.float32}
WHOLE = {"DT_INT32": torch.int32, "DT_INT64": torch.int64, "DT_BOOL": torch.bool, "DT_UINT8": torch.uint8}


class Graph(nn.Module):
    """A graph model as a module: weights are parameters without gradient, shapes and axes plain numbers.

    Raises:
        FormatError: P250 when a node's operation is not one of those known here; the message names them all.
    """

    def __init__(self, file: GraphFile) -> None:
        super().__init__()
        unknown = sorted({node.op for node in file.nodes} - set(OPERATIONS) - {"Const", "Placeholder"})
        if unknown:
            raise FormatError(
                "P250",
                where=f"graph {file.name}",
                what=f"uses operations that are not supported: {shown(', '.join(unknown))}",
                wanted=f"only {', '.join(sorted(OPERATIONS))}",
            )
        missing = [node.name for node in file.nodes if node.op == "Const" and node.name not in file.weights]
        if missing:
            raise FormatError(
                "P250", where=f"graph {file.name}", what=f"has no value for constant {shown(missing[0])}"
            )
        self.nodes = tuple(node for node in file.nodes if node.op not in ("Const", "Placeholder"))
        self.inputs, self.outputs = file.inputs, file.outputs
        self.keys: dict[str, str] = {}
        self.static: dict[str, Any] = {}
        for index, (name, value) in enumerate(file.weights.items()):
            tensor = torch.from_numpy(value.copy())
            self.keys[name] = f"{index:03d}_{name.replace('.', '_')}"
            if value.dtype.kind == "f":
                self.register_parameter(self.keys[name], nn.Parameter(tensor, requires_grad=False))
            else:
                self.register_buffer(self.keys[name], tensor)
                self.static[name] = value.tolist()

    def forward(self, *images: Tensor) -> list[Tensor]:
        """Outputs in the signature's order; one tensor per placeholder."""
        values: dict[str, Any] = dict(zip(self.inputs, images, strict=True))
        values.update({name: getattr(self, key) for name, key in self.keys.items()})
        for node in self.nodes:
            given = [
                values[name][port] if isinstance(values[name], tuple) else values[name]
                for name, port in node.inputs
            ]
            static = [self.static.get(name) for name, _ in node.inputs]
            values[node.name] = OPERATIONS[node.op](node, given, static)
        return [values[name] for name in self.outputs]


def _text(node: Node, name: str) -> str:
    return base64.b64decode(node.attributes[name]["s"]).decode("ascii")


def _integers(node: Node, name: str) -> list[int]:
    return [int(value) for value in node.attributes[name]["list"].get("i", ())]


def _integer(node: Node, name: str) -> int:
    return int(node.attributes[name].get("i", 0))


def _flag(node: Node, name: str) -> bool:
    return bool(node.attributes.get(name, {}).get("b", False))


def _padded(
    node: Node, x: Tensor, kernel: Sequence[int], strides: Sequence[int], rates: Sequence[int]
) -> Tensor:
    """Zeros around [N, C, H, W] as TensorFlow's SAME puts them: the odd one at the bottom and right."""
    padding = _text(node, "padding")
    if padding == "VALID":
        return x
    if padding != "SAME":
        raise FormatError("P250", where=f"node {shown(node.name)}", what=f"has padding {shown(padding)}")
    sides: list[int] = []
    for size, tap, stride, rate in zip(x.shape[2:], kernel, strides, rates, strict=True):
        total = max((ceil(size / stride) - 1) * stride + (tap - 1) * rate + 1 - size, 0)
        sides = [total // 2, total - total // 2, *sides]
    return functional.pad(x, sides)


def _convolved(node: Node, given: list[Tensor], depthwise: bool) -> Tensor:
    x, weight = given[0].permute(0, 3, 1, 2), given[1]
    strides, rates = _integers(node, "strides")[1:3], _integers(node, "dilations")[1:3]
    height, width, inputs, outputs = weight.shape
    x = _padded(node, x, (height, width), strides, rates)
    if depthwise:
        kernel = weight.permute(2, 3, 0, 1).reshape(inputs * outputs, 1, height, width)
    else:
        kernel = weight.permute(3, 2, 0, 1)
    groups = inputs if depthwise else 1
    out = functional.conv2d(x, kernel, None, strides, 0, rates, groups).permute(0, 2, 3, 1)
    fused = node.attributes.get("fused_ops", {}).get("list", {}).get("s", ())
    return _after(node, out, [base64.b64decode(name).decode("ascii") for name in fused], given[2:])


def _after(node: Node, out: Tensor, fused: Sequence[str], more: Sequence[Tensor]) -> Tensor:
    rest = list(more)
    for name in fused:
        if name == "BiasAdd":
            out = out + rest.pop(0)
        elif name == "Relu":
            out = functional.relu(out)
        elif name == "Relu6":
            out = functional.relu6(out)
        else:
            raise FormatError("P250", where=f"node {shown(node.name)}", what=f"fuses {shown(name)}")
    return out


def _resized(node: Node, given: list[Tensor], static: list[Any]) -> Tensor:
    """Bilinear to the given size; without either flag, positions are index times scale, cut to the grid."""
    height, width = static[1]
    x = given[0].permute(0, 3, 1, 2)
    if _flag(node, "align_corners") or _flag(node, "half_pixel_centers"):
        corners = _flag(node, "align_corners")
        out = functional.interpolate(x, (height, width), mode="bilinear", align_corners=corners)
    else:
        rows, row_share = _legacy_grid(x.shape[2], height, x)
        columns, column_share = _legacy_grid(x.shape[3], width, x)
        below, right = (rows + 1).clamp(max=x.shape[2] - 1), (columns + 1).clamp(max=x.shape[3] - 1)
        out = x[:, :, rows] * (1 - row_share[:, None]) + x[:, :, below] * row_share[:, None]
        out = out[..., columns] * (1 - column_share) + out[..., right] * column_share
    return out.permute(0, 2, 3, 1)


def _legacy_grid(size: int, wanted: int, like: Tensor) -> tuple[Tensor, Tensor]:
    position = torch.arange(wanted, device=like.device, dtype=like.dtype) * (size / wanted)
    index = position.floor().long()
    return index, position - index


def _cast(node: Node, given: list[Tensor], static: list[Any]) -> Tensor:
    kind = node.attributes["DstT"]["type"]
    if kind in WHOLE:
        return given[0].to(WHOLE[kind])
    return given[0].to(FLOATS[kind])


def _gathered(node: Node, given: list[Tensor], static: list[Any]) -> Tensor:
    index = given[1].long()
    return given[0][tuple(index[..., axis] for axis in range(index.shape[-1]))]


def _squeezed(node: Node, given: list[Tensor], static: list[Any]) -> Tensor:
    axes = _integers(node, "squeeze_dims") or [axis for axis, side in enumerate(given[0].shape) if side == 1]
    return given[0].squeeze(tuple(axes))


OPERATIONS: dict[str, Operation] = {
    "Identity": lambda node, given, static: given[0],
    "Cast": _cast,
    "Unpack": lambda node, given, static: given[0].unbind(_integer(node, "axis")),
    "Pack": lambda node, given, static: torch.stack(given, _integer(node, "axis")),
    "ExpandDims": lambda node, given, static: given[0].unsqueeze(static[1]),  # type: ignore[arg-type]
    "Squeeze": _squeezed,
    "Reshape": lambda node, given, static: given[0].reshape(static[1]),
    "ConcatV2": lambda node, given, static: torch.cat(given[:-1], static[-1]),  # type: ignore[arg-type]
    "Sub": lambda node, given, static: given[0] - given[1],
    "Mul": lambda node, given, static: given[0] * given[1],
    "AddV2": lambda node, given, static: given[0] + given[1],
    "RealDiv": lambda node, given, static: given[0] / given[1],
    "FloorDiv": lambda node, given, static: torch.div(given[0], given[1], rounding_mode="floor"),
    "SquaredDifference": lambda node, given, static: (given[0] - given[1]) ** 2,
    "Sqrt": lambda node, given, static: given[0].sqrt(),
    "Sigmoid": lambda node, given, static: given[0].sigmoid(),
    "ArgMax": lambda node, given, static: given[0].argmax(static[1]).to(torch.int32),  # type: ignore[arg-type]
    "GatherNd": _gathered,
    "ResizeBilinear": _resized,
    "_FusedConv2D": lambda node, given, static: _convolved(node, given, depthwise=False),
    "Conv2D": lambda node, given, static: _convolved(node, given, depthwise=False),
    "FusedDepthwiseConv2dNative": lambda node, given, static: _convolved(node, given, depthwise=True),
    "DepthwiseConv2dNative": lambda node, given, static: _convolved(node, given, depthwise=True),
}
