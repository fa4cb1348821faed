"""Stacked hourglass: pre-activation residuals pooled down and up again, stack after stack.

Source: Newell, Yang, Deng 2016, "Stacked Hourglass Networks for Human Pose Estimation"; layout of
princeton-vl/pytorch_stacked_hourglass ceedc14. Images here are [N, 3, H, W] as everywhere in poseval; the
official program takes [N, H, W, 3].
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from poseval.errors import UsageError, shown
from poseval.models.networks.layers import check_divisible

DEPTH = 4  # poolings inside one hourglass


class Conv(nn.Module):
    """Convolution with bias and size kept, then norm and ReLU where asked for."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int = 1,
        norm: bool = False,
        relu: bool = False,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=(kernel - 1) // 2)
        self.bn = nn.BatchNorm2d(outputs) if norm else None
        self.relu = nn.ReLU() if relu else None

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        x = x if self.bn is None else self.bn(x)
        return x if self.relu is None else self.relu(x)


class Residual(nn.Module):
    """Norm-ReLU-1x1 to half the width, norm-ReLU-3x3, norm-ReLU-1x1, plus the input.

    `skip_layer` exists even where the width stays and nothing goes through it: published weights hold it.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        half = outputs // 2
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = Conv(inputs, half, 1)
        self.bn2 = nn.BatchNorm2d(half)
        self.conv2 = Conv(half, half, 3)
        self.bn3 = nn.BatchNorm2d(half)
        self.conv3 = Conv(half, outputs, 1)
        self.skip_layer = Conv(inputs, outputs, 1)
        self.relu = nn.ReLU()
        self.same_width = inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        residual = x if self.same_width else self.skip_layer(x)
        out = self.conv1(self.relu(self.bn1(x)))
        out = self.conv2(self.relu(self.bn2(out)))
        out = self.conv3(self.relu(self.bn3(out)))
        return residual + out  # type: ignore[no-any-return]


class Hourglass(nn.Module):
    """One branch at this resolution, one pooled to half of it and, inside, the next hourglass."""

    def __init__(self, depth: int, width: int) -> None:
        super().__init__()
        self.up1 = Residual(width, width)
        self.pool1 = nn.MaxPool2d(2, 2)
        self.low1 = Residual(width, width)
        self.low2: nn.Module = Hourglass(depth - 1, width) if depth > 1 else Residual(width, width)
        self.low3 = Residual(width, width)
        self.up2 = nn.Upsample(scale_factor=2, mode="nearest")

    def forward(self, x: Tensor) -> Tensor:
        low = self.low3(self.low2(self.low1(self.pool1(x))))
        return self.up1(x) + self.up2(low)  # type: ignore[no-any-return]


class Merge(nn.Module):
    """1x1 convolution from one stack's maps to the next stack's input."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = Conv(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv(x)
        return out


class StackedHourglass(nn.Module):
    """Images [N, 3, H, W] to heatmaps [N, stacks, joints, H/4, W/4]; the last stack is the result."""

    def __init__(self, joints: int, stacks: int, width: int = 256) -> None:
        super().__init__()
        self.pre = nn.Sequential(
            Conv(3, 64, 7, 2, norm=True, relu=True),
            Residual(64, 128),
            nn.MaxPool2d(2, 2),
            Residual(128, 128),
            Residual(128, width),
        )
        self.hgs = nn.ModuleList(nn.Sequential(Hourglass(DEPTH, width)) for _ in range(stacks))
        self.features = nn.ModuleList(
            nn.Sequential(Residual(width, width), Conv(width, width, 1, norm=True, relu=True))
            for _ in range(stacks)
        )
        self.outs = nn.ModuleList(Conv(width, joints, 1) for _ in range(stacks))
        self.merge_features = nn.ModuleList(Merge(width, width) for _ in range(stacks - 1))
        self.merge_preds = nn.ModuleList(Merge(joints, width) for _ in range(stacks - 1))

    def forward(self, images: Tensor) -> Tensor:
        x = self.pre(images)
        found = []
        for index, hourglass in enumerate(self.hgs):
            features = self.features[index](hourglass(x))
            maps = self.outs[index](features)
            found.append(maps)
            if index < len(self.merge_preds):
                x = x + self.merge_preds[index](maps) + self.merge_features[index](features)
        return torch.stack(found, 1)


def build(joints: int, input_size: tuple[int, int], stacks: int = 2, width: int = 256) -> StackedHourglass:
    """A stacked hourglass; any input size divisible by 64 fits.

    Raises:
        UsageError: P152 for no stack or an odd width, P151 for an input size not divisible by 64.
    """
    if stacks < 1 or width < 2 or width % 2:
        raise UsageError(
            "P152",
            where="model hourglass",
            what=f"stacks {shown(stacks)}, width {shown(width)}",
            wanted="one stack or more and an even width",
        )
    check_divisible("hourglass", input_size, 64)
    return StackedHourglass(joints, stacks, width)
