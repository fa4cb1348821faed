"""Stacked hourglass: pre-activation residuals pooled down and up again, stack after stack.

Source: Newell, Yang, Deng 2016, "Stacked Hourglass Networks for Human Pose Estimation"; layout of
princeton-vl/pytorch_stacked_hourglass ceedc14. Images here are [N, 3, H, W] as everywhere in poseval; the
official program takes [N, H, W, 3].
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from poseval.models.networks.layers import check_divisible

DEPTH = 4  # poolings inside one hourglass


class StackedHourglass(nn.Module):
    """Images [N, 3, H, W] to heatmaps [N, stacks, joints, H/4, W/4]; the last stack is the result."""

    def __init__(self, joints: int, stacks: int, width: int = 256) -> None:
        super().__init__()
        self.pre = nn.Sequential(
            ConvUnit(3, 64, 7, stride=2, finished=True),
            PreActivationBlock(64, 128),
            nn.MaxPool2d(2, 2),
            PreActivationBlock(128, 128),
            PreActivationBlock(128, width),
        )
        self.hgs = nn.ModuleList(nn.Sequential(Hourglass(DEPTH, width)) for _ in range(stacks))
        self.features = nn.ModuleList(
            nn.Sequential(PreActivationBlock(width, width), ConvUnit(width, width, finished=True))
            for _ in range(stacks)
        )
        self.outs = nn.ModuleList(ConvUnit(width, joints) for _ in range(stacks))
        self.merge_features = nn.ModuleList(FedBack(width, width) for _ in range(stacks - 1))
        self.merge_preds = nn.ModuleList(FedBack(joints, width) for _ in range(stacks - 1))

    def forward(self, images: Tensor) -> Tensor:
        """Every stack but the first sees what the one before saw, plus its maps and features."""
        x = self.pre(images)
        heatmaps: list[Tensor] = []
        merges = [*zip(self.merge_preds, self.merge_features, strict=True), None]
        for hourglass, features, out, merge in zip(self.hgs, self.features, self.outs, merges, strict=True):
            found = features(hourglass(x))
            heatmaps.append(out(found))
            if merge is not None:
                of_maps, of_features = merge
                x = x + of_maps(heatmaps[-1]) + of_features(found)
        return torch.stack(heatmaps, 1)


class Hourglass(nn.Module):
    """One branch at this resolution, one pooled to half of it and, inside, the next hourglass."""

    def __init__(self, depth: int, width: int) -> None:
        super().__init__()
        self.up1 = PreActivationBlock(width, width)
        self.low1 = PreActivationBlock(width, width)
        self.low2 = Hourglass(depth - 1, width) if depth > 1 else PreActivationBlock(width, width)
        self.low3 = PreActivationBlock(width, width)

    def forward(self, x: Tensor) -> Tensor:
        half = functional.max_pool2d(x, 2)
        half = self.low3(self.low2(self.low1(half)))
        return self.up1(x) + functional.interpolate(half, scale_factor=2.0)  # type: ignore[no-any-return]


class PreActivationBlock(nn.Module):
    """Norm-ReLU-1x1 to half the width, norm-ReLU-3x3, norm-ReLU-1x1, plus the input.

    `skip_layer` exists even where the width stays and nothing goes through it: published weights hold it.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        half = outputs // 2
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), ConvUnit(inputs, half)
        self.bn2, self.conv2 = nn.BatchNorm2d(half), ConvUnit(half, half, 3)
        self.bn3, self.conv3 = nn.BatchNorm2d(half), ConvUnit(half, outputs)
        self.skip_layer = ConvUnit(inputs, outputs)
        self.widens = inputs != outputs

    def forward(self, x: Tensor) -> Tensor:
        out = x
        for norm, conv in ((self.bn1, self.conv1), (self.bn2, self.conv2), (self.bn3, self.conv3)):
            out = conv(functional.relu(norm(out)))
        return out + (self.skip_layer(x) if self.widens else x)


class ConvUnit(nn.Module):
    """Convolution with a bias that changes the size only by its stride; norm and ReLU if `finished`."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 1, *, stride: int = 1, finished: bool = False
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2)
        self.bn = nn.BatchNorm2d(outputs) if finished else None

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return x if self.bn is None else functional.relu(self.bn(x))


class FedBack(nn.Module):
    """1x1 convolution from one stack's maps to the next stack's input."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = ConvUnit(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv(x)
        return out


def build(joints: int, input_size: tuple[int, int], stacks: int = 2, width: int = 256) -> StackedHourglass:
    """A stacked hourglass; any input size divisible by 64 fits.

    Raises:
        UsageError: P151 for an input size not divisible by 64.
    """
    check_divisible("hourglass", input_size, 64)
    return StackedHourglass(joints, stacks, width)
