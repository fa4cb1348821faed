"""Ways to spoil a file: bytes of any format, values and structure of texts, members of archives."""

from __future__ import annotations

import io
import pickle
import random
import re
import struct
import zipfile
from collections.abc import Callable

from poseval.scoring.run_columns import CHECKSUMS, checksums

WORDS = (
    *(b"NaN", b"Infinity", b"-Infinity", b"1e999", b"1e308", b"-1e-400", b"5e-324", b"-1", b"-0"),
    *(b"00", b"1.", b".5", b"null", b"true", b"false", b'"12.5"', b"[[[[", b"{}", b"[]", b'""'),
    *(b"\x00", b"\xff\xfe", b'"', b"9223372036854775808", b"-9223372036854775809"),
    *(b"99999999999999999999999", b"4294967296", b"65536", b",", b"]", b"}", b"[", b"{", b":", b"\\"),
    *(b"\\ud800", b"\\u0000", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"<!DOCTYPE a>", b"&a;", b"&#0;"),
    *(b"<", b">", b"</", b'="', b"<![CDATA[", b"\n", b"\r", b"\t", b";", b"#", b"../../x"),
    *(b"/etc/passwd", b"1.5", b"0 0 0", b" ", b"  - ", b"!!python/object", b"\xe2\x80\xae", b"_"),
)  # fmt: skip
VALUE = re.compile(rb'-?\d[\d.eE+-]*|"[^"\\\\]*"|null|true|false')
VALUES = (
    *(b"NaN", b"1e400", b"null", b"true", b'"12.5"', b"[]", b"{}", b"0", b"1", b"-1", b"-7.25", b"1.5"),
    *(b"9223372036854775808", b"1e308", b"[1, 2, 3]", b'"x"', b'""', b"123456789", b"1e-320", b"3"),
)
# What only a hand would write: numbers of hundreds of digits, also in hex and beyond what Python reads as
# text, and nesting beyond its stack.
HARD = (
    *(b"1" + 400 * b"0", b"-" + 4200 * b"7", 4400 * b"9", b"0." + 400 * b"1", b"1e" + 400 * b"9"),
    *(b"0x" + 10_000 * b"f", b"0b" + 2000 * b"1", b"NaN", b"nan", b"Infinity", b"-inf"),
    *(100_000 * b"[", 1500 * b"[" + 1500 * b"]", 1500 * b'{"a":' + b"1" + 1500 * b"}", 1500 * b"{a=" + b"1"),
)
LINE = re.compile(rb"[^\n]*\n?")
NUMBERS = (0, 1, 2, 3, 7, 8, 16, 127, 128, 255, 256, 65535, 1 << 16, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)
DOUBLES = (float("nan"), float("inf"), -float("inf"), 1e308, -1e308, 5e-324, -1.0, 0.0, 1.5, 1e18)
MODULUS = (1 << 61) - 1  # whole numbers that differ by it have the same hash
GROWING = (b"[", b"{", b'{"a":', b"{a = ", b".a", b'."a"', b"[a]\n", b"[[a]]\n", b"[],", b"{},", b"1", b"1_")
GROWING = (*GROWING, b"a,", b",", b"\n", b"1 ", b"- ", b"<a>", b"((", b"0.")
Change = Callable[[bytearray, random.Random], None]


def _flip(data: bytearray, rng: random.Random) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _byte(data: bytearray, rng: random.Random) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.randrange(256)


def _span(data: bytearray, rng: random.Random) -> tuple[int, int]:
    at = rng.randrange(len(data) + 1)
    return at, min(at + rng.choice((1, 2, 8, 64, 500)), len(data))


def _drop(data: bytearray, rng: random.Random) -> None:
    at, end = _span(data, rng)
    del data[at:end]


def _repeat(data: bytearray, rng: random.Random) -> None:
    at, end = _span(data, rng)
    data[at:at] = data[at:end] * rng.randint(1, 8)


def _move(data: bytearray, rng: random.Random) -> None:
    at, end = _span(data, rng)
    to = rng.randrange(len(data) + 1)
    data[to:to] = data[at:end]


def _word(data: bytearray, rng: random.Random) -> None:
    at, end = _span(data, rng)
    data[at : rng.choice((at, end))] = rng.choice(WORDS)


def _cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data) + 1) :]


def _noise(data: bytearray, rng: random.Random) -> None:
    at, end = _span(data, rng)
    data[at:end] = rng.randbytes(end - at)


def _number(data: bytearray, rng: random.Random) -> None:
    """A count or an offset of a binary file becomes another."""
    width = rng.choice((1, 2, 4, 8))
    if len(data) >= width:
        at = rng.randrange(0, len(data) - width + 1)
        value = rng.choice(NUMBERS) & ((1 << 8 * width) - 1)
        data[at : at + width] = value.to_bytes(width, rng.choice(("little", "big")))


