"""Feature maps read between pixels, and the deformable convolution that stands on it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

KERNEL = 3
TAPS = KERNEL * KERNEL


def sample_points(features: Tensor, points: Tensor) -> Tensor:
    """Bilinear samples [B, C, ...] of features [B, C, H, W] at points [B, ..., 2] (y, x) in map pixels.

    Pixel centres have whole numbers; corners outside the map count as 0.
    """
    size = torch.tensor(features.shape[-2:], dtype=points.dtype, device=points.device)
    unit = (2 * points + 1) / size - 1
    flat = unit.flip(-1).reshape(len(points), 1, -1, 2)
    sampled = functional.grid_sample(
        features, flat, mode="bilinear", padding_mode="zeros", align_corners=False
    )
    return sampled.reshape(*features.shape[:2], *points.shape[1:-1])


def regular_grid() -> Tensor:
    """Taps of a 3x3 kernel around its centre: [2, 9], rows y and x, row by row."""
    side = torch.arange(KERNEL, dtype=torch.float32) - KERNEL // 2
    y, x = torch.meshgrid(side, side, indexing="ij")
    return torch.stack((y.flatten(), x.flatten()))


class DeformableConv(nn.Module):
    """3x3 convolution whose taps move: no bias, no modulation, stride 1, padding 1.

    Source: Dai et al. 2017, "Deformable Convolutional Networks", section 2.1.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs, KERNEL, KERNEL))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)

    def forward(self, x: Tensor, offset: Tensor) -> Tensor:
        """x [B, inputs, H, W]; offset [B, 9, 2, H, W], (dy, dx) of each tap -> [B, outputs, H, W]."""
        batch, channels, height, width = x.shape
        rows = torch.arange(height, dtype=x.dtype, device=x.device)
        columns = torch.arange(width, dtype=x.dtype, device=x.device)
        place = torch.stack(torch.meshgrid(rows, columns, indexing="ij"))
        taps = regular_grid().to(x).T[:, :, None, None]
        points = (place + taps + offset).permute(0, 1, 3, 4, 2)
        sampled = sample_points(x, points).reshape(batch, channels * TAPS, height * width)
        out: Tensor = self.weight.flatten(1) @ sampled
        return out.reshape(batch, -1, height, width)
