"""LaTeX tables: escaped cells, the columns of papers, marks and captions; compiled where a TeX is."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from poseval.report.comparison_tables import stars
from poseval.report.latex import escape_latex, heading, latex_table, plain
from poseval.results.report import Report
from poseval.scoring.score import evaluate
from poseval.statistics.comparison import Comparison, compare
from poseval.statistics.intervals import with_intervals
from tests import toy
from tests.metrics.oks_people import crowded

TEX = next((found for name in ("pdflatex", "tectonic", "xelatex") if (found := shutil.which(name))), None)
NAME = r"a_b & c%#~^{x}\y$[z]*|<>"


def table_of(text: str) -> list[list[str]]:
    """The cells of the first tabular, still as LaTeX; every row has as many as the columns."""
    found = re.search(
        r"\\begin\{tabular\}\{([lr]+)\}\n\\toprule\n(.*?)\n\\midrule\n(.*?)\n\\bottomrule", text, re.DOTALL
    )
    assert found, text
    rows = [found[2], *found[3].split("\n")]
    assert all(row.endswith(r" \\") for row in rows)
    cells = [re.split(r"(?<!\\)&", row.removesuffix(r" \\")) for row in rows]
    assert {len(row) for row in cells} == {len(found[1])}
    return [[cell.strip() for cell in row] for row in cells]


def sound(text: str) -> None:
    """Braces and dollars are balanced, environments close, and nothing special stands alone."""
    bare = re.sub(r"\\[\\&%$#_{}]", "", text)
    depth = 0
    for char in re.sub(r"(?m)^%.*$", "", bare):
        depth += {"{": 1, "}": -1}.get(char, 0)
        assert depth >= 0
    assert depth == 0
    body = re.sub(r"(?m)^%.*$", "", bare)
    assert body.count("$") % 2 == 0
    outside = re.sub(r"\$[^$]*\$", "", body)
    assert not re.search(r"[#_^~%]", outside), outside
    opened, closed = re.findall(r"\\begin\{(\w+)\}", text), re.findall(r"\\end\{(\w+)\}", text)
    assert sorted(opened) == sorted(closed)
    assert not re.search(r"(?m)^\s*[\[*]", text)  # behind a line end these would be options of it


def compiled(text: str, folder: Path) -> None:
    if TEX is None:
        return
    head = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\n"
    (folder / "paper.tex").write_text(f"{head}{text}\n\\end{{document}}\n", "utf-8")
    flags = [] if TEX.endswith("tectonic") else ["-interaction=nonstopmode", "-halt-on-error"]
    done = subprocess.run([TEX, *flags, "paper.tex"], cwd=folder, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]


def report(**asked: object) -> Report:
    given = crowded(3, frames=12)
    evaluation = evaluate(given.truth, given.predictions, "oks", **asked)  # type: ignore[arg-type]
    return with_intervals(evaluation.report(), evaluation)


def test_every_special_sign_of_a_name_is_escaped() -> None:
    sound(escape_latex(NAME))
    assert escape_latex("[a]") == "{[}a]"
    assert escape_latex("*") == "{*}"
    assert escape_latex("a<b>c|d") == r"a\textless{}b\textgreater{}c\textbar{}d"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("AP50", r"AP$_{\mathrm{50}}$"),
        ("AP_M", r"AP$_{\mathrm{M}}$"),
        ("PCKh@0.5", "PCKh@0.5"),
        ("x_y_z", r"x\_y\_z"),
        ("Head", "Head"),
    ],
)
def test_headings_have_subscripts_as_in_papers(text: str, wanted: str) -> None:
    assert heading(text) == wanted


def test_a_minus_is_a_minus() -> None:
    assert plain("-1.5") == "$-1.5$"
    assert plain("1.5") == "1.5"


def test_a_report_is_a_line_for_the_model(tmp_path: Path) -> None:
    found = report()
    text = found.to_latex()
    header, row = table_of(text)
    assert header[1:4] == ["AP", r"AP$_{\mathrm{50}}$", r"AP$_{\mathrm{75}}$"]
    assert row[0] == "model"
    interval = found.interval("AP")
    assert interval is not None
    ends = [100 * value for value in (found.summary["AP"], interval.low, interval.high)]
    assert row[1] == r"{:.1f} {{\scriptsize [{:.1f}, {:.1f}]}}".format(*ends)
    three = table_of(found.to_latex(digits=3))[1][1]
    assert three.startswith(f"{ends[0]:.3f} ")
    sound(text)
    compiled(text, tmp_path)


def test_undefined_numbers_are_dashes_and_slices_have_tables() -> None:
    found = report(slices=["size"], per_joint=True)
    text = found.to_latex()
    sound(text)
    assert text.count(r"\begin{tabular}") == 1 + len(found.tables)
    undefined = next(key for key, value in found.summary.items() if math.isnan(value) and "/AP_" in key)
    name = undefined[5:].split("/")[0]
    row = next(row for row in table_of(text[text.index("by size") :]) if row[0].startswith(f"{name} (n"))
    assert "--" in row


def test_texts_of_a_table_are_escaped(tmp_path: Path) -> None:
    text = "\n".join(latex_table([["name", NAME], [NAME, "-3"], [NAME, "+4.5"]]))
    assert table_of(text)[1][1] == "$-3$"
    sound(text)
    compiled(text, tmp_path)


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    truth = toy.truth()
    runs = {
        NAME: toy.run(1.0, 1, truth),
        "better": toy.run(0.4, 2, truth),
        "equal.poseval": toy.run(1.0, 3, truth),
    }
    return compare(runs)


def test_a_comparison_marks_best_second_and_stars(comparison: Comparison, tmp_path: Path) -> None:
    text = comparison.to_latex()
    sound(text)
    header, first, better, equal = table_of(text)
    assert header[1:] == [r"hit\_rate", "error"]
    assert first[0] == escape_latex(NAME)
    assert equal[0] == "equal"
    assert better[1].startswith(r"\textbf{")
    row = next(r for r in comparison.differences if r.key == "hit_rate" and r.second == "better")
    assert f"^{{{stars(row.p_adjusted)}}}$" in better[1]
    assert sum(r"\textbf" in row[1] for row in (first, better, equal)) == 1
    assert sum(r"\underline" in row[1] for row in (first, better, equal)) == 1
    assert "^" not in equal[1]
    lower = next(r for r in comparison.differences if r.key == "error" and r.second == "better")
    assert lower.difference < 0
    assert better[2].startswith(r"\textbf{")  # the error is better when lower
    caption = re.search(r"\\caption\{(.*)\}\n", text)
    assert caption
    for words in ("in bold", "underlined", "adjusted", "below 0.001", escape_latex(NAME)):
        assert words in caption[1]
    compiled(text, tmp_path)


def test_two_systems_have_no_second_best() -> None:
    truth = toy.truth()
    text = compare({"a": toy.run(1.0, 1, truth), "b": toy.run(0.4, 2, truth)}).to_latex()
    assert r"\underline" not in text
    assert "second best" not in text
