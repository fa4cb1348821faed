"""Training of classifiers: folders of images, one for each class."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from poseval.errors import MismatchError, UsageError, shown
from poseval.models.inference.crops import warp
from poseval.models.inference.top_down import normalised
from poseval.models.registry import ModelCard, card
from poseval.poses import Array
from poseval.results.values import Direction
from poseval.runners.class_answers import class_folders
from poseval.runners.frames import FolderPictures
from poseval.training.data import Samples
from poseval.training.jobs import Job, TrainOptions, chosen_recipe
from poseval.training.recipes import Recipe
from poseval.training.task import Task

CENTRE_SHARE = 224 / 256  # of the largest centred rectangle, by side, that a test looks at
BATCH = 32  # images tested at once


class ClassPictures(Samples):
    """Images below a folder; the folder directly below it is an image's class.

    Raises:
        UsageError: P114 no such folder. FormatError: P263 no images.
        MismatchError: P432 an image outside the classes' folders, or fewer than two classes.
    """

    def __init__(self, root: Path, cache: int) -> None:
        pictures = FolderPictures(root)
        super().__init__(pictures, cache)
        self.classes, self.label = class_folders(root, pictures.frames.path.tolist())

    def __len__(self) -> int:
        return len(self.label)

    def one(self, task: Task, index: int, rng: np.random.Generator) -> Mapping[str, Array]:
        """The task's sample of image `index`."""
        return task.sample(self.picture(index), int(self.label[index]), rng)

    def digest(self) -> str:
        """SHA-256 of the images' paths; their pixels are not read."""
        return hashlib.sha256("\0".join(self.pictures.frames.path.tolist()).encode()).hexdigest()


class ClassTask:
    """A part of an image and its class, learnt by cross entropy.

    The part covers a fraction of the image's area drawn evenly between `smallest` and 1, its aspect is up to
    `stretch` times wider or narrower than the input's, and it lies anywhere; it is mirrored as often as the
    recipe says. Labels are smoothed by `smoothing`. Source: Szegedy et al. 2015, "Going Deeper with
    Convolutions", section 6; Szegedy et al. 2016, "Rethinking the Inception Architecture", section 7.

    Raises:
        UsageError: P159 for an option that does not exist, or a value that it may not have.
    """

    inputs: tuple[str, ...] = ("input",)
    whole = False

    def __init__(self, entry: ModelCard, recipe: Recipe) -> None:
        self.card, self.mirrored = entry, recipe.augmentation.mirrored
        options = recipe.task_options(entry)
        self.smallest, self.stretch = options["smallest"], options["stretch"]
        self.smoothing = options["smoothing"]

    def sample(self, picture: Array, label: int, rng: np.random.Generator, /) -> Mapping[str, Array]:
        """Input [3, h, w] and the class's number."""
        height, width = picture.shape[:2]
        share = rng.uniform(self.smallest, 1.0)
        reach = math.log(self.stretch)
        aspect = self.card.aspect * math.exp(rng.uniform(-reach, reach))
        size = np.array(
            [math.sqrt(share * width * height * aspect), math.sqrt(share * width * height / aspect)]
        )
        size = size * min(1.0, width / size[0], height / size[1])
        centre = rng.uniform(size / 2, [width, height] - size / 2)
        if rng.random() < self.mirrored:
            picture, centre[0] = picture[:, ::-1], width - centre[0]
        cut = part(picture, centre, size, self.card)
        return {"input": normalised(cut[None], self.card)[0], "label": np.array(label)}

    def loss(self, outputs: Any, batch: Mapping[str, Tensor]) -> Tensor:
        """Cross entropy of the logits."""
        return functional.cross_entropy(outputs.float(), batch["label"], label_smoothing=self.smoothing)


def part(picture: Array, centre: Array, size: Array, entry: ModelCard) -> Array:
    """A rectangle of an image [h, w, 3] of the network's input size, bilinear, each axis with its own scale.

    Centre and size (x, y) are pixels, measured from the image's corner.
    """
    height, width = entry.input_size
    scale = np.array([width, height]) / size
    matrix = np.concatenate([np.diag(scale), ((0.5 - centre + size / 2) * scale - 0.5)[:, None]], axis=1)
    return warp(picture, matrix, entry.input_size)


def centred(picture: Array, entry: ModelCard) -> Array:
    """What a test looks at [h, w, 3]: 7/8 of the largest centred rectangle of the input's aspect."""
    height, width = picture.shape[:2]
    size = np.array([min(width, height * entry.aspect), min(height, width / entry.aspect)])
    return part(picture, np.array([width, height]) / 2, size * CENTRE_SHARE, entry)


@dataclass(frozen=True, eq=False)
class ClassJudge:
    """Validation by the fraction of images whose class comes first."""

    card: ModelCard
    data: ClassPictures
    direction: Direction = Direction.HIGHER

    def score(self, model: nn.Module, device: str) -> dict[str, float]:
        """`top1` in 0..1."""
        model.eval()
        hits = sum(int((answer == label).sum()) for answer, label in self._answers(model, device))
        return {"top1": hits / len(self.data)}

    def _answers(self, model: nn.Module, device: str) -> Iterator[tuple[Array, Array]]:
        """(classes found, classes) of one batch after the other."""
        for first in range(0, len(self.data), BATCH):
            rows = range(first, min(first + BATCH, len(self.data)))
            cuts = np.stack([centred(self.data.pictures.load(row), self.card) for row in rows])
            inputs = normalised(cuts, self.card)
            with torch.inference_mode():
                logits = model(torch.from_numpy(inputs).to(device))
            yield logits.argmax(dim=1).cpu().numpy(), self.data.label[first : first + BATCH]


def class_job(options: TrainOptions) -> Job:
    """Classes of images.

    Raises:
        UsageError: P127 for options that only poses have, P159 no recipe or unknown fields of it.
        InputError: images that cannot be trained on; P432 for validation images of other classes.
    """
    given = [name for name in ("images", "val_images", "benchmark") if getattr(options, name) is not None]
    if given:
        flags = ", ".join("--" + name.replace("_", "-") for name in given)
        wanted = "--data FOLDER and --val FOLDER, each with one folder of images per class"
        raise UsageError("P127", where=f"train {options.model}", what=f"does not use {flags}", wanted=wanted)
    data = ClassPictures(options.truth, options.cache)
    entry = card(options.model).sized(len(data.classes), options.size, options.config)
    recipe = chosen_recipe(options, entry, "")
    judge: ClassJudge | None = None
    if options.val_truth is not None:
        held = ClassPictures(options.val_truth, 0)
        if held.classes != data.classes:
            what = f"has the classes {shown(held.classes)}"
            wanted = f"those of the training, {shown(data.classes)}"
            raise MismatchError("P432", where=shown(options.val_truth), what=what, wanted=wanted)
        judge = ClassJudge(entry, held)
    learnt = {"classes": data.classes, "truth": data.digest()}
    return Job(entry, recipe, ClassTask(entry, recipe), data, judge, learnt)
