"""PS-ViT: a vision transformer that moves its sampling points from layer to layer.

Source: Yue et al. 2021, "Vision Transformer with Progressive Sampling"; reference program yuexy/PS-ViT
`models/ps_vit.py` (a63a397).

Points are (y, x) in pixels of the stem's map and are listed x-major: index = column * rows + row. Attention
over the token set does not see the order, so a row-major build would give equal logits and different tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from poseval.models.networks.heatmap_head import WIDTH, BackbonePose
from poseval.models.networks.layers import check_divisible
from poseval.models.networks.sampling import sample_points

STEM_STRIDE = 4
MLP_RATIO = 3
BOTTLENECK_WIDTH = 64


@dataclass(frozen=True)
class Size:
    """Widths and depths of one variant; `stem` are the outputs of the stem's two bottlenecks."""

    width: int
    depth: int
    heads: int
    stem: tuple[int, int]


TINY = Size(width=192, depth=12, heads=3, stem=(192, 192))
BASE = Size(width=384, depth=14, heads=6, stem=(256, 384))


def regular_points(grid: tuple[int, int], extent: tuple[int, int]) -> Tensor:
    """Cell centres of a (rows, columns) grid over an `extent` of (H, W) pixels, as (y, x), listed x-major.

    Each is rounded to float32 as the reference program rounds it: the cell's edge, then half a cell more.
    Returns [1, rows * columns, 2] float32.
    """
    y, x = (
        torch.arange(count, dtype=torch.float32) * side / count + side / count / 2
        for count, side in zip(grid, extent, strict=True)
    )
    column, row = torch.meshgrid(x, y, indexing="ij")
    return torch.stack((row, column), dim=-1).reshape(1, -1, 2)


