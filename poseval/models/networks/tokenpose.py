"""TokenPose: keypoint tokens that look at image tokens, dense or with sparsity.

Source: Li et al. 2021, "TokenPose: Learning Keypoint Tokens for Human Pose Estimation"; layout of
leeyegy/TokenPose ac939fa. That repository has no licence: everything here is written from the paper and the
layer facts. Sparsity after arXiv 2311.09653, for which no code exists; `token_transformer` says what its text
leaves open.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, cast

import torch
from torch import Tensor, nn

from poseval.errors import UsageError, shown
from poseval.models.networks.hrnet import LAYER1, HRNetTrunk
from poseval.models.networks.layers import check_divisible, init_normal
from poseval.models.networks.token_transformer import (
    KeptTokens,
    Links,
    Pruning,
    Transformer,
    sine_positions,
)
from poseval.skeletons import Skeleton, load_skeleton

WIDTH = 192
STRIDE = 4
HIDDEN_SHARE = 8  # a heatmap has this many times more numbers than the head's hidden layer
GRAPH_HEADS = 8
START = 0.02  # deviation of linear layers and keypoint tokens before training

# (height, width) of the input -> cells of the quarter-size map in one token
PATCHES = {(256, 192): (4, 3), (384, 288): (6, 4), (256, 256): (4, 4)}

Size = tuple[int, int]


def joint_mask(skeleton: Skeleton) -> Tensor:
    """[K, K], True where joint k may look: itself, its neighbours in the skeleton, its mirror joint."""
    count = len(skeleton.joints)
    mask = torch.eye(count, dtype=torch.bool)
    for first, second in skeleton.limbs:
        mask[first, second] = mask[second, first] = True
    mask[torch.arange(count), torch.tensor(skeleton.flip)] = True
    return mask


def patches(x: Tensor, size: Size) -> Tensor:
    """Blocks of `size` from x [B, C, H, W], row by row, channel last: [B, blocks, rows * columns * C]."""
    batch, channels, height, width = x.shape
    rows, columns = size
    x = x.reshape(batch, channels, height // rows, rows, width // columns, columns)
    return x.permute(0, 2, 4, 3, 5, 1).reshape(batch, -1, rows * columns * channels)


@dataclass(frozen=True)
class Layers:
    """What follows the tokens: layers of each transformer, heads, the scale of attention, and sparsity.

    `keep` (a ratio per layer) prunes visual tokens with `tokens`, else links between them; in evaluation the
    products of pruned links are left out where `skip` is set, else masked. `graph` attention layers over
    keypoint tokens under `mask` come last.
    """

    depths: Sequence[int]
    heads: int
    scale: float
    width: int = WIDTH  # of a token
    keep: Sequence[float] | None = None
    tokens: bool = False
    skip: bool = False
    graph: int = 0
    mask: Tensor | None = None


class TokenHead(nn.Module):
    """Tokens from a feature map, the transformers, and heatmaps from keypoint tokens.

    Keypoint tokens of all transformers are joined for the head. The map has `map_size` cells of `channels`.
    """

    def __init__(
        self,
        joints: int,
        map_size: Size,
        channels: int,
        patch: Size,
        heatmap: Size,
        layers: Layers,
        trunk: nn.Module | None = None,
    ) -> None:
        super().__init__()
        grid = (map_size[0] // patch[0], map_size[1] // patch[1])
        self.joints, self.patch, self.heatmap, self.grid = joints, patch, heatmap, grid
        self.keypoint_token = nn.Parameter(torch.zeros(1, joints, layers.width))
        nn.init.trunc_normal_(self.keypoint_token, std=START)
        self.pos_embedding = nn.Parameter(sine_positions(*grid, layers.width), requires_grad=False)
        self.patch_to_embedding = nn.Linear(patch[0] * patch[1] * channels, layers.width)
        if trunk is not None:
            for name, part in trunk.named_children():
                self.add_module(name, part)
        several = len(layers.depths) > 1
        self.names = [f"transformer{i + 1}" if several else "transformer" for i in range(len(layers.depths))]
        for name, depth in zip(self.names, layers.depths, strict=True):
            self.add_module(name, Transformer(layers.width, depth, layers.heads, layers.scale))
        width = layers.width * len(layers.depths)
        self.mlp_head = _heatmap_head(width, heatmap)
        keep = layers.keep
        self.keep = None if keep is None else [math.ceil(each * grid[0] * grid[1]) for each in keep]
        self.skip, self.prune_tokens = layers.skip, layers.tokens
        self.pruning: Pruning | None = None  # of the last pass
        self.graph: Transformer | None = None
        if layers.graph:
            self.graph = Transformer(width, layers.graph, GRAPH_HEADS, (width // GRAPH_HEADS) ** -0.5)
        _start_small(self)
        if self.graph is not None:
            _start_as_identity(self.graph)
        self.joint_mask: Tensor | None
        self.register_buffer("joint_mask", layers.mask, persistent=False)

    def features(self, images: Tensor) -> Tensor:
        """The map the tokens are cut from; here the input itself."""
        return images

    def keypoint_tokens(self, images: Tensor) -> Tensor:
        """Keypoint tokens [B, joints, width * transformers] before the graph layers."""
        tokens = self.patch_to_embedding(patches(self.features(images), self.patch)) + self.pos_embedding
        x = torch.cat((self.keypoint_token.expand(len(tokens), -1, -1), tokens), dim=1)
        pruning = self.pruning = self._new_pruning()
        found = []
        for name in self.names:
            x = self.get_submodule(name)(x, self.pos_embedding, pruning)
            found.append(x[:, : self.joints])
        return torch.cat(found, dim=2)

    @property
    def products(self) -> tuple[int, int]:
        """Products of attention in the last pass, done and of a dense network; 0 where nothing is pruned."""
        return (0, 0) if self.pruning is None else (self.pruning.done, self.pruning.dense)

    def _new_pruning(self) -> Pruning | None:
        if self.keep is None:
            return None
        if self.prune_tokens:
            return KeptTokens(self.joints, self.keep)
        return Links(self.joints, self.keep, self.skip and not self.training)

    def forward(self, images: Tensor) -> Tensor:
        x = self.keypoint_tokens(images)
        if self.graph is not None:
            x = self.graph(x, mask=self.joint_mask)
        maps: Tensor = self.mlp_head(x)
        return maps.reshape(len(maps), self.joints, *self.heatmap)


def _heatmap_head(width: int, heatmap: Size) -> nn.Sequential:
    cells = heatmap[0] * heatmap[1]
    hidden = cells // HIDDEN_SHARE
    if width > hidden / 2:
        return nn.Sequential(nn.LayerNorm(width), nn.Linear(width, cells))
    return nn.Sequential(
        nn.LayerNorm(width), nn.Linear(width, hidden), nn.LayerNorm(hidden), nn.Linear(hidden, cells)
    )


def _start_small(module: nn.Module) -> None:
    """Linear layers as vision transformers start them, the published way for TokenPose too (from memory).

    With PyTorch's own start values the first heatmaps are noise of half a peak's height, and learning sixteen
    people by heart took half as many steps again.
    """
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.trunc_normal_(part.weight, std=START)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def _start_as_identity(transformer: Transformer) -> None:
    """Zero the last linear layer of every residual: added layers leave a published TokenPose as it is."""
    for name, module in transformer.named_modules():
        if name.endswith(("to_out.0", "net.3")) and isinstance(module, nn.Linear):
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)


class StemTokenHead(TokenHead):
    """Tokens from HRNet's stem and first layer, all under one prefix (the S variants)."""

    def features(self, images: Tensor) -> Tensor:
        relu = nn.functional.relu
        x = relu(self.get_submodule("bn1")(self.get_submodule("conv1")(images)))
        x = relu(self.get_submodule("bn2")(self.get_submodule("conv2")(x)))
        out: Tensor = self.get_submodule("layer1")(x)
        return out


