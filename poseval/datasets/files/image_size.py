"""Width and height of a PNG, JPEG, BMP or GIF file from its header; no picture is decoded."""

from __future__ import annotations

import struct
from pathlib import Path

HEAD_BYTES = 1 << 18  # a JPEG may carry a preview and a colour profile before its frame header
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".gif")


def picture_size(path: Path) -> tuple[int, int] | None:
    """Width and height, or None when the file is none of these or its header is not whole."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        return _size(head)
    except (OSError, struct.error):
        return None


def _size(head: bytes) -> tuple[int, int] | None:
    found: tuple[int, int] | None = None
    if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR":
        found = struct.unpack(">II", head[16:24])
    elif head[:4] == b"GIF8":
        found = struct.unpack("<HH", head[6:10])
    elif head[:2] == b"BM":
        width, height = struct.unpack("<ii", head[18:26])
        found = (width, abs(height))
    elif head[:2] == b"\xff\xd8":
        found = _jpeg(head)
    return found if found and min(found) > 0 else None


def _jpeg(head: bytes) -> tuple[int, int] | None:
    """Size in the frame header: markers C0 to CF but C4, C8 and CC (ITU-T T.81, table B.1)."""
    at = 2
    while at + 9 <= len(head):
        if head[at] != 0xFF:
            return None
        marker = head[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return int(width), int(height)
        at += 2 + struct.unpack(">H", head[at + 2 : at + 4])[0]
    return None
