"""PRTR, two stages: keypoints of a person's crop as a set of queries, without heatmaps.

Source: Li et al. 2021, "Pose Recognition with Cascade Transformers"; mlpc-ucsd/PRTR 64970b8,
`two_stage/lib/models`. Any person detector can be the first stage; see `prtr_sequential` for a single
network.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from poseval.errors import UsageError, number_of
from poseval.models.inference.decoding import Decoded
from poseval.models.networks.detr import Mlp, Transformer, sine_positions
from poseval.models.networks.hrnet import HRNetTrunk
from poseval.models.networks.layers import Bottleneck, check_divisible, residual_layer
from poseval.models.networks.simplebaseline import DEPTHS

WIDTH = 256
HEADS = 8
HIDDEN = 2048
LAYERS = 6
RESNET_WIDTH, HRNET_WIDTH = 64, 32
QUERIES = 100
BACKBONE_WIDTH = 2048
HEAD_WIDTHS = (32, 64, 128, 256)  # of HRNet's classification head, before the fourfold expansion

Outputs = dict[str, Any]


class FrozenNorm(nn.Module):
    """Batch normalisation whose moments and gains never change: four buffers, and no counter."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight: Tensor
        self.bias: Tensor
        self.running_mean: Tensor
        self.running_var: Tensor
        self.register_buffer("weight", torch.ones(channels))
        self.register_buffer("bias", torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """x [B, C, H, W], normalised."""
        scale = self.weight * (self.running_var + 1e-5).rsqrt()
        shift = self.bias - self.running_mean * scale
        return x * scale[:, None, None] + shift[:, None, None]


class ResNetBody(nn.Module):
    """ResNet in torchvision's layout with frozen norms; the stem and the first layer do not learn.

    Returns the maps of `layers` by their place in the list, as strings. That is for ImageNet's weights;
    with `frozen=False` norms are live and everything learns, as a network without them needs it.
    """

    def __init__(
        self, depth: int, layers: Sequence[int] = (4,), frozen: bool = True, width: int = RESNET_WIDTH
    ) -> None:
        super().__init__()
        block, blocks = DEPTHS[depth]
        norm = FrozenNorm if frozen else nn.BatchNorm2d
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = norm(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs = width
        for stage, count in enumerate(blocks):
            layer = residual_layer(block, inputs, width << stage, count, 1 if stage == 0 else 2, norm)
            self.add_module(f"layer{stage + 1}", layer)
            inputs = (width << stage) * block.expansion
        self.layers = tuple(layers)
        self.widths = [(width << (layer - 1)) * block.expansion for layer in self.layers]
        self.channels = self.widths[-1]
        for name, parameter in self.named_parameters() if frozen else ():
            parameter.requires_grad_(name.startswith(("layer2", "layer3", "layer4")))

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        x = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        found: dict[str, Tensor] = {}
        for layer in range(1, 5):
            x = self.get_submodule(f"layer{layer}")(x)
            if layer in self.layers:
                found[str(len(found))] = x
        return found


class HRNetBody(HRNetTrunk):
    """HRNet with its classification head's convolutions: 2048 channels at 1/32."""

    def __init__(self, width: int) -> None:
        super().__init__(width, keep_all=True)
        wide = [each * Bottleneck.expansion for each in HEAD_WIDTHS]
        self.incre_modules = nn.ModuleList(
            residual_layer(Bottleneck, inputs, head, 1)
            for inputs, head in zip(self.widths, HEAD_WIDTHS, strict=True)
        )
        self.downsamp_modules = nn.ModuleList(
            _step(inputs, outputs, 3, 2) for inputs, outputs in pairwise(wide)
        )
        self.channels = BACKBONE_WIDTH
        self.final_layer = _step(wide[-1], BACKBONE_WIDTH, 1, 1)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        maps = self.branches(images)
        x = self.incre_modules[0](maps[0])
        for branch, down in enumerate(self.downsamp_modules):
            x = self.incre_modules[branch + 1](maps[branch + 1]) + down(x)
        return {"0": self.final_layer(x)}


def _step(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Backbone(nn.Module):
    """A body under the key `body`."""

    def __init__(self, body: ResNetBody | HRNetBody) -> None:
        super().__init__()
        self.body = body

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        found: dict[str, Tensor] = self.body(images)
        return found


class Joined(nn.Sequential):
    """A backbone, under the key `0`: maps, and sine positions for each."""

    def forward(self, images: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        maps = list(self[0](images).values())
        positions = []
        for x in maps:
            padding = torch.zeros((1, *x.shape[2:]), dtype=torch.bool, device=x.device)
            positions.append(sine_positions(padding, WIDTH).to(x.dtype).expand(len(x), -1, -1, -1))
        return maps, positions


class PRTR(nn.Module):
    """Images [B, 3, H, W] to `pred_logits` [B, queries, joints + 1] (the last class stands for no object).

    And to `pred_coords` [B, queries, 2] in 0..1 of the input; `aux_outputs` holds the same of the decoder's
    earlier layers. `background=False` leaves the background out of the softmax when joints are read. `layers`
    are the encoder's and the decoder's; joints are read from the decoder's layer `decoder_layer`, counted
    from 1, by default its last.
    """

    def __init__(
        self,
        joints: int,
        body: ResNetBody | HRNetBody,
        background: bool = True,
        queries: int = QUERIES,
        layers: tuple[int, int] = (LAYERS, LAYERS),
        hidden: int = HIDDEN,
        decoder_layer: int = 0,
    ) -> None:
        super().__init__()
        self.background = background
        self.decoder_layer = decoder_layer
        self.transformer = Transformer(WIDTH, HEADS, hidden, *layers)
        self.backbone = Joined(Backbone(body))
        self.class_embed = nn.Linear(WIDTH, joints + 1)
        self.kpt_embed = Mlp(WIDTH, WIDTH, 2)
        self.query_embed = nn.Embedding(queries, WIDTH)
        self.input_proj = nn.Conv2d(body.channels, WIDTH, 1)

    def forward(self, images: Tensor) -> Outputs:
        maps, positions = self.backbone(images)
        x = self.input_proj(maps[-1])
        states, _ = self.transformer(x, None, self.query_embed.weight, positions[-1])
        logits, coordinates = self.class_embed(states), self.kpt_embed(states).sigmoid()
        layers = [{"pred_logits": a, "pred_coords": b} for a, b in zip(logits, coordinates, strict=True)]
        return {**layers[-1], "aux_outputs": layers[:-1]}

    def decode(self, outputs: Outputs) -> Decoded:
        """Joints [B, K, 2] in 0..1 of the input and scores [B, K] from what `forward` gave."""
        chosen = [*outputs["aux_outputs"], outputs][self.decoder_layer - 1]
        return read_joints(chosen["pred_logits"], chosen["pred_coords"], self.background)


def read_joints(logits: Tensor, coordinates: Tensor, background: bool = True) -> Decoded:
    """One query per joint, such that the summed probability is largest: places [B, K, 2] and scores [B, K].

    logits [B, Q, K + 1] with the background last, coordinates [B, Q, 2]. Source: `lib/core/inference.py`.
    """
    from scipy.optimize import linear_sum_assignment

    kept = logits.softmax(-1)[..., :-1] if background else logits[..., :-1].softmax(-1)
    probability = kept.cpu().double().numpy()
    places = coordinates.cpu().double().numpy()
    joints = np.arange(probability.shape[2])
    chosen = np.stack([linear_sum_assignment(-each.T)[1] for each in probability])
    batch = np.arange(len(probability))[:, None]
    return places[batch, chosen], probability[batch, chosen, joints]


def check_queries(name: str, queries: int, joints: int) -> None:
    """Refuse fewer queries than joints, since each joint is answered by one of its own.

    Raises:
        UsageError: P152.
    """
    if queries < joints:
        raise UsageError(
            "P152",
            where=f"model {name}",
            what=f"has {number_of(queries, 'query', 'queries')} for {number_of(joints, 'joint')}",
            wanted=f"at least {number_of(joints, 'query', 'queries')}",
        )


def check_decoder_layer(name: str, layer: int, layers: int) -> None:
    """Refuse a layer that the decoder does not have.

    Raises:
        UsageError: P152.
    """
    if layer > layers:
        raise UsageError(
            "P152",
            where=f"model {name}",
            what=f"decoder_layer is {layer}, and the decoder has {number_of(layers, 'layer')}",
            wanted=f"1 to {layers}, or 0 for the last",
        )


def build(
    joints: int,
    input_size: tuple[int, int],
    body: Literal["resnet", "hrnet"] = "resnet",
    depth: int = 50,
    width: int | None = None,
    background: bool = True,
    queries: int = QUERIES,
    layers: int = LAYERS,
    encoder_layers: int | None = None,
    decoder_layers: int | None = None,
    hidden: int = HIDDEN,
    frozen: bool = True,
    decoder_layer: int = 0,
) -> PRTR:
    """A two-stage PRTR on a ResNet of `depth` or an HRNet; `width` is the finest's, 64 or 32 by default.

    `frozen=False` lets all of a ResNet learn, which it must where no ImageNet weights fill it; `layers` and
    `hidden` are the depth (of encoder and decoder, where they have none of their own) and the feed-forward
    width of the transformer.

    Raises:
        UsageError: P151 for a size not divisible by 32, P152 for too few queries.
    """
    check_divisible("prtr", input_size, 32)
    width = width or (RESNET_WIDTH if body == "resnet" else HRNET_WIDTH)
    check_queries("prtr", queries, joints)
    depths = (encoder_layers or layers, decoder_layers or layers)
    check_decoder_layer("prtr", decoder_layer, depths[1])
    chosen = ResNetBody(depth, frozen=frozen, width=width) if body == "resnet" else HRNetBody(width)
    return PRTR(joints, chosen, background, queries, depths, hidden, decoder_layer)
