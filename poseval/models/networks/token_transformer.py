"""Transformer layers over keypoint and visual tokens, dense or with pruned links.

Source: Li et al. 2021, "TokenPose: Learning Keypoint Tokens for Human Pose Estimation" (layers, positions);
"TokenPose with sparsity" (arXiv 2311.09653) for pruning. Layout of leeyegy/TokenPose ac939fa; written from
the paper and the layer facts, since that repository has no licence.

Pruning, where the paper leaves room: only links from visual to visual tokens are pruned, head by head, by the
attention of the layer before; the links of keypoint tokens, to and from them, all stay. A row keeps
ceil(ratio * visual tokens) of them. Links that are gone stay gone. Pruned products are masked, or not
computed: both forms give the same numbers.

`KeptTokens` is another method: it prunes visual tokens instead of links, so that all that follows works on
smaller matrices. Source of the idea: Ma et al. 2022, "PPT: token-Pruned Pose Transformer".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

MLP_RATIO = 3
TEMPERATURE = 10000.0
EPSILON = 1e-6


def sine_positions(rows: int, columns: int, width: int) -> Tensor:
    """Sine table [1, rows * columns, width]: half of the channels for y, half for x, both running to 2 pi."""
    half = width // 2
    frequency = TEMPERATURE ** (2 * torch.div(torch.arange(half), 2, rounding_mode="floor") / half)

    def wave(count: int) -> Tensor:
        place = torch.arange(1, count + 1, dtype=torch.float32) / (count + EPSILON) * 2 * math.pi
        angle = place[:, None] / frequency
        return torch.stack((angle[:, 0::2].sin(), angle[:, 1::2].cos()), dim=2).flatten(1)

    y = wave(rows)[:, None].expand(-1, columns, -1)
    x = wave(columns)[None].expand(rows, -1, -1)
    return torch.cat((y, x), dim=2).reshape(1, rows * columns, width)


@dataclass
class Links:
    """Which visual tokens still look at which, from layer to layer of one forward pass.

    `joints` tokens come first. `keep[l]` is how many visual keys a visual row of layer l has. `kept` are
    their numbers [B, heads, visual, keep], None while all are kept. `skip` leaves pruned products out;
    otherwise they are computed and masked. `done` and `dense` count the products of queries with keys and of
    weights with values.
    """

    joints: int
    keep: Sequence[int]
    skip: bool
    kept: Tensor | None = None
    layer: int = 0
    done: int = 0
    dense: int = 0

    def attend(self, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """Attention [B, heads, N, d] of one layer over the links left; narrows them for the next layer."""
        self.dense += 2 * query.shape[0] * query.shape[1] * query.shape[2] * key.shape[2] * query.shape[3]
        if self.kept is None:
            out, weights = _dense(query, key, value, scale, None)
            visual = weights[:, :, self.joints :, self.joints :]
            self.done += 2 * weights.numel() * query.shape[3]
        elif self.skip:
            out, visual = self._gathered(query, key, value, scale, self.kept)
        else:
            out, weights = _dense(query, key, value, scale, self.mask(key.shape[2]))
            visual = weights[:, :, self.joints :, self.joints :].gather(3, self.kept)
            self.done += 2 * weights.numel() * query.shape[3]
        self._narrow(visual)
        return out

    def mask(self, tokens: int) -> Tensor | None:
        """The links as [B, heads, tokens, tokens], True where kept; None while all are."""
        if self.kept is None:
            return None
        batch, heads, visual = self.kept.shape[:3]
        mask = torch.ones(batch, heads, tokens, tokens, dtype=torch.bool, device=self.kept.device)
        within = torch.zeros(batch, heads, visual, visual, dtype=torch.bool, device=mask.device)
        mask[:, :, self.joints :, self.joints :] = within.scatter(3, self.kept, True)
        return mask

    def _gathered(
        self, query: Tensor, key: Tensor, value: Tensor, scale: float, kept: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Attention of keypoints to all keys, and of visual tokens to the keypoints and their kept keys."""
        joints, width = self.joints, query.shape[3]
        first, all_weights = _dense(query[:, :, :joints], key, value, scale, None)
        rows = query[:, :, joints:]
        own_keys, own_values = (_picked(each[:, :, joints:], kept) for each in (key, value))
        to_joints = rows @ key[:, :, :joints].transpose(2, 3)
        to_visual = (own_keys @ rows[..., None])[..., 0]
        weights = (torch.cat((to_joints, to_visual), dim=3) * scale).softmax(dim=3)
        from_joints, from_visual = weights[..., :joints], weights[..., joints:]
        rest = from_joints @ value[:, :, :joints] + (from_visual[..., None, :] @ own_values)[..., 0, :]
        self.done += 2 * (all_weights.numel() + weights.numel()) * width
        return torch.cat((first, rest), dim=2), from_visual

    def _narrow(self, visual: Tensor) -> None:
        """Keep the strongest of the links left for the next layer; `visual` [B, heads, n, k] are weights."""
        self.layer += 1
        if self.layer >= len(self.keep) or self.keep[self.layer] >= visual.shape[3]:
            return
        strongest = visual.detach().topk(self.keep[self.layer], dim=3).indices.sort(dim=3).values
        self.kept = strongest if self.kept is None else self.kept.gather(3, strongest)

    def gathered(self, x: Tensor) -> Tensor:
        """All tokens stay."""
        return x

    def placed(self, positions: Tensor) -> Tensor:
        """All tokens keep their positions."""
        return positions


