"""A leaderboard as text, CSV, Markdown, LaTeX and HTML."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from poseval.errors import shown
from poseval.report.tables import latex_table, markdown_table, write_csv
from poseval.report.text_table import aligned, between, number

if TYPE_CHECKING:
    from poseval.decisions.leaderboard import Board, Row


def _value(row: Row, key: str) -> str:
    value = row.entry.report.summary.get(key, math.nan)
    interval = row.entry.report.intervals.get(key)
    if interval is None or math.isnan(value):
        return number(value)
    return f"{number(value)} {between(interval.low, interval.high)}"


def _fact(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _rank(row: Row) -> str:
    return f"{row.rank}{' =' if row.tied else ''}"


def cells(board: Board) -> list[list[str]]:
    """Header and rows as text: rank, name, team where there is one, numbers, facts."""
    teams = any(row.entry.team for row in board.rows)
    rows = [["rank", "name", *(["team"] if teams else []), *board.columns, *board.facts]]
    for row in board.rows:
        names = [row.entry.name, *([row.entry.team] if teams else [])]
        facts = [_fact(row.entry.facts.get(name, "")) for name in board.facts]
        rows.append([_rank(row), *names, *(_value(row, key) for key in board.columns), *facts])
    return rows


def to_text(board: Board) -> str:
    """A table for the terminal."""
    rows = [[shown(cell) for cell in row] for row in cells(board)]
    title = f"{shown(board.benchmark)} ({shown(board.rules)} rules), sorted by {shown(board.sort)}"
    lines = [title, "", *aligned(rows, (0, 1))]
    if any(row.tied for row in board.rows):
        lines += ["", "=: not told apart from the entry above (intervals overlap, or values are equal)"]
    return "\n".join(lines) + "\n"


def to_csv(board: Board) -> str:
    """One row per entry; numbers as numbers with their interval ends, text safe against formula injection."""
    header = ["rank", "tied", "name", "team"]
    for key in board.columns:
        header += [key, f"{key} low", f"{key} high"]
    header += [*board.facts, "signature"]
    rows: list[list[object]] = []
    for row in board.rows:
        report = row.entry.report
        out: list[object] = [row.rank, int(row.tied), row.entry.name, row.entry.team]
        for key in board.columns:
            interval = report.intervals.get(key)
            ends = [interval.low, interval.high] if interval else [math.nan, math.nan]
            out += [report.summary.get(key, math.nan), *ends]
        out += [row.entry.facts.get(name, "") for name in board.facts]
        rows.append([*out, str(report.signature)])
    return write_csv(header, rows)


def to_markdown(board: Board) -> str:
    """A GitHub Markdown table."""
    return "\n".join(markdown_table(cells(board))) + "\n"


def to_latex(board: Board) -> str:
    """A LaTeX tabular."""
    return "\n".join(latex_table(cells(board), labels=2)) + "\n"


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
        "<p><small>= is not told apart from the entry above.</small></p>"
        if any(row.tied for row in board.rows)
        else ""
    )
    signature = html.escape(shown(str(board.rows[0].entry.report.signature), 4000))
    head = f'<meta charset=utf-8><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    return "\n".join(
        [
            f"<!doctype html><html lang=en><head>{head}<title>{title}</title>",
            f"<style>{_STYLE}</style></head><body><h1>{title}</h1>",
            f"<table><caption>sorted by {html.escape(shown(board.sort))}</caption>",
            f"<thead>{line(header, 'th')}</thead><tbody>",
            *(line(row, "td") for row in rows),
            f"</tbody></table>{note}<p><small>{signature}</small></p></body></html>",
            "",
        ]
    )
