"""DETR as a detector of people: a ResNet, a transformer, and one box for each of its queries.

Source: Carion et al. 2020; facebookresearch/detr, whose checkpoints load, as do those of Transformers.
"""

from __future__ import annotations

import re

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from poseval.errors import UsageError, shown
from poseval.models.inference.one_stage import box_corners, people
from poseval.models.inference.predictions import Poses
from poseval.models.inference.top_down import normalised
from poseval.models.networks.detr import Mlp, Transformer, sine_positions
from poseval.models.networks.layers import mixed
from poseval.models.networks.prtr import (
    HEADS,
    HIDDEN,
    LAYERS,
    QUERIES,
    RESNET_WIDTH,
    WIDTH,
    Backbone,
    ResNetBody,
)
from poseval.models.networks.simplebaseline import DEPTHS
from poseval.models.registry import ModelCard

CLASSES = 91  # COCO's category ids run to 90; one more class stands for no object
PERSON = 1
LEAST_SCORE = 0.05  # of people kept
ATTENTION = (("self_attn", "self_attn"), ("encoder_attn", "multihead_attn"))
NORMS = {
    "encoder": {"self_attn_layer_norm": "norm1", "final_layer_norm": "norm2"},
    "decoder": {
        "self_attn_layer_norm": "norm1",
        "encoder_attn_layer_norm": "norm2",
        "final_layer_norm": "norm3",
    },
}
RESNET = (
    (r"^embedder\.embedder\.convolution\.", "conv1."),
    (r"^embedder\.embedder\.normalization\.", "bn1."),
    (
        r"^encoder\.stages\.(\d+)\.layers\.(\d+)\.layer\.(\d+)\.(convolution|normalization)\.",
        lambda found: (
            f"layer{int(found[1]) + 1}.{found[2]}."
            f"{'conv' if found[4] == 'convolution' else 'bn'}{int(found[3]) + 1}."
        ),
    ),
    (
        r"^encoder\.stages\.(\d+)\.layers\.(\d+)\.shortcut\.(convolution|normalization)\.",
        lambda found: (
            f"layer{int(found[1]) + 1}.{found[2]}.downsample.{0 if found[3] == 'convolution' else 1}."
        ),
    ),
)
OUTSIDE = {
    "class_labels_classifier.": "class_embed.",
    "bbox_predictor.": "bbox_embed.",
    "model.query_position_embeddings.": "query_embed.",
    "model.input_projection.": "input_proj.",
    "model.decoder.layernorm.": "transformer.decoder.norm.",
}


class DETR(nn.Module):
    """Images [B, 3, H, W] to `pred_logits` [B, queries, 92] and `pred_boxes` [B, queries, 4].

    Boxes are centre and size in 0..1 of the image; the last class stands for no object.
    """

    def __init__(self, body: ResNetBody, queries: int, layers: int, hidden: int) -> None:
        super().__init__()
        self.transformer = Transformer(WIDTH, HEADS, hidden, layers, layers)
        self.class_embed = nn.Linear(WIDTH, CLASSES + 1)
        self.bbox_embed = Mlp(WIDTH, WIDTH, 4)
        self.query_embed = nn.Embedding(queries, WIDTH)
        self.input_proj = nn.Conv2d(body.channels, WIDTH, 1)
        self.backbone = nn.Sequential(Backbone(body))

    def rename_keys(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """The original's own keys, or those of Transformers."""
        state = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}
        return _from_transformers(state) if any(key.startswith("model.") for key in state) else state

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        maps = self.backbone(images)["0"]
        padding = torch.zeros((1, *maps.shape[2:]), dtype=torch.bool, device=maps.device)
        positions = sine_positions(padding, WIDTH, maps.dtype).expand(len(maps), -1, -1, -1)
        states, _ = self.transformer(self.input_proj(maps), None, self.query_embed.weight, positions)
        last = states[-1]
        return {"pred_logits": self.class_embed(last), "pred_boxes": self.bbox_embed(last).sigmoid()}


