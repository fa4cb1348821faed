"""Width and height of an image from its header, by Pillow; no pixel is decoded."""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from poseval.limits import MIB

if TYPE_CHECKING:
    from typing_extensions import Buffer

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff")
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF")  # Pillow knows dozens; the fewer, the less to attack
READ_BYTES = 64 * MIB  # WebP is read whole; a hostile TIFF can point thousands of tags at the same bytes


class _Budgeted(io.FileIO):
    """A file of which no more than `READ_BYTES` are read, however often it is rewound."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.left = READ_BYTES

    def readinto(self, buffer: Buffer, /) -> int:
        return self._spend(super().readinto(buffer) or 0)

    def readall(self) -> bytes:
        data = super().read(self.left + 1) or b""
        self._spend(len(data))
        return data

    def _spend(self, count: int) -> int:
        self.left -= count
        if self.left < 0:
            raise OSError("the image header is longer than any known")
        return count


def picture_size(path: Path) -> tuple[int, int] | None:
    """Width and height in pixels as stored; the EXIF orientation is not applied.

    None if the file is not an image of these formats, is damaged before its size is known, or claims more
    pixels than Pillow trusts (about 179 million).
    """
    from PIL import Image

    try:
        if not os.path.isfile(path):  # a pipe would wait for ever
            return None
        with warnings.catch_warnings(), io.BufferedReader(_Budgeted(path)) as file:
            warnings.simplefilter("ignore")  # of large images and odd EXIF data: neither is decoded here
            with Image.open(file, formats=FORMATS) as picture:
                width, height = picture.size
    except Exception:  # Pillow raises OSError, SyntaxError, ValueError, struct.error, ... by format
        return None
    return (width, height) if width > 0 and height > 0 else None
