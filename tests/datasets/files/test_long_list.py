"""Lists read part by part say the same as lists read as a whole, and lists that changed are refused."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poseval.datasets import ReadOptions, Role, read
from poseval.datasets.files import long_list
from poseval.datasets.files.document import Document
from poseval.datasets.files.long_list import LongList, opened
from poseval.errors import PosevalError, UsageError
from poseval.kernels import json as kj
from poseval.limits import DEFAULT, Limits
from tests.fuzz.coco import mutated
from tests.hostile.made import results, truth
from tests.kernels.json_writings import FIELDS, written


def plain(value: Any) -> Any:
    """Columns as values that `==` compares, NaN with NaN."""
    if dataclasses.is_dataclass(value):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    return {key: plain(one) for key, one in value.items()} if isinstance(value, dict) else value


def by_parts(
    path: Path, text: bytes, window: int, limits: Limits = DEFAULT
) -> tuple[kj.Columns | None, bytes]:
    """The columns, and the bytes that were to be digested."""
    path.write_bytes(text)
    seen = bytearray()
    start = len(text) - len(text.lstrip())
    with path.open("rb") as file:
        options: Any = {"start": start, "limits": limits, "window": window}
        return kj.file_columns(file.fileno(), len(text), FIELDS, seen.extend, **options), bytes(seen)


@settings(max_examples=150, deadline=None)
@given(made=written(), window=st.sampled_from([16, 64, 200, 1000, 1 << 16]))
def test_parts_of_any_length_give_the_same_columns(
    tmp_path_factory: pytest.TempPathFactory, made: tuple[list[dict[str, Any]], str], window: int
) -> None:
    text = made[1].encode("utf-8", "surrogatepass")
    found, seen = by_parts(tmp_path_factory.getbasetemp() / "list.json", text, window)
    if found is not None:
        whole = kj.columns(text, FIELDS, start=len(text) - len(text.lstrip()), last=True)
        assert plain(dataclasses.replace(found, end=whole.end)) == plain(whole)
        assert seen == text


def long_text(count: int = 400, name: str = "a") -> bytes:
    points = [1, 1.5, 2, 3, -4, 1] * 3
    rows = [{"image_id": n, "score": n / 7, "name": name, "keypoints": points} for n in range(count)]
    return json.dumps(rows).encode()


@pytest.mark.parametrize("window", [256, 1000, 4096, 1 << 20])
def test_long_lists_are_read_by_parts(tmp_path: Path, window: int) -> None:
    text = long_text()
    found, seen = by_parts(tmp_path / "list.json", text, window)
    assert found is not None
    assert seen == text
    whole = kj.columns(text, FIELDS, last=True)
    assert plain(dataclasses.replace(found, end=whole.end)) == plain(whole)


@pytest.mark.parametrize("window", range(400, 450))
def test_texts_that_look_like_records_do_no_harm(tmp_path: Path, window: int) -> None:
    text = long_text(20, '}, {"image_id": 5},{"b')
    found, _ = by_parts(tmp_path / "list.json", text, window)
    if found is not None:
        assert plain(found.columns) == plain(kj.columns(text, FIELDS, last=True).columns)


@pytest.mark.parametrize(
    "wrong",
    [
        long_text()[:-1],
        long_text() + b" x",
        long_text().replace(b"[", b"", 1),
        long_text()[:-1] + b",]",
        b"[]",
        long_text(40) + b" " * 9999 + b"1",
        long_text(40).replace(b'"score": 1.0', b'"score": 1.'),
        long_text(40).replace(b"}, {", b"},, {", 20),
    ],
)
def test_what_is_not_as_usual_is_left_to_the_whole(tmp_path: Path, wrong: bytes) -> None:
    assert by_parts(tmp_path / "list.json", wrong, 1000)[0] is None


def test_limits_hold_by_parts(tmp_path: Path) -> None:
    path, text = tmp_path / "list.json", long_text(40)
    assert by_parts(path, text, 1000, dataclasses.replace(DEFAULT, people=39))[0] is None
    assert by_parts(path, text, 1000, dataclasses.replace(DEFAULT, numbers=100))[0] is None
    assert by_parts(path, text, 1000, dataclasses.replace(DEFAULT, keys=2))[0] is None
    assert by_parts(path, text, 1000, dataclasses.replace(DEFAULT, people=40))[0] is not None


def test_files_that_end_early_or_cannot_be_read_are_left_to_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_bytes(long_text())
    with path.open("rb") as file:
        assert kj.file_columns(file.fileno(), len(long_text()) + 5, FIELDS, len) is None
        assert kj.file_columns(file.fileno(), len(long_text()), FIELDS, lambda _: 1 / 0) is None
    with path.open("ab") as file:
        assert kj.file_columns(file.fileno(), len(long_text()), FIELDS, len) is None


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of any length are read by parts, of 700 bytes."""
    monkeypatch.setattr(long_list, "LONG", 1)
    defaults: Any = kj.file_columns.__kwdefaults__
    monkeypatch.setitem(defaults, "window", 700)


