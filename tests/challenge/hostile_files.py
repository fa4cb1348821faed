"""Hostile submissions of COCO keypoints, by the rows of the project's table of attacks."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from poseval.datasets import Role
from tests.challenge.made import TRUTH, write

MIB = 1 << 20
ATTACKED = Path("/tmp/poseval-attack")  # what those that run or climb would make
Rows = list[dict[str, Any]]


def as_json(rows: Rows) -> bytes:
    return json.dumps(rows).encode()


def as_truth() -> bytes:
    """Ground truth in place of predictions."""
    with tempfile.TemporaryDirectory() as folder:
        return write(TRUTH, Path(folder, "gt.json"), Role.TRUTH).read_bytes()


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


def special(mode: int) -> bytes:
    """A member that would be a link or a device."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        entry = zipfile.ZipInfo("a.json")
        entry.external_attr = mode << 16
        archive.writestr(entry, "/etc/passwd")
    return out.getvalue()


def twice() -> bytes:
    """Two members of one name."""
    return zipped(("a.json", b"[]"), ("b.json", b"[]")).replace(b"b.json", b"a.json")


class Runs:
    """A pickle that would run a command."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {ATTACKED}",)


REFUSED: dict[str, tuple[str, Callable[[Rows], bytes]]] = {
    "1 NaN": ("P301", with_joint(b"NaN")),
    "1 infinite": ("P301", with_joint(b"-Infinity")),
    "1 1e400": ("P301", with_joint(b"1e400")),
    "1 NaN score": ("P301", changed(score=float("nan"))),
    "1 NaN box": ("P301", changed(bbox=[float("nan")] * 4)),
    "2 null": ("P302", with_joint(b"null")),
    "2 null score": ("P302", changed(score=None)),
    "4 true": ("P203", changed(score=True)),
    "4 text": ("P203", changed(score="12.5")),
    "5 half an id": ("P303", changed(image_id=1.5)),
    "5 id beyond floats": ("P402", changed(image_id=2**53 + 1)),
    "5 id beyond integers": ("P303", changed(image_id=2**63)),
    "5 id below 0": ("P402", changed(image_id=-1)),
    "5 id as text": ("P402", changed(image_id="000123")),
    "8 negative width": ("P307", changed(bbox=[10, 10, -5, -5])),
    "9 ragged": ("P203", changed(keypoints=[[1, 2], [3]])),
    "9 pairs": ("P204", changed(keypoints=[1.0] * 34)),
    "9 42 numbers": ("P204", changed(keypoints=[1.0] * 42)),
    "10 key twice": ("P205", lambda rows: as_json(rows).replace(b'"score":', b'"score": 1, "score":', 1)),
    "10 missing key": ("P206", lambda rows: as_json([{"image_id": 1, "category_id": 1, "score": 1}, *rows])),
    "11 empty object": ("P2", lambda rows: b"{}"),
    "11 empty file": ("P200", lambda rows: b""),
    "11 list in a list": ("P2", lambda rows: b"[[]]"),
    "11 ground truth": ("P201", lambda rows: as_truth()),
    "12 long text": ("P201", lambda rows: b'"' + b"x" * 2 * MIB + b'"'),
    "12 deep": ("P502", lambda rows: b"[" * 200_000),
    "12 many keys": ("P502", lambda rows: b"{" + b",".join(b'"%d":1' % at for at in range(300_000)) + b"}"),
    "13 UTF-16": ("P211", lambda rows: json.dumps(rows).encode("utf-16")),
    "13 Latin-1": ("P211", lambda rows: as_json([{**rows[0], "a": "\xe9"}]).replace(b"\\u00e9", b"\xe9")),
    "13 half a character": ("P402", changed(image_id="\ud800")),
    "13 NUL": ("P402", changed(image_id="a\0b")),
    "13 direction": ("P402", changed(image_id="a\u202eb")),
    "14 cut": ("P210", lambda rows: as_json(rows)[:-100]),
    "14 trailing comma": ("P210", lambda rows: as_json(rows)[:-1] + b",]"),
    "14 trailing junk": ("P210", lambda rows: as_json(rows) + b" x"),
    "14 comment": ("P201", lambda rows: b"// x\n" + as_json(rows)),
    "15 very many people": ("P201", lambda rows: b"[" + b"{}," * 300_000 + b"{}]"),
    "16 xz bomb": ("P504", lambda rows: lzma.compress(b" " * (20 * MIB))),
    "16 bzip2 bomb": ("P504", lambda rows: bz2.compress(b" " * (20 * MIB))),
    "16 gzip bomb": ("P504", lambda rows: gzip.compress(b" " * (20 * MIB))),
    "16 zip bomb": ("P504", lambda rows: zipped(("a.json", b" " * (20 * MIB)))),
    "16 nested": ("P226", lambda rows: zipped(("a.zip", zipped(("b.json", b"[]"))))),
    "16 many members": ("P503", lambda rows: many_members()),
    "16 overlapping": ("P213", lambda rows: overlapping()),
    "17 climbing": ("P226", lambda rows: zipped(("../../tmp/poseval-attack", b"x"), ("C:\\a.json", b"[]"))),
    "17 link": ("P226", lambda rows: special(0o120777)),
    "17 device": ("P226", lambda rows: special(0o020666)),
    "17 two of one name": ("P213", lambda rows: twice()),
    "17 newline": ("P226", lambda rows: zipped(("a\nb.json", as_json(rows)))),
    "17 absolute": ("P226", lambda rows: zipped(("/etc/x.json", as_json(rows)))),
    "18 objects": ("P2", lambda rows: objects_in_npy()),
    "18 header of terabytes": ("P", lambda rows: huge_npy()),
    "19 pickle": ("P2", lambda rows: pickle.dumps(Runs())),
    "19 pickle in a zip": ("P2", lambda rows: zipped(("data.pkl", pickle.dumps(Runs())))),
    "19 torch": ("P201", lambda rows: zipped(("archive/data.pkl", pickle.dumps(Runs())))),
    "19 yaml": ("P201", lambda rows: b"!!python/object/apply:os.system ['touch /tmp/poseval-attack']"),
    "19 entities": ("P201", lambda rows: b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    "19 HDF5": ("P201", lambda rows: b"\x89HDF\r\n\x1a\n" + b"\0" * 100),
    "19 matlab": ("P", lambda rows: b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM\x0e\0\0\0\xff\xff\xff\x7f"),
    "20 parquet": ("P", lambda rows: b"PAR1" + b"\0" * 64 + b"PAR1"),
    "22 another split": ("P402", lambda rows: as_json([{**row, "image_id": 9999} for row in rows])),
    "30 a flood": ("P502", lambda rows: as_json([rows[0]] * 30_000)),
    "36 escapes in an id": ("P402", changed(image_id="\x1b[2J\n::error title=x::y")),
    "36 escapes in a name": ("P210", lambda rows: zipped(("\x1b[2J%0A.json", b"[{"))),
    "deflate that never ends": ("P212", lambda rows: gzip.compress(b"[]")[:10] + zlib.compress(b"x")[2:]),
}  # fmt: skip

ACCEPTED: dict[str, Callable[[Rows], bytes]] = {
    "3 huge coordinates": changed(keypoints=[1e300, -1e300, 1.0] * 17),
    "3 denormal coordinates": changed(keypoints=[5e-324, 5e-324, 1.0] * 17),
    "5 id as a whole float": lambda rows: as_json(
        [{**row, "image_id": float(row["image_id"])} for row in rows]
    ),
    "6 negative zero": changed(score=-0.0),
    "6 odd scores": changed(score=-1e300),
    "10 unknown keys": changed(**{"\x1b[2J|=HYPERLINK(1)": {"a": [1]}}),
    "11 empty list": lambda rows: b"[]",
    "13 mark of byte order": lambda rows: b"\xef\xbb\xbf" + as_json(rows),
    "16 gzip in a zip": lambda rows: zipped(("a.json.gz", gzip.compress(as_json(rows)))),
    "30 copies": lambda rows: json.dumps(rows * 20).encode(),
    "32 poses far away": changed(keypoints=[-9e9, 9e9, 1.0] * 17),
}
