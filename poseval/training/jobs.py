"""The parts of a training besides its loop: recipe, task, samples and validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from torch import nn

from poseval.errors import UsageError
from poseval.models.inference.predictions import WholeImage
from poseval.models.inference.top_down import TopDown
from poseval.models.inference.whole_image import whole_image
from poseval.models.registry import ModelCard, card
from poseval.models.schema import typed
from poseval.poses import PoseSet
from poseval.results.values import Direction
from poseval.runners.frames import Pictures, TruthPictures
from poseval.runners.predict import predict
from poseval.scoring.score import evaluate, read
from poseval.training import make_task
from poseval.training.data import CACHE, Samples, TrainingSet
from poseval.training.recipes import Recipe, recipe_for
from poseval.training.task import Task


@dataclass(frozen=True)
class TrainOptions:
    """The options of a training; `out` is a folder, `changes` are fields of the recipe.

    For a classifier `truth` and `val_truth` are folders with a folder of images for each class.
    """

    model: str
    truth: Path
    images: Path | None
    out: Path
    val_truth: Path | None = None
    val_images: Path | None = None
    size: tuple[int, int] | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    epochs: int | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    start_from: Path | None = None
    benchmark: str | None = None
    validate_every: int = 1
    seed: int = 0
    device: str = "auto"
    half: bool | None = None
    loaders: int = 2
    cache: int = CACHE
    fresh: bool = False
    channels_last: bool = False


class Judge(Protocol):
    """Validation: one number by its name."""

    @property
    def direction(self) -> Direction:
        """Whether higher or lower is better; known after the first score."""

    def score(self, model: nn.Module, device: str) -> dict[str, float]:
        """The number of a model."""


@dataclass(frozen=True, eq=False)
class Job:
    """The parts of a training; `learnt` describes what is learnt, for checkpoints (plain data)."""

    card: ModelCard
    recipe: Recipe
    task: Task
    data: Samples
    judge: Judge | None
    learnt: Mapping[str, Any]


def pose_job(options: TrainOptions) -> Job:
    """Poses of a ground-truth set.

    Raises:
        UsageError: P127 without a folder of images, P159 no recipe or unknown fields of it.
        InputError: data that cannot be trained on.
    """
    if options.images is None:
        raise UsageError("P127", where="train", what="has no images", wanted="--images DIR")
    truth = read(options.truth, optional=frozenset({"area"}))
    entry = card(options.model).sized(len(truth.skeleton), options.size, options.config)
    recipe = chosen_recipe(options, entry, truth.skeleton.name)
    learnt = {
        "skeleton": truth.skeleton.name,
        "joints": truth.skeleton.joints,
        "truth": truth.origin.sha256,
    }
    task = make_task(entry, truth.skeleton, recipe)
    data = TrainingSet(truth, TruthPictures(truth, options.images), options.cache, task.whole)
    return Job(entry, recipe, task, data, PoseJudge.of(options, entry), learnt)


def chosen_recipe(options: TrainOptions, entry: ModelCard, skeleton: str) -> Recipe:
    """The model's recipe with the epochs and the changes asked for.

    The loss follows the network's option `sigmoid`.

    Raises:
        UsageError: P159 no recipe or unknown fields of it, or a loss that does not fit the network; P152
            packed weights, which are bits and have no gradient.
    """
    if entry.config.get("packed"):
        raise UsageError(
            "P152",
            where=f"model {entry.name}",
            what="option packed=true keeps weights as bits, which do not learn",
            wanted="packed=false in training",
            hint="leave packed out, and write the trained network with save_packed",
        )
    recipe = recipe_for(entry, skeleton)
    recipe = recipe.with_epochs(options.epochs or recipe.epochs)
    if "sigmoid" not in entry.config:
        return recipe.changed(options.changes)
    fitting = "sigmoid" if entry.config["sigmoid"] else recipe.options.get("loss", "mse")
    if not entry.config["sigmoid"] and fitting == "sigmoid":
        fitting = "mse"
    recipe = replace(recipe, options={**recipe.options, "loss": fitting}).changed(options.changes)
    if (recipe.options["loss"] == "sigmoid") is not entry.config["sigmoid"]:
        raise UsageError(
            "P159",
            where="recipe options.loss",
            what=f"is {recipe.options['loss']}, and the network has sigmoid={typed(entry.config['sigmoid'])}",
            wanted="sigmoid with sigmoid=true, another loss with sigmoid=false",
        )
    return recipe


@dataclass
class PoseJudge:
    """Validation through poseval's own metrics, on the ground truth's boxes."""

    card: ModelCard
    truth: PoseSet
    pictures: Pictures
    benchmark: str | None
    direction: Direction = Direction.HIGHER

    @staticmethod
    def of(options: TrainOptions, entry: ModelCard) -> PoseJudge | None:
        """The validation that the options ask for, if any.

        Raises:
            UsageError: P127 for ground truth without its images, and for a detector.
        """
        if options.val_truth is None:
            return None
        if entry.kind == "detector":
            raise UsageError(
                "P127",
                where="--val",
                what=f"does not apply, because {entry.name} finds boxes and no joints",
                hint="leave out --val",
            )
        if options.val_images is None:
            raise UsageError("P127", where="--val", what="needs its images", wanted="--val-images DIR")
        truth = read(options.val_truth, optional=frozenset({"area"}))
        return PoseJudge(entry, truth, TruthPictures(truth, options.val_images), options.benchmark)

    def score(self, model: nn.Module, device: str) -> dict[str, float]:
        """The benchmark's first number by its name."""
        mirror = self.truth.skeleton.flip
        finder: TopDown | WholeImage
        if self.card.crop == "image":
            finder = whole_image(model, self.card, mirror=mirror, device=device)
        else:
            finder = TopDown(model, self.card, mirror=mirror, device=device)
        found = predict(finder, self.truth, self.pictures)
        evaluation = evaluate(self.truth, found, self.benchmark)
        self.direction = next(iter(evaluation.parts[0].tallies)).better
        name, value = next(iter(evaluation.summary().items()))
        return {name: value}
