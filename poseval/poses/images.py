"""The images of frames, found below a folder by their names.

A frame's image is the file whose path ends like the frame's own: most folders in common, then the same
extension. Any extension of an image will do, and any sub-folder. A frame that is named by a number finds the
file of that number. Where two files are equally good, none is taken.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from poseval.errors import UsageError, number_of, shown
from poseval.poses.frame_names import PICTURES, named, natural, stem
from poseval.poses.pose_set import Frames


@dataclass(frozen=True)
class FrameImages:
    """The image of each frame, None where there is none, and how many images the folder holds."""

    root: Path
    files: tuple[Path | None, ...]
    held: int

    def __str__(self) -> str:
        found = sum(file is not None for file in self.files)
        text = f"images: {found:,} of {number_of(len(self.files), 'frame')} have one of the {self.held:,}"
        return f"{text} in {shown(self.root)}"


def images_of(frames: Frames, root: Path) -> FrameImages:
    """Find the images of frames below a folder.

    Raises:
        UsageError: P114 no such folder, P840 the image of no frame is in it.
    """
    if not os.path.isdir(root):
        where = f"--images {shown(root, limit=400)}"
        raise UsageError("P114", where=where, what="is not a folder", wanted="the folder of the images")
    held = [PurePosixPath(path) for path in _images_below(root)]
    by_name: dict[str, list[PurePosixPath]] = {}
    for path in held:
        for name in {path.stem, _number(path.stem)}:
            by_name.setdefault(name, []).append(path)
    files = tuple(_best(name, by_name) for name in named(frames))
    if len(frames) and not any(files):
        raise _none_found(named(frames), held, root)
    return FrameImages(root, tuple(None if file is None else root / file for file in files), len(held))


def _images_below(root: Path) -> Iterator[str]:
    """Paths below the folder, links followed once each."""
    seen = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        for name in names:
            if name.lower().endswith(PICTURES) and not name.startswith("."):
                yield Path(folder, name).relative_to(root).as_posix()


def _number(name: str) -> str:
    """`42` for `000000000042`, other names as they are."""
    return name.lstrip("0") or "0" if name.isdecimal() else name


def _best(name: str, by_name: dict[str, list[PurePosixPath]]) -> PurePosixPath | None:
    """The file of a frame; None without one, or with several that are as good."""
    wanted = PurePosixPath(name.replace("\\", "/"))
    own = stem(name)
    found = by_name.get(own) or by_name.get(_number(own), [])
    if len(found) < 2:
        return found[0] if found else None
    ranks = [(_common_end(path, wanted), path.suffix == wanted.suffix) for path in found]
    best = max(ranks)
    return found[ranks.index(best)] if ranks.count(best) == 1 else None


def _common_end(path: PurePosixPath, other: PurePosixPath) -> int:
    """How many folders two paths have in common, from the file upwards."""
    pairs = zip(reversed(path.parts[:-1]), reversed(other.parts[:-1]), strict=False)
    same = [here == there for here, there in pairs]
    return same.index(False) if False in same else len(same)


def _none_found(names: Sequence[str], held: Sequence[PurePosixPath], root: Path) -> UsageError:
    what = "holds no image"
    if held:
        first = min((path.as_posix() for path in held), key=natural)
        files = f"{number_of(len(held), 'image')} (first: {shown(first)})"
        what = f"holds {files}, but none of a frame of the ground truth"
    return UsageError(
        "P840",
        where=f"--images {shown(root, limit=400)}",
        what=what,
        wanted=f"images named like the frames (first: {shown(names[0])})",
        hint="pass the folder of this ground truth's images, or leave --images out",
    )
