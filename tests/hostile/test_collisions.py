"""Keys that can be made to have the same hash, wherever a file brings keys that are not text."""

from __future__ import annotations

import json
import pickle
import re
import struct
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poseval.errors import PosevalError
from poseval.files import reading
from poseval.files.pickle import loads
from poseval.files.pickled_keys import MODULUS, MOST_ALIKE
from poseval.files.reading import MOST_HUGE, parse_json, parse_tree
from poseval.limits import DEFAULT
from poseval.models.weights.paddle import read_paddle
from tests.fuzz import formats

COUNT = 6000
ALIKE = [n * MODULUS for n in range(1, COUNT)]
SECONDS = 2  # of the processor; such a map of 40,000 took 12


def long(number: int) -> bytes:
    """The opcode LONG1."""
    data = pickle.encode_long(number)
    return b"\x8a" + bytes([len(data)]) + data


PICKLES: dict[str, bytes] = {
    "whole numbers": b"}(" + b"".join(long(n) + b"N" for n in ALIKE) + b"u",
    "negative": b"}(" + b"".join(long(-n) + b"N" for n in ALIKE) + b"u",
    "one by one": b"}" + b"".join(long(n) + b"Ns" for n in ALIKE),
    "as text": b"}(" + b"".join(b"L%dL\nN" % n for n in ALIKE) + b"u",
    "as text of protocol 0": b"}(" + b"".join(b"I%d\nN" % n for n in ALIKE) + b"u",
    "of four bytes of length": b"}("
    + b"".join(b"\x8b" + struct.pack("<i", 20) + n.to_bytes(20, "little") + b"N" for n in ALIKE)
    + b"u",
    "remembered": b"}(" + b"".join(long(n) + b"q\x000h\x00N" for n in ALIKE) + b"u",
    "in tuples": b"}(" + b"".join(long(n) + b"\x85N" for n in ALIKE) + b"u",
    "in tuples, small": b"}(" + b"".join(b"M" + struct.pack("<H", n) + b"\x85N" for n in range(COUNT)) + b"u",
    "a map at once": b"(" + b"".join(long(n) + b"N" for n in ALIKE) + b"d",
    "in order": b"ccollections\nOrderedDict\n]("
    + b"".join(b"](" + long(n) + b"Ne" for n in ALIKE) + b"e\x85R",
}  # fmt: skip


@pytest.mark.parametrize("body", PICKLES.values(), ids=PICKLES)
def test_15_pickled_keys_that_collide(body: bytes, tmp_path: Path) -> None:
    started = time.process_time()
    with pytest.raises(PosevalError) as caught, formats.within_seconds():
        loads(b"\x80\x02" + body + b".", "a.pkl", DEFAULT)
    assert caught.value.code == "P217"
    path = tmp_path / "a.pdparams"
    path.write_bytes(b"\x80\x02" + body + b".")
    with pytest.raises(PosevalError) as caught, formats.within_seconds():
        read_paddle(path)
    assert caught.value.code == "P250"
    assert time.process_time() - started < SECONDS


def test_keys_of_sound_pickles_are_read() -> None:
    content = {**dict.fromkeys(range(50_000), 1), **dict.fromkeys(map(str, range(50_000)), 2)}
    content |= dict.fromkeys(ALIKE[: MOST_ALIKE - 1], 3)  # as few as cost nothing
    assert loads(pickle.dumps(content, 2), "a.pkl", DEFAULT) == content


BUILT: dict[str, bytes] = {
    "a set that is called": b"c__builtin__\nset\n](" + b"".join(map(long, ALIKE)) + b"e\x85R",
    "a counter": b"ccollections\nCounter\n](" + b"".join(map(long, ALIKE)) + b"e\x85R",
    "a set": b"\x8f(" + b"".join(map(long, ALIKE)) + b"\x90",
    "a set of sets": b"\x8f(" + b"".join(b"(" + long(n) + b"\x91" for n in ALIKE) + b"\x90",
    "sizes": b"}(" + b"".join(b"ctorch\nSize\n" + long(n) + b"\x85\x85RN" for n in ALIKE) + b"u",
    "in order": PICKLES["in order"],
    "whole numbers": PICKLES["whole numbers"],
}


