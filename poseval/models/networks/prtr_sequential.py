"""PRTR, sequential: one network from the image to the keypoints of everybody in it.

A transformer finds people; around each box a grid is sampled from the feature maps; a second transformer
reads the keypoints. Source: Li et al. 2021, section 3.3; mlpc-ucsd/PRTR 64970b8,
`sequential/annotated_prtr.ipynb`.

The notebook does not run as printed. Fixed here: boxes reach the second transformer as one list over the
batch, not per image; keypoints of all people are classified, not of the last one alone; each person samples
its own image's maps, where the notebook can repeat one image only; the background is the last class when
joints are read, as in the two-stage program, where the notebook takes the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from poseval.models.inference.crops import Crops, Floats, crops_of, warp
from poseval.models.inference.predictions import Poses, whole_image_poses
from poseval.models.inference.top_down import normalised
from poseval.models.networks.detr import Mlp, Transformer, shrunk, sine_positions
from poseval.models.networks.hrnet import HRNetTrunk
from poseval.models.networks.layers import check_divisible, mixed
from poseval.models.networks.prtr import (
    HEADS,
    HIDDEN,
    HRNET_WIDTH,
    LAYERS,
    QUERIES,
    RESNET_WIDTH,
    ResNetBody,
    check_decoder_layer,
    check_queries,
    read_joints,
)
from poseval.models.registry import ModelCard

WIDTH = 256
GRID = 10  # points a side of the grid around a person
REACH = 1.25  # of the box that the grid covers
POSITION_WIDTH = 128  # of each learnt position, rows and columns
LEVELS = (1, 2, 3)  # of the backbone's four maps, finest first
PERSON_SCORE = 0.01  # weaker people are not returned
MOST_PEOPLE = 20  # what COCO's evaluation looks at


class HRNetMaps(HRNetTrunk):
    """HRNet's four branches as maps, finest first."""

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        return {str(place): x for place, x in enumerate(self.branches(images))}