@dataclass
class KeptTokens:
    """Which visual tokens are left, from layer to layer of one forward pass.

    `joints` tokens come first and all stay. `keep[l]` is how many visual tokens the attention of layer l has:
    those at which the keypoint tokens look most, all heads and keypoints together. `kept` are their numbers
    [B, keep], None while all are left. `done` and `dense` count products as in `Links`.
    """

    joints: int
    keep: Sequence[int]
    kept: Tensor | None = None
    layer: int = 0
    done: int = 0
    dense: int = 0
    chosen: Tensor | None = None  # [B, keep] of the tokens left, until `gathered`

    def attend(self, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        """Attention [B, heads, N, d] of one layer; chooses the tokens of the next one."""
        batch, heads, tokens, width = query.shape
        whole = self.joints + self.keep[0]
        self.dense += 2 * batch * heads * whole * whole * width
        self.done += 2 * batch * heads * tokens * tokens * width
        self.layer += 1
        if self.layer < len(self.keep) and self.keep[self.layer] < tokens - self.joints:
            seen = (query[:, :, : self.joints] @ key.transpose(2, 3) * scale).softmax(dim=3)
            self.done += batch * heads * self.joints * tokens * width
            weight = seen[..., self.joints :].detach().sum(dim=(1, 2))
            self.chosen = weight.topk(self.keep[self.layer], dim=1).indices.sort(dim=1).values
        return functional.scaled_dot_product_attention(query, key, value, scale=scale)

    def gathered(self, x: Tensor) -> Tensor:
        """Tokens x [B, N, width] without those that were not chosen."""
        if self.chosen is None:
            return x
        index, self.chosen = self.chosen, None
        self.kept = index if self.kept is None else self.kept.gather(1, index)
        visual = x[:, self.joints :].gather(1, index[..., None].expand(-1, -1, x.shape[2]))
        return torch.cat((x[:, : self.joints], visual), dim=1)

    def placed(self, positions: Tensor) -> Tensor:
        """Positions [1, n, width] of all visual tokens -> those of the tokens left [B, keep, width]."""
        if self.kept is None:
            return positions
        index = self.kept[..., None].expand(-1, -1, positions.shape[2])
        return positions.expand(len(index), -1, -1).gather(1, index)


Pruning = Links | KeptTokens


def _dense(
    query: Tensor, key: Tensor, value: Tensor, scale: float, mask: Tensor | None
) -> tuple[Tensor, Tensor]:
    logits = query @ key.transpose(2, 3) * scale
    if mask is not None:
        logits = logits.masked_fill(~mask, -math.inf)
    weights = logits.softmax(dim=3)
    return weights @ value, weights


def _picked(tokens: Tensor, index: Tensor) -> Tensor:
    """Rows of tokens [B, h, N, d] at index [B, h, n, k]: [B, h, n, k, d]."""
    flat = index.flatten(2)[..., None].expand(-1, -1, -1, tokens.shape[3])
    return tokens.gather(2, flat).reshape(*index.shape, tokens.shape[3])


class TokenAttention(nn.Module):
    """Multi-head self-attention without bias on query, key and value."""

    def __init__(self, width: int, heads: int, scale: float) -> None:
        super().__init__()
        self.heads = heads
        self.scale = scale
        self.to_qkv = nn.Linear(width, 3 * width, bias=False)
        self.to_out = nn.Sequential(nn.Linear(width, width))

    def forward(self, x: Tensor, pruning: Pruning | None = None, mask: Tensor | None = None) -> Tensor:
        """x [B, N, width]; `pruning` acts between layers, `mask` [N, N] is True where a row may look."""
        split = self.to_qkv(x).reshape(*x.shape[:2], 3, self.heads, -1)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        if pruning is None:
            mixed = functional.scaled_dot_product_attention(
                query, key, value, attn_mask=mask, scale=self.scale
            )
        else:
            mixed = pruning.attend(query, key, value, self.scale)
        out: Tensor = self.to_out(mixed.transpose(1, 2).reshape(x.shape))
        return out

    def weights(self, x: Tensor, first: int) -> Tensor:
        """Attention [B, first, N] of the first tokens of x [B, N, width], the mean over heads."""
        split = self.to_qkv(x).reshape(*x.shape[:2], 3, self.heads, -1)
        query, key, _ = split.permute(2, 0, 3, 1, 4).unbind(0)
        found: Tensor = (query[:, :, :first] @ key.transpose(2, 3) * self.scale).softmax(dim=3).mean(dim=1)
        return found


class Mlp(nn.Module):
    """Two linear layers with a GELU between."""

    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = MLP_RATIO * width
        # Published keys skip two numbers: dropouts stand there.
        self.net = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Identity(), nn.Linear(hidden, width))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.net(x)
        return out


