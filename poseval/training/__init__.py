"""Training by published recipes: recipes as data, one loop, checkpoints that resume to the bit."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from poseval.models.registry import ModelCard
    from poseval.skeletons import Skeleton
    from poseval.training.recipes import Recipe
    from poseval.training.task import Task

# name of a task in a recipe -> module:factory `(card, skeleton, recipe)`
TASKS = {
    "heatmaps": "poseval.training.heatmap_task:HeatmapTask",
    "classes": "poseval.training.classifier_task:ClassTask",
    "centres": "poseval.training.dekr_task:CentreTask",
    "boxes": "poseval.training.box_task:BoxTask",
    "joint set": "poseval.training.prtr_task:JointSetTask",
    "people set": "poseval.training.prtr_task:PeopleSetTask",
}


def make_task(card: ModelCard, skeleton: Skeleton, recipe: Recipe) -> Task:
    """The task that a recipe names."""
    module, _, name = TASKS[recipe.task].partition(":")
    made: Task = getattr(import_module(module), name)(card, skeleton, recipe)
    return made