class DetrOnImages:
    """A DETR with the sizes and the pixels of its card: the short side grows to 800, the long one to 1333."""

    def __init__(
        self, model: DETR, card: ModelCard, device: str | torch.device = "cpu", autocast: bool = False
    ) -> None:
        self.model, self.card = model.to(device).eval(), card
        self.device, self.autocast = torch.device(device), autocast

    def poses(self, image: NDArray[np.uint8]) -> Poses:
        """People on one RGB image [H, W, 3], as boxes without joints."""
        height, width = image.shape[:2]
        size = sized((height, width), self.card.input_size)
        pixels = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float()
        small = functional.interpolate(pixels, size=size, mode="bilinear", antialias=True)
        inputs = normalised(small.round().byte().permute(0, 2, 3, 1).numpy(), self.card)
        with torch.inference_mode(), mixed(self.device.type, self.autocast):
            outputs = self.model(torch.from_numpy(inputs).to(self.device))
        score = outputs["pred_logits"][0].float().softmax(-1)[:, :-1].cpu().double().numpy()
        boxes = outputs["pred_boxes"][0].cpu().double().numpy()
        good = (score.argmax(1) == PERSON) & (score[:, PERSON] >= LEAST_SCORE)
        corners = box_corners(boxes[good] * np.array([width, height] * 2))
        return people(np.clip(corners, 0, [width, height] * 2), score[good, PERSON])


def sized(image_size: tuple[int, int], limits: tuple[int, int]) -> tuple[int, int]:
    """(height, width) whose short side is `limits[0]`, or less where the long side would pass `limits[1]`."""
    short, long = sorted(image_size)
    side = min(limits[0], round(limits[1] * short / long))
    height, width = image_size
    if width < height:
        return int(side * height / width), side
    return side, int(side * width / height)


def _from_transformers(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Keys of Transformers, earlier and later ones, as the original's; projections joined."""
    out: dict[str, Tensor] = {}
    for key, value in state.items():
        body = re.match(r"^model\.backbone\.(?:conv_encoder\.)?model\.(?:_backbone\.)?", key)
        layer = re.match(r"^model\.(encoder|decoder)\.layers\.(\d+)\.(?:mlp\.)?", key)
        if body is not None:
            out["backbone.0.body." + _of_body(key[body.end() :])] = value
        elif layer is not None:
            prefix = f"transformer.{layer[1]}.layers.{layer[2]}."
            out[prefix + _of_layer(key[layer.end() :], layer[1])] = value
        else:
            old = next((old for old in OUTSIDE if key.startswith(old)), None)
            out[key if old is None else OUTSIDE[old] + key[len(old) :]] = value
    return _projections(out)


def _of_body(key: str) -> str:
    for pattern, new in RESNET:
        found, count = re.subn(pattern, new, key)
        if count:
            return str(found)
    return key


def _of_layer(key: str, part: str) -> str:
    name, _, rest = key.partition(".")
    if name in NORMS[part]:
        return f"{NORMS[part][name]}.{rest}"
    name = {"fc1": "linear1", "fc2": "linear2", **dict(ATTENTION)}.get(name, name)
    return f"{name}." + re.sub(r"^(o_proj|out_proj)\.", "out_proj.", rest)


def _projections(state: dict[str, Tensor]) -> dict[str, Tensor]:
    out: dict[str, Tensor] = {}
    for key, value in state.items():
        found = re.fullmatch(r"(.*attn)\.([qkv])_proj\.(weight|bias)", key)
        if found is None:
            out[key] = value
            continue
        names = [f"{found[1]}.{part}_proj.{found[3]}" for part in "qkv"]
        if found[2] == "q" and all(name in state for name in names):
            out[f"{found[1]}.in_proj_{found[3]}"] = torch.cat([state[name] for name in names])
    return out


def build(
    joints: int,
    input_size: tuple[int, int],
    depth: int = 50,
    queries: int = QUERIES,
    layers: int = LAYERS,
    hidden: int = HIDDEN,
    width: int = RESNET_WIDTH,
) -> DETR:
    """A DETR on a ResNet of `depth`; `layers` of the encoder and of the decoder each.

    Raises:
        UsageError: P152 for a depth that no ResNet has.
    """
    if depth not in DEPTHS:
        raise UsageError(
            "P152", where="model detr", what=f"depth is {shown(depth)}", wanted=f"one of {sorted(DEPTHS)}"
        )
    return DETR(ResNetBody(depth, width=width), queries, layers, hidden)
