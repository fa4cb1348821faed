"""Pickles: numbers, texts, lists, maps and arrays come out; nothing in them runs, hangs or stays behind."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import functools
import io
import os
import pickle
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval.errors import FormatError, LimitError
from poseval.files.pickle import loads
from poseval.limits import DEFAULT, Limits

PROTOCOLS = pytest.mark.parametrize("protocol", range(2, 6))


def read(content: Any, protocol: int = 4, limits: Limits = DEFAULT) -> Any:
    """What comes back of a content that pickle writes."""
    return loads(pickle.dumps(content, protocol), "a.pkl", limits)


@PROTOCOLS
@pytest.mark.parametrize(
    "dtype", ["<f8", ">f8", "<f4", "<f2", "<i8", "<i4", "<i2", "|i1", "|u1", "<u8", "|b1", "<U5", "|S3"]
)
def test_arrays_of_numbers_and_texts(dtype: str, protocol: int) -> None:
    array = np.arange(12).reshape(2, 3, 2).astype(dtype)
    for one in (array, np.asfortranarray(array), array[:, ::2], array[:0]):
        back = read(one, protocol)
        np.testing.assert_array_equal(back, one)
        assert back.dtype == one.dtype.newbyteorder("=")


@PROTOCOLS
def test_plain_values(protocol: int) -> None:
    content = {
        "a": [1, -2.5, None, True, "text", b"bytes", 2**70],
        "b": ((), {"c": []}),
        3: np.float32(0.5).item(),
        "scalars": [np.float64(0.25), np.int32(7), np.bool_(True)],
        "ordered": collections.OrderedDict(x=1),
    }
    assert read(content, protocol) == {**content, "scalars": [0.25, 7, True], "ordered": {"x": 1}}


class Runs:
    """Calls something while it is unpickled."""

    def __init__(self, call: Any, *values: Any) -> None:
        self.call, self.values = call, values

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call, self.values


@PROTOCOLS
@pytest.mark.parametrize(
    "call",
    [
        (os.system, "touch ran"),
        (os.mkdir, "ran"),
        (subprocess.check_output, ["touch", "ran"]),
        (eval, "open('ran', 'w')"),
        (exec, "open('ran', 'w')"),
        (open, "ran", "w"),
        (getattr, os, "sep"),
        (__import__, "this"),
        (functools.partial, print),
        (np.load, "ran", None, True),
        (np.fromfile, "ran"),
        (io.BytesIO, b""),
        (bytearray, 10),
        (dt.date, 2020, 1, 1),
        (decimal.Decimal, "1"),
        (complex, 1, 2),
        (set, [1]),
    ],
    ids=lambda call: getattr(call[0], "__name__", str(call[0])),
)
def test_nothing_else_is_called(
    call: tuple[Any, ...], protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if call[0] is getattr:
        call = (getattr, "text", "upper")
    for content in (Runs(*call), [{"pred_instances": Runs(*call)}]):
        with pytest.raises(FormatError) as caught:
            read(content, protocol)
        assert caught.value.code == "P217"
    assert not list(tmp_path.iterdir())


SCALAR = b"cnumpy.core.multiarray\nscalar\n"
BUFFER = b"cnumpy.core.numeric\n_frombuffer\n"
ENCODE = b"c_codecs\nencode\n"
BYTES = b"c__builtin__\nbytes\n"


def text(word: str) -> bytes:
    """A text as protocol 2 has it."""
    return b"X" + len(word).to_bytes(4, "little") + word.encode()


@pytest.mark.parametrize("place", [SCALAR, BUFFER, ENCODE, BYTES, b"cnumpy\nndarray\n", b"cnumpy\ndtype\n"])
@pytest.mark.parametrize("name", ["value", "__defaults__", "__setstate__", "array", "__call__"])
def test_what_stands_in_for_names_cannot_be_changed(place: bytes, name: str) -> None:
    for state in (
        b"(N}" + text(name) + b"K\x01st",  # slots
        b"}" + text(name) + b"K\x01s",  # attributes
    ):
        with pytest.raises(FormatError) as caught:
            loads(b"\x80\x02" + place + state + b"b.", "a.pkl", DEFAULT)
        assert caught.value.code == "P217"
    array = np.arange(6.0).reshape(2, 3)
    for protocol in (2, 5):
        back = read([array, np.float64(0.5), b"\xff"], protocol)
        np.testing.assert_array_equal(back[0], array)
        assert back[1:] == [0.5, b"\xff"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "nothing"),
        (b"\x80\x02", "cut"),
        (b"\x80\x02N", "no stop"),
        (b"\x80\x02" + BUFFER + b"(tR.", "an array without content"),
        (b"\x80\x02" + SCALAR + b"(tR.", "a number without content"),
        (b"\x80\x02" + SCALAR + b".", "a class"),
        (b"\x80\x02" + BYTES + b"(J\xff\xff\xff\x7ftR.", "a large buffer"),
        (b"\x80\x02K\x01Q.", "a persistent id"),
        (b"\x80\x02\x82\x01.", "an extension"),
        (b"\x80\x02c__builtin__\neval\n.", "a name"),
        (b"\x80\x02c__builtin__\nobject\n)\x81.", "a new object"),
        (b"(ios\nsystem\n.", "an instance"),
        (b"\x80\x02r\xff\xff\xff\x7f.", "a far memo"),
        (b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x00.", "bytes that are not there"),
        (b"\x80\x02]q\x00h\x00a.", "a list in itself"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_damaged_and_strange_pickles_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(FormatError) as caught:
        loads(data, "a.pkl", DEFAULT)
    assert caught.value.code == "P217"


@pytest.mark.parametrize("dtype", ["O", "V8", "<M8[s]", "<c16", "<m8[s]"])
def test_arrays_of_other_things_are_refused(dtype: str) -> None:
    with pytest.raises(FormatError) as caught:
        read(np.zeros(2, dtype=dtype))
    assert caught.value.code == "P217"


def test_an_array_that_claims_more_than_its_bytes_is_refused() -> None:
    data = pickle.dumps(np.zeros((2, 3)), 2)
    assert data.count(b"K\x02K\x03\x86") == 1
    with pytest.raises(FormatError) as caught:
        loads(data.replace(b"K\x02K\x03\x86", b"K\xffK\xff\x86"), "a.pkl", DEFAULT)
    assert caught.value.code == "P217"


def test_lists_that_hold_one_another_many_times_count_as_often() -> None:
    laughs: list[Any] = [1]
    for _ in range(28):
        laughs = [laughs, laughs]
    with pytest.raises(LimitError) as caught:
        read(laughs)
    assert caught.value.code == "P502"
    wide = np.zeros(100_000)
    with pytest.raises(LimitError) as caught:
        read([wide] * 1000)
    assert caught.value.code == "P502"


def test_deep_nesting_and_large_files_are_refused() -> None:
    deep: list[Any] = []
    for _ in range(DEFAULT.depth + 2):
        deep = [deep]
    with pytest.raises(FormatError) as caught:
        read(deep)
    assert caught.value.code == "P217"
    with pytest.raises(LimitError) as limited:
        read(b"x" * 2000, limits=Limits(file_bytes=1000))
    assert limited.value.code == "P501"


def test_what_stands_twice_is_read_once() -> None:
    shared = [1, 2]
    back = read([shared, shared])
    assert back == [[1, 2], [1, 2]]


TUPLES = b"X\x01\0\0\0x\x85" + b"q\x00h\x00\x86" * 40  # each holds the one before twice
KEYS = {
    "one item": b"}" + TUPLES + b"K\x01s",
    "items": b"}(" + TUPLES + b"K\x01K\x02K\x03u",
    "a map at once": b"(" + TUPLES + b"K\x01d",
    "items in order": b"ccollections\nOrderedDict\n]]" + TUPLES + b"aK\x01aa\x85R",
    "twice by the stack": b"}X\x01\0\0\0x\x85" + b"2\x86" * 40 + b"K\x01s",
    "three": b"}X\x01\0\0\0x\x85" + b"q\x00h\x00h\x00\x87" * 30 + b"K\x01s",
    "in a slice": b"}X\x01\0\0\0x\x85" + b"q\x000(" + b"h\x00" * 2000 + b"tK\x01s",
    "behind a mark that is taken back": b"}(1" + TUPLES + b"K\x01s",
}


@pytest.mark.parametrize("body", KEYS.values(), ids=KEYS)
def test_keys_that_take_for_ever_to_hash(body: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        loads(b"\x80\x02" + body + b".", "a.pkl", DEFAULT)
    assert caught.value.code == "P217"


@PROTOCOLS
def test_tuples_are_keys(protocol: int) -> None:
    content = {("a", 1): [1.0], (("b", 2), "c"): 3, 4: (5, (6,)), "d": {(): 7}}
    assert read(content, protocol) == content
    assert read([content, content, {k: v for k, v in content.items() if k != 4}], protocol)[0] == content


def test_items_in_order_of_python_2() -> None:
    """Its OrderedDict is called with a list of lists."""
    assert loads(b"ccollections\nOrderedDict\n(((S'a'\nI1\nlltR.", "a.pkl", DEFAULT) == {"a": 1}
