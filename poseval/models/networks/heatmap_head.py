"""The plain heatmap head: transposed convolutions that double the map, then 1x1 to one map per joint.

Source: Xiao, Wu, Wei 2018, section 2.1; set on backbones that come without a pose head of their own.
"""

from __future__ import annotations

from torch import Tensor, nn

from poseval.models.networks.layers import init_normal
from poseval.models.networks.simplebaseline import upsampling

WIDTH = 256
KERNEL = 4


class HeatmapHead(nn.Module):
    """Maps [B, inputs, H, W] to heatmaps [B, joints, H * 2**doublings, W * 2**doublings]."""

    def __init__(self, inputs: int, joints: int, doublings: int, width: int = WIDTH) -> None:
        super().__init__()
        self.deconv_layers = upsampling(inputs, (width,) * doublings, (KERNEL,) * doublings)
        self.final_layer = nn.Conv2d(width, joints, 1)
        init_normal(self)

    def forward(self, features: Tensor) -> Tensor:
        maps: Tensor = self.final_layer(self.deconv_layers(features))
        return maps


class BackbonePose(nn.Module):
    """A backbone without classifier and a heatmap head: images [B, 3, H, W] to maps [B, joints, H/4, W/4]."""

    def __init__(
        self, backbone: nn.Module, width: int, joints: int, doublings: int, head_width: int = WIDTH
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.keypoint_head = HeatmapHead(width, joints, doublings, head_width)

    def forward(self, images: Tensor) -> Tensor:
        maps: Tensor = self.keypoint_head(self.backbone(images))
        return maps