def _double(data: bytearray, rng: random.Random) -> None:
    """A number of eight bytes becomes another, in place."""
    if len(data) >= 8:
        at = rng.randrange(0, len(data) - 7)
        value = rng.choice(DOUBLES)
        data[at : at + 8] = struct.pack(rng.choice("<>") + "d", value)


def _value(data: bytearray, rng: random.Random) -> None:
    """Another value where a value stands, another key where a key stands: most such files are still whole."""
    found = VALUE.search(data, rng.randrange(len(data) + 1))
    if found and data[found.end() : found.end() + 1] == b":":
        other = VALUE.search(data, rng.randrange(len(data) + 1))
        if other and other[0].startswith(b'"'):
            data[found.start() : found.end()] = other[0]
    elif found:
        data[found.start() : found.end()] = rng.choice(HARD if rng.random() < 0.1 else VALUES)


def _lines(data: bytearray, rng: random.Random) -> None:
    """A line is dropped, doubled, or put elsewhere."""
    spans = [match.span() for match in LINE.finditer(data)]
    start, end = rng.choice(spans)
    line = bytes(data[start:end])
    kind = rng.randrange(3)
    if kind < 2:
        del data[start:end]
    if kind > 0:
        to = rng.choice(spans)[0]
        data[to:to] = line


def _grow(data: bytearray, rng: random.Random) -> None:
    """A value, or the place before one, becomes many of a kind that costs more than its size."""
    found = VALUE.search(data, rng.randrange(len(data) + 1))
    at, end = found.span() if found else _span(data, rng)
    many = rng.choice((40, 400, 4000))
    grown = rng.choice(
        (
            rng.choice(GROWING) * many,
            b"0x" + b"f" * many,
            b",".join(b"%d" % (n * MODULUS) for n in range(1, many)),
            b",".join(b'"%d": 1' % (n * MODULUS) for n in range(1, many)),
            b"\n".join(b"%d,%d" % (n * MODULUS, n) for n in range(1, many)),
        )
    )
    data[rng.choice((at, end)) : end] = grown


def _keys(data: bytearray, rng: random.Random) -> None:
    """A map of a pickle, whose keys have one hash, stands before what was there."""
    at = rng.randrange(len(data) + 1)
    keys = (pickle.encode_long(n * MODULUS) for n in range(1, rng.choice((10, 400, 4000))))
    items = b"".join(b"\x8a" + bytes([len(key)]) + key + b"N" for key in keys)
    data[at:at] = b"}(" + items + b"u"


def _encoding(data: bytearray, rng: random.Random) -> None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    data[:] = text.encode(rng.choice(("utf-16", "utf-32", "utf-8-sig", "utf-7")), "replace")


IN_PLACE: tuple[Change, ...] = (_flip, _byte, _noise, *([_number] * 3), *([_double] * 3))
BINARY: tuple[Change, ...] = (*(IN_PLACE * 2), _drop, _repeat, _move, _word, _cut, _keys)
TEXT: tuple[Change, ...] = (
    *([_value] * 20),
    _lines,
    _lines,
    _grow,
    _word,
    _word,
    _flip,
    _drop,
    _repeat,
    _move,
    _cut,
)


def is_text(data: bytes) -> bool:
    """Whether the data is text of a kind that has values."""
    return b"\x00" not in data[:4096] and bool(VALUE.search(data[:4096]))


def mutated(data: bytes, rng: random.Random) -> bytes:
    """The data with one to five changes of the kinds that suit it."""
    if data.startswith(b"PK\x03\x04") and rng.random() < 0.7:
        return _repacked(data, rng)
    out = bytearray(data)
    changes = TEXT if is_text(data) else BINARY
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5))):
        rng.choice(changes)(out, rng)
    if changes is TEXT and rng.random() < 0.01:
        _encoding(out, rng)
    return bytes(out)


def _repacked(data: bytes, rng: random.Random) -> bytes:
    """A zip archive with one member changed under a right checksum, lost, or put in twice."""
    out = io.BytesIO()
    kept: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as new:
        names = old.namelist()
        chosen = rng.randrange(len(names))
        kind = rng.random()
        for at, name in enumerate(names):
            content = old.read(name)
            if at == chosen and kind < 0.05:
                continue
            if at == chosen:
                changed = bytearray(content)
                for _ in range(rng.choice((1, 1, 2))):
                    rng.choice(BINARY)(changed, rng)
                content = bytes(changed)
            if name == CHECKSUMS and at != chosen:
                content = checksums(kept)  # whoever changes a saved run can seal it again
            kept[name] = content
            new.writestr(name, content)
    return out.getvalue()
