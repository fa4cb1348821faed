"""Tables for papers: LaTeX with booktabs. Cells of text are escaped by one function."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from poseval.errors import shown
from poseval.report.interval_notes import notes
from poseval.report.text import layout_of, style_of
from poseval.results.layout import Layout
from poseval.results.units import PERCENT, NumberStyle

if TYPE_CHECKING:
    from poseval.results.report import Report

PREAMBLE = r"% Written by poseval. Needs \usepackage{booktabs}."
UNDEFINED = "--"
# What has a meaning of its own, and what OT1 fonts print as another sign. `[` and `*` behind a line end are
# options of it.
_ESCAPES = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",
    "*": "{*}",
    "±": r"$\pm$",
    "²": r"\textsuperscript{2}",
}
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")
_SUBSCRIPT = re.compile(r"([A-Za-z]*[A-Z])_?((?<=_)[A-Za-z0-9]+|[0-9]+)")


def escape_latex(text: str) -> str:
    """Text as a cell or a caption of LaTeX."""
    return "".join(_ESCAPES.get(char, char) for char in shown(text, 1000))


def heading(text: str) -> str:
    """The title of a column as papers print it: AP50 as AP with a subscript."""
    found = _SUBSCRIPT.fullmatch(text)
    return rf"{found[1]}$_{{\mathrm{{{found[2]}}}}}$" if found else escape_latex(text)


def plain(text: str) -> str:
    """A cell of text; numbers stand as they are, a minus as a minus."""
    if not _NUMBER.fullmatch(text):
        return escape_latex(text)
    return f"${text}$" if text[0] in "+-" else text


def tabular(header: Sequence[str], body: Sequence[Sequence[str]], labels: int = 1) -> list[str]:
    """Lines of a tabular whose cells are LaTeX; the first `labels` columns are aligned to the left."""
    columns = "l" * labels + "r" * (len(header) - labels)
    return [
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        " & ".join(header) + r" \\",
        r"\midrule",
        *(" & ".join(row) + r" \\" for row in body),
        r"\bottomrule",
        r"\end{tabular}",
    ]


def latex_table(rows: Sequence[Sequence[str]], labels: int = 1) -> list[str]:
    """Lines of a tabular of texts. The first row is the header."""
    header, *body = rows
    return tabular([heading(cell) for cell in header], [list(map(plain, row)) for row in body], labels)


def sentences(texts: Iterable[str]) -> str:
    """Texts as the sentences of a caption."""
    return " ".join(escape_latex(f"{text[:1].upper()}{text[1:]}.") for text in texts)


def floating(lines: Sequence[str], caption: str) -> list[str]:
    """A tabular as a table with a caption, which is LaTeX."""
    return [r"\begin{table}", r"\centering", rf"\caption{{{caption}}}", *lines, r"\end{table}"]


def to_latex(report: Report, unit: str = PERCENT, digits: int | None = None) -> str:
    """The tables of a report in the columns of the benchmark's papers, a line for the model."""
    style = style_of(report, unit, digits)
    model = model_of(report)
    about = style.caption(report.unit_of(key) for key in report.summary)
    title = escape_latex(f"{model} on {report.benchmark}, {report.rules} rules, {about}.")
    main = _tabular(report, layout_of(report), style, model)
    lines = [PREAMBLE, *floating(main, f"{title} {sentences(notes(report))}".strip())]
    for table in report.tables:
        caption = escape_latex(f"{model} on {report.benchmark} by {table.title}, {about}.")
        lines += ["", *floating(_tabular(report, table, style, ""), caption)]
    return "\n".join(lines) + "\n"


def model_of(report: Report) -> str:
    """The name of the predictions' file, without its ending."""
    path = next((item.path for item in report.inputs if item.role == "predictions"), "")
    return PurePath(path).stem or "model"


def _tabular(report: Report, layout: Layout, style: NumberStyle, model: str) -> list[str]:
    """The rows of a layout; a single row without a name is the model's."""
    header = [escape_latex(layout.title), *map(heading, layout.header)]
    body = [
        [escape_latex(label or model), *(_cell(report, style, key) for key in keys)]
        for label, keys in layout.rows
    ]
    return tabular(header, body)


def _cell(report: Report, style: NumberStyle, key: str) -> str:
    """A number, with its interval behind it in small type."""
    if key not in report.summary:
        return ""
    unit, value = report.unit_of(key), report.summary[key]
    text = style.number(value, unit)
    if text == "n/a":
        return UNDEFINED
    interval = report.interval(key)
    if interval is None:
        return plain(text)
    return rf"{plain(text)} {{\scriptsize {style.between(interval.low, interval.high, unit)}}}"
