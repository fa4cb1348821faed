"""The bounded reader of MATLAB files against SciPy's, and against damage."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import loadmat, savemat

from poseval.datasets.containers.mat import Cell, Struct, is_mat, load, variables
from poseval.datasets.files.document import Document
from poseval.errors import FormatError, LimitError, PosevalError
from poseval.limits import DEFAULT, Limits
from tests.datasets.mat_files import cells, structs
from tests.shared import shared_cases

FILES = [
    *shared_cases("golden/mpii/_inputs", "**/*.mat"),
    *shared_cases("samples/formats", "*/*.mat"),
]


def document(compress: bool = True, limits: Limits = DEFAULT, **content: Any) -> Document:
    stream = io.BytesIO()
    savemat(stream, content, do_compression=compress, long_field_names=True)
    return Document(stream.getvalue(), "a.mat", limits)


def same(mine: Any, scipys: Any) -> bool:
    if isinstance(mine, Cell):
        assert mine.shape == scipys.shape
        return all(same(a, b) for a, b in zip(mine.items, scipys.ravel(order="F"), strict=True))
    if isinstance(mine, Struct):
        assert mine.shape == scipys.shape
        return all(
            same(row[name], other[name])
            for row, other in zip(mine.rows, scipys.ravel(order="F"), strict=True)
            for name in mine.fields
        )
    if isinstance(mine, str):
        return mine == (str(scipys[0]) if scipys.size else "")
    if isinstance(mine, (int, float)):
        return bool(mine == scipys.item())
    return mine.shape == scipys.shape and np.array_equal(mine, scipys)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_real_files_read_as_scipy_reads_them(path: Path) -> None:
    found, wanted = load(Document.open(path)), loadmat(path)
    assert found.keys() == {name for name in wanted if not name.startswith("__")}
    assert all(same(found[name], wanted[name]) for name in found)
    numbers = [name for name in found if isinstance(found[name], np.ndarray)]
    shapes = variables(Document.open(path))
    assert {name: shapes[name] for name in numbers} == {name: wanted[name].shape for name in numbers}


@pytest.mark.parametrize("compress", [True, False])
def test_nested_structs_cells_text_and_numbers(compress: bool) -> None:
    inner = structs([{"x": 1.5, "name": "left"}, {"x": 2, "name": ""}])
    content = {
        "deep": structs([{"points": inner, "many": cells([1.0, np.arange(6).reshape(2, 3), "text"])}]),
        "flat": np.arange(24, dtype=np.int16).reshape(2, 3, 4),
        "empty": np.zeros((0, 0)),
    }
    data = document(compress, **content)
    found, wanted = load(data), loadmat(io.BytesIO(data.data))
    assert all(same(found[name], wanted[name]) for name in content)
    assert found["deep"].rows[0]["points"].rows[0] == {"x": 1.5, "name": "left"}
    assert load(data, frozenset({"flat"})).keys() == {"flat"}


def test_scalars_of_one_struct_are_read_the_quick_way_and_right() -> None:
    values = [1.0, -2.5, 300, 70000, 2**40, 0.1]
    found = load(document(all=structs([{"x": value, "y": np.uint8(7)} for value in values])))
    assert [row["x"] for row in found["all"].rows] == values
    assert {row["y"] for row in found["all"].rows} == {7}


def test_big_endian() -> None:
    stream = io.BytesIO()
    savemat(stream, {"x": np.array([[1.5, 2.5]])}, do_compression=False)
    data = bytearray(stream.getvalue())
    assert data[126:128] == b"IM"
    words = np.frombuffer(bytes(data[128:]), dtype="<u4").byteswap().tobytes()
    # Every field here is made of words of four bytes but the name (1 byte) and the two doubles.
    body = bytearray(words)
    name_at = bytes(data[128:]).index(b"x\0\0\0")
    body[name_at : name_at + 4] = b"x\0\0\0"
    doubles = bytes(data[128:]).index(np.array([1.5, 2.5]).tobytes())
    body[doubles : doubles + 16] = np.array([1.5, 2.5], dtype=">f8").tobytes()
    swapped = bytes(data[:124]) + b"\1\0MI" + bytes(body)
    assert load(Document(swapped, "b.mat"))["x"].tolist() == [[1.5, 2.5]]


def test_complex_numbers_and_sparse_arrays_are_refused() -> None:
    from scipy.sparse import csc_matrix

    for content in (np.array([[1 + 2j]]), csc_matrix(np.eye(3))):
        with pytest.raises(FormatError) as caught:
            load(document(x=content))
        assert caught.value.code == "P214"


def test_depth_numbers_and_ratio_are_bounded() -> None:
    deep: Any = 1.0
    for _ in range(40):
        deep = cells([deep])
    with pytest.raises(LimitError, match="too deeply") as caught:
        load(document(x=deep))
    assert caught.value.code == "P502"
    with pytest.raises(LimitError, match="numbers") as caught:
        load(document(limits=Limits(numbers=10), x=np.zeros((4, 4))))
    assert caught.value.code == "P502"
    with pytest.raises(LimitError) as caught:
        load(document(x=np.zeros((2000, 2000))))
    assert caught.value.code == "P504"


def test_a_claim_of_many_elements_is_not_believed() -> None:
    data = bytearray(document(False, x=cells([1.0])).data)
    at = data.index(np.array([5, 8, 1, 1], dtype="<u4").tobytes())
    data[at + 8 : at + 16] = np.array([30000, 30000], dtype="<i4").tobytes()
    with pytest.raises(FormatError, match="do not fit") as caught:
        load(Document(bytes(data), "c.mat"))
    assert caught.value.code == "P214"


@pytest.mark.parametrize("cut", [100, 127, 130, 140, 200])
def test_truncated_files(cut: int) -> None:
    data = document(False, x=np.arange(40.0).reshape(4, 10)).data[:cut]
    with pytest.raises(FormatError) as caught:
        load(Document(data, "d.mat"))
    assert caught.value.code == "P214"


def test_damaged_compression() -> None:
    data = bytearray(document(x=np.arange(40.0).reshape(4, 10)).data)
    data[150] ^= 0xFF
    with pytest.raises(FormatError) as caught:
        load(Document(bytes(data), "e.mat"))
    assert caught.value.code == "P214"
    with pytest.raises(zlib.error):
        loadmat(io.BytesIO(bytes(data)))


@pytest.mark.parametrize("kept", [10, 18, 26, 40])
def test_a_compressed_variable_that_ends_in_its_header(kept: int) -> None:
    """Its own sizes are sound; the stream ends early, which a look at the names alone meets, too."""
    whole = document(False, x=np.arange(40.0).reshape(4, 10)).data
    packed = zlib.compress(whole[128 : 128 + kept])
    made = Document(whole[:128] + struct.pack("<II", 15, len(packed)) + packed, "f.mat")
    for read in (variables, load):
        with pytest.raises(FormatError) as caught:
            read(made)
        assert caught.value.code == "P214"


def test_other_files_are_not_taken_for_one() -> None:
    assert not is_mat(Document(b"{}", "a.json"))
    assert is_mat(document(x=1.0))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 6), st.booleans())
def test_mutated_files_never_crash(seed: int, changes: int, compress: bool) -> None:
    rng = np.random.default_rng(seed)
    row = {"x": 1.5, "name": "left", "many": cells([1.0, "text", np.arange(6.0)])}
    data = bytearray(document(compress, a=structs([row, row]), b=np.arange(24).reshape(2, 3, 4)).data)
    for _ in range(changes):
        data[int(rng.integers(128, len(data)))] = int(rng.integers(0, 256))
    if rng.random() < 0.3:
        del data[int(rng.integers(128, len(data))) :]
    code = ""
    try:
        load(Document(bytes(data), "f.mat"))
        variables(Document(bytes(data), "f.mat"))
    except PosevalError as error:
        code = error.code
    assert code in ("", "P214", "P501", "P502", "P504")
