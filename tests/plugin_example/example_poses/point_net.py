"""The card of a network of one convolution. Reading it imports no PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poseval.models import ModelCard

if TYPE_CHECKING:
    from torch import nn

CARD = ModelCard(
    name="point_net",
    family="point_net",
    kind="heatmap",
    builder="example_poses.point_net:build",
    source="made up",
    licence="Apache-2.0",
    weights="none",
)


def build(joints: int, input_size: tuple[int, int]) -> nn.Module:
    """Images [N, 3, H, W] to heatmaps [N, joints, H/4, W/4]."""
    from torch import nn

    return nn.Conv2d(3, joints, 4, stride=4)
