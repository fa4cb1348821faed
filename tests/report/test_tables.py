"""CSV, Markdown and LaTeX: what a cell must not become."""

from __future__ import annotations

import csv
import io
import math

import pytest

from poseval.report.latex import escape_latex, latex_table
from poseval.report.tables import escape_csv, escape_markdown, markdown_table, write_csv


@pytest.mark.parametrize("first", list("=+-@\t\r\n"))
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(first: str) -> None:
    assert escape_csv(f"{first}1+1") == f"'{first}1+1"
    assert escape_csv(f"a{first}1+1") == f"a{first}1+1"
    (row,) = csv.reader(io.StringIO(write_csv([f"{first}x"], []), newline=""))
    assert row == [f"'{first}x"]


def test_rows_keep_quotes_commas_and_breaks_of_lines_in_one_cell() -> None:
    cells = ['a "b", c', "two\nlines", "a\rb", ""]
    text = write_csv(["one", "two", "three", "four"], [cells])
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["one", "two", "three", "four"], cells]
    assert text.splitlines()[0] == '"one","two","three","four"'


def test_numbers_are_numbers_and_undefined_is_empty() -> None:
    assert write_csv(["x"], [[-0.5, 3, math.nan, "n/a", math.inf]]) == '"x"\n-0.5,3,"","n/a",inf\n'


@pytest.mark.parametrize("char", "\\`*_{}[]<>()#+-!|~")
def test_markup_of_markdown_is_text(char: str) -> None:
    assert escape_markdown(f"a{char}b") == f"a\\{char}b"


def test_markdown_has_no_html_and_leaves_numbers() -> None:
    assert escape_markdown("a&b") == "a&amp;b"
    assert markdown_table([["name", "AP"], ["x|y", "-12.5"]]) == [
        "| name | AP |",
        "|---|---|",
        r"| x\|y | -12.5 |",
    ]


def test_latex_escapes_what_has_a_meaning() -> None:
    wanted = r"\textbackslash{}\&\%\$\#\_\{\}\textasciitilde{}\textasciicircum{}"
    assert escape_latex("\\&%$#_{}~^") == wanted


def test_latex_has_its_labels_left_and_numbers_right() -> None:
    lines = latex_table([["a", "b", "AP"], ["x_1", "y", "+3.5"]], labels=2)
    assert lines == [
        r"\begin{tabular}{llr}",
        r"\toprule",
        r"a & b & AP \\",
        r"\midrule",
        r"x\_1 & y & $+3.5$ \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]
