"""Folders that are scanned many files at once hold what they hold file by file, odd files included."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval.datasets import ReadOptions, Role, WriteOptions, get_format, read
from poseval.datasets.files.batches import together
from poseval.datasets.files.document import Document
from poseval.datasets.tools import mmpose, openpose
from poseval.datasets.yolo import lines
from poseval.errors import PosevalError
from poseval.kernels import json as kj
from poseval.poses import PoseSet
from poseval.synth import perturb, scene_set

FORMATS = {
    "openpose": (openpose, "openpose_body25"),
    "mmpose": (mmpose, "coco17"),
    "yolo": (lines, "coco17"),
}
TRUTH = scene_set(seed=3, images=9, people=2)


def _folder(path: Path, name: str) -> Path:
    predictions = perturb(TRUTH, 4)
    get_format(name).write(predictions, path, WriteOptions(role=Role.PREDICTIONS, truth=TRUTH))
    return path


def _found(path: Path, name: str) -> Any:
    """Everything that a reader says of a folder: columns, notices and what was not read, or the error."""
    try:
        poses: PoseSet = read(path, ReadOptions(Role.PREDICTIONS, TRUTH), name)
    except PosevalError as error:
        return str(error)
    columns = {key: np.asarray(getattr(poses.people, key)).tolist() for key in ("frame", "seen", "track")}
    numbers = {
        key: repr(getattr(poses.people, key).tolist()) for key in ("xy", "joint_score", "score", "box")
    }
    return columns, numbers, poses.frames.key.tolist(), poses.origin


def _both_ways(path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any, list[bool]]:
    """By batches and file by file, and whether each batch was scanned at once."""
    module, scanned = FORMATS[name][0], list[bool]()

    def watched(*arguments: Any) -> Any:
        found = together(*arguments)
        scanned.append(found is not None)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(module, "together", watched)
        at_once = _found(path, name)
    with monkeypatch.context() as patch:
        patch.setattr(module, "together", lambda *_: None)
        return at_once, _found(path, name), scanned


@pytest.mark.parametrize("name", FORMATS)
def test_a_sound_folder_is_scanned_at_once(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, one_by_one, scanned = _both_ways(_folder(tmp_path / "a", name), name, monkeypatch)
    assert scanned == [True]
    assert not isinstance(at_once, str), at_once
    assert at_once == one_by_one


ODD: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "two values": lambda data: data + b"," + data,
    "a value less": lambda data: data[:-1],
    "more after the end": lambda data: data + b" 1",
    "not UTF-8": lambda data: data + b"\xff",
    "byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "null": lambda data: b"null",
    "spaces": lambda data: b" \n" + data + b"\n ",
    "nobody": lambda data: b"[]",
    "a word": lambda data: data.replace(b"0.", b"x.", 1),
    "infinite": lambda data: data.replace(b"0.", b"1e999", 1),
    "no JSON number": lambda data: data.replace(b"0.", b"00.", 1),
    "a key twice": lambda data: data.replace(b"[{", b'[{"bbox_score": 1, "bbox_score": 1, ', 1),
    "an unknown key": lambda data: data.replace(b'"keypoint', b'"colour": "red", "keypoint', 1),
    "a number less": lambda data: data.rsplit(b" ", 1)[0] + b"\n",
    "a short list": lambda data: data.replace(b"]", b", 1]", 1),
    "a track of words": lambda data: data.replace(b'"person_id": [-1]', b'"person_id": ["a"]', 1),
    "a face": lambda data: data.replace(b'"face_keypoints_2d": []', b'"face_keypoints_2d": [1, 2, 3]', 1),
    "comma between": lambda data: data.replace(b" ", b",", 1),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kind", ODD)
def test_an_odd_file_is_read_or_refused_as_alone(
    name: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _folder(tmp_path / "a", name)
    path = sorted(path for path in folder.rglob("*") if path.suffix in (".json", ".txt"))[4]
    path.write_bytes(ODD[kind](path.read_bytes()))
    at_once, one_by_one, _ = _both_ways(folder, name, monkeypatch)
    assert at_once == one_by_one


def _documents(*texts: bytes) -> list[Document]:
    return [Document(text, f"{at}.json") for at, text in enumerate(texts)]


def test_two_values_in_one_file_do_not_make_up_for_none_in_another() -> None:
    fields = [kj.number("a")]
    assert together(_documents(b'{"a": 1}', b'{"a": 2}'), fields) is not None
    assert together(_documents(b'{"a": 1},{"a": 3}', b"", b'{"a": 2}'), fields) is None
    assert together(_documents(b'{"a": 1},{"a": 3}', b" "), fields) is None
    assert together(_documents(b'{"a": 1}, {"b":', b"2}"), fields) is None
    split = _documents(b'{"a": 1, "b": [1', b"2]}", b'{"a": 3}, {"a": 4}')
    assert together(split, fields) is None


def test_what_is_not_asked_for_is_counted() -> None:
    documents = _documents(b'{"a": [{"x": 1, "y": 2}], "v": 3}', b'{"a": [{"y": 2}], "v": 4}')
    assert together(documents, [kj.records("a", [kj.number("x")])]) is not None
    assert documents[0].unread == {"v": 2, "a[].y": 2}


def test_a_list_under_a_name() -> None:
    documents = _documents(b'[{"x": 1}]', b"[]", json.dumps([{"x": 2}, {"x": 3}]).encode())
    found = together(documents, [kj.records("list", [kj.number("x")])], "list")
    assert found is not None
    assert found[0]["list"].records is not None
    assert found[0]["list"].records["x"].values.tolist() == [1, 2, 3]
    assert found[0]["list"].start.tolist() == [0, 1, 1, 3]


def test_depth_is_that_of_a_file_alone() -> None:
    deep = b'{"a": ' + b"[" * 31 + b"]" * 31 + b"}"
    assert together(_documents(deep), [kj.number("b")]) is not None
    assert together(_documents(deep.replace(b"[]", b"[[]]")), [kj.number("b")]) is None


def test_a_folder_is_recognised_when_nobody_is_on_its_first_image(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "a", "mmpose")
    min(folder.rglob("*.json")).write_text("[]", "utf-8")
    assert read(folder, ReadOptions(Role.PREDICTIONS, TRUTH)).origin.format == "mmpose"
