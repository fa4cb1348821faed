"""The task of every network that answers with heatmaps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from poseval.models.inference import crops
from poseval.models.inference.crops import map_step, raised
from poseval.models.inference.top_down import normalised
from poseval.models.registry import ModelCard
from poseval.poses import Array
from poseval.skeletons import Skeleton
from poseval.training.augmentation import sample
from poseval.training.heatmap_losses import joints_mse, joints_ohkm, sigmoid_cross_entropy
from poseval.training.heatmap_targets import gaussian, udp, unbiased
from poseval.training.recipes import Recipe
from poseval.training.task import PersonOf, upper_body

TARGETS = {
    "gaussian": gaussian,
    "udp": udp,
    "unbiased": unbiased,
}
LOSSES = {
    "mse": joints_mse,
    "ohkm": joints_ohkm,
    "sigmoid": sigmoid_cross_entropy,
}


class HeatmapTask:
    """Heatmaps around joints, one person per sample; every stack of a network is trained on the same maps.

    Options as in `recipe_fields`.

    Raises:
        UsageError: P159 for an option that does not exist or a value that it cannot have.
    """

    inputs = ("input",)
    whole = False

    def __init__(self, card: ModelCard, skeleton: Skeleton, recipe: Recipe) -> None:
        self.mapping: crops.Mapping = card.mapping
        self.udp = card.crop == "udp"
        options = recipe.task_options(card)
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
