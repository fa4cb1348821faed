"""Leaderboards as one static HTML page: it sorts, works on a phone, and loads nothing."""

from __future__ import annotations

import base64
import hashlib
import html
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from poseval.errors import shown
from poseval.report.leaderboard import cells, notes, title

if TYPE_CHECKING:
    from poseval.decisions.leaderboard import Board, Row

# Sorts a table by the clicked column, by data-sort where a cell has it, and says so to screen readers.
SCRIPT = """
for (const table of document.querySelectorAll("table")) {
  table.querySelectorAll("th button").forEach((button, column) => {
    button.addEventListener("click", () => {
      const head = button.closest("th"), body = table.tBodies[0];
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const key = row => row.cells[column].dataset.sort ?? row.cells[column].textContent;
      const compare = (a, b) => {
        const x = key(a), y = key(b), n = Number(x) - Number(y);
        const order = x === "" || y === "" ? (x === "") - (y === "")
          : Number.isNaN(n) ? x.localeCompare(y) : n;
        return x === "" || y === "" ? order : order * (up ? 1 : -1);
      };
      body.append(...[...body.rows].sort(compare));
    });
  });
}
"""
STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;margin:1.5rem auto;max-width:96rem;padding:0 1rem}
h1{font-size:1.4rem}
h2{font-size:1.1rem;margin:1.5rem 0 .3rem;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}
th,td{padding:.35rem .6rem;text-align:right;border-bottom:1px solid #8884;vertical-align:top;
font-variant-numeric:tabular-nums}
th.text,td.text{text-align:left}
td.text{overflow-wrap:anywhere;min-width:5rem}
td:nth-child(n+4).text{min-width:6.5rem}
td:first-child,td i{white-space:nowrap}
td i{font-style:normal}
.wide{overflow-x:auto}
th button{all:unset;font-weight:600;cursor:pointer}
th button:focus-visible{outline:2px solid Highlight}
th[aria-sort=ascending] button::after{content:" \\25b2"}
th[aria-sort=descending] button::after{content:" \\25bc"}
small,.note{opacity:.8;font-size:.85rem;overflow-wrap:anywhere}
.refused{border-left:3px solid #c33;padding-left:.6rem}
@media(max-width:45rem){
table,tbody,tr{display:block}
thead tr{display:flex;flex-wrap:wrap;gap:.2rem .8rem;padding:.3rem 0}
thead th{display:block;border:0;padding:0}
tbody tr{border:1px solid #8886;border-radius:.5rem;margin:.6rem 0;padding:.3rem .6rem}
td,td.text{display:flex;justify-content:space-between;gap:1rem;border:0;padding:.15rem 0;text-align:right}
td::before{content:attr(data-label);opacity:.7;text-align:left}
td:empty{display:none}
.wide{overflow-x:visible}
}
"""
TEXTS = frozenset({"rank", "name", "team", "verified"})  # columns to the left, beside facts that are texts


def to_html(boards: Sequence[Board]) -> str:
    """One page of one board or several; all text escaped."""
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    names = list(dict.fromkeys(shown(board.benchmark) for board in boards))
    heading = html.escape(f"Leaderboard: {', '.join(names)}")
    head = "<meta charset=utf-8><meta name=generator content=poseval>"
    head += "<meta name=viewport content='width=device-width,initial-scale=1'>"
    head += f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return "\n".join(
        [
            f"<!doctype html><html lang=en><head>{head}<title>{heading}</title>",
            f"<style>{STYLE}</style></head><body><h1>{heading}</h1>",
            *(line for board in boards for line in _section(board)),
            f"<script>{SCRIPT}</script></body></html>",
            "",
        ]
    )


def _section(board: Board) -> Iterator[str]:
    """One board: its title, table, notes and signature."""
    header, *rows = cells(board)
    left = [name in TEXTS or _is_text(board, name) for name in header]
    yield f"<h2>{html.escape(title(board))}</h2>"
    yield "<div class=wide><table><thead><tr>"
    for name, text in zip(header, left, strict=True):
        kind = " class=text" if text else ""
        yield f"<th scope=col{kind}><button type=button>{html.escape(shown(name))}</button></th>"
    yield "</tr></thead><tbody>"
    for row, line in zip(board.rows, rows, strict=True):
        yield "<tr>"
        for name, cell, text in zip(header, line, left, strict=True):
            kind = " class=text" if text else ""
            label = html.escape(shown(name), quote=True)
            yield f'<td{kind} data-label="{label}"{_sort(row, name)}>{_linked(cell)}</td>'
        yield "</tr>"
    yield "</tbody></table></div>"
    if any(row.tied for row in board.rows):
        yield "<p class=note>= cannot be distinguished from the entry above. In brackets: possible ranks.</p>"
    for note in notes(board):
        style = "note refused" if note.startswith("refused:") else "note"
        yield f'<p class="{style}">{html.escape(note)}</p>'
    signature = str(board.rows[0].entry.report.signature)
    yield f"<p><small>{html.escape(shown(signature, 4000))}</small></p>"


def _is_text(board: Board, name: str) -> bool:
    return name in board.facts and any(isinstance(row.entry.facts.get(name), str) for row in board.rows)


def _sort(row: Row, name: str) -> str:
    """The number that a column is sorted by; empty for undefined ones, which stand last."""
    if name == "rank":
        return f' data-sort="{row.rank}"'
    value = row.entry.report.summary.get(name, row.entry.facts.get(name))
    if not isinstance(value, (int, float)):
        return ""
    return f' data-sort="{"" if math.isnan(value) else repr(float(value))}"'


def _linked(text: str) -> str:
    """A cell; an address of the web is a link, and an interval is not broken."""
    value, bracket, ends = text.partition(" [")
    if bracket and ends.endswith("]"):
        return f"<span>{html.escape(shown(value))} <i>[{html.escape(shown(ends))}</i></span>"
    safe = html.escape(shown(text, 500), quote=True)
    if text.startswith(("https://", "http://")) and not any(char.isspace() for char in text):
        return f'<a href="{safe}" rel="noopener noreferrer">{safe}</a>'
    return safe
