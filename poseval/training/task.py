"""The interface of a task: training samples made from people, and the loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from torch import Tensor

from poseval.poses import Array, Floats
from poseval.skeletons import Skeleton

UPPER = ("nose", "eye", "ear", "head", "neck", "thorax", "shoulder", "elbow", "wrist")


@dataclass(frozen=True, eq=False)
class PersonOf:
    """One person of the ground truth in an image: box [4], joints [K, 2], flags [K] and area.

    For tasks that learn whole images `others` are the people of the same image, and `ignored` are
    polygons [V, 2] around what the ground truth leaves open.
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
    whole: bool  # whether an image is one sample, however many people it shows

    def sample(self, picture: Array, thing: Any, rng: np.random.Generator, /) -> Mapping[str, Array]:
        """Arrays of one sample, stacked to a batch by name; `inputs` go into the network.

        The subject is a `PersonOf`, or the number of a class.
        """

    def loss(self, outputs: Any, batch: Mapping[str, Tensor]) -> Tensor:
        """The loss, a scalar to minimise."""


@runtime_checkable
class Watches(Protocol):
    """A task that reports more numbers of a step than its loss."""

    def watch(self, outputs: Any, batch: Mapping[str, Tensor]) -> Mapping[str, float]:
        """Numbers to report, by name, averaged over an epoch; they are not minimised."""


def upper_body(skeleton: Skeleton) -> tuple[int, ...]:
    """Joints of the upper half of a body."""
    return tuple(i for i, joint in enumerate(skeleton.joints) if any(part in joint for part in UPPER))
