"""A synthetic world as files: images and their ground truth."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from poseval.datasets import get_format, get_row
from poseval.datasets.base import Losses, Role, WriteOptions
from poseval.errors import UsageError, shown
from poseval.files.writing import make_folder
from poseval.poses import PoseSet
from poseval.synth.picture import render, save_picture
from poseval.synth.scene import Scene
from poseval.synth.truth import truth_of


def write_world(
    folder: Path,
    source: Sequence[Scene],
    *,
    skeleton: str = "coco17",
    form: str = "coco",
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[PoseSet, Path, Losses]:
    """Images below `folder/images` and their ground truth beside them.

    Returns the ground truth, the path of its file (a folder for formats with one file per sequence) and what
    the format cannot hold.

    Raises:
        UsageError: P131 when the ground truth exists and `force` is not set.
    """
    truth = truth_of(source, skeleton)
    target = folder / "truth.json" if not get_row(form).is_folder else folder / "truth"
    if os.path.exists(target) and not force:
        raise UsageError(
            "P131", where=shown(target), what="exists", wanted="a new folder", hint="pass --force"
        )
    for index, scene in enumerate(source):
        if progress:
            progress(index, len(source))
        save_picture(render(scene), folder / "images" / scene.path)
    make_folder(folder)
    losses = get_format(form).write(truth, target, WriteOptions(role=Role.TRUTH, force=force))
    return truth, target, losses