class FinestBranch(HRNetTrunk):
    """HRNet up to stage 3: its finest branch."""

    def forward(self, images: Tensor) -> Tensor:
        return self.branches(images)[0]


class TokenPose(nn.Module):
    """Images [B, 3, H, W] to heatmaps [B, joints, H/4, W/4].

    The token head lies under `features` where it holds the stem (S), else under `transformer`, behind
    `pre_feature` where there is an HRNet (B, L).
    """

    def __init__(self, head: TokenHead, backbone: nn.Module | None) -> None:
        super().__init__()
        self.name = "features" if isinstance(head, StemTokenHead) else "transformer"
        if backbone is not None:
            self.pre_feature = backbone
        self.backbone = backbone is not None
        self.add_module(self.name, head)

    @property
    def head(self) -> TokenHead:
        """The part that works on tokens."""
        return cast(TokenHead, self.get_submodule(self.name))

    def forward(self, images: Tensor) -> Tensor:
        x = self.pre_feature(images) if self.backbone else images
        out: Tensor = self.head(x)
        return out

    def rename_keys(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """A checkpoint without graph layers keeps this network's own, which start as the identity."""
        graph = f"{self.name}.graph."
        if any(key.startswith(graph) for key in state):
            return state
        own = {key: value for key, value in self.state_dict().items() if key.startswith(graph)}
        return {**state, **own}

    def savings(self) -> dict[str, float]:
        """Fraction of attention products that the last pass did not compute; empty for a dense network."""
        done, dense = self.head.products
        return {"fraction of attention products skipped": 1 - done / dense} if dense else {}


def build(
    joints: int,
    input_size: Size,
    tokens: Literal["image", "stem", "hrnet"] = "stem",
    width: int = 32,
    depths: Sequence[int] = (12,),
    heads: int = 8,
    token_width: int = WIDTH,
    patch: Size | None = None,
    keep_ratio: float | Sequence[float] = 1.0,
    prune_from: int = 1,
    graph_layers: int = 0,
    skeleton: str | None = None,
    joint_mask: bool = True,
    prune: Literal["links", "tokens"] = "links",
    skip: bool = False,
) -> TokenPose:
    """A TokenPose; `tokens` says what they are cut from, `width` is HRNet's, `token_width` that of tokens.

    `patch` are rows and columns of the quarter-size map in a token (of the image, four times as many); the
    published sizes have a default. With `keep_ratio` below 1 a visual token keeps that fraction of its links
    to visual tokens from layer `prune_from` on (one number, or one per layer from there, never growing), or
    with `prune="tokens"` that fraction of the visual tokens stays. `graph_layers` attention layers over the
    joints of `skeleton` follow; without `joint_mask` each joint sees all. `skip` leaves the products of
    pruned links out instead of masking them: the same numbers, fewer products, more time.

    Raises:
        UsageError: P151 for a size that strides or patches do not divide, P152 for options that do not fit.
    """
    check_divisible("tokenpose", input_size, 32 if tokens == "hrnet" else STRIDE)
    heatmap = (input_size[0] // STRIDE, input_size[1] // STRIDE)
    patch = _patch(patch, input_size, heatmap)
    keep = _keep(keep_ratio, prune_from, sum(depths))
    mask = _mask(skeleton, joints) if graph_layers and joint_mask else None
    if token_width % heads:
        raise _refused(f"token_width is {token_width}, with {heads} heads", "a width that heads divide")
    # The S variants scale by the whole width, the others by a head's.
    scale = (token_width if tokens == "stem" else token_width // heads) ** -0.5
    layers = Layers(depths, heads, scale, token_width, keep, prune == "tokens", skip, graph_layers, mask)
    if tokens == "stem":
        trunk = HRNetTrunk(width, stages=1)
        init_normal(trunk)
        return TokenPose(StemTokenHead(joints, heatmap, LAYER1, patch, heatmap, layers, trunk), None)
    if tokens == "hrnet":
        backbone = FinestBranch(width, stages=3)
        init_normal(backbone)
        return TokenPose(TokenHead(joints, heatmap, width, patch, heatmap, layers), backbone)
    wide = (STRIDE * patch[0], STRIDE * patch[1])
    return TokenPose(TokenHead(joints, input_size, 3, wide, heatmap, layers), None)


def _refused(what: str, wanted: str) -> UsageError:
    return UsageError("P152", where="model tokenpose", what=what, wanted=wanted)


def _patch(patch: Size | None, input_size: Size, heatmap: Size) -> Size:
    if patch is None:
        if input_size not in PATCHES:
            raise _refused(
                f"has no published patch size for an input of {input_size[0]} x {input_size[1]}",
                "the option patch=4,4, or other divisors of the map's rows and columns",
            )
        patch = PATCHES[input_size]
    if min(patch) < 1 or heatmap[0] % patch[0] or heatmap[1] % patch[1]:
        raise _refused(f"patch is {shown(patch)}", f"divisors of the map's {heatmap[0]} x {heatmap[1]}")
    return patch


def _keep(ratio: float | Sequence[float], start: int, depth: int) -> list[float] | None:
    """One ratio per layer, or None where nothing is pruned."""
    if not 1 <= start < depth:
        raise _refused(f"prune_from is {shown(start)}", f"a layer from 1 to {depth - 1}")
    rest = [ratio] * (depth - start) if isinstance(ratio, float | int) else list(ratio)
    ratios = [1.0] * start + rest
    falling = all(later <= earlier for earlier, later in pairwise(ratios))
    if len(ratios) != depth or not falling or min(ratios) <= 0:
        raise _refused(
            f"keep_ratio is {shown(ratio)}",
            f"one number above 0 and at most 1, or {depth - start} of them that do not increase",
        )
    return None if min(ratios) == 1 else ratios


def _mask(skeleton: str | None, joints: int) -> Tensor:
    if skeleton is None:
        raise _refused("graph layers need a skeleton", "the option skeleton, by name or file")
    known = load_skeleton(skeleton)
    if len(known.joints) != joints:
        raise _refused(f"skeleton {known.name} has {len(known.joints)} joints", f"one of {joints} joints")
    return joint_mask(known)
