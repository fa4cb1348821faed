"""Tasks: how a person becomes a training sample, and how far the network's answer is from it.

A recipe names its task. `HeatmapTask` serves every network that answers with heatmaps; another family brings
a class with the same methods.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from poseval.errors import UsageError, shown
from poseval.models import geometry, losses, targets
from poseval.models.augment import sample
from poseval.models.geometry import map_step, raised
from poseval.models.recipes import Recipe
from poseval.models.registry import ModelCard
from poseval.models.topdown import normalised
from poseval.poses import Array, Floats
from poseval.skeletons import Skeleton

TARGETS = {"gaussian": targets.gaussian, "udp": targets.udp, "unbiased": targets.unbiased}
LOSSES = {"mse": losses.joints_mse, "ohkm": losses.joints_ohkm, "sigmoid": losses.sigmoid_cross_entropy}
UPPER = ("nose", "eye", "ear", "head", "neck", "thorax", "shoulder", "elbow", "wrist")


@dataclass(frozen=True, eq=False)
class PersonOf:
    """One person of a picture as the truth has it: box [4], joints [K, 2], flags [K] and area.

    For tasks that learn whole pictures `others` are the people of the same picture, and `ignored` are
    polygons [V, 2] around what the truth leaves open.
    """

    box: Floats
    xy: Floats
    seen: Array
    area: float
    others: tuple[PersonOf, ...] = ()
    ignored: tuple[Floats, ...] = ()


class Task(Protocol):
    """Samples and loss of one family; a factory `(card, skeleton, recipe)` makes it."""

    inputs: tuple[str, ...]  # what of a batch the network takes, in its order
    whole: bool  # whether a picture is one sample, however many people it shows

    def sample(self, picture: Array, thing: Any, rng: np.random.Generator, /) -> Mapping[str, Array]:
        """Arrays of one sample, stacked to a batch by name; `inputs` go into the network.

        The thing is a `PersonOf`, or the number of a class.
        """

    def loss(self, outputs: Any, batch: Mapping[str, Tensor]) -> Tensor:
        """A scalar to descend."""


@runtime_checkable
class Watches(Protocol):
    """A task that shows more of a step than its loss."""

    def watch(self, outputs: Any, batch: Mapping[str, Tensor]) -> Mapping[str, float]:
        """Numbers to show by their names, averaged over an epoch; nothing descends them."""


def upper_body(skeleton: Skeleton) -> tuple[int, ...]:
    """Joints of the upper half of a body."""
    return tuple(i for i, joint in enumerate(skeleton.joints) if any(part in joint for part in UPPER))


class HeatmapTask:
    """Heatmaps around joints, one person a sample; every stack of a network is trained on the same maps.

    Options: `target` (gaussian, udp or unbiased), `sigma` of it in map pixels, by default the card's, `loss`
    (mse, ohkm or sigmoid cross entropy) and `gain`, a factor on the loss.

    Raises:
        UsageError: P159 for an option that does not exist or a value that it cannot have.
    """

    inputs = ("input",)
    whole = False

    def __init__(self, card: ModelCard, skeleton: Skeleton, recipe: Recipe) -> None:
        self.mapping: geometry.Mapping = "affine" if card.crop == "image" else card.crop
        self.udp = card.crop == "udp"
        target = "udp" if self.udp else "gaussian"
        options = {"target": target, "sigma": card.sigma, "loss": "mse", "gain": 1.0, **recipe.options}
        numbers = all(
            isinstance(options[key], (int, float)) and options[key] > 0 for key in ("sigma", "gain")
        )
        known = len(options) == 4 and options["target"] in TARGETS and options["loss"] in LOSSES
        if not (known and numbers):
            wanted = f"target of {', '.join(TARGETS)}; sigma; loss of {', '.join(LOSSES)}; gain"
            raise UsageError("P159", where="recipe options", what=f"are {shown(options)}", wanted=wanted)
        self.card, self.flip, self.augmentation = card, skeleton.flip, recipe.augmentation
        self.target, self.measure = TARGETS[options["target"]], LOSSES[options["loss"]]
        self.gain, self.sigma = float(options["gain"]), float(options["sigma"])
        self.upper = upper_body(skeleton)

    def sample(self, picture: Array, person: PersonOf, rng: np.random.Generator) -> Mapping[str, Array]:
        """Input [3, h, w], maps [K, H, W] and their weights [K]."""
        size, maps_size = self.card.input_size, self.card.output_size
        cut = sample(
            picture,
            raised(person.box, self.card.raised)[0],
            person.xy,
            person.seen,
            size,
            self.flip,
            rng,
            self.augmentation,
            upper=self.upper,
            padding=self.card.padding,
            mapping=self.mapping,
        )
        points = cut.xy / map_step(size, maps_size, self.udp)
        maps, weight = self.target(points, cut.seen, maps_size, self.sigma)
        return {"input": normalised(cut.image[None], self.card)[0], "maps": maps, "weight": weight}

    def loss(self, outputs: Any, batch: Mapping[str, Tensor]) -> Tensor:
        """The sum over stacks of the loss between maps."""
        stacks = outputs.unbind(1) if isinstance(outputs, Tensor) and outputs.ndim == 5 else outputs
        stacks = stacks if isinstance(stacks, (list, tuple)) else [stacks]
        parts = [self.measure(maps.float(), batch["maps"], batch["weight"]) for maps in stacks]
        return self.gain * torch.stack(parts).sum()


def make_task(card: ModelCard, skeleton: Skeleton, recipe: Recipe) -> Task:
    """The task that a recipe names."""
    module, _, name = recipe.task.partition(":")
    made: Task = getattr(importlib.import_module(module), name)(card, skeleton, recipe)
    return made
