"""ViTPose: a plain vision transformer, and a head of two transposed convolutions or of one convolution.

ViTPose++ differs in its weights alone: a part of each layer's output comes from the expert of one data set.
Its files load here with the expert of one data set put in place.
Source: Xu et al. 2022, "ViTPose: Simple Vision Transformer Baselines for Human Pose Estimation", and 2023,
"ViTPose++"; ViTAE-Transformer/ViTPose, `mmpose/models/backbones/vit.py`; layout of its checkpoints.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from poseval.errors import UsageError, shown
from poseval.models.networks.layers import check_divisible
from poseval.models.networks.simplebaseline import upsampling
from poseval.models.weights.vitpose_keys import renamed

PATCH = 16
BORDER = 2  # pixels of zeros around the image before it is cut into patches
GROWTH = 4  # of the feed-forward net
EPSILON = 1e-6
HEAD_WIDTH = 256
UPSAMPLED = 4  # how much the simple head enlarges the map
SPREAD = 0.02  # standard deviation of the first weights


class Size(NamedTuple):
    """Width, layers and heads of attention."""

    width: int
    depth: int
    heads: int


SIZES = {"s": Size(384, 12, 12), "b": Size(768, 12, 12), "l": Size(1024, 24, 16), "h": Size(1280, 32, 16)}


class Attention(nn.Module):
    """Self-attention with one projection for queries, keys and values."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """x [B, N, width] -> [B, N, width]."""
        count, tokens, width = x.shape
        parts = self.qkv(x).reshape(count, tokens, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value)
        out: Tensor = self.proj(seen.transpose(1, 2).reshape(count, tokens, width))
        return out


class FeedForward(nn.Module):
    """Two linear layers with GELU between."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, GROWTH * width)
        self.fc2 = nn.Linear(GROWTH * width, width)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc2(functional.gelu(self.fc1(x)))
        return out


class Layer(nn.Module):
    """Attention, then a feed-forward net, each after a norm and beside a residual."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=EPSILON)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=EPSILON)
        self.mlp = FeedForward(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        out: Tensor = x + self.mlp(self.norm2(x))
        return out


class PatchEmbed(nn.Module):
    """Patches of 16 x 16 pixels as tokens."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, PATCH, PATCH, BORDER)

    def forward(self, images: Tensor) -> Tensor:
        maps: Tensor = self.proj(images)
        return maps


class VisionTransformer(nn.Module):
    """Images [B, 3, H, W] to features [B, width, H / 16, W / 16].

    The position of a class token, which this network does not have, is added to all others.
    """

    def __init__(self, size: Size, input_size: tuple[int, int]) -> None:
        super().__init__()
        self.patch_embed = PatchEmbed(size.width)
        tokens = (input_size[0] // PATCH) * (input_size[1] // PATCH)
        self.pos_embed = nn.Parameter(torch.zeros(1, tokens + 1, size.width))
        self.blocks = nn.ModuleList(Layer(size.width, size.heads) for _ in range(size.depth))
        self.last_norm = nn.LayerNorm(size.width, eps=EPSILON)
        nn.init.trunc_normal_(self.pos_embed, std=SPREAD)
        for part in self.modules():
            if isinstance(part, nn.Linear):
                nn.init.trunc_normal_(part.weight, std=SPREAD)
                nn.init.zeros_(part.bias)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.patch_embed(images)
        x = maps.flatten(2).transpose(1, 2) + self.pos_embed[:, 1:] + self.pos_embed[:, :1]
        for layer in self.blocks:
            x = layer(x)
        out: Tensor = self.last_norm(x).transpose(1, 2).reshape(maps.shape)
        return out


class Head(nn.Module):
    """`classic`: two transposed convolutions and 1x1. `simple`: ReLU, bilinear enlargement and 3x3."""

    def __init__(self, inputs: int, joints: int, simple: bool) -> None:
        super().__init__()
        self.simple = simple
        widths = () if simple else (HEAD_WIDTH, HEAD_WIDTH)
        self.deconv_layers = upsampling(inputs, widths, (4,) * len(widths))
        self.final_layer = nn.Conv2d(
            inputs if simple else HEAD_WIDTH, joints, 3 if simple else 1, padding=int(simple)
        )
        nn.init.normal_(self.final_layer.weight, std=0.001)
        nn.init.zeros_(self.final_layer.bias) if self.final_layer.bias is not None else None

    def forward(self, features: Tensor) -> Tensor:
        if self.simple:
            features = functional.interpolate(
                functional.relu(features), scale_factor=UPSAMPLED, mode="bilinear", align_corners=False
            )
        maps: Tensor = self.final_layer(self.deconv_layers(features))
        return maps


class ViTPose(nn.Module):
    """Images [B, 3, H, W] to heatmaps [B, joints, H / 4, W / 4].

    `data_set` is which expert and head of a ViTPose++ file are taken: 0 COCO, 1 AIC, 2 MPII, 3 AP-10K,
    4 APT-36K, 5 COCO-WholeBody.
    """

    def __init__(
        self, joints: int, input_size: tuple[int, int], size: Size, simple: bool, data_set: int
    ) -> None:
        super().__init__()
        self.data_set = data_set
        self.backbone = VisionTransformer(size, input_size)
        self.keypoint_head = Head(size.width, joints, simple)

    def rename_keys(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """The original's own keys; those of Transformers and mmpose 1.x; ViTPose++ by its data set."""
        return renamed(state, self.data_set)

    def forward(self, images: Tensor) -> Tensor:
        maps: Tensor = self.keypoint_head(self.backbone(images))
        return maps


def build(
    joints: int,
    input_size: tuple[int, int],
    size: str = "b",
    simple: bool = False,
    data_set: int = 0,
    width: int | None = None,
    depth: int | None = None,
    heads: int | None = None,
) -> ViTPose:
    """ViTPose of size s, b, l or h; `width`, `depth` and `heads` replace that size's own.

    Raises:
        UsageError: P151 for a size not divisible by 16, P152 for heads that do not divide the width.
    """
    check_divisible("vitpose", input_size, PATCH)
    known = SIZES[size]
    chosen = Size(width or known.width, depth or known.depth, heads or known.heads)
    if chosen.width % chosen.heads:
        raise UsageError(
            "P152",
            where="model vitpose",
            what=f"width {shown(chosen.width)} is not divisible by {shown(chosen.heads)} heads",
            wanted="heads that divide the width",
        )
    return ViTPose(joints, input_size, chosen, simple, data_set)
