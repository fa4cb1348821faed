"""Lists of numbers read in blocks and byte by byte, compared with each other."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from poseval.kernels import _kernels
from poseval.kernels import json as kj
from tests.kernels.test_json_blocks import NUMBERS, outcome


def read(text: str, *, blocks: bool) -> tuple[str, bytes]:
    """What is wrong with the text, and the numbers if nothing is."""
    fields = [kj.ragged("v")]
    _kernels.read_in_blocks(blocks)
    try:
        answer = outcome(text, fields)
        return answer, kj.columns(text.encode(), fields)["v"].values.tobytes() if answer == "fine" else b""
    finally:
        _kernels.read_in_blocks(True)


@settings(max_examples=300, deadline=None)
@given(
    numbers=st.lists(NUMBERS, min_size=1, max_size=60),
    comma=st.sampled_from([",", ", ", " ,", ",\n", ",  "]),
    change=st.tuples(st.integers(0, 10_000), st.sampled_from([*"0123456789.-+eE, ]x\n", ""])),
)
def test_blocks_change_no_number_and_no_message(
    numbers: list[str], comma: str, change: tuple[int, str]
) -> None:
    body = comma.join(numbers)
    at = change[0] % len(body)
    for text in (body, body[:at] + change[1] + body[at + 1 :]):
        whole = f'[{{"v": [{text}], "w": 1}}]'
        assert read(whole, blocks=True) == read(whole, blocks=False)
