"""Thumbnails of images, made once: a file's name says which image it was made from and when that changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from poseval.files.writing import write_atomically
from poseval.poses.images import FrameImages

SIDE = 512  # pixels of the longer side
QUALITY = 80  # of JPEG
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Thumbnail:
    """Its file's name, width and height of the image in pixels, and the image's address from the site."""

    name: str
    width: int
    height: int
    source: str


def thumbnails(images: FrameImages, site: Path, progress: Progress) -> list[Thumbnail | None]:
    """A thumbnail in `site/thumbs` for each frame with an image; None for the others and broken images."""
    folder = site / "thumbs"
    folder.mkdir(exist_ok=True)

    def made(file: Path | None) -> Thumbnail | None:
        return _thumbnail(file, folder, site) if file is not None and os.path.isfile(file) else None

    out: list[Thumbnail | None] = []
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for one in pool.map(made, images.files):
            out.append(one)
            progress(len(out), len(images.files))
    return out


def _thumbnail(file: Path, folder: Path, site: Path) -> Thumbnail | None:
    from PIL import Image, UnidentifiedImageError

    state = file.stat()
    about = os.fsencode(f"{os.path.realpath(file)}|{state.st_size}|{state.st_mtime_ns}|{SIDE}")
    name = hashlib.sha256(about).hexdigest()
    target = folder / f"{name[:20]}.jpg"
    try:
        with Image.open(file) as image:
            width, height = image.size
            if not os.path.exists(target):
                image.draft("RGB", (SIDE, SIDE))
                small = image.convert("RGB")
                small.thumbnail((SIDE, SIDE))
                write_atomically(
                    target, lambda stream: small.save(stream, "JPEG", quality=QUALITY), force=True
                )
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    # No other drive or network share: a link that leads nowhere falls back to the thumbnail.
    return Thumbnail(target.name, width, height, quote(Path(os.path.relpath(file, site)).as_posix()))
