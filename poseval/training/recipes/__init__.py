"""Training recipes as data: each file of this package holds those of a family, a tuple `RECIPES`.

Nothing here imports PyTorch. A new family is a new file; no list elsewhere names it.
"""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from typing import Any

from poseval.errors import UsageError, shown
from poseval.models.registry import ModelCard
from poseval.training.augmentation import NONE, Augmentation

CLASSES = "classes"
CHOICES = {"optimiser": ("adam", "adamw", "sgd", "rmsprop"), "schedule": ("steps", "cosine", "constant")}


@dataclass(frozen=True)
class Recipe:
    """How a family is trained.

    `models` are the model names or families it is for; `skeletons` restricts it to ground truths of these
    skeletons. `rate` is the learning rate of one step of `batch` samples; at the `milestones` (epochs, of
    `epochs`) it is multiplied by `factor`; `slower` multiplies it for parameters whose name starts with a
    prefix. `warm_up` counts steps. `task` is the `module:class` that makes samples and the loss, `options`
    are its own settings. `source` says where the values come from, and marks what was recalled.
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
        """The recipe with other values; `augmentation.NAME` and `options.NAME` change parts of it.

        `augmentation` False turns all of it off. `slower.PREFIX` is the factor of parameters with that
        prefix, in place of those it covers.

        Raises:
            UsageError: P159 for a field that does not exist or a value of another kind.
        """
        recipe = self
        for key, value in changes.items():
            head, _, tail = key.partition(".")
            if head == "options" and tail:
                recipe = replace(recipe, options={**recipe.options, tail: value})
            elif head == "slower" and tail:
                recipe = replace(recipe, slower=_slower(recipe.slower, tail, value))
            elif key == "augmentation" and value is False:
                recipe = replace(recipe, augmentation=NONE)
            elif head == "augmentation":
                recipe = replace(recipe, augmentation=_changed(recipe.augmentation, tail, value))
            else:
                recipe = _changed(recipe, key, value)
        return recipe

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


def _slower(old: tuple[tuple[str, float], ...], prefix: str, value: Any) -> tuple[tuple[str, float], ...]:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        where = f"recipe: slower.{shown(prefix)}"
        raise UsageError("P159", where=where, what=f"is {shown(value)}", wanted="a factor of at least 0")
    return (*((name, factor) for name, factor in old if not name.startswith(prefix)), (prefix, float(value)))


def _changed(part: Any, name: str, value: Any) -> Any:
    """The dataclass with one number or choice replaced by one of the same kind."""
    old = getattr(part, name, None) if name in {f.name for f in fields(part)} else None
    if name in CHOICES:
        fits, wanted = value in CHOICES[name], f"one of {', '.join(CHOICES[name])}"
    elif isinstance(old, (int, float)):
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0
        whole = number and (isinstance(old, float) or (value == int(value) and value > 0))
        fits, wanted = (
            whole,
            "a number of at least 0" if isinstance(old, float) else "a whole number of at least 1",
        )
        value = type(old)(value) if fits else value
    else:
        fits = False
        wanted = (
            "rate, batch, optimiser, schedule, factor, warm_up, decay, clip, slower.X, augmentation.X or "
            "augmentation=false"
        )
    if not fits:
        raise UsageError("P159", where=f"recipe: {shown(name)}", what=f"is {shown(value)}", wanted=wanted)
    return replace(part, **{name: value})


@cache
def recipes() -> tuple[Recipe, ...]:
    """All recipes."""
    modules = sorted(info.name for info in pkgutil.iter_modules(__path__))
    loaded = [importlib.import_module(f"{__name__}.{name}") for name in modules]
    return tuple(recipe for module in loaded for recipe in module.RECIPES)


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
