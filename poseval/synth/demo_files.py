"""The demo's files: a synthetic ground truth and predictions of it, in COCO's own formats."""

from __future__ import annotations

from pathlib import Path

from poseval.datasets import get_format
from poseval.datasets.base import Role, WriteOptions
from poseval.files.writing import make_folder
from poseval.poses import PoseSet
from poseval.synth.predictions import perturb
from poseval.synth.truth import scene_set

IMAGES = 200
PEOPLE = 4  # most people of one image


def make_demo(folder: Path, seed: int = 0, *, images: int = IMAGES, force: bool = False) -> tuple[Path, Path]:
    """Write `truth.json` and `predictions.json` of seeded synthetic people into a folder.

    Returns the two paths. The same seed gives the same files on every platform.

    Raises:
        UsageError: P131 when a file exists and `force` is not set.
    """
    make_folder(folder)
    truth = scene_set(seed, images, PEOPLE)
    return write_pair(folder, truth, perturb(truth, seed, jitter=0.25), force=force)


def write_pair(folder: Path, truth: PoseSet, predictions: PoseSet, *, force: bool) -> tuple[Path, Path]:
    """Ground truth and predictions as COCO files."""
    coco = get_format("coco")
    paths = folder / "truth.json", folder / "predictions.json"
    coco.write(truth, paths[0], WriteOptions(role=Role.TRUTH, force=force))
    coco.write(predictions, paths[1], WriteOptions(role=Role.PREDICTIONS, force=force, truth=truth))
    return paths
