"""Scores of a classifier on images whose classes are known: top-1 and top-5, with intervals.

An image is seen as the published tests see it: 7/8 of its largest centred rectangle, at the input's size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from poseval.errors import UsageError
from poseval.models.inference.top_down import normalised
from poseval.models.registry import ModelCard, build_model, card
from poseval.poses import Array
from poseval.runners.class_answers import RANKS, ClassScores, from_folders, from_list
from poseval.runners.explain import explain_classes, samples_points
from poseval.runners.frames import read_image
from poseval.runners.loading import choose_device, fill, processor_threads
from poseval.runners.own_settings import ModelOptions, with_own_settings
from poseval.training.classifier_task import centred


@dataclass(frozen=True)
class ClassOptions:
    """The options of a classifier's evaluation.

    Without `listing` an image's class is the folder directly below `images` that it lies in; classes are
    numbered in the order of a checkpoint of `poseval train`, else in that of the folders' names, which is
    ImageNet's. `listing` is a text file of `path number` lines, with paths below `images`. `explain` is a
    folder for drawings of what the network looks at.
    """

    model: ModelOptions
    images: Path
    listing: Path | None = None
    level: float = 0.95
    explain: Path | None = None


def class_scores(
    options: ClassOptions, progress: Callable[[int, int], None] = lambda done, of: None
) -> ClassScores:
    """Run a classifier on images of known classes.

    Raises:
        UsageError: P158 a model that is no classifier, or of which nothing can be drawn, P114 no such folder,
            P154 no weights.
        MismatchError: P432 classes that the network does not have, P452 settings other than the training's.
        FormatError: P263 no images, P260 an image that cannot be read, P265 a list that cannot be read.
    """
    chosen, told = with_own_settings(options.model)
    named = card(chosen.name)
    if named.kind != "classifier":
        raise UsageError(
            "P158",
            where=f"model {named.name}",
            what=f"is a {named.kind} network",
            wanted="a classifier, such as pplcnet_x1_0",
        )
    if options.listing is None:
        path, label, names = from_folders(options.images, told.classes)
        classes = len(names)
    else:
        names = told.classes
        classes = len(names) or named.joints
        path, label = from_list(options.listing, classes)
    entry = named.sized(classes, chosen.size, chosen.config)
    model = build_model(named, classes, chosen.size, **chosen.config)
    weights = fill(model, entry, chosen)
    if options.explain is not None:
        samples_points(model)
    device = choose_device(chosen.device)
    model.to(device).eval()
    found = []
    with processor_threads(chosen.threads), torch.inference_mode():
        for first, seen in _batches(options.images, path, entry, chosen.batch):
            inputs = torch.from_numpy(normalised(seen, entry)).to(device)
            logits = model(inputs).float()
            if options.explain is not None:
                explain_classes(model, list(seen), inputs, options.explain, first)
            best = logits.topk(min(RANKS[-1], classes), dim=1).indices
            found.append(best.cpu().numpy().astype(np.int64))
            progress(first + len(inputs), len(path))
    facts = {
        "model": named.name,
        "config": dict(entry.config),
        "input_size": list(entry.input_size),
        "weights": weights.as_json() if weights else None,
        "overridden": list(chosen.overridden),
    }
    return ClassScores(path, label, np.concatenate(found), classes, facts, names)


def _batches(root: Path, path: Sequence[str], entry: ModelCard, batch: int) -> Iterator[tuple[int, Array]]:
    """The first place of each batch, and what is looked at [N, h, w, 3]."""
    for first in range(0, len(path), batch):
        pictures = [read_image(root / name, upright=True) for name in path[first : first + batch]]
        yield first, np.stack([centred(picture, entry) for picture in pictures])
