"""The task of the demo's detector: a map of people's middles, and their boxes around them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor
from torch.nn import functional

from poseval.models.inference.crops import Crops, warp
from poseval.models.inference.top_down import normalised
from poseval.models.registry import ModelCard
from poseval.poses import Array, Floats
from poseval.skeletons import Skeleton
from poseval.training.dekr_task import varied_crop
from poseval.training.recipes import Recipe
from poseval.training.task import PersonOf

SPREAD = 0.08  # deviation of a middle on its map, of the box's side in the same direction
LEAST_SPREAD = 0.7  # cells
CORE = 1.5  # cells from a middle within which distances are learnt
SMALLEST = 2.0  # cells of a side; smaller boxes are not learnt
FOCUS, MERCY = 2.0, 4.0  # powers of Zhou et al. 2019: of easy cells, and of cells beside a middle


class BoxTask:
    """The middle of an image, scaled, moved and mirrored, and the boxes of everybody in it.

    Options as in `recipe_fields`; boxes get loose by `rotation`.

    Raises:
        UsageError: P159 for an option that does not exist, or a value that it may not have.
    """

    inputs = ("input",)
    whole = True

    def __init__(self, card: ModelCard, skeleton: Skeleton, recipe: Recipe) -> None:
        self.card, self.mirrored = card, recipe.augmentation.mirrored
        self.options = recipe.task_options(card)

    def sample(self, picture: Array, person: PersonOf, rng: np.random.Generator) -> Mapping[str, Array]:
        """Input [3, h, w], map of middles [H, W], and distances [4, H, W] with their weights [H, W]."""
        boxes = np.stack([each.box for each in (person, *person.others)])
        if rng.random() < self.mirrored:
            boxes = (boxes * [-1, 1, -1, 1] + [picture.shape[1] - 1, 0] * 2)[:, [2, 1, 0, 3]]
            picture = picture[:, ::-1]
        crop = varied_crop(picture.shape[:2], self.card.input_size, self.options, rng)
        image = warp(picture, crop.matrix[0], self.card.input_size)
        cells = _boxes_in(crop, boxes, self.card)
        middles, distances, weight = box_targets(cells, self.card.output_size)
        return {
            "input": normalised(image[None], self.card)[0],
            "middles": middles,
            "distances": distances,
            "weight": weight,
        }

    def loss(self, outputs: Any, batch: Mapping[str, Tensor]) -> Tensor:
        """Focal loss of the middles, a sum over cells for each person, plus the error of log distances."""
        focal = middle_loss(outputs[:, 0].float(), batch["middles"])
        weight = batch["weight"][:, None]
        away = functional.smooth_l1_loss(
            outputs[:, 1:].float(), batch["distances"], beta=0.1, reduction="none"
        )
        sides = (away * weight).sum() / weight.sum().clamp(min=1)
        return focal + float(self.options["distances"]) * sides


def _boxes_in(crop: Crops, boxes: Floats, card: ModelCard) -> Floats:
    """Boxes [P, 4] of the image in cells of the map, cut at its edges; hardly visible ones are left out."""
    corners = boxes[:, [0, 1, 2, 1, 0, 3, 2, 3]].reshape(1, -1, 2)
    placed = (crop.from_image(corners)[0].reshape(-1, 4, 2) + 0.5) / card.stride
    whole = np.concatenate([placed.min(1), placed.max(1)], axis=1)
    height, width = card.output_size
    cut = np.clip(whole, 0, [width, height] * 2)
    sides = cut[:, 2:] - cut[:, :2]
    seen: Floats = cut[(sides >= SMALLEST).all(axis=1)]
    return seen


def box_targets(cells: Floats, size: tuple[int, int]) -> tuple[Array, Array, Array]:
    """Middles [H, W], logarithms of distances [4, H, W] and weights [H, W] of boxes [P, 4] in cells.

    Larger boxes come first, so that of two people with one middle the smaller, nearer one is learnt.
    """
    middles, weight = np.zeros(size, dtype=np.float32), np.zeros(size, dtype=np.float32)
    distances = np.zeros((4, *size), dtype=np.float32)
    row, column = (axis + 0.5 for axis in np.indices(size))
    for box in cells[np.argsort(-(cells[:, 2:] - cells[:, :2]).prod(1), kind="stable")]:
        middle, side = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
        place = (int(min(middle[1], size[0] - 1)), int(min(middle[0], size[1] - 1)))
        spread = np.maximum(SPREAD * side, LEAST_SPREAD)
        own = np.array([place[1] + 0.5, place[0] + 0.5])  # the cell's own middle, where the peak is 1
        apart = ((column - own[0]) / spread[0]) ** 2 + ((row - own[1]) / spread[1]) ** 2
        middles = np.maximum(middles, np.exp(-apart / 2).astype(np.float32))
        near = np.maximum(np.abs(column - own[0]), np.abs(row - own[1])) < CORE
        away = np.stack([column - box[0], row - box[1], box[2] - column, box[3] - row])[:, near]
        distances[:, near] = np.log(np.maximum(away, 0.1))
        weight[near] = 1
    return middles, distances, weight


def middle_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Focal loss of logits [B, H, W] for a map whose peaks are 1, over the number of peaks.

    Source: Zhou et al. 2019, "Objects as Points", equation 1.
    """
    guess, peak = logits.sigmoid(), (target == 1).float()
    hit = functional.logsigmoid(logits) * (1 - guess) ** FOCUS * peak
    miss = functional.logsigmoid(-logits) * guess**FOCUS * (1 - target) ** MERCY
    return -(hit + miss).sum() / peak.sum().clamp(min=1)
