"""Building blocks that several families share, with the key names of the published checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from poseval.errors import UsageError

Norm = Callable[[int], nn.Module]


def mixed(device: str, enabled: bool) -> torch.autocast:
    """Mixed precision: float16 on a GPU, bfloat16 on a processor, which has instructions for that one."""
    return torch.autocast(device, torch.float16 if device == "cuda" else torch.bfloat16, enabled=enabled)


def conv3x3(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    """3x3 convolution with padding 1 and no bias."""
    return nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a residual. Source: He et al. 2016, section 4.2."""

    expansion = 1

    def __init__(
        self,
        inputs: int,
        width: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        norm: Norm = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        self.conv1 = conv3x3(inputs, width, stride)
        self.bn1 = norm(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(width, width)
        self.bn2 = norm(width)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        residual = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return self.relu(out + residual)  # type: ignore[no-any-return]


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions and a residual; the output is four times `width`.

    The stride sits on the 3x3 convolution, or with `caffe` on the first 1x1, as in networks trained in Caffe.
    Source: He et al. 2016, section 4.2.
    """

    expansion = 4

    def __init__(
        self,
        inputs: int,
        width: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        norm: Norm = nn.BatchNorm2d,
        caffe: bool = False,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, stride if caffe else 1, bias=False)
        self.bn1 = norm(width)
        self.conv2 = conv3x3(width, width, 1 if caffe else stride)
        self.bn2 = norm(width)
        self.conv3 = nn.Conv2d(width, width * self.expansion, 1, bias=False)
        self.bn3 = norm(width * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        residual = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return self.relu(out + residual)  # type: ignore[no-any-return]


Block = type[BasicBlock] | type[Bottleneck]


def projection(inputs: int, outputs: int, stride: int = 1, norm: Norm = nn.BatchNorm2d) -> nn.Sequential:
    """1x1 convolution and norm: the residual's way where width or resolution changes."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), norm(outputs))


def residual_layer(
    block: Block,
    inputs: int,
    width: int,
    blocks: int,
    stride: int = 1,
    norm: Norm = nn.BatchNorm2d,
    caffe: bool = False,
) -> nn.Sequential:
    """A row of residual blocks; the first one changes width and resolution."""
    outputs = width * block.expansion
    change = stride != 1 or inputs != outputs
    down = projection(inputs, outputs, stride, norm) if change else None
    make = partial(Bottleneck, caffe=caffe) if block is Bottleneck else block
    layers = [make(inputs, width, stride, down, norm)]
    layers += [make(outputs, width, norm=norm) for _ in range(1, blocks)]
    return nn.Sequential(*layers)


def init_normal(module: nn.Module) -> None:
    """Published start values of heatmap networks: convolutions normal with 0.001, norms 1 and 0, biases 0."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(part.weight, std=0.001)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.BatchNorm2d):
            nn.init.ones_(part.weight)
            nn.init.zeros_(part.bias)


def check_divisible(name: str, input_size: tuple[int, int], by: int) -> None:
    """Refuse an input size that the network's strides do not divide.

    Raises:
        UsageError: P151.
    """
    if input_size[0] % by or input_size[1] % by:
        raise UsageError(
            "P151",
            where=f"model {name}",
            what=f"input_size is {input_size[0]} x {input_size[1]}",
            wanted=f"height and width divisible by {by}",
        )
