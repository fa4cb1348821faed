"""Text that is passed over in blocks is judged as if it were read byte by byte."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from poseval.errors import InputError
from poseval.kernels import json as kj
from poseval.kernels import json_outline

pytestmark = pytest.mark.usefixtures("either_way")

NUMBERS = st.one_of(
    st.integers(-9999, 9999).map(str),
    st.decimals(-999, 999, allow_nan=False, places=3).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["0", "-0", "0.0", "1e3", "-1.5E-7", "100000000000000000000"]),
)


def outcome(text: str, fields: list[kj.Field]) -> str:
    """What is wrong with the text, or that nothing is."""
    try:
        kj.columns(text.encode(), fields, last=True)
    except InputError as error:
        return str(error)
    return "fine"


@settings(max_examples=400)
@example(["-10"] * 5 + ["-1.5E-7", "-0.001", "-14016767998.0"], ", ", False, (24, "."))
@given(
    numbers=st.lists(NUMBERS, min_size=1, max_size=60),
    comma=st.sampled_from([",", ", ", " ,", ",\n", ",  "]),
    nested=st.booleans(),
    change=st.tuples(st.integers(0, 10_000), st.sampled_from([*"0123456789.-+eE, ]x\n", ""])),
)
def test_a_list_that_nobody_reads_is_judged_like_one_that_is_read(
    numbers: list[str], comma: str, nested: bool, change: tuple[int, str]
) -> None:
    body = comma.join(numbers)
    at = change[0] % len(body)
    wrong = body[:at] + change[1] + body[at + 1 :]
    for text in (body, wrong):
        inside = f"[[{text}], [1]]" if nested else f"[{text}]"
        whole = f'[{{"v": {inside}, "w": 1}}]'
        field = kj.nested("v") if nested else kj.ragged("v")
        assert outcome(whole, []) == outcome(whole, [field])


def _word(rng: random.Random) -> str:
    letters = rng.choices(['"', "\\", "[", "]", "{", "}", "a", "\u00e9", "\n"], k=rng.randrange(0, 90))
    return "".join(letters)


@pytest.mark.parametrize("seed", range(6))
def test_the_end_of_a_long_list_is_found_behind_any_text(seed: int) -> None:
    rng = random.Random(seed)
    rows = []
    size = 0
    while size < (1 << 20) + 200_000:
        row = {"id": len(rows), "text": _word(rng), "v": [[rng.random()] * rng.randrange(6)]}
        rows.append(json.dumps(row, ensure_ascii=rng.random() < 0.5))
        size += len(rows[-1].encode())
    text = ('{"first": [' + rng.choice([", ", ","]).join(rows) + '], "last": 7}').encode()
    entries = json_outline.outline(text).by_key()
    first = entries["first"]
    assert (first.items, first.checked) == (len(rows), False)
    assert text[first.start : first.start + 1] + text[first.end - 1 : first.end] == b"[]"
    assert text[first.end :] == b', "last": 7}'
    assert entries["last"].kind == "number"
