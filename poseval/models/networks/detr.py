"""The transformer of DETR: an encoder over a feature map, a decoder of learnt queries, norms after steps.

Source: Carion et al. 2020, "End-to-End Object Detection with Transformers"; layout of its reference program,
which PRTR keeps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

TEMPERATURE = 10000.0
EPSILON = 1e-6


def sine_positions(padding: Tensor, width: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Sine table [B, width, H, W] for maps whose `padding` [B, H, W] is True where no image is.

    Half of the channels are for y, half for x; both run to 2 pi over the image's own rows and columns.
    """
    inside = (~padding).to(dtype)
    half = width // 2
    frequency = TEMPERATURE ** (
        2 * torch.div(torch.arange(half, device=padding.device), 2, rounding_mode="floor").to(dtype) / half
    )
    waves = []
    for axis in (1, 2):
        place = inside.cumsum(axis)
        last = place.narrow(axis, place.shape[axis] - 1, 1)
        angle = (place / (last + EPSILON) * 2 * math.pi)[..., None] / frequency
        waves.append(torch.stack((angle[..., 0::2].sin(), angle[..., 1::2].cos()), dim=4).flatten(3))
    return torch.cat(waves, dim=3).permute(0, 3, 1, 2)


def shrunk(padding: Tensor, size: Sequence[int]) -> Tensor:
    """Padding [B, H, W] of an image as that of a smaller map [B, *size], by the nearest pixel."""
    small = functional.interpolate(padding[None].float(), size=list(size), mode="nearest")
    return small[0].bool()


class Mlp(nn.Module):
    """Three linear layers with ReLU between."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        widths = [inputs, hidden, hidden, outputs]
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(widths))

    def forward(self, x: Tensor) -> Tensor:
        for index, layer in enumerate(self.layers):
            x = layer(functional.relu(x) if index else x)
        return x


class EncoderLayer(nn.Module):
    """Self-attention with positions on query and key, then a feed-forward net; norms come after."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(width, heads)
        self.linear1 = nn.Linear(width, hidden)
        self.linear2 = nn.Linear(hidden, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)

    def forward(self, x: Tensor, padding: Tensor | None, positions: Tensor) -> Tensor:
        """x and positions [N, B, width], padding [B, N] -> [N, B, width]."""
        at = x + positions
        x = self.norm1(x + self.self_attn(at, at, x, key_padding_mask=padding, need_weights=False)[0])
        out: Tensor = self.norm2(x + self.linear2(functional.relu(self.linear1(x))))
        return out


class DecoderLayer(nn.Module):
    """Self-attention of the queries, attention to the memory, a feed-forward net; norms come after."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(width, heads)
        self.multihead_attn = nn.MultiheadAttention(width, heads)
        self.linear1 = nn.Linear(width, hidden)
        self.linear2 = nn.Linear(hidden, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.norm3 = nn.LayerNorm(width)

    def forward(
        self, x: Tensor, memory: Tensor, padding: Tensor | None, positions: Tensor, queries: Tensor
    ) -> Tensor:
        """x and queries [Q, B, width], memory and positions [N, B, width] -> [Q, B, width]."""
        at = x + queries
        x = self.norm1(x + self.self_attn(at, at, x, need_weights=False)[0])
        seen = self.multihead_attn(
            x + queries, memory + positions, memory, key_padding_mask=padding, need_weights=False
        )[0]
        x = self.norm2(x + seen)
        out: Tensor = self.norm3(x + self.linear2(functional.relu(self.linear1(x))))
        return out


class Encoder(nn.Module):
    """Encoder layers in a row."""

    def __init__(self, width: int, heads: int, hidden: int, depth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(width, heads, hidden) for _ in range(depth))

    def forward(self, x: Tensor, padding: Tensor | None, positions: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x, padding, positions)
        return x


class Decoder(nn.Module):
    """Decoder layers in a row; every layer's output goes through one norm and is returned."""

    def __init__(self, width: int, heads: int, hidden: int, depth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DecoderLayer(width, heads, hidden) for _ in range(depth))
        self.norm = nn.LayerNorm(width)

    def forward(self, memory: Tensor, padding: Tensor | None, positions: Tensor, queries: Tensor) -> Tensor:
        """Returns [layers, Q, B, width]; queries start from zero."""
        x = torch.zeros_like(queries)
        found = []
        for layer in self.layers:
            x = layer(x, memory, padding, positions, queries)
            found.append(self.norm(x))
        return torch.stack(found)


class Transformer(nn.Module):
    """Encoder and decoder. `padding` is True where a map shows no image; attention leaves those cells out."""

    def __init__(self, width: int, heads: int, hidden: int, encoder: int, decoder: int) -> None:
        super().__init__()
        self.d_model = width
        self.encoder = Encoder(width, heads, hidden, encoder)
        self.decoder = Decoder(width, heads, hidden, decoder)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)

    def forward(
        self, x: Tensor, padding: Tensor | None, queries: Tensor, positions: Tensor
    ) -> tuple[Tensor, Tensor]:
        """x and positions [B, width, H, W], padding [B, H, W], queries [Q, width].

        Returns the decoder's states [layers, B, Q, width] and the memory [B, width, H, W].
        """
        rows = x.flatten(2).permute(2, 0, 1)
        places = positions.flatten(2).permute(2, 0, 1)
        flat = None if padding is None else padding.flatten(1)
        memory = self.encoder(rows, flat, places)
        each = queries[:, None].expand(-1, len(x), -1)
        states = self.decoder(memory, flat, places, each)
        return states.transpose(1, 2), memory.permute(1, 2, 0).reshape(x.shape)
