from __future__ import annotations

import math

import pytest

from poseval.report.latex import latex_table
from poseval.report.tables import markdown_table
from poseval.report.text_table import aligned, between, number, table_width, wrapped

ROWS = [["", "value", "what"], ["a_b", "-1.5", "x|y"], ["longer", "10.25", "1_0"]]


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [(0.12345, ".4f", "0.1235"), (0.5, ".0%", "50%"), (-0.1, "+.3f", "-0.100"), (math.nan, "+.3f", "n/a")],
)
def test_numbers(value: float, form: str, text: str) -> None:
    assert number(value, form) == text


def test_intervals() -> None:
    assert between(0.1, 0.2) == "[0.1000, 0.2000]"
    assert between(-0.1, math.nan, "+.1f") == "[-0.1, n/a]"


def test_columns_are_aligned_and_nothing_trails() -> None:
    assert aligned(ROWS, left=(0, -1)) == [
        "        value  what",
        "a_b      -1.5  x|y",
        "longer  10.25  1_0",
    ]
    assert aligned(ROWS, left=())[1] == "   a_b   -1.5   x|y"
    assert table_width(ROWS) == 6 + 5 + 4 + 3 * 2
    assert aligned([]) == []


def test_numbers_stand_and_texts_are_escaped() -> None:
    assert markdown_table(ROWS) == [
        "|  | value | what |",
        "|---|---|---|",
        r"| a\_b | -1.5 | x\|y |",
        r"| longer | 10.25 | 1\_0 |",
    ]
    begin, *_, last, _, end = latex_table(ROWS, labels=2)
    assert (begin, last, end) == (r"\begin{tabular}{llr}", r"longer & 10.25 & 1\_0 \\", r"\end{tabular}")


def test_a_wide_last_column_goes_on_below() -> None:
    rows = [("name", "what it is"), ("sort", "one two three four five six seven"), ("x", "")]
    assert wrapped(rows, 30) == [
        "name  what it is",
        "sort  one two three four five",
        "      six seven",
        "x",
    ]
    assert wrapped(rows, 22) == aligned(rows, left=(0, 1))
    assert wrapped([], 80) == []
