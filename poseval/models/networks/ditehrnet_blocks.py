"""Blocks of Dite-HRNet: kernels mixed for every image, and gates that see the whole map.

Source: Li et al. 2022, "Dite-HRNet: Dynamic Lightweight High-Resolution Network for Human Pose Estimation",
sections 3.2 and 3.3; reference program ZiyiZhang27/Dite-HRNet `models/backbones/ditehrnet.py` (c980e9d).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

GROUPS = (1, 1, 2, 4)  # of the split convolution, by branch
KERNELS = (4, 4, 2, 1)  # in the bank of the dynamic convolution, by branch
CONTEXT_REDUCTION = (4, 4, 8, 8)  # of the global context gate, by branch
DENSE_REDUCTION = 8
ATTENTION_REDUCTION = 4

Maps = list[Tensor]


@dataclass(frozen=True)
class Parts:
    """What the paper switches; a part that is off is left out, or is a plain convolution.

    `split`: depthwise convolutions of several sizes, else one of 3x3. `dynamic`: kernels mixed for every
    image, else one kernel. `dense_context` and `global_context`: the two gates. `groups`, `kernels` and
    `reductions` (of the global context gate) are by branch, finest first.
    """

    split: bool = True
    dynamic: bool = True
    dense_context: bool = True
    global_context: bool = True
    groups: Sequence[int] = GROUPS
    kernels: Sequence[int] = KERNELS
    reductions: Sequence[int] = CONTEXT_REDUCTION
    dense_reduction: int = DENSE_REDUCTION

    def gate(self, channels: int, branch: int = 0) -> nn.Module:
        """The global context gate of a branch."""
        if not self.global_context:
            return nn.Identity()
        return GlobalContext(channels, self.reductions[branch])

    def depthwise(self, channels: int, branch: int) -> SplitConv:
        """The depthwise convolutions of a branch."""
        kernels = self.kernels[branch] if self.dynamic else 1
        return SplitConv(channels, self.groups[branch] if self.split else 1, kernels)


class KernelAttention(nn.Module):
    """Weights of the kernels in a bank, from the mean of the map: two 1x1 convolutions and a sigmoid."""

    def __init__(self, channels: int, kernels: int) -> None:
        super().__init__()
        middle = channels // ATTENTION_REDUCTION
        self.conv1 = nn.Conv2d(channels, middle, 1, bias=False)
        self.bn = nn.BatchNorm2d(middle)
        self.conv2 = nn.Conv2d(middle, kernels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """x [B, C, H, W] -> weights [B, kernels]."""
        x = functional.relu(self.bn(self.conv1(x.mean((2, 3), keepdim=True))))
        return torch.sigmoid(self.conv2(x)).flatten(1)


class KernelBank(nn.Module):
    """The bank of kernels [K, O, I / groups, k, k] that is mixed for every image."""

    def __init__(self, inputs: int, outputs: int, kernel: int, groups: int, kernels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(kernels, outputs, inputs // groups, kernel, kernel))
        for each in self.weight:
            nn.init.kaiming_normal_(each.data)

    def forward(self, attention: Tensor) -> Tensor:
        """Attention [B, K] -> kernels [B, O, I / groups, k, k]."""
        mixed = attention @ self.weight.flatten(1)
        return mixed.reshape(len(attention), *self.weight.shape[1:])


class DynamicConv(nn.Module):
    """Convolution whose kernel is a weighted sum of a bank, with weights of the image's own (section 3.2)."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int, groups: int, kernels: int
    ) -> None:
        super().__init__()
        self.stride = stride
        self.padding = kernel // 2
        self.groups = groups
        self.attention = KernelAttention(inputs, kernels)
        self.aggregation = KernelBank(inputs, outputs, kernel, groups, kernels)

    def forward(self, x: Tensor) -> Tensor:
        """x [B, inputs, H, W] -> [B, outputs, H / stride, W / stride]."""
        weight = self.aggregation(self.attention(x))
        batch = len(x)
        # One grouped convolution serves the batch: images become groups.
        out = functional.conv2d(
            x.reshape(1, -1, *x.shape[2:]),
            weight.flatten(0, 1),
            stride=self.stride,
            padding=self.padding,
            groups=self.groups * batch,
        )
        return out.reshape(batch, -1, *out.shape[2:])


