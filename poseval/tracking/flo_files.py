"""Optical flow in Middlebury `.flo` files, so that anyone's flow can be used.

A file holds the number 202021.25 as float32, width and height as int32, then for each pixel by rows its
movement in x and y as float32, all little-endian (Baker et al. 2011).
"""

from __future__ import annotations

import os
import struct
from pathlib import Path, PurePosixPath

import numpy as np

from poseval.errors import FormatError, LimitError, UsageError, shown
from poseval.files.reading import require_regular
from poseval.poses import Floats
from poseval.tracking.base import FrameInput
from poseval.tracking.flow_field import Field, sample

MAGIC = 202021.25
HEADER = struct.Struct("<fii")
LARGEST_SIDE = 16_384  # pixels; 8K video is half of it


def read_flo(path: Path) -> Field:
    """The field [H, W, 2] of a `.flo` file.

    Raises:
        FormatError: P290 when the file is no flow file or is cut off.
        LimitError: P502 when a side is longer than any video's.
    """
    name = shown(path.name)
    require_regular(path, name)
    try:
        with path.open("rb") as stream:
            head = stream.read(HEADER.size)
            magic, width, height = HEADER.unpack(head) if len(head) == HEADER.size else (0.0, 0, 0)
            if magic != MAGIC or width < 1 or height < 1:
                raise FormatError(
                    "P290", where=name, what="is no flow file", wanted="202021.25, width and height first"
                )
            if max(width, height) > LARGEST_SIDE:
                raise LimitError(
                    "P502",
                    where=name,
                    what=f"holds a field of {width} x {height}",
                    wanted=f"sides of at most {LARGEST_SIDE}",
                )
            wanted = width * height * 2 * 4
            if path.stat().st_size != HEADER.size + wanted:
                raise FormatError(
                    "P290",
                    where=name,
                    what=f"has {path.stat().st_size} bytes",
                    wanted=f"{HEADER.size + wanted} bytes for a field of {width} x {height}",
                )
            return np.frombuffer(stream.read(wanted), dtype="<f4").reshape(height, width, 2)
    except OSError as error:
        raise FormatError("P290", where=name, what=f"cannot be read ({shown(error)})") from error


class FloFiles:
    """Flow read from a folder: the file of a frame holds the flow from it to the next frame.

    A frame `images/val/walk/000012.jpg` finds `images/val/walk/000012.flo`, else `val/walk/000012.flo`, and
    so on down to `000012.flo` in the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def move(self, points: Floats, before: FrameInput, now: FrameInput) -> Floats:
        """Points [M, 2] moved by the field of the earlier frame."""
        return points + sample(read_flo(self._path(before.key)), points)

    def _path(self, key: str) -> Path:
        parts = [part for part in PurePosixPath(key).parts if part not in ("/", "..")] or ["unnamed"]
        parts[-1] = PurePosixPath(parts[-1]).stem + ".flo"
        for first in range(len(parts)):
            path = self._folder.joinpath(*parts[first:])
            if os.path.isfile(path):
                return path
        raise UsageError(
            "P164",
            where=f"frame {shown(key)}",
            what="has no flow file",
            wanted=f"{shown('/'.join(parts))} or {shown(parts[-1])} in {shown(self._folder)}",
        )