class Sublayer(nn.Module):
    """A layer behind a norm, and a skip around both; published keys call them `fn.norm` and `fn.fn`."""

    def __init__(self, width: int, layer: nn.Module) -> None:
        super().__init__()
        self.fn = nn.ModuleDict({"norm": nn.LayerNorm(width), "fn": layer})

    def forward(self, x: Tensor, *rest: Pruning | Tensor | None) -> Tensor:
        out: Tensor = x + self.fn["fn"](self.fn["norm"](x), *rest)
        return out


class Transformer(nn.Module):
    """Layers of attention and MLP; positions are added to visual tokens before every layer but the first."""

    def __init__(self, width: int, depth: int, heads: int, scale: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.ModuleList(
                (
                    Sublayer(width, TokenAttention(width, heads, scale)),
                    Sublayer(width, Mlp(width)),
                )
            )
            for _ in range(depth)
        )

    def forward(
        self,
        x: Tensor,
        positions: Tensor | None = None,
        pruning: Pruning | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """x [B, N, width]; positions [1, n, width] belong to the n visual tokens, which come last."""
        for index, layer in enumerate(self.layers):
            attention, mlp = layer.children()
            if index and positions is not None:
                places = positions if pruning is None else pruning.placed(positions)
                first = x.shape[1] - places.shape[1]
                x = torch.cat((x[:, :first], x[:, first:] + places), dim=1)
            x = attention(x, pruning, mask)
            x = mlp(x if pruning is None else pruning.gathered(x))
        return x