class ConvNorm(nn.Module):
    """Convolution (dynamic where it has more than one kernel), norm, and a ReLU if wanted."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        kernels: int = 1,
        relu: bool = False,
    ) -> None:
        super().__init__()
        self.conv: nn.Module
        if kernels > 1:
            self.conv = DynamicConv(inputs, outputs, kernel, stride, groups, kernels)
        else:
            self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs)
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        """x [B, inputs, H, W] -> [B, outputs, H / stride, W / stride]."""
        out: Tensor = self.bn(self.conv(x))
        return functional.relu(out) if self.relu else out


def shuffled(x: Tensor, groups: int) -> Tensor:
    """Channels of x [B, C, H, W] dealt out over `groups`, as ShuffleNet does."""
    return x.reshape(len(x), groups, -1, *x.shape[2:]).transpose(1, 2).flatten(1, 2)


class SplitConv(nn.Module):
    """Depthwise convolutions of growing size over groups of channels, then a shuffle (section 3.2).

    Group i has kernel 3 + 2 i. The groups divide the channels, or the shuffle could not deal them out.
    """

    def __init__(self, channels: int, groups: int, kernels: int) -> None:
        super().__init__()
        self.width = channels // groups
        self.conv = nn.ModuleList(
            ConvNorm(self.width, self.width, 3 + 2 * index, groups=self.width, kernels=kernels)
            for index in range(groups)
        )

    def forward(self, x: Tensor) -> Tensor:
        """x [B, C, H, W] -> the same shape."""
        parts = [conv(part) for conv, part in zip(self.conv, torch.split(x, self.width, dim=1), strict=True)]
        return shuffled(torch.cat(parts, dim=1), len(parts)) if len(parts) > 1 else parts[0]


def channel_gate(channels: int, reduction: int) -> nn.Sequential:
    """1x1, norm, ReLU, 1x1, sigmoid."""
    middle = channels // reduction
    return nn.Sequential(
        nn.Conv2d(channels, middle, 1, bias=False),
        nn.BatchNorm2d(middle),
        nn.ReLU(),
        nn.Conv2d(middle, channels, 1),
        nn.Sigmoid(),
    )


class GlobalContext(nn.Module):
    """GCM: a channel gate from one attention-weighted sum of the whole map, then a norm (section 3.3)."""

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        self.conv_mask = nn.Conv2d(channels, 1, 1)
        self.channel_attention = channel_gate(channels, reduction)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """x [B, C, H, W] -> the same shape."""
        mask = self.conv_mask(x).flatten(2).softmax(dim=2)
        context = x.flatten(2) @ mask.transpose(1, 2)
        out: Tensor = self.bn(x * self.channel_attention(context[..., None]))
        return out


class DenseContext(nn.Module):
    """DCM: gates for all branches at once, at the resolution of the smallest (section 3.3).

    The softmax runs over the whole map. The reference program then sums not two-dimensional blocks but
    contiguous runs of memory: it reads [C, H * W] as [cells, C, run] without moving any number, so that
    channels and places mix, and trained weights rely on it. The smallest branch's mask is never used.
    """

    def __init__(self, widths: Sequence[int], reduction: int) -> None:
        super().__init__()
        self.widths = list(widths)
        self.conv_mask = nn.ModuleList(nn.Conv2d(width, 1, 1) for width in widths)
        self.channel_attention = channel_gate(sum(widths), reduction)

    def forward(self, maps: Maps) -> Maps:
        """Maps of all branches, largest first -> gated maps of the same shapes."""
        smallest = maps[-1]
        cells = smallest.shape[2] * smallest.shape[3]
        pooled = []
        for x, conv in zip(maps[:-1], self.conv_mask, strict=False):
            batch, channels = x.shape[:2]
            mask = conv(x).flatten(2).softmax(dim=2).reshape(batch, cells, -1, 1)
            runs = x.reshape(batch, cells, channels, -1) @ mask
            pooled.append(runs.transpose(1, 2).reshape(batch, channels, *smallest.shape[2:]))
        gates = self.channel_attention(torch.cat([*pooled, smallest], dim=1)).split(self.widths, dim=1)
        return [
            x * functional.interpolate(gate, size=x.shape[2:], mode="nearest")
            for x, gate in zip(maps, gates, strict=True)
        ]


class ContextBlock(nn.Module):
    """DMC: half of the channels of every branch pass through; the other half is gated, convolved, gated."""

    def __init__(self, widths: Sequence[int], parts: Parts) -> None:
        super().__init__()
        halves = [width // 2 for width in widths]
        self.dcm = DenseContext(halves, parts.dense_reduction) if parts.dense_context else None
        self.conv = nn.ModuleList(parts.depthwise(half, branch) for branch, half in enumerate(halves))
        self.gcm = nn.ModuleList(parts.gate(half, branch) for branch, half in enumerate(halves))

    def forward(self, maps: Maps) -> Maps:
        """Maps of all branches -> maps of the same shapes."""
        halves = [x.chunk(2, dim=1) for x in maps]
        worked = [second for _, second in halves]
        if self.dcm is not None:
            worked = self.dcm(worked)
        worked = [gcm(conv(x)) for x, conv, gcm in zip(worked, self.conv, self.gcm, strict=True)]
        return [
            shuffled(torch.cat((first, second), dim=1), 2)
            for (first, _), second in zip(halves, worked, strict=True)
        ]
