"""Tasks of networks that answer with sets: joints of a crop (PRTR), everybody in an image (sequential)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

from poseval.models.inference.crops import warp
from poseval.models.inference.top_down import normalised
from poseval.models.networks.prtr_sequential import fitted
from poseval.models.registry import ModelCard
from poseval.poses import Array, Floats
from poseval.skeletons import Skeleton
from poseval.training.augmentation import sample
from poseval.training.prtr_losses import (
    joint_errors,
    people_errors,
    prtr_loss,
    sequential_loss,
)
from poseval.training.recipes import Recipe
from poseval.training.task import PersonOf, upper_body

MOST_PEOPLE = 30  # of one image; samples of a batch are filled up to it


def unit_joints(xy: Floats, seen: Array, size: tuple[int, int]) -> tuple[Array, Array]:
    """Joints [..., K, 2] in 0..1 of an input (height, width), and weights [..., K, 2].

    Joints that are not labelled or lie outside weigh nothing; they are at 0.
    """
    unit = xy / [size[1], size[0]]
    good = (seen > 0) & ((unit >= 0) & (unit <= 1)).all(-1)
    weight = np.repeat(good[..., None], 2, axis=-1)
    return np.where(weight, unit, 0.0).astype(np.float32), weight.astype(np.float32)


class JointSetTask:
    """PRTR on crops: the reference program's crop and augmentation, its matching and losses.

    Option: `background`, the weight of the class of no object in the cross entropy.

    Raises:
        UsageError: P159 for an option that does not exist, or a value that it may not have.
    """

    inputs = ("input",)
    whole = False

    def __init__(self, card: ModelCard, skeleton: Skeleton, recipe: Recipe) -> None:
        self.card, self.skeleton, self.augmentation = card, skeleton, recipe.augmentation
        self.background = recipe.task_options(card)["background"]
        self.upper = upper_body(skeleton)

    def sample(self, picture: Array, person: PersonOf, rng: np.random.Generator) -> Mapping[str, Array]:
        """Input [3, h, w], joints [K, 2] in 0..1 and their weights [K, 2]."""
        size = self.card.input_size
        cut = sample(
            picture,
            person.box,
            person.xy,
            person.seen,
            size,
            self.skeleton.flip,
            rng,
            self.augmentation,
            upper=self.upper,
            padding=self.card.padding,
        )
        xy, weight = unit_joints(cut.xy, cut.seen, size)
        return {"input": normalised(cut.image[None], self.card)[0], "xy": xy, "weight": weight}

    def loss(self, outputs: Any, batch: Mapping[str, Tensor]) -> Tensor:
        """Classes and coordinates of all decoder layers."""
        return prtr_loss(outputs, batch["xy"], batch["weight"], self.background)

    def watch(self, outputs: Any, batch: Mapping[str, Tensor]) -> Mapping[str, float]:
        """`class_error` and `cardinality_error` of the joints, as PRTR's program prints them."""
        return joint_errors(outputs, batch["xy"])


class PeopleSetTask:
    """Sequential PRTR on whole images, fitted into the input; mirrored as often as the recipe says.

    Coordinates are fractions of the image, not of the padded input. Option and errors as of `JointSetTask`.
    """

    inputs = ("input", "padding")
    whole = True

    def __init__(self, card: ModelCard, skeleton: Skeleton, recipe: Recipe) -> None:
        self.card, self.skeleton, self.augmentation = card, skeleton, recipe.augmentation
        self.background = recipe.task_options(card)["background"]

    def sample(self, picture: Array, person: PersonOf, rng: np.random.Generator) -> Mapping[str, Array]:
        """Input [3, h, w]; boxes [30, 4], joints [30, K, 2] and weights, filled up; `people` counts them."""
        people = [person, *person.others][:MOST_PEOPLE]
        xy = np.stack([each.xy for each in people])
        seen = np.stack([each.seen for each in people])
        ends = np.stack([each.box for each in people]).reshape(-1, 2, 2)
        if rng.random() < self.augmentation.mirrored:
            last = picture.shape[1] - 1
            picture, flip = picture[:, ::-1], list(self.skeleton.flip)
            xy, seen = xy[:, flip] * [-1, 1] + [last, 0], seen[:, flip]
            ends = ends * [-1, 1] + [last, 0]
        crop = fitted((picture.shape[0], picture.shape[1]), self.card.input_size)
        height, width = crop.input_size
        image = np.zeros((3, *self.card.input_size), dtype=np.float32)
        padding = np.ones(self.card.input_size, dtype=np.bool_)
        pixels = warp(picture, crop.matrix[0], (height, width))
        image[:, :height, :width] = normalised(pixels[None], self.card)[0]
        padding[:height, :width] = False
        places = crop.from_image(np.concatenate((xy, ends), axis=1).reshape(1, -1, 2))[0]
        places = places.reshape(len(people), -1, 2)
        joints, weight = unit_joints(places[:, :-2], seen, (height, width))
        corners = np.sort(np.clip(places[:, -2:] / [width, height], 0, 1), axis=1)
        boxes = np.concatenate((corners.mean(axis=1), corners[:, 1] - corners[:, 0]), axis=1)
        return {
            "input": image,
            "padding": padding,
            "people": np.array(len(people)),
            "box": _filled(boxes.astype(np.float32)),
            "xy": _filled(joints),
            "weight": _filled(weight),
        }

    def loss(self, outputs: Any, batch: Mapping[str, Tensor]) -> Tensor:
        """People and their keypoints."""
        boxes, joints, weight = _by_picture(batch, "box", "xy", "weight")
        return sequential_loss(outputs, boxes, joints, weight, self.background)

    def watch(self, outputs: Any, batch: Mapping[str, Tensor]) -> Mapping[str, float]:
        """Class and cardinality errors of the people, and `joint_class_error`."""
        return people_errors(outputs, *_by_picture(batch, "box", "xy"))


def _by_picture(batch: Mapping[str, Tensor], *names: str) -> list[list[Tensor]]:
    """Columns of a batch, cut to the people that each image has."""
    counts = batch["people"].tolist()
    return [[rows[:count] for rows, count in zip(batch[name], counts, strict=True)] for name in names]


def _filled(rows: Array) -> Array:
    """Rows [P, ...] with zeros up to the most people."""
    out = np.zeros((MOST_PEOPLE, *rows.shape[1:]), dtype=rows.dtype)
    out[: len(rows)] = rows
    return out
