"""The demo's network: a small residual pyramid that goes down to 1/16 and back up to 1/4.

Our own design: the backbone of a ResNet in small widths (He et al. 2016), and the top-down path with lateral
connections of Lin et al. 2017, "Feature Pyramid Networks", summed and smoothed by one convolution per level.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from poseval.models.networks.layers import BasicBlock, check_divisible, conv3x3, init_normal, residual_layer

WIDTHS = (24, 40, 72, 128)
LEVELS = 3  # 1/4, 1/8, 1/16


class SynthSmall(nn.Module):
    """Images [N, 3, H, W] to heatmaps [N, joints, H/4, W/4]; `widths` are those of 1/2, 1/4, 1/8 and 1/16."""

    def __init__(self, joints: int, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.stem = _convolution(3, widths[0], 2)
        pairs = list(pairwise(widths))
        self.down = nn.ModuleList(residual_layer(BasicBlock, a, b, 2, 2) for a, b in pairs)
        self.lateral = nn.ModuleList(nn.Conv2d(b, a, 1, bias=False) for a, b in pairs[1:])
        self.smooth = nn.ModuleList(_convolution(a, a) for a, _ in pairs[1:])
        self.final = nn.Conv2d(widths[1], joints, 1)
        for part in (self.stem, *self.down, *self.lateral, *self.smooth):
            _init(part)
        init_normal(self.final)

    def forward(self, images: Tensor) -> Tensor:
        x = self.stem(images)
        levels = []
        for layer in self.down:
            x = layer(x)
            levels.append(x)
        for level in reversed(range(LEVELS - 1)):
            up = nn.functional.interpolate(self.lateral[level](x), scale_factor=2.0, mode="nearest")
            x = self.smooth[level](levels[level] + up)
        maps: Tensor = self.final(x)
        return maps


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(conv3x3(inputs, outputs, stride), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def _init(module: nn.Module) -> None:
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")


def build(joints: int, input_size: tuple[int, int], widths: Sequence[int] = WIDTHS) -> SynthSmall:
    """The demo's network; any input size divisible by 16 fits.

    Raises:
        UsageError: P151 for a size not divisible by 16.
    """
    check_divisible("synth_small", input_size, 16)
    return SynthSmall(joints, widths)
