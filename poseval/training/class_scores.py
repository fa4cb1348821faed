"""Scores of a classifier on images whose classes are known: top-1 and top-5, with intervals.

An image is seen as the published tests see it: 7/8 of its largest centred rectangle, at the input's size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import torch

from poseval.errors import FormatError, MismatchError, UsageError, number_of, shown
from poseval.files.reading import read_regular
from poseval.limits import DEFAULT
from poseval.models.inference.top_down import normalised
from poseval.models.registry import ModelCard, build_model, card
from poseval.poses import Array, Ints
from poseval.runners.explain import explain_classes, samples_points
from poseval.runners.frames import read_image
from poseval.runners.loading import choose_device, fill, processor_threads
from poseval.runners.own_settings import ModelOptions, with_own_settings
from poseval.training.classifier_task import ClassPictures, centred

RANKS = (1, 5)
SCHEMA = "poseval.classes/1"


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


@dataclass(frozen=True, eq=False)
class ClassScores:
    """What a classifier answered: for each image its class and the classes found, best first.

    `path` [n] text, `label` [n] int64, `found` [n, 5] int64 (fewer columns where there are fewer classes).
    """

    path: Sequence[str]
    label: Ints
    found: Ints
    classes: int
    model: Mapping[str, Any] = field(default_factory=dict)

    def share(self, rank: int) -> float:
        """Fraction of images whose class is among the `rank` best."""
        return float((self.found[:, :rank] == self.label[:, None]).any(axis=1).mean())

    def interval(self, rank: int, level: float) -> tuple[float, float]:
        """The ends of Wilson's score interval of `share`. Source: Wilson 1927."""
        count, share = len(self.label), self.share(rank)
        z = NormalDist().inv_cdf((1 + level) / 2)
        middle = (share + z * z / (2 * count)) / (1 + z * z / count)
        half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
        return max(0.0, middle - half), min(1.0, middle + half)

    def plain(self, level: float) -> dict[str, Any]:
        """Everything as plain data."""
        ranks = [rank for rank in RANKS if rank <= self.found.shape[1]]
        ends = {rank: self.interval(rank, level) for rank in ranks}
        return {
            "schema": SCHEMA,
            **self.model,
            "images": len(self.label),
            "classes": self.classes,
            "level": level,
            "summary": {f"top{rank}": self.share(rank) for rank in ranks},
            "intervals": {f"top{rank}": list(ends[rank]) for rank in ranks},
            "answers": [
                {"path": path, "class": int(label), "found": row}
                for path, label, row in zip(self.path, self.label, self.found.tolist(), strict=True)
            ],
        }


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
        path, label, classes = _from_folders(options.images, told.classes)
    else:
        classes = len(told.classes) or named.joints
        path, label = from_list(options.listing, classes)
    entry = named.sized(classes, chosen.size, chosen.config)
    model = build_model(named, classes, chosen.size, **chosen.config)
    weights = fill(model, entry, chosen.weights)
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
        "weights": {"name": weights.name, "sha256": weights.sha256} if weights else None,
    }
    return ClassScores(path, label, np.concatenate(found), classes, facts)


def _batches(root: Path, path: Sequence[str], entry: ModelCard, batch: int) -> Iterator[tuple[int, Array]]:
    """The first place of each batch, and what is looked at [N, h, w, 3]."""
    for first in range(0, len(path), batch):
        pictures = [read_image(root / name, upright=True) for name in path[first : first + batch]]
        yield first, np.stack([centred(picture, entry) for picture in pictures])


def _from_folders(root: Path, order: Sequence[str]) -> tuple[list[str], Ints, int]:
    """Paths, classes and the number of classes of images in a folder for each class."""
    pictures = ClassPictures(root, 0)
    order = tuple(order) or pictures.classes
    strange = [name for name in pictures.classes if name not in order]
    if strange:
        raise MismatchError(
            "P432",
            where=shown(root),
            what=f"has the class {shown(strange[0])}, which the network was not trained on",
            wanted=f"folders of {', '.join(shown(name) for name in order[:5])}"
            + ("..." if len(order) > 5 else ""),
        )
    number = np.array([order.index(name) for name in pictures.classes], dtype=np.int64)
    return pictures.pictures.frames.path.tolist(), number[pictures.label], len(order)


def from_list(listing: Path, classes: int) -> tuple[list[str], Ints]:
    """Paths and classes of a list of `path number` lines."""
    text = read_regular(listing, shown(listing.name), DEFAULT.file_bytes).decode("utf-8", "replace")
    path, label = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        name, _, last = line.strip().rpartition(" ")
        fits = bool(name) and last.isdecimal() and len(last) <= len(str(classes)) and int(last) < classes
        parts = Path(name).parts
        if not fits or ".." in parts or Path(name).is_absolute():
            raise FormatError(
                "P265",
                where=f"{shown(listing.name)}: line {number}",
                what=f"is {shown(line, 60)!r}",
                wanted=f"a path below the folder of images, a space, and a class from 0 to {classes - 1}",
            )
        path.append(name)
        label.append(int(last))
    if not path:
        raise FormatError("P265", where=shown(listing.name), what="has no line", wanted="a path and a class")
    return path, np.array(label, dtype=np.int64)


def said(scores: ClassScores, level: float) -> str:
    """The scores in a line, in per cent."""
    ranks = [rank for rank in RANKS if rank <= scores.found.shape[1]]
    parts = []
    for rank in ranks:
        low, high = (100 * end for end in scores.interval(rank, level))
        parts.append(f"top-{rank} {100 * scores.share(rank):.2f} ({low:.2f} to {high:.2f})")
    return f"{', '.join(parts)} on {number_of(len(scores.label), 'image')} of {scores.classes} classes"