class Pyramid(nn.Module):
    """A backbone, under the key `0.body`: its four maps and the sine positions of each."""

    def __init__(self, body: ResNetBody | HRNetMaps, width: int) -> None:
        super().__init__()
        self.add_module("0", nn.ModuleDict({"body": body}))
        self.widths = body.widths
        self.width = width

    def forward(self, images: Tensor, padding: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        maps = list(self.get_submodule("0.body")(images).values())
        positions = [sine_positions(shrunk(padding, x.shape[2:]), self.width).to(x.dtype) for x in maps]
        return maps, positions


class KeypointTransformer(nn.Module):
    """Keypoints of people from maps sampled around their boxes.

    In evaluation they are read from the decoder's layer `decoder_layer`, counted from 1; 0 is its last.
    """

    def __init__(
        self, transformer: Transformer, joints: int, queries: int, inputs: int, decoder_layer: int = 0
    ) -> None:
        super().__init__()
        self.decoder_layer = decoder_layer
        width = transformer.d_model
        self.query_embed = nn.Embedding(queries, width)
        self.input_proj = nn.Conv2d(inputs, width, 1)
        self.transformer = transformer
        self.coord_predictor = Mlp(width, width, 2)
        self.class_predictor = nn.Linear(width, joints + 1)

    def forward(self, boxes: Tensor, features: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        """boxes [N, 4] centre and size in 0..1, features [N, C, h, w] -> places [N, Q, 2] in 0..1, logits."""
        x = self.input_proj(features)
        layer = -1 if self.training else self.decoder_layer - 1
        states = self.transformer(x, None, self.query_embed.weight, positions)[0][layer]
        inside = self.coord_predictor(states).sigmoid()
        places = (inside * REACH - REACH / 2) * boxes[:, None, 2:] + boxes[:, None, :2]
        return places.clamp(0, 1), self.class_predictor(states)


class PRTRSequential(nn.Module):
    """Images [B, 3, H, W] to people and their keypoints, all coordinates in 0..1 of the image.

    `backbone(images, padding)` gives maps, finest first, and a position map for each; the person transformer
    reads the last one, the keypoint transformer those at `levels`.

    Returns `pred_logits` [B, Q, 2] (person, background), `pred_boxes` [B, Q, 4] centre and size,
    `pred_kpt_coord` [B, Q, q, 2] and `pred_kpt_logits` [B, Q, q, joints + 1] (the last class is background).
    """

    def __init__(
        self,
        backbone: nn.Module,
        widths: Sequence[int],
        transformer: Transformer,
        keypoints: KeypointTransformer,
        levels: Sequence[int],
        queries: int = QUERIES,
    ) -> None:
        super().__init__()
        self.x_interpolate: Tensor
        self.y_interpolate: Tensor
        self.mask: Tensor
        self.pe: Tensor
        for name in ("x_interpolate", "y_interpolate"):
            self.register_buffer(name, torch.linspace(-REACH, REACH, GRID)[None])
        self.register_buffer("mask", torch.zeros(1, GRID, GRID))
        self.register_buffer("pe", sine_positions(torch.zeros(1, GRID, GRID, dtype=torch.bool), WIDTH))
        width = transformer.d_model
        self.levels = tuple(levels)
        self.backbone = backbone
        self.transformer = transformer
        self.class_embed = nn.Linear(width, 2)
        self.bbox_embed = Mlp(width, width, 4)
        self.query_embed = nn.Embedding(queries, width)
        self.input_proj = nn.Conv2d(widths[-1], width, 1)
        self.transformer_kpt = keypoints
        self.row_embed = nn.Embedding(POSITION_WIDTH, GRID)
        self.col_embed = nn.Embedding(POSITION_WIDTH, GRID)
        nn.init.uniform_(self.row_embed.weight)
        nn.init.uniform_(self.col_embed.weight)

    def forward(
        self, images: Tensor, padding: Tensor | None = None, most: int | None = None
    ) -> dict[str, Tensor]:
        """`padding` [B, H, W] is True where an image of the batch has been filled up; None where none has.

        With `most` only the `most` surest people of each image are answered, and only their keypoints are
        computed: most of the work is there.
        """
        if padding is None:
            padding = torch.zeros(images[:, 0].shape, dtype=torch.bool, device=images.device)
        maps, positions = self.backbone(images, padding)
        x = self.input_proj(maps[-1])
        hidden = shrunk(padding, x.shape[2:])
        states = self.transformer(x, hidden, self.query_embed.weight, positions[-1])[0][-1]
        logits, boxes = self.class_embed(states), self.bbox_embed(states).sigmoid()
        if most is not None and most < logits.shape[1]:
            surest = (logits[..., 0] - logits[..., 1]).topk(most, dim=1).indices[..., None]
            logits, boxes = (
                logits.gather(1, surest.expand(-1, -1, 2)),
                boxes.gather(1, surest.expand(-1, -1, 4)),
            )
        sampled = self._sampled(maps, boxes, _filled(padding))
        people = boxes.flatten(0, 1)
        places, joints = self.transformer_kpt(people, sampled, self._positions(len(people)))
        shape = boxes.shape[:2]
        return {
            "pred_logits": logits,
            "pred_boxes": boxes,
            "pred_kpt_coord": places.reshape(*shape, *places.shape[1:]),
            "pred_kpt_logits": joints.reshape(*shape, *joints.shape[1:]),
        }

    def _sampled(self, maps: list[Tensor], boxes: Tensor, filled: Tensor) -> Tensor:
        """Maps at `levels` around every box [B, Q, 4]: [B * Q, C, 10, 10]; `filled` [B, 2] see `_filled`."""
        batch, count = boxes.shape[:2]
        scaled = (boxes * torch.cat((filled, filled), dim=1)[:, None]).flatten(0, 1)
        across = scaled[:, 2:3] * self.x_interpolate + 2 * scaled[:, 0:1] - 1
        down = scaled[:, 3:4] * self.y_interpolate + 2 * scaled[:, 1:2] - 1
        grid = torch.stack(
            (across[:, None].expand(-1, GRID, -1), down[:, :, None].expand(-1, -1, GRID)), dim=-1
        )
        grid = grid.reshape(batch, count * GRID, GRID, 2)
        found = [
            functional.grid_sample(maps[level], grid, padding_mode="border", align_corners=False)
            for level in self.levels
        ]
        joined = torch.cat(found, dim=1).reshape(batch, -1, count, GRID, GRID)
        return joined.transpose(1, 2).flatten(0, 1)

    def _positions(self, people: int) -> Tensor:
        """Fixed sine and learnt positions of the grid, the same for everybody: [people, 512, 10, 10]."""
        down = self.col_embed.weight[:, :, None].expand(-1, -1, GRID)
        across = self.row_embed.weight[:, None].expand(-1, GRID, -1)
        whole = torch.cat((self.pe[0].to(down.dtype), down, across))
        return whole.expand(people, -1, -1, -1)

    def people(self, outputs: dict[str, Tensor]) -> tuple[Floats, Floats, Floats, Floats]:
        """Joints [B, Q, K, 2], their scores [B, Q, K], people's scores [B, Q] and boxes [B, Q, 4].

        Boxes are x0 y0 x1 y1; all coordinates in 0..1 of the image.
        """
        logits, places = outputs["pred_kpt_logits"], outputs["pred_kpt_coord"]
        xy, score = read_joints(logits.flatten(0, 1), places.flatten(0, 1))
        shape = logits.shape[:2]
        person = outputs["pred_logits"].softmax(-1)[..., 0].cpu().double().numpy()
        boxes = outputs["pred_boxes"].cpu().double().numpy()
        low, high = boxes[..., :2] - boxes[..., 2:] / 2, boxes[..., :2] + boxes[..., 2:] / 2
        ends = np.concatenate((low, high), axis=-1)
        return xy.reshape(*shape, *xy.shape[1:]), score.reshape(*shape, -1), person, ends


def _filled(padding: Tensor) -> Tensor:
    """Fraction of columns and of rows [B, 2] that an image fills in its batch."""
    inside = (~padding).float()
    return torch.stack((inside[:, 0].mean(1), inside[:, :, 0].mean(1)), dim=1)


def fitted(size: tuple[int, int], room: tuple[int, int]) -> Crops:
    """An image of (height, width) made as large as an input of (height, width) has room for.

    It fills the input from the top-left corner; the rest is padding.
    """
    scale = min(room[0] / size[0], room[1] / size[1])
    filled = (max(1, int(size[0] * scale)), max(1, int(size[1] * scale)))
    return crops_of([(size[1] / 2, size[0] / 2)], [(size[1], size[0])], filled)


class Sequential:
    """A sequential PRTR on whole images: the image is fitted into the card's input, the rest is padding.

    At most `most` people are answered on an image.
    """

    def __init__(
        self,
        model: PRTRSequential,
        card: ModelCard,
        *,
        most: int = MOST_PEOPLE,
        device: str | torch.device = "cpu",
        autocast: bool = False,
    ) -> None:
        self.most = most
        self.card = card
        self.autocast = autocast
        self.device = torch.device(device)
        self.model = model.to(self.device).eval()

    def batch(self, images: Sequence[NDArray[np.uint8]]) -> list[Poses]:
        """People on each RGB image [H, W, 3], best first; images may differ in size."""
        inputs, padding, crops = self._fitted(images)
        with torch.inference_mode(), mixed(self.device.type, self.autocast):
            outputs = self.model(inputs.to(self.device), padding.to(self.device), self.most)
        decoded = zip(*self.model.people(outputs), strict=True)
        return [_people(*found, crop=crop) for found, crop in zip(decoded, crops, strict=True)]

    def poses(self, image: NDArray[np.uint8]) -> Poses:
        """People on one RGB image [H, W, 3], best first."""
        return self.batch([image])[0]

    def _fitted(self, images: Sequence[NDArray[np.uint8]]) -> tuple[Tensor, Tensor, list[Crops]]:
        """Inputs, padding, and where each image lies in its input: from the top-left corner."""
        height, width = self.card.input_size
        inputs = np.zeros((len(images), 3, height, width), dtype=np.float32)
        padding = np.ones((len(images), height, width), dtype=bool)
        crops = []
        for row, image in enumerate(images):
            crop = fitted((image.shape[0], image.shape[1]), (height, width))
            size = crop.input_size
            pixels = normalised(warp(image, crop.matrix[0], size)[None], self.card)[0]
            inputs[row, :, : size[0], : size[1]] = pixels
            padding[row, : size[0], : size[1]] = False
            crops.append(crop)
        return torch.from_numpy(inputs), torch.from_numpy(padding), crops


def _people(xy: Floats, joint_score: Floats, person: Floats, box: Floats, crop: Crops) -> Poses:
    """Poses in pixels of the image, of people that are surer than nothing, best first."""
    size = np.array([crop.input_size[1], crop.input_size[0]], dtype=np.float64)
    order = np.argsort(-person, kind="stable")
    order = order[person[order] >= PERSON_SCORE]
    places = np.concatenate((xy[order], box[order].reshape(-1, 2, 2)), axis=1) * size
    mapped = crop.to_image(places.reshape(1, -1, 2)).reshape(places.shape)
    score = person[order] * joint_score[order].mean(axis=1)
    return whole_image_poses(mapped[:, :-2], joint_score[order], score, mapped[:, -2:].reshape(-1, 4))


def build(
    joints: int,
    input_size: tuple[int, int],
    body: Literal["resnet", "hrnet"] = "resnet",
    depth: int = 50,
    levels: Sequence[int] = LEVELS,
    queries: int = QUERIES,
    keypoint_queries: int = QUERIES,
    layers: int = LAYERS,
    encoder_layers: int | None = None,
    decoder_layers: int | None = None,
    hidden: int = HIDDEN,
    width: int | None = None,
    frozen: bool = True,
    decoder_layer: int = 0,
) -> PRTRSequential:
    """A sequential PRTR on a ResNet or an HRNet: `queries` people, `keypoint_queries` points each.

    The notebook leaves the sizes open: both transformers have the two-stage program's; that for keypoints is
    512 wide and samples the maps at 1/8, 1/16 and 1/32. `width` and `frozen` as in the two-stage network. An
    HRNet gives the four branches of its last stage.

    Raises:
        UsageError: P151 for a size not divisible by 32, P152 for too few queries.
    """
    check_divisible("prtr_sequential", input_size, 32)
    check_queries("prtr_sequential", keypoint_queries, joints)
    depths = (encoder_layers or layers, decoder_layers or layers)
    check_decoder_layer("prtr_sequential", decoder_layer, depths[1])
    backbone = Pyramid(
        ResNetBody(depth, (1, 2, 3, 4), frozen, width or RESNET_WIDTH)
        if body == "resnet"
        else HRNetMaps(width or HRNET_WIDTH, keep_all=True),
        WIDTH,
    )
    inputs = sum(backbone.widths[level] for level in levels)
    wide = 2 * WIDTH
    keypoints = KeypointTransformer(
        Transformer(wide, HEADS, hidden, *depths), joints, keypoint_queries, inputs, decoder_layer
    )
    people = Transformer(WIDTH, HEADS, hidden, *depths)
    return PRTRSequential(backbone, backbone.widths, people, keypoints, levels, queries)
