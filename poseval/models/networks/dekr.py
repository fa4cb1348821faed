"""DEKR: people found bottom-up by a centre map, their joints regressed by features that adapt to each joint.

Source: Geng et al. 2021, "Bottom-Up Human Pose Estimation Via Disentangled Keypoint Regression"; reference
program HRNet/DEKR 7a30313, `lib/models/hrnet_dekr.py` and `lib/models/predictOKS.py`.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from poseval.models.networks.hrnet import HRNetTrunk
from poseval.models.networks.layers import BasicBlock, check_divisible, conv3x3, init_normal
from poseval.models.networks.sampling import TAPS, DeformableConv, regular_grid

OFFSET_WIDTH = 15  # channels of each joint's own features
ADAPT_BLOCKS = 2
RESCORE_WIDTH = 256
Convolution = Literal["adaptive", "deformable", "plain"]


class PlainBlock(nn.Module):
    """A residual 3x3 convolution."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = conv3x3(width, width)
        self.bn = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """x [B, C, H, W] -> the same shape."""
        out: Tensor = self.relu(self.bn(self.conv(x)) + x)
        return out


class FreeBlock(nn.Module):
    """A residual deformable convolution whose nine taps move freely, pixel by pixel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.offset_conv = nn.Conv2d(width, 2 * TAPS, 3, padding=1)
        self.adapt_conv = DeformableConv(width, width)
        self.bn = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """x [B, C, H, W] -> the same shape."""
        offset = self.offset_conv(x).reshape(len(x), TAPS, 2, *x.shape[2:])
        out: Tensor = self.relu(self.bn(self.adapt_conv(x, offset)) + x)
        return out


class AdaptBlock(nn.Module):
    """A residual deformable convolution whose taps follow an affine map of the 3x3 grid, pixel by pixel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.regular_matrix: Tensor
        self.register_buffer("regular_matrix", regular_grid())
        self.transform_matrix_conv = nn.Conv2d(width, 4, 3, padding=1)
        self.translation_conv = nn.Conv2d(width, 2, 3, padding=1)
        self.adapt_conv = DeformableConv(width, width)
        self.bn = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)

    def offset(self, x: Tensor) -> Tensor:
        """How far each tap moves [B, 9, 2, H, W], (dy, dx): A G - G + t."""
        batch, _, height, width = x.shape
        matrix = self.transform_matrix_conv(x).reshape(batch, 2, 2, height, width)
        moved = torch.einsum("bijhw,jt->btihw", matrix, self.regular_matrix)
        shift = self.translation_conv(x)[:, None]
        offset: Tensor = moved - self.regular_matrix.T.reshape(1, TAPS, 2, 1, 1) + shift
        return offset

    def forward(self, x: Tensor) -> Tensor:
        """x [B, C, H, W] -> the same shape."""
        out: Tensor = self.relu(self.bn(self.adapt_conv(x, self.offset(x))) + x)
        return out


def _transition(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


class DEKR(HRNetTrunk):
    """Images [B, 3, H, W] to heatmaps [B, joints + 1, H/4, W/4] (the last is the centre) and offsets.

    Offsets [B, 2 * joints, H/4, W/4] point from a joint to the pixel, x and y in turn: pose = pixel - offset.
    They come from blocks of the kind `convolution`, with `separate` each joint's own, else from one branch.
    With `snap` the test procedure moves each joint to the nearest maximum of its heatmap.
    """

    def __init__(
        self,
        joints: int,
        width: int = 32,
        convolution: Convolution = "adaptive",
        separate: bool = True,
        snap: bool = False,
    ) -> None:
        super().__init__(width, keep_all=True)
        self.branches_of_offsets = joints if separate else 1
        self.snap = snap
        inner, block = OFFSET_WIDTH * (1 if separate else joints), BLOCKS[convolution]
        outputs = 2 * joints // self.branches_of_offsets
        count = range(self.branches_of_offsets)
        channels = sum(self.widths)
        self.transition_heatmap = _transition(channels, width)
        self.transition_offset = _transition(channels, OFFSET_WIDTH * joints)
        self.head_heatmap = nn.Sequential(
            nn.Sequential(BasicBlock(width, width)), nn.Conv2d(width, joints + 1, 1)
        )
        self.offset_feature_layers = nn.ModuleList(
            nn.Sequential(*(block(inner) for _ in range(ADAPT_BLOCKS))) for _ in count
        )
        self.offset_final_layer = nn.ModuleList(nn.Conv2d(inner, outputs, 1) for _ in count)
        init_normal(self)
        for part in self.modules():
            if isinstance(part, AdaptBlock):
                nn.init.zeros_(part.transform_matrix_conv.weight)
                nn.init.zeros_(part.translation_conv.weight)
            elif isinstance(part, FreeBlock):
                nn.init.zeros_(part.offset_conv.weight)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.branches(images)
        size = maps[0].shape[2:]
        grown = [functional.interpolate(x, size=size, mode="bilinear", align_corners=False) for x in maps[1:]]
        x = torch.cat((maps[0], *grown), dim=1)
        heatmaps = self.head_heatmap(self.transition_heatmap(x))
        features = self.transition_offset(x).chunk(self.branches_of_offsets, dim=1)
        offsets = [
            final(adapt(own))
            for own, adapt, final in zip(
                features, self.offset_feature_layers, self.offset_final_layer, strict=True
            )
        ]
        return heatmaps, torch.cat(offsets, dim=1)


BLOCKS: dict[str, type[AdaptBlock] | type[FreeBlock] | type[PlainBlock]] = {
    "adaptive": AdaptBlock,
    "deformable": FreeBlock,
    "plain": PlainBlock,
}


class RescoreNet(nn.Module):
    """Predicts the OKS of a pose from its shape and its scores: features [N, F] to [N, 1]."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.l1 = nn.Linear(features, RESCORE_WIDTH)
        self.l2 = nn.Linear(RESCORE_WIDTH, RESCORE_WIDTH)
        self.l3 = nn.Linear(RESCORE_WIDTH, 1)

    def forward(self, features: Tensor) -> Tensor:
        x = functional.relu(self.l1(features))
        out: Tensor = self.l3(functional.relu(self.l2(x)))
        return out


def build(
    joints: int,
    input_size: tuple[int, int],
    width: int = 32,
    convolution: Convolution = "adaptive",
    separate: bool = True,
    snap: bool = False,
) -> DEKR:
    """A DEKR; any input size divisible by 32 fits, the published ones are multiples of 64.

    Raises:
        UsageError: P151 for an input size not divisible by 32.
    """
    check_divisible("dekr", input_size, 32)
    return DEKR(joints, width, convolution, separate, snap)
