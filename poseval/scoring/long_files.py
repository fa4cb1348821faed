"""Which files of results are read in pieces without being asked, and how long they may be then."""

from __future__ import annotations

import os
import struct
from dataclasses import replace
from functools import partial

from poseval.datasets.files import long_list
from poseval.datasets.files.json_lines import are_lines
from poseval.errors import PosevalError
from poseval.files.packed import GZIP, packing_of, unpacked_parts
from poseval.files.streams import is_stream
from poseval.limits import MIB, Limits, setting

# Bytes from which reading as a whole takes 500 MB or more.
LONG = 512 * MIB  # of a plain list, whose text is never held
LINES = 128 * MIB  # of JSON lines, whose text is held, and what a gzip file says that it unpacks to
PACKED = 40 * MIB  # of a packed file as it lies, where it does not say what it unpacks to
HEAD = MIB // 16  # bytes that say what a file is
OTHERS = 12  # numbers of a result, at most, beside those of its joints: ids, scores, a box
PLAIN = Limits(file_bytes=4096 * MIB, people=10_000_000)  # in pieces: 5 million take 400 MB


def is_long(path: str | os.PathLike[str], limits: Limits) -> bool:
    """Whether a file holds so many results that they are read in pieces by themselves."""
    if is_stream(path) or not os.path.isfile(path):
        return False
    size = os.path.getsize(path)
    if size >= LONG:
        return True
    if size < min(LINES // limits.ratio, PACKED) or long_list.opened(path, limits) is not None:
        return False
    try:
        head, unpacked = _looked_at(path, size, limits)
    except (PosevalError, OSError):
        return False  # which is told when it is read
    lines = are_lines(head, os.fspath(path))
    if b'"image_id"' not in head or not (lines or head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")):
        return False
    return size >= PACKED if unpacked is None else unpacked >= LINES


def _looked_at(path: str | os.PathLike[str], size: int, limits: Limits) -> tuple[bytes, int | None]:
    """How the content begins, and how many bytes it has; None where a packed file does not say it."""
    with open(path, "rb") as file:
        head = file.read(HEAD)
        name = os.fspath(path)
        packing = packing_of(head, name)
        if packing is None:
            return head, size
        file.seek(0)
        parts = unpacked_parts(partial(file.read, HEAD), size, packing, name, limits)
        content = next(parts, b"")[:HEAD]
        if packing.magic != GZIP or size >= PACKED:
            return content, None
        file.seek(-4, os.SEEK_END)  # the size of the last stream: of a file of several it says too little
        return content, struct.unpack("<I", file.read(4))[0]


def to_read_whole(size: int, results: int, joints: int, limits: Limits) -> str:
    """The options with which a file of `size` bytes and so many results is read as a whole."""
    needed = {
        "bytes": (size, limits.file_bytes),
        "people": (results, limits.people),
        "numbers": (results * (3 * joints + OTHERS), limits.numbers),
    }
    raising = [setting(name, amount) for name, (amount, allowed) in needed.items() if amount > allowed]
    return " ".join([*(f"--limit {text}" for text in raising), "--no-stream"])


def limits_in_pieces(path: str | os.PathLike[str], limits: Limits) -> Limits:
    """The limits for a file that is read in pieces: where nobody set others, a plain file may be longer.

    It is no larger than it lies on the disk, and is never held. What a packed file holds is copied to the
    disk: its bounds stay.
    """
    if not os.path.isfile(path):
        return limits
    try:
        with open(path, "rb") as file:
            head = file.read(16)
    except OSError:
        return limits  # which is told when it is read
    if packing_of(head, os.fspath(path)) is not None:
        return limits
    usual = Limits()
    larger = {
        name: getattr(PLAIN, name)
        for name in ("file_bytes", "people")
        if name not in limits.asked and getattr(limits, name) == getattr(usual, name)
    }
    return replace(limits, **larger)
