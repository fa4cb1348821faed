"""Write a pose set to a file or folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from poseval.errors import wrong_type

if TYPE_CHECKING:
    from poseval.datasets import Losses, Role
    from poseval.poses import PoseSet
    from poseval.scoring.reading import PathOrPoses


def write(
    poses: PoseSet,
    path: str | os.PathLike[str],
    format: str,
    *,
    role: str | Role = "truth",
    force: bool = False,
    truth: PathOrPoses | None = None,
) -> Losses:
    """Write a pose set to a file or folder, completely or not at all, and return what the format cannot hold.

    `role` is `truth` or `predictions`. Predictions of some formats need their ground truth (`truth`) for ids
    and frames.

    Raises:
        UsageError: P130 a format that is not written in this role, P131 a target that exists without
            `force`, P132 an unknown format, P137 a target that cannot be written.
    """
    from poseval.datasets import Role, WriteOptions, writer_of
    from poseval.datasets.files.source import path_of
    from poseval.poses import PoseSet
    from poseval.scoring.keywords import FLAG, kind
    from poseval.scoring.reading import read_truth
    from poseval.scoring.task import Task

    if not isinstance(poses, PoseSet):
        raise wrong_type("poses", poses, "a PoseSet", hint="poseval.read(path) gives one")
    target = Path(path_of(path, "path"))
    chosen = Role.of(role)
    writer = writer_of(kind(str, "the name of a format")("format", format), chosen)
    gt = None if truth is None else read_truth(truth, Task())
    return writer.write(poses, target, WriteOptions(chosen, FLAG("force", force), gt))
