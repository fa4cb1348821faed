"""Hostile submissions through the judge that every engine asks: refused with a code, within limits.

The rows are those of the project's table of attacks. A wrong file never becomes a number.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval.challenge.judge import Judge, open_judge
from tests.challenge.made import TRUTH, make, predictions, write
from tests.hostile.limited import poseval

MIB = 1 << 20
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    made = make(tmp_path_factory.mktemp("attacks"))
    return open_judge(replace(made, limits=replace(made.limits, memory="1GiB", seconds=60)))


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    found: Rows = json.loads(write(predictions(), tmp_path_factory.mktemp("rows") / "dt.json").read_bytes())
    return found


def as_json(rows: Rows) -> bytes:
    return json.dumps(rows).encode()


def changed(**values: object) -> Callable[[Rows], bytes]:
    return lambda rows: json.dumps([{**rows[0], **values}, *rows[1:]]).encode()


def with_joint(text: bytes) -> Callable[[Rows], bytes]:
    """The first coordinate written so."""
    return lambda rows: as_json(rows).replace(b'"keypoints": [', b'"keypoints": [' + text + b", ", 1)


def zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def many_members() -> bytes:
    entry = b"PK\x01\x02" + b"\0" * 42
    return b"PK\x03\x04" + b"\0" * 26 + entry * 150_000 + b"PK\x05\x06" + b"\0" * 18


def overlapping() -> bytes:
    data = bytearray(zipped(("a.json", b"[]"), ("b.json", b"[]")))
    second = data.rfind(b"PK\x01\x02")
    data[second + 42 : second + 46] = struct.pack("<I", 0)
    return bytes(data)


def objects_in_npy() -> bytes:
    out = io.BytesIO()
    np.save(out, np.asarray([{"a": 1}], dtype=object), allow_pickle=True)
    return out.getvalue()


def huge_npy() -> bytes:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 17, 2), }"
    header += b" " * (118 - len(header) - 1) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header


class Runs:
    """A pickle that would run a command."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch /tmp/poseval-attack",)


