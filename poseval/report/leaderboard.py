"""A leaderboard as text, CSV, Markdown, LaTeX and HTML."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from poseval.errors import shown
from poseval.report.interval_notes import FIELDS, basis
from poseval.report.latex import PREAMBLE, floating, latex_table, sentences
from poseval.report.tables import escape_markdown, markdown_table, write_csv
from poseval.report.text_table import aligned, between, number

if TYPE_CHECKING:
    from poseval.decisions.leaderboard import Board, Row


def _value(row: Row, key: str) -> str:
    value = row.entry.report.summary.get(key, math.nan)
    interval = row.entry.report.interval(key)
    if interval is None or math.isnan(value):
        return number(value)
    return f"{number(value)} {between(interval.low, interval.high)}"


def _fact(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _rank(row: Row) -> str:
    low, high = row.ranks
    may_be = f" ({low}-{high})" if low < high else ""
    return f"{row.rank}{' =' if row.tied else ''}{may_be}"


def cells(board: Board) -> list[list[str]]:
    """Header and rows as text: rank, name, team where there is one, numbers, facts."""
    teams = any(row.entry.team for row in board.rows)
    rows = [["rank", "name", *(["team"] if teams else []), *board.columns, *board.facts]]
    for row in board.rows:
        names = [row.entry.name, *([row.entry.team] if teams else [])]
        facts = [_fact(row.entry.facts.get(name, "")) for name in board.facts]
        rows.append([_rank(row), *names, *(_value(row, key) for key in board.columns), *facts])
    return rows


def _notes(board: Board) -> list[str]:
    """How entries were distinguished, and what each entry's interval stands on."""
    lines = [f"distinguished by {shown(board.ties, 400)}"]
    made: dict[str, list[str]] = {}
    for row in board.rows:
        interval = row.entry.report.interval(board.sort)
        if interval is not None:
            made.setdefault(basis(interval), []).append(row.entry.name)
    for text, names in made.items():
        whose = "" if len(made) == 1 else f" ({', '.join(shown(name, 40) for name in names)})"
        lines.append(f"intervals: {text}{whose}")
    return lines


def to_text(board: Board) -> str:
    """A table for the terminal."""
    rows = [[shown(cell) for cell in row] for row in cells(board)]
    title = f"{shown(board.benchmark)} ({shown(board.rules)} rules), sorted by {shown(board.sort)}"
    lines = [title, "", *aligned(rows, (0, 1))]
    if any(row.tied for row in board.rows):
        lines += [
            "",
            "=: cannot be distinguished from the entry above. In brackets: the ranks that an entry may have",
        ]
    lines += ["", *_notes(board)]
    return "\n".join(lines) + "\n"


def to_csv(board: Board) -> str:
    """One row per entry; numbers as numbers with their interval ends, text safe against formula injection."""
    header = ["rank", "best rank", "worst rank", "tied", "name", "team"]
    for key in board.columns:
        header += [key, f"{key} low", f"{key} high"]
    header += [*(f"interval {name}" for name in FIELDS), *board.facts, "ties", "signature"]
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
        rows.append([*out, board.ties, str(report.signature)])
    return write_csv(header, rows)


def to_markdown(board: Board) -> str:
    """A GitHub Markdown table."""
    lines = markdown_table(cells(board))
    for text in _notes(board):
        lines += ["", escape_markdown(text)]
    return "\n".join(lines) + "\n"


def to_latex(board: Board) -> str:
    """A LaTeX table with booktabs."""
    title = f"{board.benchmark}, {board.rules} rules, sorted by {board.sort}"
    caption = sentences([title, *_notes(board)])
    return "\n".join([PREAMBLE, *floating(latex_table(cells(board), labels=2), caption)]) + "\n"


_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = (
    ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;"
    "padding:0 1rem}table{border-collapse:collapse;width:100%}th,td{padding:.4rem .7rem;text-align:right;"
    "border-bottom:1px solid #8884;font-variant-numeric:tabular-nums}th:nth-child(2),td:nth-child(2)"
    "{text-align:left}caption{text-align:left;font-weight:600;padding:.5rem 0}small{opacity:.75}"
)


def to_html(board: Board) -> str:
    """One static page without scripts; all text escaped."""

    def line(row: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(shown(cell))}</{tag}>" for cell in row) + "</tr>"

    header, *rows = cells(board)
    title = html.escape(f"{shown(board.benchmark)} ({shown(board.rules)} rules)")
    note = (
        "<p><small>= cannot be distinguished from the entry above.</small></p>"
        if any(row.tied for row in board.rows)
        else ""
    )
    notes = "".join(f"<p><small>{html.escape(text)}</small></p>" for text in _notes(board))
    signature = html.escape(shown(str(board.rows[0].entry.report.signature), 4000))
    head = "<meta charset=utf-8><meta name=generator content=poseval>"
    head += f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    return "\n".join(
        [
            f"<!doctype html><html lang=en><head>{head}<title>{title}</title>",
            f"<style>{_STYLE}</style></head><body><h1>{title}</h1>",
            f"<table><caption>sorted by {html.escape(shown(board.sort))}</caption>",
            f"<thead>{line(header, 'th')}</thead><tbody>",
            *(line(row, "td") for row in rows),
            f"</tbody></table>{note}{notes}<p><small>{signature}</small></p></body></html>",
            "",
        ]
    )
