"""Training recipes as data: each file of this package holds those of a family, a tuple `RECIPES`.

Nothing here imports PyTorch. A new family is a new file; no list elsewhere names it.
"""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import Any

from poseval.errors import UsageError
from poseval.models.registry import ModelCard
from poseval.models.schema import Option, typed
from poseval.training.augmentation import NONE, Augmentation
from poseval.training.recipe_fields import AUGMENTED, SLOWER, fields_of, options_of_task, value_of

CLASSES = "classes"


@dataclass(frozen=True)
class Recipe:
    """How a family is trained.

    `models` are the model names or families it is for; `skeletons` restricts it to ground truths of these
    skeletons. `rate` is the learning rate of one step of `batch` samples; at the `milestones` (epochs, of
    `epochs`) it is multiplied by `factor`; `slower` multiplies it for parameters whose name starts with a
    prefix, of several the longest. `warm_up` counts steps. `task` names what makes samples and the loss,
    `options` are its own settings. `source` says where the values come from, and marks what was recalled.
    """

    models: tuple[str, ...]
    source: str
    augmentation: Augmentation
    epochs: int
    milestones: tuple[float, ...] = ()
    factor: float = 0.1
    rate: float = 1e-3
    batch: int = 32
    optimiser: str = "adam"
    schedule: str = "steps"
    warm_up: int = 0
    decay: float = 0.0
    clip: float = 0.0
    slower: tuple[tuple[str, float], ...] = ()
    task: str = "heatmaps"
    options: Mapping[str, Any] = field(default_factory=dict)
    skeletons: tuple[str, ...] = ()

    def with_epochs(self, epochs: int) -> Recipe:
        """The same recipe stretched to another number of epochs, milestones included."""
        share = epochs / self.epochs
        return replace(self, epochs=epochs, milestones=tuple(step * share for step in self.milestones))

    def changed(self, changes: Mapping[str, Any]) -> Recipe:
        """The recipe with other values of the fields that `recipe_fields.fields_of` its task lists.

        `slower.PREFIX` is the factor of parameters with that prefix, in place of those it covers.

        Raises:
            UsageError: P159 a field that does not exist, a value it may not have, or a change without effect.
        """
        values = {key: value_of(key, value, self.task) for key, value in changes.items()}
        recipe = self
        for key in sorted(values, key=len):  # a prefix replaces the recipe's longer ones, not those asked for
            recipe = recipe._with(key, values[key])
        for key, value in values.items():
            if value != getattr(self, key, None):
                recipe._check_effect(key, values)
        return recipe

    def _with(self, key: str, value: Any) -> Recipe:
        head, _, tail = key.partition(".")
        if head == "options":
            return replace(self, options={**self.options, tail: value})
        if head == "slower":
            covered = tuple((name, factor) for name, factor in self.slower if not name.startswith(tail))
            return replace(self, slower=(*covered, (tail, value)))
        if key == "augmentation":
            return self if value else replace(self, augmentation=NONE)
        if head == "augmentation":
            return replace(self, augmentation=replace(self.augmentation, **{tail: value}))
        return replace(self, **{key: value})

    def _check_effect(self, key: str, given: Mapping[str, Any]) -> None:
        option = fields_of(self.task).get(key)
        if option is not None and option.unless is not None:
            other, useless = option.unless
            now = given.get(other, getattr(self, other))
            if now in useless:
                raise UsageError(
                    "P159",
                    where=f"recipe: {key}",
                    what=f"has no effect with {other}={typed(now)}",
                    hint=f"leave {key} out",
                )

    def task_options(self, card: ModelCard) -> dict[str, Any]:
        """All settings of the task for a model: the defaults, those of the card, and the recipe's.

        Raises:
            UsageError: P159 as `recipe_fields.options_of_task`.
        """
        return options_of_task(self.task, self.options, card)

    def settings(self, card: ModelCard) -> list[tuple[str, Option, Any]]:
        """What `--set` changes for a model: the name that is typed, what it may be, and the value now."""
        own = self.task_options(card)
        found: list[tuple[str, Option, Any]] = []
        for name, option in fields_of(self.task).items():
            head, _, tail = name.partition(".")
            if option is SLOWER and self.slower:
                found += [(f"slower.{prefix.rstrip('.')}", option, factor) for prefix, factor in self.slower]
            elif option is SLOWER or option is AUGMENTED:
                found.append((name, option, option.default))
            elif head == "options":
                found.append((name, option, own[tail]))
            else:
                found.append((name, option, getattr(self.augmentation if tail else self, tail or head)))
        return found

    def rate_at(self, step: int, steps: int) -> float:
        """Factor on the learning rate at step `step` (from 0, over all epochs) with `steps` in an epoch."""
        epoch = step / max(steps, 1)
        warm = min(1.0, (step + 1) / self.warm_up) if self.warm_up else 1.0
        if self.schedule == "cosine":
            return warm * 0.5 * (1.0 + math.cos(math.pi * min(1.0, epoch / self.epochs)))
        passed = sum(epoch >= milestone for milestone in self.milestones)
        return warm * float(self.factor ** (0 if self.schedule == "constant" else passed))

    def plain(self) -> dict[str, Any]:
        """The recipe for checkpoints, as numbers, texts, lists and dictionaries."""
        return asdict(self)


@cache
def recipes() -> tuple[Recipe, ...]:
    """All recipes."""
    modules = sorted(info.name for info in pkgutil.iter_modules(__path__))
    loaded = [importlib.import_module(f"{__name__}.{name}") for name in modules]
    return tuple(recipe for module in loaded for recipe in module.RECIPES)


def recipe_of(card: ModelCard) -> Recipe | None:
    """The recipe of a model for the skeleton of its card, or None."""
    try:
        return recipe_for(card, card.skeleton or "")
    except UsageError:
        return None


def recipe_for(card: ModelCard, skeleton: str) -> Recipe:
    """The recipe of a model: by name before by family, for the skeleton before for all.

    Raises:
        UsageError: P159 when there is none.
    """
    for name in (card.name, card.family):
        fitting = [r for r in recipes() if name in r.models and skeleton in (r.skeletons or (skeleton,))]
        if fitting:
            return max(fitting, key=lambda recipe: skeleton in recipe.skeletons)
    known = sorted({name for recipe in recipes() for name in recipe.models})
    raise UsageError(
        "P159", where=f"model {card.name}", what="has no recipe", wanted=f"a model of {', '.join(known)}"
    )
