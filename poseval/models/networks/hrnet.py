"""HRNet: branches of several resolutions side by side, fused again and again; other networks use its trunk.

Source: Sun, Xiao, Liu, Wang 2019, "Deep High-Resolution Representation Learning for Human Pose Estimation",
section 3; leoxiaobin/deep-high-resolution-net.pytorch 6f69e46, `lib/models/pose_hrnet.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from poseval.models.networks.layers import (
    BasicBlock,
    Bottleneck,
    check_divisible,
    conv3x3,
    init_normal,
    projection,
    residual_layer,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

MODULES = (1, 4, 3)  # of stages 2, 3 and 4
BLOCKS = 4  # residual blocks a branch and module
STEM = 64
STRIDES = (4, 8, 16, 32)  # of the branches, finest first
LAYER1 = STEM * Bottleneck.expansion


def _step(inputs: int, outputs: int, stride: int, activate: bool = True) -> nn.Sequential:
    layers: list[nn.Module] = [conv3x3(inputs, outputs, stride), nn.BatchNorm2d(outputs)]
    if activate:
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


class Exchange(nn.Module):
    """One module: residual blocks on each branch, then every branch from all of them.

    `outputs` is how many branches are fused; the last module of a network that ends in one branch makes just
    branch 0, and has no weights for the others. Without `fused` branches stay apart.
    """

    def __init__(self, widths: Sequence[int], outputs: int, fused: bool = True) -> None:
        super().__init__()
        self.fused = fused
        self.branches = nn.ModuleList(residual_layer(BasicBlock, width, width, BLOCKS) for width in widths)
        self.fuse_layers = nn.ModuleList(
            nn.ModuleList(_path(widths, source, target) for source in range(len(widths)))  # type: ignore[misc]
            for target in range(outputs if fused else 0)
        )
        self.relu = nn.ReLU(inplace=True)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        maps = [branch(x) for branch, x in zip(self.branches, maps, strict=True)]
        if not self.fused:
            return maps
        return [self.relu(_fused(maps, paths)) for paths in self.fuse_layers]  # type: ignore[arg-type]


def _path(widths: Sequence[int], source: int, target: int) -> nn.Sequential | None:
    """From branch `source` to `target`: 1x1 and nearest upsampling, or strided 3x3 steps, or nothing."""
    if source == target:
        return None
    if source > target:
        up = nn.Upsample(scale_factor=2 ** (source - target), mode="nearest")
        return projection(widths[source], widths[target]).append(up)
    steps = [_step(widths[source], widths[source], 2) for _ in range(target - source - 1)]
    return nn.Sequential(*steps, _step(widths[source], widths[target], 2, activate=False))


def _fused(maps: Sequence[Tensor], paths: Iterable[nn.Module | None]) -> Tensor:
    parts = [x if path is None else path(x) for x, path in zip(maps, paths, strict=True)]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _transition(before: Sequence[int], after: Sequence[int]) -> nn.ModuleList:
    """A 3x3 step where a width changes; a new branch starts by strided steps from the last earlier one."""
    layers: list[nn.Module | None] = []
    for index, width in enumerate(after):
        if index >= len(before):
            steps = index + 1 - len(before)
            chain = [_step(before[-1], before[-1], 2) for _ in range(steps - 1)]
            layers.append(nn.Sequential(*chain, _step(before[-1], width, 2)))
        else:
            layers.append(None if before[index] == width else _step(before[index], width, 1))
    return nn.ModuleList(layers)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Exchanges:
    """Modules of stages 2, 3 and 4, and which of them exchange between the branches.

    `within`: those that are not the last of their stage; `across`: the last of stages 2 and 3. The last of
    the network always does.
    """

    modules: Sequence[int] = MODULES
    within: bool = True
    across: bool = True

    def fused(self, stage: int, module: int) -> bool:
        """Whether a module, counted from 0 in its stage, exchanges."""
        last = module == self.modules[stage - 2] - 1
        if not last:
            return self.within
        return self.across or stage == len(self.modules) + 1


class HRNetTrunk(nn.Module):
    """Stem, `layer1` and the stages 2 to `stages`: images [N, 3, H, W] to branches at 1/4, 1/8, ...

    `width` is that of the finest branch (32 or 48); `keep_all` keeps all branches of the last stage, else
    only the finest is made. Networks that stand on this trunk inherit from it: their keys have no prefix.
    """

    def __init__(
        self, width: int, stages: int = 4, keep_all: bool = False, exchanges: Exchanges = Exchanges()
    ) -> None:
        super().__init__()
        self.conv1 = conv3x3(3, STEM, 2)
        self.bn1 = nn.BatchNorm2d(STEM)
        self.conv2 = conv3x3(STEM, STEM, 2)
        self.bn2 = nn.BatchNorm2d(STEM)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = residual_layer(Bottleneck, STEM, STEM, BLOCKS)
        self.stages = stages
        before: tuple[int, ...] = (LAYER1,)
        for stage in range(2, stages + 1):
            widths = tuple(width << branch for branch in range(stage))
            self.add_module(f"transition{stage - 1}", _transition(before, widths))
            modules = [
                Exchange(widths, stage, exchanges.fused(stage, module))
                for module in range(exchanges.modules[stage - 2])
            ]
            if stage == stages and not keep_all:
                modules[-1] = Exchange(widths, 1)
            self.add_module(f"stage{stage}", nn.Sequential(*modules))
            before = widths
        self.widths = before

    def branches(self, images: Tensor) -> list[Tensor]:
        """Feature maps, finest first."""
        x = self.relu(self.bn1(self.conv1(images)))
        x = self.relu(self.bn2(self.conv2(x)))
        maps = [self.layer1(x)]
        for stage in range(2, self.stages + 1):
            transition = self.get_submodule(f"transition{stage - 1}")
            maps = _moved(maps, transition)  # type: ignore[arg-type]
            maps = self.get_submodule(f"stage{stage}")(maps)
        return maps


def _moved(maps: Sequence[Tensor], transition: Iterable[nn.Module | None]) -> list[Tensor]:
    last = len(maps) - 1
    return [
        maps[index] if layer is None else layer(maps[min(index, last)])
        for index, layer in enumerate(transition)
    ]


class HRNet(HRNetTrunk):
    """Images [N, 3, H, W] to heatmaps [N, joints, H/4, W/4].

    The head reads the maps with these strides, resized (bilinear) to the finest and joined.
    """

    def __init__(
        self,
        joints: int,
        width: int = 32,
        exchanges: Exchanges = Exchanges(),
        reads: Sequence[int] = (STRIDES[0],),
    ) -> None:
        self.reads = [STRIDES.index(stride) for stride in reads]
        super().__init__(width, keep_all=self.reads != [0], exchanges=exchanges)
        self.final_layer = nn.Conv2d(sum(self.widths[branch] for branch in self.reads), joints, 1)
        init_normal(self)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.branches(images)
        size = (images.shape[2] // STRIDES[0], images.shape[3] // STRIDES[0])
        chosen = [
            maps[branch]
            if branch == 0
            else functional.interpolate(maps[branch], size=size, mode="bilinear", align_corners=False)
            for branch in self.reads
        ]
        found: Tensor = self.final_layer(chosen[0] if len(chosen) == 1 else torch.cat(chosen, dim=1))
        return found


def build(
    joints: int,
    input_size: tuple[int, int],
    width: int = 32,
    modules: Sequence[int] = MODULES,
    exchange_within: bool = True,
    exchange_across: bool = True,
    reads: Sequence[int] = (STRIDES[0],),
) -> HRNet:
    """An HRNet; any input size divisible by 32 fits.

    Raises:
        UsageError: P151 for an input size not divisible by 32.
    """
    check_divisible("hrnet", input_size, 32)
    return HRNet(joints, width, Exchanges(modules, exchange_within, exchange_across), reads)
