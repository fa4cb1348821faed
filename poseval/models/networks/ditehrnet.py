"""Dite-HRNet: a light high-resolution network with dynamic kernels and context gates.

Source: Li et al. 2022, "Dite-HRNet: Dynamic Lightweight High-Resolution Network for Human Pose Estimation";
reference program ZiyiZhang27/Dite-HRNet `models/backbones/ditehrnet.py` (c980e9d).

The reference program fuses its branches in place, so that a branch is counted twice and later rows read what
earlier rows wrote. Published weights were trained with that; `fixed=True` fuses as the paper says, to
train anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from poseval.errors import UsageError
from poseval.models.networks.ditehrnet_blocks import (
    CONTEXT_REDUCTION,
    DENSE_REDUCTION,
    GROUPS,
    KERNELS,
    ContextBlock,
    ConvNorm,
    Maps,
    Parts,
    shuffled,
)
from poseval.models.networks.layers import check_divisible
from poseval.models.schema import typed

WIDTHS = (40, 80, 160, 320)
STEM_WIDTH = 32
STEM_EXPANDED = 16
STEM_NARROW = 4
STEM_KERNELS = 4
BLOCKS_PER_MODULE = 2
OFFICIAL = Parts()


def separable(inputs: int, outputs: int, stride: int, relu: bool) -> nn.Sequential:
    """Depthwise 3x3 and 1x1 convolution, each with its norm; a ReLU at the end if wanted."""
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False),
        nn.BatchNorm2d(inputs),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        *([nn.ReLU()] if relu else []),
    )


def _fuse_path(target: int, source: int, widths: Sequence[int]) -> nn.Module:
    """What brings branch `source` to the size and width of branch `target`."""
    if source == target:
        return nn.Identity()
    if source > target:
        return nn.Sequential(
            nn.Conv2d(widths[source], widths[target], 1, bias=False),
            nn.BatchNorm2d(widths[target]),
            nn.Upsample(scale_factor=2 ** (source - target), mode="nearest"),
        )
    steps = target - source
    return nn.Sequential(
        *(separable(widths[source], widths[source], 2, relu=True) for _ in range(steps - 1)),
        separable(widths[source], widths[target], 2, relu=False),
    )


class FuseModule(nn.Module):
    """Two context blocks and the exchange between all branches."""

    def __init__(self, widths: Sequence[int], fixed: bool, parts: Parts) -> None:
        super().__init__()
        self.fixed = fixed
        self.layers = nn.Sequential(*(ContextBlock(widths, parts) for _ in range(BLOCKS_PER_MODULE)))
        branches = range(len(widths))
        self.fuse_layers = nn.ModuleList(
            nn.ModuleList(_fuse_path(target, source, widths) for source in branches) for target in branches
        )

    def forward(self, maps: Maps) -> Maps:
        """Maps of all branches -> fused maps of the same shapes."""
        maps = self.layers(maps)
        if not self.fixed:
            return self._fuse_in_place(maps)
        return [functional.relu(self._row(row, maps)) for row in range(len(maps))]

    def _path(self, row: int, source: int, x: Tensor) -> Tensor:
        path = self.fuse_layers.get_submodule(f"{row}.{source}")
        out: Tensor = path(x)
        return out

    def _row(self, row: int, maps: Maps) -> Tensor:
        return reduce(torch.add, (self._path(row, source, x) for source, x in enumerate(maps)))

    def _fuse_in_place(self, maps: Maps) -> Maps:
        """The exchange with the reference program's aliasing: row 0 writes over branch 0 while it is read.

        Branch 0 counts twice in every row; rows after the first read it fused and after the ReLU. The path
        from it runs twice, as there, so that the norms' running moments move twice in training.
        """
        maps = [functional.relu(maps[0] + self._row(0, maps)), *maps[1:]]
        rest = range(1, len(maps))
        return [
            maps[0],
            *(functional.relu(self._path(row, 0, maps[0]) + self._row(row, maps)) for row in rest),
        ]


class Stem(nn.Module):
    """A convolution, then two branches of dynamic convolutions, each over half of its channels."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        half = STEM_WIDTH // 2
        kernels = STEM_KERNELS if parts.dynamic else 1
        self.conv1 = ConvNorm(3, STEM_WIDTH, 3, stride=2, relu=True)
        self.branch1 = nn.Sequential(
            ConvNorm(half, half, 3, stride=2, groups=half, kernels=kernels),
            parts.gate(half),
            ConvNorm(half, half, 1, relu=True, kernels=kernels),
        )
        self.branch2 = nn.Sequential(
            ConvNorm(half, half, 3, groups=half, kernels=kernels),
            parts.gate(half),
            ConvNorm(half, STEM_NARROW, 1, relu=True, kernels=kernels),
            ConvNorm(STEM_NARROW, STEM_EXPANDED, 1, kernels=kernels),
            ConvNorm(
                STEM_EXPANDED,
                STEM_EXPANDED,
                3,
                stride=2,
                groups=STEM_EXPANDED,
                relu=True,
                kernels=kernels,
            ),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Images [B, 3, H, W] -> [B, 32, H / 4, W / 4]."""
        first, second = self.conv1(x).chunk(2, dim=1)
        return shuffled(torch.cat((self.branch1(first), self.branch2(second)), dim=1), 2)


class SeparableProjection(nn.Module):
    """Depthwise 3x3 and 1x1 convolution with norms, ReLU after the second."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.depthwise_conv = ConvNorm(inputs, inputs, 3, groups=inputs)
        self.pointwise_conv = ConvNorm(inputs, outputs, 1, relu=True)

    def forward(self, x: Tensor) -> Tensor:
        """x [B, inputs, H, W] -> [B, outputs, H, W]."""
        out: Tensor = self.pointwise_conv(self.depthwise_conv(x))
        return out


class IterativeHead(nn.Module):
    """From the smallest branch up: project, resize (corners aligned), add to the next larger branch."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        upward = [*reversed(widths), widths[0]]
        self.projects = nn.ModuleList(SeparableProjection(*pair) for pair in pairwise(upward))

    def forward(self, maps: Maps) -> Maps:
        """Maps of all branches, largest first -> projected maps, largest first."""
        out: Maps = []
        for x, project in zip(reversed(maps), self.projects, strict=True):
            if out:
                x = x + functional.interpolate(out[-1], size=x.shape[2:], mode="bilinear", align_corners=True)
            out.append(project(x))
        return out[::-1]


class Backbone(nn.Module):
    """Stem, three stages of two to four branches, and the iterative head."""

    def __init__(self, modules: Sequence[int], fixed: bool, parts: Parts) -> None:
        super().__init__()
        self.stem = Stem(parts)
        self.stages = len(modules)
        for stage, count in enumerate(modules):
            widths = WIDTHS[: stage + 2]
            self.add_module(f"transition{stage}", _transition(stage))
            self.add_module(
                f"stage{stage}", nn.Sequential(*(FuseModule(widths, fixed, parts) for _ in range(count)))
            )
        self.head_layer = IterativeHead(WIDTHS)

    def forward(self, x: Tensor) -> Maps:
        """Images [B, 3, H, W] -> the largest map [B, 40, H / 4, W / 4], in a list of one."""
        maps: Maps = [self.stem(x)]
        for stage in range(self.stages):
            # A stage's new branch grows from the smallest map; the first stage grows both from the stem.
            transition = self.get_submodule(f"transition{stage}")
            sources = [*maps, maps[-1]]
            maps = [path(x) for x, path in zip(sources, transition.children(), strict=True)]
            maps = self.get_submodule(f"stage{stage}")(maps)
        out: Maps = self.head_layer(maps)
        return out[:1]


def _transition(stage: int) -> nn.ModuleList:
    """Paths into the branches of a stage: the first stage widens the stem, later ones add a branch."""
    if stage == 0:
        return nn.ModuleList(
            (
                separable(STEM_WIDTH, WIDTHS[0], 1, relu=True),
                nn.Sequential(separable(STEM_WIDTH, WIDTHS[1], 2, relu=True)),
            )
        )
    added = nn.Sequential(separable(WIDTHS[stage], WIDTHS[stage + 1], 2, relu=True))
    return nn.ModuleList([*(nn.Identity() for _ in range(stage + 1)), added])


class KeypointHead(nn.Module):
    """One 1x1 convolution to heatmaps."""

    def __init__(self, inputs: int, joints: int) -> None:
        super().__init__()
        self.final_layer = nn.Conv2d(inputs, joints, 1)

    def forward(self, x: Tensor) -> Tensor:
        """x [B, inputs, H, W] -> heatmaps [B, joints, H, W]."""
        out: Tensor = self.final_layer(x)
        return out


class DiteHRNet(nn.Module):
    """Dite-HRNet with its heatmap head. `modules` is the number of fuse modules per stage."""

    def __init__(
        self,
        modules: Sequence[int] = (2, 4, 2),
        joints: int = 17,
        fixed: bool = False,
        parts: Parts = OFFICIAL,
    ) -> None:
        super().__init__()
        self.backbone = Backbone(modules, fixed, parts)
        self.keypoint_head = KeypointHead(WIDTHS[0], joints)

    def forward(self, x: Tensor) -> Tensor:
        """Images [B, 3, H, W] -> heatmaps [B, joints, H / 4, W / 4]."""
        out: Tensor = self.keypoint_head(self.backbone(x)[0])
        return out


def build(
    joints: int,
    input_size: tuple[int, int],
    modules: Sequence[int] = (2, 4, 2),
    fixed: bool = False,
    split: bool = True,
    dynamic: bool = True,
    dense_context: bool = True,
    global_context: bool = True,
    groups: Sequence[int] = GROUPS,
    kernels: Sequence[int] = KERNELS,
    reductions: Sequence[int] = CONTEXT_REDUCTION,
    dense_reduction: int = DENSE_REDUCTION,
) -> DiteHRNet:
    """A Dite-HRNet; `fixed` fuses as the paper says, which published weights do not expect.

    Raises:
        UsageError: P151 for a size not divisible by 32, P152 for groups that do not divide a branch.
    """
    check_divisible("ditehrnet", input_size, 32)
    split_widths = [width // 2 for width in WIDTHS]  # the other half of a branch passes through
    if split and any(width % count for width, count in zip(split_widths, groups, strict=True)):
        raise UsageError(
            "P152",
            where="model ditehrnet",
            what=f"groups {typed(tuple(groups))} do not divide the channels of the split convolutions",
            wanted=f"divisors of {', '.join(map(str, split_widths))}",
        )
    parts = Parts(split, dynamic, dense_context, global_context, groups, kernels, reductions, dense_reduction)
    return DiteHRNet(modules, joints, fixed, parts)
