"""HDF5 files whose types, texts and attributes claim what is not there: the library would believe them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval import datasets
from poseval.datasets import ReadOptions, Role, WriteOptions
from poseval.datasets.containers import hdf5
from poseval.datasets.containers.hdf5_groups import attribute, texts
from poseval.datasets.files.document import Document
from poseval.errors import PosevalError
from poseval.limits import Limits
from tests.datasets.test_same_score import truth_and_predictions
from tests.hostile.limited import poseval, see_refused

h5py = pytest.importorskip("h5py")
HUGE = 0x30000000  # bytes that a text claims


def written(name: str, role: Role, path: Path) -> Path:
    """A sound file of a format."""
    truth, predictions = truth_and_predictions()
    poses = truth if role is Role.TRUTH else predictions
    datasets.get_format(name).write(poses, path, WriteOptions(role, force=True, truth=truth))
    return path


def lengthened(data: bytes, text: bytes) -> bytes:
    """The file with all descriptors that point to a text in a heap claiming `HUGE` bytes."""
    out = bytearray(data)
    changed = 0
    heap = data.find(b"GCOL")
    while heap >= 0:
        place = struct.pack("<Q", heap)
        at = data.find(struct.pack("<I", len(text)) + place)
        while at >= 0:
            out[at : at + 4] = struct.pack("<I", HUGE)
            changed += 1
            at = data.find(struct.pack("<I", len(text)) + place, at + 1)
        heap = data.find(b"GCOL", heap + 1)
    assert changed
    return bytes(out)


@pytest.mark.parametrize(
    "text", [b"PoseEstimation", b"PoseEstimationSeries", b"no comments", b"left_shoulder"]
)
def test_a_text_that_is_longer_than_its_file(text: bytes, tmp_path: Path) -> None:
    path = written("nwb", Role.PREDICTIONS, tmp_path / "a.nwb")
    path.write_bytes(lengthened(path.read_bytes(), text))
    ended = poseval(["convert", path, "out.npz", "--to", "native", "--role", "predictions"], folder=tmp_path)
    see_refused(ended, "P215 P201", (3,))
    assert ended.peak < 256 << 20, f"{ended.peak >> 20} MiB"


def strange_float() -> Any:
    """A number of 8 bytes with an exponent of 15 bits, which NumPy keeps in 16 bytes."""
    kind = h5py.h5t.IEEE_F64LE.copy()
    kind.set_fields(63, 48, 15, 0, 48)
    kind.set_ebias(16383)
    return kind


def table_of(kind: Any, size: int) -> Any:
    """A row of a column of this type, and of a flag behind it."""
    made = h5py.h5t.create(h5py.h5t.COMPOUND, size + 1)
    made.insert(b"x", 0, kind)
    made.insert(b"visible", size, h5py.h5t.STD_I8LE)
    return made


def overlapping() -> Any:
    """Two columns at the same place; the library refuses to make it, so that it is made by hand below."""
    return table_of(h5py.h5t.STD_I32LE, 4)


KINDS: dict[str, Callable[[], Any]] = {
    "an exponent of its own": strange_float,
    "a column with an exponent of its own": lambda: table_of(strange_float(), 8),
    "three bytes": lambda: _resized(h5py.h5t.STD_I32LE.copy(), 3),
    "a reference": lambda: h5py.h5t.STD_REF_OBJ,
    "an opaque value": lambda: h5py.h5t.create(h5py.h5t.OPAQUE, 8),
    "numbers of any length": lambda: h5py.h5t.vlen_create(h5py.h5t.NATIVE_INT64),
    "a column of texts of any length": lambda: table_of(
        h5py.h5t.py_create(h5py.string_dtype(), logical=True), 16
    ),
}


def _resized(kind: Any, size: int) -> Any:
    kind.set_precision(8 * size)
    kind.set_size(size)
    return kind


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_types_that_no_pose_file_has(kind: Callable[[], Any], tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        made, space = kind(), h5py.h5s.create_simple((4,))
        h5py.h5d.create(file.id, b"tracks", made, space)
        h5py.h5a.create(file.id, b"note", made, space)
    document = Document.open(path)
    with hdf5.opened(document) as file:
        for read in (
            lambda: hdf5.check_claim(file["tracks"], document),
            lambda: attribute(file, "note", document),
        ):
            with pytest.raises(PosevalError) as caught:
                read()
            assert caught.value.code == "P215"


def test_columns_that_overlap_by_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        h5py.h5d.create(file.id, b"t", overlapping(), h5py.h5s.create_simple((4,)))
    data = path.read_bytes()
    at = data.index(b"visible\0")
    assert data[at + 8 : at + 12] == struct.pack("<I", 4)
    path.write_bytes(data[: at + 8] + struct.pack("<I", 2) + data[at + 12 :])
    document = Document.open(path)
    with pytest.raises(PosevalError) as caught, hdf5.opened(document) as file:
        hdf5.check_claim(file["t"], document)
    assert caught.value.code == "P215"


def compact(file: Any, name: str, words: list[str]) -> None:
    """A data set whose values stand in its header."""
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_layout(h5py.h5d.COMPACT)
    kind = h5py.h5t.py_create(h5py.string_dtype(), logical=True)
    made = h5py.h5d.create(file.id, name.encode(), kind, h5py.h5s.create_simple((len(words),)), plan)
    h5py.Dataset(made)[:] = words


def put(**options: Any) -> Callable[[Any, str, list[str]], None]:
    def make(file: Any, name: str, words: list[str]) -> None:
        file.create_dataset(name, data=words, dtype=h5py.string_dtype(), **options)

    return make


LAYOUTS: dict[str, Callable[[Any, str, list[str]], None]] = {
    "in one piece": put(),
    "in the header": compact,
    "in chunks": put(chunks=(2,)),
    "in packed chunks": put(chunks=(2,), compression="gzip", shuffle=True),
}
WORDS = ["nose", "left_eye", "right_eye"]


@pytest.mark.parametrize("version", ["earliest", "latest"])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_sound_texts_are_read_in_every_layout(
    layout: Callable[[Any, str, list[str]], None], version: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", libver=version) as file:
        layout(file, "nodes", WORDS)
        for number in range(5):
            file["nodes"].attrs[f"word{number}"] = WORDS[number % 3]
        file["nodes"].attrs["words"] = WORDS
    document = Document.open(path)
    with hdf5.opened(document) as file:
        assert texts(file["nodes"], document) == WORDS
        assert attribute(file["nodes"], "word4", document) == WORDS[1]
        assert list(attribute(file["nodes"], "words", document)) == WORDS
        assert attribute(file["nodes"], "none", document, 7) == 7


@pytest.mark.parametrize("layout", ["in one piece", "in the header", "in chunks"])
def test_a_word_that_is_longer_than_its_file(layout: str, tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        LAYOUTS[layout](file, "nodes", WORDS)
        file.attrs["word"] = WORDS[0]
    path.write_bytes(lengthened(path.read_bytes(), b"nose"))
    document = Document.open(path)
    with hdf5.opened(document) as file:
        for read in (lambda: texts(file["nodes"], document), lambda: attribute(file, "word", document)):
            with pytest.raises(PosevalError, match=f"text of {HUGE:,} bytes") as caught:
                read()
            assert caught.value.code == "P215"


def test_a_filling_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        kind = h5py.string_dtype()
        file.create_dataset("nodes", shape=(4,), dtype=kind, chunks=(2,), fillvalue="nose")[:2] = WORDS[:2]
    document = Document.open(path)
    with pytest.raises(PosevalError) as caught, hdf5.opened(document) as file:
        texts(file["nodes"], document)
    assert caught.value.code == "P215"


def test_one_text_that_a_file_names_many_times(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    count, size = 40_000, 500_000
    with h5py.File(path, "w") as file:
        file.create_dataset("nodes", data=["x" * size] + ["y"] * (count - 1), dtype=h5py.string_dtype())
        start = file["nodes"].id.get_offset()
    data = bytearray(path.read_bytes())
    data[start : start + 16 * count] = data[start : start + 16] * count
    path.write_bytes(data)
    document = Document.open(path)
    with pytest.raises(PosevalError) as caught, hdf5.opened(document) as file:
        texts(file["nodes"], document)  # 20 GB
    assert caught.value.code in ("P501", "P504")


def test_attributes_in_a_heap_are_refused_and_numbers_among_them_read(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", libver="latest") as file:
        for number in range(20):
            file.attrs[f"word{number}"] = "nose"
        file.attrs["rate"] = 30.0
    document = Document.open(path)
    with hdf5.opened(document) as file:
        assert attribute(file, "rate", document) == 30.0
        with pytest.raises(PosevalError) as caught:
            attribute(file, "word7", document)
    assert caught.value.code == "P215"


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("name", ["nwb", "sleap", "sleap-analysis", "deeplabcut-h5"])
def test_a_file_behind_a_block_of_the_user_is_read_alike(name: str, role: Role, tmp_path: Path) -> None:
    if role not in datasets.get_format(name).writes & datasets.get_format(name).reads:
        pytest.skip("is not written for this role")
    path = written(name, role, tmp_path / "a.h5")
    moved = tmp_path / "b.h5"
    moved.write_bytes(bytes(512) + path.read_bytes())
    gt = truth_and_predictions()[0]
    options = ReadOptions(role, gt if role is Role.PREDICTIONS else None, limits=Limits())
    first, second = datasets.read(path, options, name), datasets.read(moved, options, name)
    assert len(first) == len(second) > 0
    assert np.array_equal(first.people.xy, second.people.xy, equal_nan=True)


@pytest.mark.parametrize("value", [np.inf, 1e300, 0.5])
@pytest.mark.parametrize("field", ["track", "point_id_start", "frame_id"])
def test_numbers_of_things_that_are_not_whole(field: str, value: float, tmp_path: Path) -> None:
    path = written("sleap", Role.PREDICTIONS, tmp_path / "a.slp")
    with h5py.File(path, "r+") as file:
        rows = file["instances"][()]
        kinds = [(name, "<f8" if name == field else rows.dtype[name]) for name in rows.dtype.names]
        changed = rows.astype(kinds)
        changed[field][0] = value
        del file["instances"]
        file["instances"] = changed
    with pytest.raises(PosevalError) as caught:
        datasets.read(path, ReadOptions(Role.PREDICTIONS, truth_and_predictions()[0]), "sleap")
    assert caught.value.code == "P270"
