"""The task of DEKR: centres, joints and offsets of everybody in an image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

from poseval.kernels.tracking import points_in_regions
from poseval.models.inference.crops import Crops, crops_of, warp
from poseval.models.inference.top_down import normalised
from poseval.models.registry import ModelCard
from poseval.poses import Array, Bools, Floats
from poseval.skeletons import Skeleton
from poseval.training.dekr_losses import (
    dekr_loss,
    heatmap_targets,
    offset_targets,
    with_centres,
)
from poseval.training.recipes import Recipe
from poseval.training.task import PersonOf

UNIT = 200.0  # pixels of the repository's unit of size


class CentreTask:
    """A square crop around the centre of an image, rotated, scaled, moved and mirrored.

    Options as in `recipe_fields`; sides, angle and way are drawn from uniform distributions.

    Heatmaps are not trained in ignore regions, except around labelled joints. The reference program uses the
    outlines of crowds and of people without joints, and leaves out labelled joints inside them; the boxes
    used here instead of outlines cover more than that.

    Raises:
        UsageError: P159 for an option that does not exist, or a value that it may not have.
    """

    inputs = ("input",)
    whole = True

    def __init__(self, card: ModelCard, skeleton: Skeleton, recipe: Recipe) -> None:
        self.card, self.skeleton, self.mirrored = card, skeleton, recipe.augmentation.mirrored
        self.options = recipe.task_options(card)

    def sample(self, picture: Array, person: PersonOf, rng: np.random.Generator) -> Mapping[str, Array]:
        """Input [3, h, w], maps [J + 1, H, W] and offsets [2 * J, H, W], each with weights."""
        people = [person, *person.others]
        xy, ignored = np.stack([each.xy for each in people]), person.ignored
        seen = np.stack([each.seen for each in people])
        area = np.array([_area(each) for each in people])
        if rng.random() < self.mirrored:
            flip = list(self.skeleton.flip)
            xy = xy[:, flip] * [-1, 1] + [picture.shape[1] - 1, 0]
            seen, picture = seen[:, flip], picture[:, ::-1]
            ignored = tuple(outline * [-1, 1] + [picture.shape[1] - 1, 0] for outline in ignored)
        crop = varied_crop(picture.shape[:2], self.card.input_size, self.options, rng)
        placed, size = with_centres(xy, seen, area)
        step = self.card.stride
        placed[..., :2] = (
            crop.from_image(placed[None, ..., :2].reshape(1, -1, 2)).reshape(xy.shape[0], -1, 2) / step
        )
        size = size * abs(np.linalg.det(crop.matrix[0, :, :2]))
        maps, maps_weight = heatmap_targets(placed, self.card.output_size, self.options["background"])
        for outline in ignored:
            inside = cells_inside(crop.from_image(outline[None])[0] / step, self.card.output_size)
            maps_weight[:, inside] = np.where(maps_weight[:, inside] < 1, 0, 1)
        offsets, offsets_weight = offset_targets(placed, size, self.card.output_size)
        image = warp(picture, crop.matrix[0], self.card.input_size)
        return {
            "input": normalised(image[None], self.card)[0],
            "maps": maps,
            "maps_weight": maps_weight,
            "offsets": offsets,
            "offsets_weight": offsets_weight,
        }

    def loss(self, outputs: Any, batch: Mapping[str, Tensor]) -> Tensor:
        """Heatmaps plus `offset_factor` times offsets."""
        heat, offset = ((batch[name], batch[f"{name}_weight"]) for name in ("maps", "offsets"))
        return dekr_loss(outputs, heat, offset, self.options["offset_factor"])


def varied_crop(
    size: tuple[int, ...], input_size: tuple[int, int], options: Mapping[str, float], rng: np.random.Generator
) -> Crops:
    """A crop about the middle of an image of (height, width), varied as the options of `CentreTask` say."""
    side = min(size) * rng.uniform(options["smallest"], options["largest"])
    reach = options["translation"] * side / UNIT
    centre = np.array([size[1] / 2, size[0] / 2]) + rng.uniform(-reach, reach, 2)
    turn = rng.uniform(-options["rotation"], options["rotation"])
    height, width = input_size
    shape = (side * width / height, side) if width >= height else (side, side * height / width)
    return crops_of([centre], [shape], input_size, rotation=turn)


def cells_inside(polygon: Floats, size: tuple[int, int]) -> Bools:
    """Whether the centre of each cell [H, W] lies inside a polygon [V, 2] given in cells."""
    rows, columns = np.indices(size, dtype=np.float64)
    points = np.stack((columns.ravel(), rows.ravel()), axis=1)
    none = np.zeros(len(points), dtype=np.int64)
    outline = np.ascontiguousarray(polygon)
    inside = points_in_regions(points, none, outline, np.array([0, len(outline)]), none[:1])
    return inside.reshape(size)


def _area(person: PersonOf) -> float:
    """The annotated area, or the box's where there is none, as in the program's CrowdPose reader."""
    width, height = person.box[2:] - person.box[:2]
    return person.area if np.isfinite(person.area) else float(width * height)