@pytest.mark.parametrize("body", BUILT.values(), ids=BUILT)
def test_15_what_pytorch_would_build_of_keys_that_collide(body: bytes, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from poseval.models.weights.torch_files import check_claims
    from tests.hostile.test_weights import rewritten

    path = tmp_path / "a.pt"
    rewritten(path, lambda name, data: b"\x80\x04" + body + b"." if name.endswith("data.pkl") else data)
    started = time.process_time()
    with pytest.raises(ValueError, match=r"neither text nor (a )?small"), formats.within_seconds():
        check_claims(path)
    assert time.process_time() - started < SECONDS
    torch.save({"step": {1: torch.zeros(2)}, "seen": {"a", 2}}, path)
    check_claims(path)


def test_15_numbers_in_json_that_could_be_keys() -> None:
    text = json.dumps(ALIKE)
    started = time.process_time()
    with pytest.raises(ValueError, match="too large for a whole number"):
        parse_json(text, "a.json")
    with pytest.raises(ValueError, match=f"more than {MOST_HUGE:,} whole numbers are too large"):
        parse_tree(text.encode())
    with pytest.raises(
        ValueError, match="whole numbers are too large"
    ):  # behind a fraction of as many digits
        parse_tree(f"[0.{'7' * 25}, {text}]".encode())
    assert time.process_time() - started < SECONDS
    few = [0.12345678901234567890123, "12345678901234567890123", -(2**64) + 1, 2**64 - 1]
    assert parse_json(json.dumps(few), "a.json") == few
    assert parse_tree(json.dumps([*few, 2**70]).encode()) == [*few, 2**70]


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["7" * 19, "7" * 20, "7" * 41, ".", "-", ",", "1", " ", "x", "é"]), max_size=8)
)
def test_a_run_of_digits_that_is_no_fraction_may_be_huge(parts: list[str]) -> None:
    text = " " + "".join(parts)
    expected = any(text[found.start() - 1] != "." for found in re.finditer(r"\d{20,}", text))
    assert reading._may_be_huge(text.encode()) is expected


# name of the format: a file in which many people, groups or images have ids that collide


def _datumaro(ids: list[int]) -> object:
    points = [float(n) for n in range(51)]
    one = {"id": 1, "type": "points", "label_id": 0, "points": points[:34]}
    rows = [{**one, "id": n, "group": n} for n in ids]
    return {
        "info": {},
        "categories": {"label": {"labels": [{"name": "person"}]}, "points": {"items": []}},
        "items": [{"id": "a", "annotations": rows, "image": {"path": "a.jpg", "size": [10, 10]}}],
    }


def _mmpose(ids: list[int]) -> object:
    return [{"frame_id": n, "instances": []} for n in ids]


def _coco(ids: list[int]) -> object:
    return {
        "images": [{"id": n, "file_name": f"{n}.jpg"} for n in ids],
        "annotations": [],
        "categories": [{"id": 1, "name": "person", "keypoints": ["nose"]}],
    }


FILES: dict[str, Callable[[list[int]], object]] = {"datumaro": _datumaro, "mmpose": _mmpose, "coco": _coco}


@pytest.mark.parametrize("make", FILES.values(), ids=FILES)
def test_15_ids_that_collide(make: Callable[[list[int]], object], tmp_path: Path) -> None:
    from poseval.datasets import ReadOptions, Role, read

    path = tmp_path / "a.json"
    path.write_text(json.dumps(make(ALIKE)))
    started = time.process_time()
    with pytest.raises(PosevalError), formats.within_seconds():
        read(path, ReadOptions(Role.TRUTH))
    assert time.process_time() - started < SECONDS


def test_numbers_do_collide() -> None:
    """What the bounds are for."""
    assert {hash(n) for n in ALIKE} == {0}
    assert len({hash((n,)) for n in ALIKE}) == 1
    assert hash(np.int64(MODULUS)) == 0