class Bottleneck(nn.Module):
    """Residual 1x1, 3x3, 1x1 without stride; the skip is a 1x1 convolution where the width changes."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, BOTTLENECK_WIDTH, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(BOTTLENECK_WIDTH)
        self.conv2 = nn.Conv2d(BOTTLENECK_WIDTH, BOTTLENECK_WIDTH, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(BOTTLENECK_WIDTH)
        self.conv3 = nn.Conv2d(BOTTLENECK_WIDTH, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module | None = None
        if inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """x [B, inputs, H, W] -> [B, outputs, H, W]."""
        out = functional.relu(self.bn1(self.conv1(x)))
        out = functional.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return functional.relu(out + (x if self.downsample is None else self.downsample(x)))


class PointAttention(nn.Module):
    """Multi-head self-attention without bias on query, key and value; scale head_dim ** -0.5.

    The published B models were evaluated with this scale; the reference program's width ** -0.5 applies only
    when its factory is called with `pretrained=True`.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """x [B, N, width] -> [B, N, width]."""
        batch, count, width = x.shape
        split = self.qkv(x).reshape(batch, count, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        out: Tensor = self.proj(mixed.transpose(1, 2).reshape(batch, count, width))
        return out


class Mlp(nn.Module):
    """Two linear layers with a GELU between."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, MLP_RATIO * width)
        self.fc2 = nn.Linear(MLP_RATIO * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """x [B, N, width] -> [B, N, width]."""
        out: Tensor = self.fc2(functional.gelu(self.fc1(x)))
        return out


class TransformerLayer(nn.Module):
    """Pre-norm attention and MLP, each with a skip."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = PointAttention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = Mlp(width)

    def forward(self, x: Tensor) -> Tensor:
        """x [B, N, width] -> [B, N, width]."""
        x = x + self.attn(self.norm1(x))
        out: Tensor = x + self.mlp(self.norm2(x))
        return out


@dataclass(frozen=True)
class Sampling:
    """How points move: `iterations` of sampling, a position layer `shared` by all or one for each.

    Offsets are multiplied by `gamma`. Without `progressive` all iterations sample the regular grid.
    """

    iterations: int = 4
    shared: bool = True
    gamma: float = 1.0
    progressive: bool = True


class SamplingLayer(nn.Module):
    """Move the points, sample the map there, mix the tokens, and say where to move next."""

    def __init__(self, size: Size, position_layer: nn.Linear, last: bool, gamma: float = 1.0) -> None:
        super().__init__()
        self.gamma = gamma
        self.transformer_layer = TransformerLayer(size.width, size.heads)
        self.position_layer = position_layer
        self.offset_layer: nn.Linear | None = None
        if not last:
            self.offset_layer = nn.Linear(size.width, 2)
            nn.init.zeros_(self.offset_layer.weight)
            nn.init.zeros_(self.offset_layer.bias)

    def forward(
        self, features: Tensor, points: Tensor, offset: Tensor | None, tokens: Tensor | None
    ) -> tuple[Tensor, Tensor | None, Tensor]:
        """Map [B, C, H, W], points and offset [B, N, 2] in map pixels, previous tokens [B, N, C].

        Returns the tokens, the next offset (None in the last layer) and the points that were sampled. An
        offset learns through the samples of its own step alone; positions and later points see it detached.
        """
        moved = points if offset is None else points + self.gamma * offset
        points = moved.detach()
        extent = torch.tensor(features.shape[-2:], dtype=points.dtype, device=points.device)
        out = sample_points(features, moved).transpose(1, 2) + self.position_layer(points / extent)
        if tokens is not None:
            out = out + tokens
        out = self.transformer_layer(out)
        return out, None if self.offset_layer is None else self.offset_layer(out), points


class PSViT(nn.Module):
    """PS-ViT in the published layout. `input_size` (H, W) in pixels, `grid` (rows, columns) of points.

    `classes` None leaves class token, norm and head away, and `forward` returns the token map
    [B, width, rows, columns].
    """

    def __init__(
        self,
        size: Size = BASE,
        grid: tuple[int, int] = (14, 14),
        input_size: tuple[int, int] = (224, 224),
        classes: int | None = 1000,
        sampling: Sampling = Sampling(),
    ) -> None:
        super().__init__()
        self.grid = grid
        self.classes = classes
        if classes is not None:
            self.cls_token = nn.Parameter(torch.zeros(1, 1, size.width))
        extent = (input_size[0] // STEM_STRIDE, input_size[1] // STEM_STRIDE)
        self.point_coord: Tensor
        self.register_buffer("point_coord", regular_points(grid, extent))
        if sampling.shared:
            self.pos_layer = nn.Linear(2, size.width)
        self.stem = nn.Sequential(
            nn.Conv2d(3, BOTTLENECK_WIDTH, 7, 2, 3, bias=False),
            nn.BatchNorm2d(BOTTLENECK_WIDTH),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
            Bottleneck(BOTTLENECK_WIDTH, size.stem[0]),
            Bottleneck(size.stem[0], size.stem[1]),
        )
        self.ps_layers = nn.ModuleList(
            SamplingLayer(
                size,
                self.pos_layer if sampling.shared else nn.Linear(2, size.width),
                last=not sampling.progressive or index == sampling.iterations - 1,
                gamma=sampling.gamma,
            )
            for index in range(sampling.iterations)
        )
        self.trans_layers = nn.ModuleList(
            TransformerLayer(size.width, size.heads) for _ in range(size.depth - sampling.iterations)
        )
        if classes is not None:
            self.norm = nn.LayerNorm(size.width)
            self.head = nn.Linear(size.width, classes)

    def tokens(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens [B, N, width] after progressive sampling of images [B, 3, H, W], and points [B, N, 2]."""
        features = self.stem(images)
        start = self.point_coord.expand(len(images), -1, -1)
        tokens, offset, points = self.ps_layers[0](features, start, None, None)
        for layer in self.ps_layers[1:]:
            tokens, offset, points = layer(features, points, offset, tokens)
        return tokens, points

    def forward(self, images: Tensor) -> Tensor:
        """Images [B, 3, H, W] -> logits [B, classes], or the token map where there is no classifier."""
        tokens, _ = self.tokens(images)
        if self.classes is not None:
            tokens = torch.cat((self.cls_token.expand(len(tokens), -1, -1), tokens), dim=1)
        for layer in self.trans_layers:
            tokens = layer(tokens)
        if self.classes is None:
            rows, columns = self.grid
            return tokens.transpose(1, 2).reshape(len(tokens), -1, columns, rows).transpose(2, 3)
        logits: Tensor = self.head(self.norm(tokens)[:, 0])
        return logits


SIZES = {"tiny": TINY, "base": BASE}
DOUBLINGS = {8: 1, 16: 2, 32: 3}  # by the pixels between sampling points, to heatmaps at a quarter


def build(
    joints: int,
    input_size: tuple[int, int],
    size: Literal["tiny", "base"] = "base",
    grid: int = 14,
    iterations: int = 4,
    shared_position: bool = True,
    offset_scale: float = 1.0,
    progressive: bool = True,
) -> PSViT:
    """The classifier with `grid` x `grid` points; `joints` is the number of classes.

    Raises:
        UsageError: P151 for a size not divisible by 4.
    """
    check_divisible("ps_vit", input_size, STEM_STRIDE)
    sampling = Sampling(iterations, shared_position, offset_scale, progressive)
    return PSViT(SIZES[size], (grid, grid), input_size, joints, sampling)


def build_pose(
    joints: int,
    input_size: tuple[int, int],
    size: Literal["tiny", "base"] = "tiny",
    spacing: Literal[8, 16, 32] = 16,
    head_width: int = WIDTH,
    iterations: int = 4,
    shared_position: bool = True,
    offset_scale: float = 1.0,
    progressive: bool = True,
) -> BackbonePose:
    """The backbone with a point every `spacing` pixels, its tokens set back on the grid, and a heatmap head.

    Raises:
        UsageError: P151 for a size not divisible by the spacing.
    """
    check_divisible("ps_vit", input_size, spacing)
    grid = (input_size[0] // spacing, input_size[1] // spacing)
    sampling = Sampling(iterations, shared_position, offset_scale, progressive)
    backbone = PSViT(SIZES[size], grid, input_size, None, sampling)
    return BackbonePose(backbone, SIZES[size].width, joints, DOUBLINGS[spacing], head_width)
