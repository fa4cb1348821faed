"""A leaderboard as text, CSV, Markdown and LaTeX; `report.leaderboard_page` makes the HTML page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from poseval.errors import number_of, shown
from poseval.report.interval_notes import FIELDS, basis
from poseval.report.latex import PREAMBLE, floating, latex_table, sentences
from poseval.report.tables import escape_markdown, markdown_table, write_csv
from poseval.report.text_table import aligned
from poseval.results.units import FRACTION, NumberStyle

LONGEST = 1e15  # of a whole number that is written in full

if TYPE_CHECKING:
    from poseval.decisions.leaderboard import Board, Row


def _value(row: Row, key: str, style: NumberStyle) -> str:
    report = row.entry.report
    value, interval, unit = report.summary.get(key, math.nan), report.interval(key), report.unit_of(key)
    text = style.number(value, unit)
    if interval is None or math.isnan(value):
        return text
    return f"{text} {style.between(interval.low, interval.high, unit)}"


def _fact(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < LONGEST:
        value = int(value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _rank(row: Row) -> str:
    low, high = row.ranks
    may_be = f" ({low}-{high})" if low < high else ""
    return f"{row.rank}{' =' if row.tied else ''}{may_be}"


def cells(board: Board) -> list[list[str]]:
    """Header and rows as text: rank, name, team if any, numbers, facts, and whether it was verified."""
    teams, style = any(row.entry.team for row in board.rows), NumberStyle(board.shown_as)
    verified = ["verified"] if {row.entry.verified for row in board.rows} - {"", "scored here"} else []
    rows = [["rank", "name", *(["team"] if teams else []), *board.columns, *board.facts, *verified]]
    for row in board.rows:
        names = [row.entry.name, *([row.entry.team] if teams else [])]
        facts = [_fact(row.entry.facts.get(name, "")) for name in board.facts]
        numbers = [_value(row, key, style) for key in board.columns]
        rows.append([_rank(row), *names, *numbers, *facts, *([row.entry.verified] if verified else [])])
    return rows


def title(board: Board) -> str:
    """Benchmark, rules, the number that is sorted by, and the unit of the numbers."""
    caption = NumberStyle(board.shown_as).caption(board.unit_of(key) for key in board.columns)
    return f"{shown(board.benchmark)} ({shown(board.rules)} rules), sorted by {shown(board.sort)}, {caption}"


def _refused(board: Board) -> list[str]:
    if not board.refused:
        return []
    count, whole = len(board.refused), len(board.refused) + len(board.rows)
    head = f"{count} of {number_of(whole, 'entry', 'entries')} {'is' if count == 1 else 'are'} refused"
    return [
        head,
        *(
            f"refused: {shown(entry.name)}"
            + (f" ({entry.digest[:12]})" if entry.digest else "")
            + f": {shown(entry.why, 400)}"
            for entry in board.refused
        ),
    ]


def notes(board: Board) -> list[str]:
    """How entries were compared, and the basis of each entry's interval."""
    how = "not distinguished" if board.ties.startswith("nothing") else "distinguished by"
    lines = [f"{how}{':' if how.startswith('not') else ''} {shown(board.ties, 400)}"]
    made: dict[str, list[str]] = {}
    for row in board.rows:
        interval = row.entry.report.interval(board.sort)
        if interval is not None:
            made.setdefault(basis(interval), []).append(row.entry.name)
    for text, names in made.items():
        whose = "" if len(made) == 1 else f" ({', '.join(shown(name, 40) for name in names)})"
        lines.append(f"intervals: {text}{whose}")
    return [*lines, *map(str, board.left_out), *_refused(board)]


def to_text(board: Board) -> str:
    """A table for the terminal."""
    rows = [[shown(cell) for cell in row] for row in cells(board)]
    lines = [title(board), "", *aligned(rows, (0, 1))]
    if any(row.tied for row in board.rows):
        lines += [
            "",
            "=: cannot be distinguished from the entry above. In brackets: the ranks that an entry may have",
        ]
    lines += ["", *notes(board)]
    return "\n".join(lines) + "\n"


def to_csv(board: Board) -> str:
    """One row per entry; fractions with their interval ends, text safe against formula injection."""
    header = ["rank", "best rank", "worst rank", "tied", "name", "team"]
    for key in board.columns:
        header += [key, f"{key} low", f"{key} high"]
    header += [
        *(f"interval {name}" for name in FIELDS),
        *board.facts,
        "verified",
        "ties",
        "signature",
        "unit",
    ]
    others = [f"{key}: {board.unit_of(key).stored}" for key in board.columns]
    unit = "; ".join(text for text in others if not text.endswith(FRACTION)) or FRACTION
    rows: list[list[object]] = []
    for row in board.rows:
        report = row.entry.report
        out: list[object] = [row.rank, *row.ranks, int(row.tied), row.entry.name, row.entry.team]
        for key in board.columns:
            interval = report.interval(key)
            ends = [interval.low, interval.high] if interval else [math.nan, math.nan]
            out += [report.summary.get(key, math.nan), *ends]
        interval = report.interval(board.sort)
        found = [getattr(interval, name) if interval else None for name in FIELDS]
        out += ["" if item is None else item for item in found]
        out += [row.entry.facts.get(name, "") for name in board.facts]
        rows.append([*out, row.entry.verified, board.ties, str(report.signature), unit])
    return write_csv(header, rows)


def to_markdown(board: Board) -> str:
    """A GitHub Markdown table."""
    lines = markdown_table(cells(board))
    for text in (title(board), *notes(board)):
        lines += ["", escape_markdown(text)]
    return "\n".join(lines) + "\n"


def to_latex(board: Board) -> str:
    """A LaTeX table with booktabs."""
    caption = sentences([title(board), *notes(board)])
    return "\n".join([PREAMBLE, *floating(latex_table(cells(board), labels=2), caption)]) + "\n"
