"""Initialisers of ONNX files of hand-made bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from poseval.models.adapters.onnx_initializers import count_initializers, external_files

FLOAT, INT64 = 1, 7


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def piece(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def tensor(kind: int, *dims: int, packed: bool = False) -> bytes:
    sides = [varint(side) for side in dims]
    shape = piece(1, b"".join(sides)) if packed else b"".join(b"\x08" + side for side in sides)
    return shape + b"\x10" + varint(kind) + piece(8, b"weight") + piece(9, b"\0" * 16)


def model(*tensors: bytes) -> bytes:
    graph = piece(1, b"a node") + piece(2, b"main") + b"".join(piece(5, each) for each in tensors)
    return b"\x08\x08" + piece(2, b"made by hand") + piece(7, graph) + piece(8, b"")


def test_dimensions_are_multiplied_and_shapes_are_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(model(tensor(FLOAT, 64, 3, 300), tensor(FLOAT, 64, packed=True), tensor(INT64, 4)))
    assert count_initializers(path) == 64 * 3 * 300 + 64


@pytest.mark.parametrize(
    "content",
    [b"", b"onnx", model(), b"\x3a\xff\xff\xff\xff\x0f", b"\xff" * 30, model(tensor(FLOAT, 9))[:-40]],
)
def test_what_is_not_read_is_not_known(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    assert count_initializers(path) is None
    assert count_initializers(tmp_path / "none.onnx") is None


def outside(name: str) -> bytes:
    """A tensor whose numbers lie in another file."""
    places = [(b"location", name.encode()), (b"offset", b"0")]
    return tensor(FLOAT, 8) + b"".join(piece(13, piece(1, key) + piece(2, value)) for key, value in places)


def test_files_of_external_data_are_found(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(model(outside("net.onnx.data"), tensor(FLOAT, 3), outside("more"), outside("more")))
    assert external_files(path) == ["more", "net.onnx.data"]
    path.write_bytes(model(tensor(FLOAT, 3)))
    assert external_files(path) == external_files(tmp_path / "none.onnx") == []
