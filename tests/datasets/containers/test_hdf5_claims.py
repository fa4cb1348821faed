"""HDF5 files whose heaps are damaged: the library would look for their end for ever."""

from __future__ import annotations

import io

import pytest

from poseval.datasets.containers.hdf5 import load, opened
from poseval.datasets.containers.hdf5_claims import BLOCK, HEAP, NAMES, check_heaps
from poseval.datasets.files.document import Document
from poseval.errors import FormatError

h5py = pytest.importorskip("h5py")


def file_of(texts: list[str], block: int = 0) -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w", userblock_size=block) as file:
        file["texts"] = texts
        file["numbers"] = [1.0, 2.0]
    return stream.getvalue()


def damaged(data: bytes, object_number: int, index: int, size: int) -> bytes:
    """The file with another index and size for an object of its first heap."""
    out, at = bytearray(data), data.index(HEAP) + 16
    for _ in range(object_number):
        at += 16 + -(-int.from_bytes(out[at + 8 : at + 16], "little") // 8) * 8
    out[at : at + 2] = index.to_bytes(2, "little")
    out[at + 8 : at + 16] = size.to_bytes(8, "little")
    return bytes(out)


@pytest.mark.parametrize("block", [0, BLOCK])
def test_sound_heaps(block: int) -> None:
    document = Document(file_of(["nose", "left_eye", "x" * 3000, "y" * 3000], block), "a.h5")
    check_heaps(document)
    assert load(document)["numbers"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize("block", [0, BLOCK])
@pytest.mark.parametrize(
    ("number", "index", "size"),
    [(0, 0, 0), (1, 0, 0), (0, 1, 2**64 - 16), (0, 1, 2**64 - 1), (1, 2, 5000), (0, 0, 2**63)],
)
def test_heaps_without_an_end_are_refused(block: int, number: int, index: int, size: int) -> None:
    data = damaged(file_of(["nose", "left_eye"], block), number, index, size)
    with (
        pytest.raises(FormatError, match="begins texts without an end") as caught,
        opened(Document(data, "a.h5")),
    ):
        pass
    assert caught.value.code == "P215"


@pytest.mark.parametrize("block", [0, BLOCK])
@pytest.mark.parametrize("steps", [1, 2])
def test_free_places_in_a_circle_are_refused(block: int, steps: int) -> None:
    out = bytearray(file_of(["nose"], block))
    start = out.index(NAMES)
    free, place = (int.from_bytes(out[start + at : start + at + 8], "little") for at in (16, 24))
    for step in range(steps):  # each names the next as free, and the last of them the first
        at = block + place + free + 16 * step
        following = free + 16 * ((step + 1) % steps)
        out[at : at + 16] = following.to_bytes(8, "little") + (16).to_bytes(8, "little")
    data = bytes(out)
    with (
        pytest.raises(FormatError, match="free places without") as caught,
        opened(Document(bytes(data), "a")),
    ):
        pass
    assert caught.value.code == "P215"


def test_addresses_of_another_size_are_refused() -> None:
    data = bytearray(file_of(["nose"]))
    newer = data[8] >= 2
    data[10 if newer else 14] = 4
    with pytest.raises(FormatError, match="than 8 bytes") as caught, opened(Document(bytes(data), "a.h5")):
        pass
    assert caught.value.code == "P215"


def test_the_name_of_a_heap_in_a_text_is_no_heap() -> None:
    """Too small to be one: the library would not read it as one, either."""
    check_heaps(Document(file_of(["GCOL\x01\0\0\0 and more"[:4], "GCOL"]) + HEAP + bytes(40), "a.h5"))