def answer(path: Path, gt: Path) -> Any:
    """The predictions, or what is wrong with them."""
    known = read(gt, ReadOptions(Role.TRUTH))
    try:
        poses = read(path, ReadOptions(Role.PREDICTIONS, known))
    except PosevalError as error:
        return str(error)
    return plain(poses.people), poses.origin


@pytest.mark.usefixtures("short")
def test_the_file_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gt, path = tmp_path / "gt.json", tmp_path / "dt.json"
    gt.write_text(json.dumps(truth()))
    path.write_text(json.dumps(results() * 20))

    def never(_: LongList) -> bytes:
        raise AssertionError("the file was read as a whole")

    whole = Document.open(path).sha256
    with monkeypatch.context() as patch:
        patch.setattr(LongList, "_whole", never)
        assert answer(path, gt)[1].sha256 == whole


@pytest.mark.usefixtures("short")
def test_mutated_files_have_the_same_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gt, path = tmp_path / "gt.json", tmp_path / "dt.json"
    gt.write_text(json.dumps(truth()))
    chance = random.Random(3)
    text = json.dumps(results() * 3).encode()
    for _ in range(300):
        path.write_bytes(mutated(text, chance))
        found = answer(path, gt)
        with monkeypatch.context() as patch:
            patch.setattr(long_list, "LONG", 1 << 40)
            assert found == answer(path, gt)


@pytest.mark.usefixtures("short")
def test_lists_are_told_from_other_files(tmp_path: Path) -> None:
    path = tmp_path / "dt.json"
    for text, is_list in (
        (b'[{"a": 1}]', True),
        (b'\xef\xbb\xbf \n[\n{"a": 1}\n]', True),
        (b'[{"a": 1}]\n[{"a": 2}]', False),
        (b'{"a": [{}]}', False),
        (b"[[1]]", False),
        (b"", False),
    ):
        path.write_bytes(text)
        assert (opened(path, DEFAULT) is not None) == is_list
    assert opened(tmp_path / "none.json", DEFAULT) is None
    assert opened(tmp_path, DEFAULT) is None
    assert opened("-", DEFAULT) is None
    path.rename(tmp_path / "dt.jsonl")
    assert opened(tmp_path / "dt.jsonl", DEFAULT) is None


@pytest.mark.usefixtures("short")
def test_a_file_that_changes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dt.json"
    path.write_bytes(long_text())
    document = opened(path, DEFAULT)
    assert document is not None
    document.columns(FIELDS)
    assert document.sha256 == hashlib.sha256(long_text()).hexdigest()
    path.write_bytes(long_text()[:-1] + b" ]")
    with pytest.raises(UsageError, match="it changed meanwhile") as caught:
        _ = document.data
    assert caught.value.code == "P136"
    assert document.sha256 == hashlib.sha256(long_text()).hexdigest()


@pytest.mark.usefixtures("short")
def test_a_file_that_changed_before_is_read_anew_where_it_begins_alike(tmp_path: Path) -> None:
    path = tmp_path / "dt.json"
    path.write_bytes(long_text())
    document = opened(path, DEFAULT)
    assert document is not None
    os.utime(path, (1, 1))
    assert document.columns(FIELDS).count == 400
    assert document.sha256 == hashlib.sha256(long_text()).hexdigest()
    other = opened(path, DEFAULT)
    assert other is not None
    path.write_bytes(long_text(3))
    with pytest.raises(UsageError, match="it changed meanwhile"):
        other.columns(FIELDS)


@pytest.mark.usefixtures("short")
def test_a_digest_alone_reads_the_file(tmp_path: Path) -> None:
    path = tmp_path / "dt.json"
    path.write_bytes(long_text())
    document = opened(path, DEFAULT)
    assert document is not None
    assert document.sha256 == hashlib.sha256(long_text()).hexdigest()
