"""Sizes and file endings of frames, taken from the images if the annotation file does not give them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from poseval.datasets.files.image_size import picture_size
from poseval.poses import Notice, PoseSet
from poseval.poses.frame_names import has_extension, named
from poseval.poses.images import images_of


def with_pictures(poses: PoseSet, folder: Path) -> tuple[PoseSet, Notice]:
    """The set with the sizes of its images in `folder`, where it has none, and with their full names.

    The notice says how many frames have an image there.

    Raises:
        UsageError: P114 no such folder, P840 no frame has an image in it.
    """
    frames = poses.frames
    images = images_of(frames, folder)
    size, paths = frames.size.copy(), frames.path.tolist()
    for row, (name, found) in enumerate(zip(named(frames), images.files, strict=True)):
        unknown = bool(np.isnan(size[row]).any())
        if found is None or (has_extension(name) and not unknown):
            continue
        if unknown:
            size[row] = picture_size(found) or (np.nan, np.nan)
        paths[row] = name if has_extension(name) else name + found.suffix
    named_frames = replace(frames, size=size, path=np.asarray(paths, dtype=np.str_))
    return replace(poses, frames=named_frames), Notice("N590", str(images))
