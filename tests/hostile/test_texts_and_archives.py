"""Rows 13, 14 and 16 to 20 of the table of attacks: encodings, broken JSON, archives, pickles."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest

from poseval.datasets import ReadOptions, Role, read
from poseval.errors import PosevalError
from tests.hostile.made import Folder, codes, results, sentence, truth, write


def test_13_byte_order_mark_is_accepted(folder: Folder) -> None:
    assert codes(folder.truth(b"\xef\xbb\xbf" + json.dumps(truth()).encode())) == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_13_other_encodings(folder: Folder, encoding: str) -> None:
    folder.truth_refused(json.dumps(truth()).encode(encoding), "P211", "is not UTF-8")


def test_13_latin_1(folder: Folder) -> None:
    gt = json.dumps(truth()).replace("000010.jpg", "caf\xe9.jpg")
    folder.truth_refused(gt.encode("latin-1"), "P211", r"line 1, byte \d+: is not UTF-8")


def test_13_lone_surrogates_and_odd_characters_in_names(folder: Folder) -> None:
    gt = truth()
    gt["images"][0]["file_name"] = "caf\udce9\u202e\u200b.jpg"
    gt["categories"][0]["name"] = "\x1b[31mred\x00"
    found = folder.truth(gt)
    assert found.frames.path[0] == "caf\udce9\u202e\u200b.jpg"


def test_13_raw_nul_and_control_characters(folder: Folder) -> None:
    folder.truth_refused(
        json.dumps(truth()).replace("000010.jpg", "a\x00b"), "P210", "unescaped control character"
    )


def test_13_and_36_names_are_shown_escaped(folder: Folder) -> None:
    dt = results()
    dt[0]["\x1b[2J\u202eevil"] = 1
    dt[1]["image_id"] = "\x1b]0;owned\x07"
    error = folder.results_refused(dt, "P402", "image_id")
    assert "\\x1b]0;owned\\x07" in str(error)
    assert "\x1b" not in str(error)
    del dt[1]
    assert "\\x1b[2J\\u202eevil" in sentence(folder.results(dt), "N410")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda text: text[: len(text) // 2], "truncated"),
        (lambda text: text[:-1], "truncated"),
        (lambda text: text + " {}", "more text after the end"),
        (lambda text: text[:-1] + ",]", "comma before a closing bracket"),
        (lambda text: text.replace("[{", "[ // people\n{", 1), "a comment"),
        (lambda text: text.replace("[{", "[ /* */ {", 1), "a comment"),
        (lambda text: text.replace('"', "'"), "character that JSON does not allow"),
        (lambda text: text.replace("0.9", ".9", 1), "character that JSON does not allow"),
        (lambda text: text.replace("0.9", "00.9", 1), "malformed number"),
    ],
)
def test_14_broken_results(folder: Folder, change: Any, what: str) -> None:
    folder.results_refused(change(json.dumps(results())), "P210", rf"dt\.json: line \d+, byte \d+: .*{what}")


def test_14_broken_truth_with_its_line(folder: Folder) -> None:
    text = json.dumps(truth(), indent=1)
    line = text[: text.index('"annotations"')].count("\n") + 1
    folder.truth_refused(text.replace('"annotations"', '"annotations",'), "P210", rf"line {line}, byte")


def zipped(members: list[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def test_16_gzip_bomb(folder: Folder) -> None:
    folder.truth_refused(gzip.compress(b"0" * (100 << 20)), "P504", "200 times its size")


def test_16_zip_bomb(folder: Folder) -> None:
    bomb = zipped([("a.json", b"0" * (100 << 20))])
    assert len(bomb) < 110_000
    folder.truth_refused(bomb, "P504", "200 times its size")


def test_16_nested_archives_are_not_opened(folder: Folder) -> None:
    inner = zipped([("a.json", json.dumps(results()).encode())])
    folder.results_refused(zipped([("inner.zip", inner)]), "P201", "is not predictions")


def test_16_packed_files_read_like_plain_ones(folder: Folder) -> None:
    plain = folder.results(results())
    text = json.dumps(results()).encode()
    for packed in (gzip.compress(text), zipped([("person_keypoints_results.json", text), ("README", b"x")])):
        found = folder.results(packed)
        assert found.people.xy.tobytes() == plain.people.xy.tobytes()
        assert found.origin.sha256 == plain.origin.sha256


def test_17_names_of_members_are_labels_only(folder: Folder) -> None:
    text = json.dumps(results()).encode()
    before = set(Path(folder.path).rglob("*"))
    packed = zipped([("ok.json", text), ("../../up.json", b"[]"), ("/abs.json", b"[]")])
    assert "2 other members of the archive" in sentence(folder.results(packed), "N430")
    assert {path.name for path in set(Path(folder.path).rglob("*")) - before} == {"gt.json", "dt.json"}


def test_17_two_members_of_one_name(folder: Folder) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        data = zipped([("a.json", b"[]"), ("a.json", b"[]")])
    folder.results_refused(data, "P213", "two members called 'a.json'")


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("the pickle was loaded",))


@pytest.mark.parametrize("name", ["x.pkl", "x.pt", "x.mat", "x.yaml", "x.json"])
def test_19_pickles_are_not_read(folder: Folder, name: str) -> None:
    path = write(folder.path / name, pickle.dumps(Bomb()))
    with pytest.raises(PosevalError) as caught:
        read(path, ReadOptions(Role.PREDICTIONS, truth=folder.truth()))
    assert caught.value.code == "P201"


@pytest.mark.parametrize(
    "head", [b"\x93NUMPY\x01\x00v\x00{'descr': '|O'", b"PAR1\x15\x04", b"MATLAB 5.0 MAT-file"]
)
def test_18_and_20_arrays_and_tables_are_no_coco(folder: Folder, head: bytes) -> None:
    folder.truth_refused(head + b"\0" * 500, "P201", "is not ground truth")
