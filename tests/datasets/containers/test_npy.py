"""NumPy files of unknown origin: objects, claims without bytes, other byte orders, bombs."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from poseval.datasets.containers.npy import is_npy, is_npz, load, load_npy, load_npz
from poseval.datasets.files.document import Document
from poseval.errors import FormatError, LimitError
from poseval.limits import DEFAULT, Limits


def saved(array: np.ndarray, **options: bool) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def zipped(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", ">i4", "u1", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_types_and_orders(dtype: str, order: str) -> None:
    array = np.asarray(np.arange(24).reshape(2, 3, 4) % 2, dtype=dtype, order=order)  # type: ignore[call-overload]
    found = load_npy(saved(array), "a.npy", DEFAULT)
    assert np.array_equal(found, array)
    assert found.dtype.isnative


def test_objects_are_never_unpacked() -> None:
    with pytest.raises(FormatError, match="objects are never unpacked") as caught:
        load_npy(saved(np.array([{"a": 1}], dtype=object), allow_pickle=True), "a.npy", DEFAULT)
    assert caught.value.code == "P216"


def test_a_header_that_claims_more_than_there_is() -> None:
    data = saved(np.zeros((4, 4)))
    for claim in (b"'shape': (400000000000, 4), ", b"'shape': (5, 4), ", b"'shape': (-4, -4), "):
        header = data.replace(b"'shape': (4, 4), ", claim)
        fixed = header[:8] + np.uint16(len(header) - 10 - 128).tobytes() + header[10:]
        with pytest.raises((FormatError, LimitError)) as caught:
            load_npy(fixed, "a.npy", DEFAULT)
        assert caught.value.code in ("P216", "P502")


def test_truncated_and_foreign_files() -> None:
    data = saved(np.zeros((4, 4)))
    for bad in (data[:60], data[:-8], data[:3], b"\x93NUMPY\x09\x09" + data[8:]):
        with pytest.raises(FormatError) as caught:
            load_npy(bad, "a.npy", DEFAULT)
        assert caught.value.code == "P216"


def test_too_many_numbers() -> None:
    with pytest.raises(LimitError) as caught:
        load_npy(saved(np.zeros(100)), "a.npy", Limits(numbers=99))
    assert caught.value.code == "P502"


def test_archives() -> None:
    document = Document(zipped(a=np.arange(3), b=np.ones((2, 2))), "a.npz")
    assert is_npz(document)
    assert not is_npy(document)
    assert {name: array.tolist() for name, array in load(document).items()} == {
        "a": [0, 1, 2],
        "b": [[1, 1]] * 2,
    }


def test_an_archive_that_unpacks_to_too_much() -> None:
    document = Document(zipped(a=np.zeros(3_000_000)), "a.npz")
    with pytest.raises(LimitError) as caught:
        load_npz(document)
    assert caught.value.code == "P504"


def test_damaged_archives() -> None:
    data = bytearray(zipped(a=np.random.default_rng(0).random(100)))
    data[80] ^= 0xFF
    with pytest.raises(FormatError) as caught:
        load_npz(Document(bytes(data), "a.npz"))
    assert caught.value.code == "P216"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.npy", b"no array")
    with pytest.raises(FormatError):
        load_npz(Document(stream.getvalue(), "b.npz"))
