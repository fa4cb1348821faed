"""What images say about frames whose file does not: their sizes, and the endings of their names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np

from poseval.datasets.files.image_size import PICTURES, picture_size
from poseval.errors import UsageError, shown
from poseval.poses import PoseSet
from poseval.poses.frame_names import has_extension, named


def with_pictures(poses: PoseSet, folder: Path) -> PoseSet:
    """The set with the sizes of its images in `folder`, where it has none, and with their full names.

    A frame's image lies there under its path, or under its file's name alone.

    Raises:
        UsageError: P114 no such folder.
    """
    if not folder.is_dir():
        raise UsageError(
            "P114", where=shown(folder), what="is not a folder", wanted="the folder of the images"
        )
    frames = poses.frames
    size, paths = frames.size.copy(), frames.path.tolist()
    for row, name in enumerate(named(frames)):
        if has_extension(name) and not np.isnan(size[row]).any():
            continue
        found = _picture(folder, name)
        if found is None:
            continue
        if np.isnan(size[row]).any():
            size[row] = picture_size(found) or (np.nan, np.nan)
        paths[row] = name if has_extension(name) else name + found.suffix
    return replace(poses, frames=replace(frames, size=size, path=np.asarray(paths, dtype=np.str_)))


def _picture(folder: Path, name: str) -> Path | None:
    """The image of a frame; never one outside of the folder."""
    inside = PurePosixPath(name.replace("\\", "/").lstrip("/"))
    if ".." in inside.parts:
        return None
    endings = ("",) if has_extension(name) else PICTURES
    places = (folder / f"{base}{ending}" for base in (inside, inside.name) for ending in endings)
    return next((place for place in places if place.is_file()), None)