REFUSED: dict[str, tuple[str, Callable[[Rows], bytes]]] = {
    "1 NaN": ("P301", with_joint(b"NaN")),
    "1 infinite": ("P301", with_joint(b"-Infinity")),
    "1 1e400": ("P301", with_joint(b"1e400")),
    "1 NaN score": ("P301", changed(score=float("nan"))),
    "2 null": ("P302", with_joint(b"null")),
    "4 true": ("P203", changed(score=True)),
    "4 text": ("P203", changed(score="12.5")),
    "5 half an id": ("P303", changed(image_id=1.5)),
    "9 42 numbers": ("P204", changed(keypoints=[1.0] * 42)),
    "10 key twice": ("P205", lambda rows: as_json(rows).replace(b'"score":', b'"score": 1, "score":', 1)),
    "11 empty object": ("P2", lambda rows: b"{}"),
    "11 empty file": ("P200", lambda rows: b""),
    "11 list in a list": ("P2", lambda rows: b"[[]]"),
    "12 deep": ("P502", lambda rows: b"[" * 200_000),
    "12 many keys": ("P502", lambda rows: b"{" + b",".join(b'"%d":1' % at for at in range(300_000)) + b"}"),
    "13 UTF-16": ("P211", lambda rows: json.dumps(rows).encode("utf-16")),
    "14 cut": ("P210", lambda rows: as_json(rows)[:-100]),
    "14 trailing junk": ("P210", lambda rows: as_json(rows) + b" x"),
    "14 comment": ("P201", lambda rows: b"// x\n" + as_json(rows)),
    "16 gzip bomb": ("P504", lambda rows: gzip.compress(b" " * (100 * MIB))),
    "16 zip bomb": ("P504", lambda rows: zipped(("a.json", b" " * (100 * MIB)))),
    "16 nested": ("P226", lambda rows: zipped(("a.zip", zipped(("b.json", b"[]"))))),
    "16 many members": ("P503", lambda rows: many_members()),
    "16 overlapping": ("P213", lambda rows: overlapping()),
    "17 climbing": ("P226", lambda rows: zipped(("../../tmp/poseval-attack", b"x"), ("C:\\a.json", b"[]"))),
    "18 objects": ("P2", lambda rows: objects_in_npy()),
    "18 header of terabytes": ("P", lambda rows: huge_npy()),
    "19 pickle": ("P2", lambda rows: pickle.dumps(Runs())),
    "19 pickle in a zip": ("P2", lambda rows: zipped(("data.pkl", pickle.dumps(Runs())))),
    "19 matlab": ("P", lambda rows: b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM\x0e\0\0\0\xff\xff\xff\x7f"),
    "20 parquet": ("P", lambda rows: b"PAR1" + b"\0" * 64 + b"PAR1"),
    "22 another split": ("P402", lambda rows: as_json([{**row, "image_id": 9999} for row in rows])),
    "30 a flood": ("P502", lambda rows: as_json([rows[0]] * 30_000)),
    "deflate that never ends": ("P212", lambda rows: gzip.compress(b"[]")[:10] + zlib.compress(b"x")[2:]),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_file_is_refused(name: str, judge: Judge, rows: Rows, tmp_path: Path) -> None:
    code, made = REFUSED[name]
    path = tmp_path / "submission"
    path.write_bytes(made(rows))
    found = judge.judge(path)
    assert found.status == "refused", found.private or found.message
    assert f"[{code}" in found.message
    assert not found.numbers
    assert len(found.message) < 20_000
    assert found.message.replace("\n", "").isprintable()
    assert not Path("/tmp/poseval-attack").exists()
    assert list(tmp_path.iterdir()) == [path]


ACCEPTED: dict[str, Callable[[Rows], bytes]] = {
    "3 huge coordinates": changed(keypoints=[1e300, -1e300, 1.0] * 17),
    "6 odd scores": changed(score=-1e300),
    "11 empty list": lambda rows: b"[]",
    "13 mark of byte order": lambda rows: b"\xef\xbb\xbf" + as_json(rows),
    "30 copies": lambda rows: json.dumps(rows * 20).encode(),
    "32 poses far away": changed(keypoints=[-9e9, 9e9, 1.0] * 17),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_an_odd_file_has_an_honest_number(name: str, judge: Judge, rows: Rows, tmp_path: Path) -> None:
    path = tmp_path / "submission.json"
    plain = tmp_path / "plain.json"
    plain.write_text(json.dumps(rows))
    path.write_bytes(ACCEPTED[name](rows))
    found, best = judge.judge(path), judge.judge(plain)
    assert found.scored, found.message + found.private
    assert found.numbers["AP"] <= best.numbers["AP"] <= 100


def test_37_what_is_no_file(judge: Judge, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    os.symlink(tmp_path / "loop", tmp_path / "loop")
    (tmp_path / "empty").mkdir()
    for name in ("pipe", "loop", "empty", "absent"):
        found = judge.judge(tmp_path / name)
        assert found.status == "refused", name
        assert not found.numbers


@pytest.mark.parametrize("name", ["12 deep", "16 zip bomb", "19 pickle in a zip", "30 a flood"])
def test_the_command_under_limits_of_memory_and_disk(name: str, rows: Rows, tmp_path: Path) -> None:
    made = make(tmp_path)
    path = tmp_path / "submission"
    path.write_bytes(REFUSED[name][1](rows))
    ended = poseval(
        ["challenge", "check", made.folder, path], folder=tmp_path, seconds=60, file_bytes=16 * MIB
    )
    assert ended.status == 3, ended.err
    assert ended.out.startswith("refused on test")
    assert "Traceback" not in ended.err
    assert ended.peak < 1024 * MIB
    assert len(TRUTH) > 0
