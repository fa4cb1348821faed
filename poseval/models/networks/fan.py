"""FAN: hourglasses of hierarchical, parallel, multi-scale (HPM) blocks, real or binary.

Source: Bulat and Tzimiropoulos 2017, "Binarized Convolutional Landmark Localizers for Human Pose Estimation
and Face Alignment with Limited Resources" (the block and its binary form) and "How far are we from solving
the 2D & 3D face alignment problem?" (the stack). Layout of 1adrianb/face-alignment 6085054 and, for binary
blocks, 1adrianb/binary-networks-pytorch 51bdeee.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from poseval.models.networks.binary_layers import BinaryConv, PackedConv, storage
from poseval.models.networks.layers import check_divisible

WIDTH = 256
DEPTH = 4  # poolings inside one hourglass
STRIDE = 64  # the stem quarters the image, an hourglass halves it four times

Relu = Literal["before", "after", "none"]
Pool = Literal["average", "max"]
Conv = Callable[[int, int, int], nn.Module]  # inputs, outputs, kernel
Block = Callable[[int, int], nn.Module]
Kind = Literal["hpm", "bottleneck", "wide", "parallel", "parallel_3x3"]

# Blocks that the paper compares with its own: branches of (fraction of the outputs, kernel), joined at the
# end. How wide the convolutions inside are is chosen here.
BRANCHES: dict[str, tuple[tuple[tuple[float, int], ...], ...]] = {
    "bottleneck": (((0.25, 1), (0.25, 3), (1, 1)),),
    "wide": (((0.5, 1), (0.5, 3), (1, 1)),),
    "parallel": (((0.25, 1), (0.5, 3)), ((0.25, 1), (0.25, 3), (0.5, 3))),
    "parallel_3x3": (((0.5, 3),), ((0.25, 3), (0.5, 3))),
}


def real(inputs: int, outputs: int, kernel: int = 3) -> nn.Conv2d:
    """A convolution without bias that keeps the size."""
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)


class ComparedBlock(nn.Module):
    """A residual block of parallel branches, each a row of norm, ReLU and convolution.

    `relu` as in `HPMBlock`.
    """

    def __init__(
        self, inputs: int, outputs: int, kind: Kind = "bottleneck", conv: Conv = real, relu: Relu = "before"
    ) -> None:
        super().__init__()
        self.relu = relu
        self.branches = nn.ModuleList()
        for steps in BRANCHES[kind]:
            row, width = nn.ModuleList(), inputs
            for share, kernel in steps:
                wide = int(share * outputs)
                row.append(nn.ModuleList((nn.BatchNorm2d(width), conv(width, wide, kernel))))
                width = wide
            self.branches.append(row)
        self.downsample = _skip(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """x [B, inputs, H, W] -> [B, outputs, H, W]."""
        found = []
        for row in self.branches:
            y = x
            for step in row.children():
                norm, conv = step.children()
                y = _step(y, norm, conv, self.relu)
            found.append(y)
        out: Tensor = torch.cat(found, dim=1) + (x if self.downsample is None else self.downsample(x))
        return out


def _step(x: Tensor, norm: nn.Module, conv: nn.Module, relu: Relu) -> Tensor:
    x = norm(x)
    x = conv(functional.relu(x) if relu == "before" else x)
    return functional.relu(x) if relu == "after" else x


def _skip(inputs: int, outputs: int) -> nn.Module | None:
    if inputs == outputs:
        return None
    return nn.Sequential(nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, outputs, 1, bias=False))


class HPMBlock(nn.Module):
    """Three 3x3 convolutions of C/2, C/4, C/4 channels, each seeing the one before; joined, plus the input.

    `relu` says where the activation stands: `before` each convolution (FAN; a sign then gives 0 or 1),
    `after` it (what the binary paper found best; signs are then -1 or 1), or `none`. The skip of a block that
    changes the width is norm, ReLU and a real 1x1 convolution.
    """

    def __init__(self, inputs: int, outputs: int, conv: Conv = real, relu: Relu = "before") -> None:
        super().__init__()
        half, quarter = outputs // 2, outputs // 4
        self.relu = relu
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = conv(inputs, half, 3)
        self.bn2 = nn.BatchNorm2d(half)
        self.conv2 = conv(half, quarter, 3)
        self.bn3 = nn.BatchNorm2d(quarter)
        self.conv3 = conv(quarter, quarter, 3)
        self.downsample = _skip(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """x [B, inputs, H, W] -> [B, outputs, H, W]."""
        first = _step(x, self.bn1, self.conv1, self.relu)
        second = _step(first, self.bn2, self.conv2, self.relu)
        third = _step(second, self.bn3, self.conv3, self.relu)
        skip = x if self.downsample is None else self.downsample(x)
        out: Tensor = torch.cat((first, second, third), dim=1) + skip
        return out


class HourGlass(nn.Module):
    """Pool, work and come back, `DEPTH` levels deep; level 1 is the innermost."""

    def __init__(self, block: Block, pool: Pool = "average", width: int = WIDTH) -> None:
        super().__init__()
        self.pool = functional.avg_pool2d if pool == "average" else functional.max_pool2d
        for level in range(DEPTH, 0, -1):
            self.add_module(f"b1_{level}", block(width, width))
            self.add_module(f"b2_{level}", block(width, width))
        self.add_module("b2_plus_1", block(width, width))
        for level in range(1, DEPTH + 1):
            self.add_module(f"b3_{level}", block(width, width))

    def _level(self, level: int, x: Tensor) -> Tensor:
        kept = self.get_submodule(f"b1_{level}")(x)
        low = self.get_submodule(f"b2_{level}")(self.pool(x, 2))
        low = self._level(level - 1, low) if level > 1 else self.get_submodule("b2_plus_1")(low)
        low = self.get_submodule(f"b3_{level}")(low)
        out: Tensor = kept + functional.interpolate(low, scale_factor=2, mode="nearest")
        return out

    def forward(self, x: Tensor) -> Tensor:
        """x [B, width, H, W] -> the same shape."""
        return self._level(DEPTH, x)


class FAN(nn.Module):
    """Images [B, 3, H, W] to heatmaps [B, joints, H/4, W/4] of each stack; the last is the result.

    With `sigmoid` the maps are logits in training, for `losses.sigmoid_cross_entropy`, and probabilities in
    evaluation. `width` is that of the hourglass, 256 in all published networks.
    """

    def __init__(
        self,
        joints: int,
        stacks: int,
        block: Block = HPMBlock,
        pool: Pool = "average",
        sigmoid: bool = False,
        width: int = WIDTH,
    ) -> None:
        super().__init__()
        self.stacks = stacks
        self.sigmoid = sigmoid
        self.conv1 = nn.Conv2d(3, width // 4, 7, 2, 3)
        self.bn1 = nn.BatchNorm2d(width // 4)
        self.conv2 = block(width // 4, width // 2)
        self.conv3 = block(width // 2, width // 2)
        self.conv4 = block(width // 2, width)
        self.pool = functional.avg_pool2d if pool == "average" else functional.max_pool2d
        for stack in range(stacks):
            self.add_module(f"m{stack}", HourGlass(block, pool, width))
            self.add_module(f"top_m_{stack}", block(width, width))
            self.add_module(f"conv_last{stack}", nn.Conv2d(width, width, 1))
            self.add_module(f"bn_end{stack}", nn.BatchNorm2d(width))
            self.add_module(f"l{stack}", nn.Conv2d(width, joints, 1))
            if stack < stacks - 1:
                self.add_module(f"bl{stack}", nn.Conv2d(width, width, 1))
                self.add_module(f"al{stack}", nn.Conv2d(joints, width, 1))

    def _part(self, name: str, stack: int, x: Tensor) -> Tensor:
        out: Tensor = self.get_submodule(f"{name}{stack}")(x)
        return out

    def forward(self, images: Tensor) -> list[Tensor]:
        x = functional.relu(self.bn1(self.conv1(images)))
        x = self.conv4(self.conv3(self.pool(self.conv2(x), 2)))
        maps: list[Tensor] = []
        for stack in range(self.stacks):
            top = self._part("top_m_", stack, self._part("m", stack, x))
            top = functional.relu(self._part("bn_end", stack, self._part("conv_last", stack, top)))
            maps.append(self._part("l", stack, top))
            if stack < self.stacks - 1:
                x = x + self._part("bl", stack, top) + self._part("al", stack, maps[-1])
        return [each.sigmoid() for each in maps] if self.sigmoid and not self.training else maps

    def savings(self) -> dict[str, float]:
        """What packing the weights into bits saves; empty for a real network."""
        return storage(self)


def build(
    joints: int,
    input_size: tuple[int, int],
    stacks: int = 1,
    width: int = WIDTH,
    block: Kind = "hpm",
    relu: Relu = "before",
    pool: Pool = "average",
    sigmoid: bool = False,
) -> FAN:
    """A real FAN.

    Raises:
        UsageError: P151 for a size not divisible by 64.
    """
    check_divisible("fan", input_size, STRIDE)
    return FAN(joints, stacks, _block(block, real, relu), pool, sigmoid, width)


def _block(kind: Kind, conv: Conv, relu: Relu) -> Block:
    if kind == "hpm":
        return partial(HPMBlock, conv=conv, relu=relu)
    return partial(ComparedBlock, kind=kind, conv=conv, relu=relu)


def build_binary(
    joints: int,
    input_size: tuple[int, int],
    stacks: int = 1,
    block: Kind = "hpm",
    relu: Relu = "after",
    pool: Pool = "max",
    centred: bool = False,
    sigmoid: bool = True,
    packed: bool = False,
    width: int = WIDTH,
) -> FAN:
    """A FAN whose blocks convolve signs; the first and the last layers and all 1x1 convolutions stay real.

    The defaults for `relu`, `pool` and `sigmoid` (see `FAN`) are what the binary paper found best. `packed`
    makes the network that loads what `save_packed` wrote.

    Raises:
        UsageError: P151 for a size not divisible by 64.
    """
    check_divisible("fan", input_size, STRIDE)
    conv: Conv = PackedConv if packed else partial(BinaryConv, centred=centred)
    return FAN(joints, stacks, _block(block, conv, relu), pool, sigmoid, width)
