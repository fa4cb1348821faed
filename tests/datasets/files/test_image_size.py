"""Sizes of pictures from their headers: every format, and files that lie."""

from __future__ import annotations

import os
import random
import struct
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from poseval.datasets.files import image_size
from poseval.datasets.files.image_size import PICTURES, picture_size

SIZE = (37, 23)


@pytest.fixture(autouse=True)
def warnings_are_errors() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def saved(path: Path) -> Path:
    Image.new("RGB", SIZE, (200, 30, 90)).save(path)
    return path


def png(path: Path, width: int, height: int) -> Path:
    """A PNG whose header claims a size, with pixels for none of it."""
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, data in (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"")),
    ):
        parts.append(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))
    path.write_bytes(b"".join(parts))
    return path


@pytest.mark.parametrize("suffix", PICTURES)
def test_every_format(suffix: str, tmp_path: Path) -> None:
    assert picture_size(saved(tmp_path / f"a{suffix}")) == SIZE


@pytest.mark.parametrize("suffix", PICTURES)
def test_a_damaged_picture_has_its_size_or_none(suffix: str, tmp_path: Path) -> None:
    whole = saved(tmp_path / f"a{suffix}").read_bytes()
    path = tmp_path / f"cut{suffix}"
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        assert picture_size(path) in (SIZE, None)
    rng = random.Random(3)
    for _ in range(200):
        data = bytearray(whole)
        data[rng.randrange(min(len(data), 400))] = rng.randrange(256)
        path.write_bytes(data)
        found = picture_size(path)
        assert found is None or min(found) > 0


@pytest.mark.parametrize(
    ("claimed", "found"),
    [((12_000, 10_000), (12_000, 10_000)), ((100_000, 100_000), None), ((0, 10), None)],
)
def test_claimed_sizes(claimed: tuple[int, int], found: tuple[int, int] | None, tmp_path: Path) -> None:
    """120 million pixels make Pillow warn and 10,000 million make it refuse; neither reaches the user."""
    assert picture_size(png(tmp_path / "a.png", *claimed)) == found


def test_what_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no picture")
    (tmp_path / "b.png").mkdir()
    os.mkfifo(tmp_path / "c.png")
    Image.new("RGB", SIZE).save(tmp_path / "d.ppm")
    for name in ("a.png", "b.png", "c.png", "d.ppm", "absent.png", "x" * 300 + ".png"):
        assert picture_size(tmp_path / name) is None


@pytest.mark.parametrize("suffix", [".webp", ".jpg"])
def test_no_more_than_a_budget_is_read(suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path / f"a{suffix}")
    monkeypatch.setattr(image_size, "READ_BYTES", path.stat().st_size)
    assert picture_size(path) == SIZE
    monkeypatch.setattr(image_size, "READ_BYTES", path.stat().st_size - 1)
    assert picture_size(path) is None
