"""Every number equals Python's own reading, to the last bit."""

from __future__ import annotations

import json
import random
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poseval.kernels import json as columns_of

pytestmark = pytest.mark.usefixtures("either_way")


def read_numbers(texts: list[str]) -> np.ndarray:
    data = ('[{"v": [' + ", ".join(texts) + "]}]").encode()
    table = columns_of.columns(data, [columns_of.ragged("v")], last=True)
    assert not table.faults
    return np.asarray(table["v"].values)


def same_bits(texts: list[str]) -> None:
    mine = read_numbers(texts)
    theirs = np.array([float(text) for text in texts])
    wrong = np.flatnonzero(mine.view(np.int64) != theirs.view(np.int64))
    assert not len(wrong), (texts[wrong[0]], mine[wrong[0]], theirs[wrong[0]])


@settings(max_examples=300)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=40))
def test_shortest_form_of_any_double(values: list[float]) -> None:
    same_bits([json.dumps(value) for value in values])


def test_random_bit_patterns() -> None:
    rng = random.Random(7)
    doubles = [struct.unpack("<d", rng.randbytes(8))[0] for _ in range(30_000)]
    finite = [value for value in doubles if value - value == 0]
    same_bits([repr(value) for value in finite])
    same_bits([f"{value:.16e}" for value in finite[:5000]])
    same_bits([f"{value:.25e}" for value in finite[:5000]])


def test_random_decimals_of_every_length() -> None:
    rng = random.Random(8)
    texts = []
    for _ in range(40_000):
        whole = str(rng.randrange(10 ** rng.randrange(1, 22)))
        part = "".join(rng.choice("0123456789") for _ in range(rng.randrange(0, 24)))
        exponent = rng.choice(["", "", "", f"e{rng.randrange(-30, 30)}", f"E+{rng.randrange(0, 280)}"])
        texts.append(rng.choice(["", "-"]) + whole + ("." + part if part else "") + exponent)
    same_bits([text for text in texts if abs(float(text)) < float("inf")])


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "-0",
        "-0.0",
        "0.0e5",
        "0e400",
        "0.000e-999999999999999999999",
        "9007199254740993",
        "9007199254740992.5",
        "9007199254740993e-22",
        "1e22",
        "1e23",
        "8.5e22",
        "123456789012345678901234567890",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "4.9e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "1e-400",
        "-1e-400",
        "0." + "0" * 400 + "1",
        "1" + "0" * 308,
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "0." + "0" * 320 + "1e320",
        "7" * 5000 + "e-4990",
        "1.0000000000000001110223024625156540423631668090820312499",
        "1.00000000000000011102230246251565404236316680908203125",
        "1.00000000000000011102230246251565404236316680908203126",
    ],
)
def test_hard_cases(text: str) -> None:
    same_bits([text])


@pytest.mark.parametrize(
    "text", ["1e400", "-1e400", "1.7976931348623159e308", "1" + "0" * 400, "1e99999999999"]
)
def test_beyond_the_range_is_a_fault(text: str) -> None:
    table = columns_of.columns(f'[{{"v": {text}}}]'.encode(), [columns_of.number("v")], last=True)
    (fault,) = table.faults
    assert (fault.kind, fault.field, fault.record, fault.offset) == ("nonfinite", "v", 0, 7)
    assert np.isnan(table["v"].values).all()


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("1", None, 1),
        ("-1", None, -1),
        ("1.0", None, 1),
        ("1e3", None, 1000),
        ("-0", None, 0),
        ("9007199254740993", None, 2**53 + 1),
        ("9223372036854775807", None, 2**63 - 1),
        ("-9223372036854775808", None, -(2**63)),
        ("9223372036854775808", "range", None),
        ("-9223372036854775809", "range", None),
        ("1180591620717411303424", "range", None),
        ("9007199254740994.0", "range", None),
        ("1e400", "range", None),
        ("1.5", "fraction", None),
        ("1e-3", "fraction", None),
        ("NaN", "nonfinite", None),
        ("-Infinity", "nonfinite", None),
        ("true", "type", None),
        ('"1"', "type", None),
        ("null", "null", None),
    ],
)
def test_integers_are_exact_or_refused(text: str, kind: str | None, value: int | None) -> None:
    table = columns_of.columns(f'[{{"v": {text}}}]'.encode(), [columns_of.integer("v")], last=True)
    if kind is None:
        assert not table.faults
        assert table["v"].values.tolist() == [value]
    else:
        assert [fault.kind for fault in table.faults] == [kind]


def test_decimals_halfway_between_two_doubles() -> None:
    rng = random.Random(9)
    texts = []
    for _ in range(3000):
        places = rng.randrange(1, 4)  # 2^-places has so many decimals
        double = rng.randrange(1 << 52, 1 << 53)
        halfway = (2 * double + 1) * 10**places  # of doubles whose last bit is worth 2^(1 - places)
        digits, rest = divmod(halfway, 1 << places)
        assert rest == 0
        for near in (digits - 1, digits, digits + 1):
            text = str(near)
            texts.append(f"{text[:-places]}.{text[-places:]}")
            texts.append(f"-{text[:-places]}.{text[-places:]}")
    same_bits(texts)
