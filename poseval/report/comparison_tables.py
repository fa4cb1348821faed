"""A comparison of systems as tables: Markdown and LaTeX with the best numbers marked, and CSV."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields

from poseval.report.latex import (
    PREAMBLE,
    UNDEFINED,
    escape_latex,
    floating,
    heading,
    plain,
    sentences,
    tabular,
)
from poseval.report.tables import escape_markdown, write_csv
from poseval.results.units import NumberStyle, Unit
from poseval.statistics.comparison import Comparison, Difference

DIGITS = 1  # decimals of percentages, as papers print
MOST_COLUMNS = 12  # numbers; more of them become the rows
STARS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))  # adjusted p below -> stars
UNDERLINED_FROM = 3  # systems, from which the second best is marked


@dataclass(frozen=True)
class Cell:
    """One number of one system, how it differs from the first system, and its place among the systems."""

    value: str
    difference: str  # empty for the first system
    stars: str
    place: int  # 1 the best, 2 the second best, 0 another


def stars(p: float) -> str:
    """The stars of an adjusted p-value."""
    return next((mark for most, mark in STARS if p < most), "")


def keys_of(comparison: Comparison) -> list[str]:
    """The numbers, in their order."""
    return list(dict.fromkeys(d.key for d in comparison.differences))


def names_of(comparison: Comparison) -> dict[str, str]:
    """Names of the systems in tables: their file names without endings if these differ."""
    short = {name: name.removesuffix(".poseval").removesuffix(".json") for name in comparison.systems}
    return short if len(set(short.values())) == len(short) else {name: name for name in short}


def cells_of(comparison: Comparison, key: str, style: NumberStyle) -> list[Cell]:
    """One cell per system, compared with the first one."""
    first = comparison.systems[0]
    found = {d.second: d for d in comparison.differences if d.key == key and d.first == first}
    any_row = next(iter(found.values()))
    values = [any_row.value_first, *(found[name].value_second for name in comparison.systems[1:])]
    places = _places(values, any_row.better)
    out = [Cell(style.number(values[0], any_row.unit), "", "", places[0])]
    for name, value, place in zip(comparison.systems[1:], values[1:], places[1:], strict=True):
        row = found[name]
        mark = "" if row.why else stars(row.p_adjusted)
        difference = "" if math.isnan(row.difference) else style.number(row.difference, row.unit, sign=True)
        out.append(Cell(style.number(value, row.unit), difference, mark, place))
    return out


def _places(values: Sequence[float], better: str) -> list[int]:
    """1 for the best value, 2 for the second best where there are enough, 0 for others; equals share."""
    sign = -1.0 if better == "higher" else 1.0
    ranked = sorted({sign * value for value in values if not math.isnan(value)})
    marked = {value: place for place, value in enumerate(ranked[:2], start=1)}
    if len(values) < UNDERLINED_FROM:
        marked = {value: place for value, place in marked.items() if place == 1}
    return [0 if math.isnan(value) else marked.get(sign * value, 0) for value in values]


def to_latex(comparison: Comparison, digits: int | None = None) -> str:
    """A booktabs table: best in bold, second best underlined, differences to the first system with stars."""
    style = NumberStyle(comparison.shown_as, DIGITS if digits is None else digits)
    rows = _grid(comparison, style, _latex_cell, escape_latex, heading)
    caption = sentences(_caption(comparison, style, "in bold", "underlined"))
    return "\n".join([PREAMBLE, *floating(tabular(rows[0], rows[1:]), caption)]) + "\n"


def to_markdown(comparison: Comparison, digits: int | None = None) -> str:
    """A GitHub Markdown table: best in bold, second best in italics, differences to the first system."""
    style = NumberStyle(comparison.shown_as, DIGITS if digits is None else digits)
    header, *body = _grid(comparison, style, _markdown_cell, escape_markdown, escape_markdown)
    lines = ["| " + " | ".join(row) + " |" for row in (header, *body)]
    lines.insert(1, "|" + "---|" * len(header))
    texts = _caption(comparison, style, "in bold", "in italics")
    return "\n".join([*lines, "", *(escape_markdown(f"{text}.") for text in texts)]) + "\n"


def to_csv(comparison: Comparison) -> str:
    """One row per number and pair of systems; shares are fractions."""
    names = [field.name for field in fields(Difference) if field.name != "unit"]
    rows = [
        [*(asdict(d)[name] for name in names), d.verdict(comparison.alpha), d.unit.stored]
        for d in comparison.differences
    ]
    return write_csv([*names, "verdict", "unit"], rows)


def _grid(
    comparison: Comparison,
    style: NumberStyle,
    cell: Callable[[Cell], str],
    text: Callable[[str], str],
    title: Callable[[str], str],
) -> list[list[str]]:
    """Systems by numbers, or numbers by systems where there are many."""
    keys = keys_of(comparison)
    columns = [[cell(one) for one in cells_of(comparison, key, style)] for key in keys]
    names = [text(name) for name in names_of(comparison).values()]
    if len(keys) > MOST_COLUMNS:
        rows = [[text(key), *column] for key, column in zip(keys, columns, strict=True)]
        return [["", *names], *rows]
    turned = zip(names, *columns, strict=True)
    return [["", *map(title, keys)], *([name, *row] for name, *row in turned)]


def _latex_cell(cell: Cell) -> str:
    if cell.value == "n/a":
        return UNDEFINED
    value = {1: r"\textbf{%s}", 2: r"\underline{%s}"}.get(cell.place, "%s") % plain(cell.value)
    if not cell.difference:
        return value
    mark = f"^{{{cell.stars}}}" if cell.stars else ""
    return rf"{value} {{\scriptsize ${cell.difference}{mark}$}}"


def _markdown_cell(cell: Cell) -> str:
    value = {1: f"**{cell.value}**", 2: f"*{cell.value}*"}.get(cell.place, cell.value)
    mark = cell.stars.replace("*", r"\*")
    return f"{value} ({cell.difference}{mark})" if cell.difference else value


def _caption(comparison: Comparison, style: NumberStyle, best: str, second: str) -> list[str]:
    units: set[Unit] = {d.unit for d in comparison.differences}
    units_named = f"{comparison.units:,} units ({comparison.cluster})"
    out = [f"{len(comparison.systems)} systems on the same {units_named}, {style.caption(units)}"]
    marks = f"The best of each number is {best}"
    if len(comparison.systems) >= UNDERLINED_FROM:
        marks += f", the second best {second}"
    out.append(marks)
    test = "sign flips" if comparison.rounds else "Student's t"
    listed = ", ".join(f"{mark} below {most:g}" for most, mark in reversed(STARS))
    first = names_of(comparison)[comparison.systems[0]]
    adjusted = f"p, adjusted for all numbers and pairs ({test})"
    out.append(f"Differences are to {first}; stars are for {adjusted}: {listed}")
    return out
