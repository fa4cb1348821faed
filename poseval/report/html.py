"""The HTML report: one static file that works without a network, in light and dark mode.

All text is escaped by the template engine; the Content-Security-Policy admits one script, by its hash, which
sorts tables. Images are embedded.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from poseval.errors import number_of, shown
from poseval.report.interval_notes import notes
from poseval.report.overlay import frame_svg
from poseval.report.plots import figure_bytes, figures
from poseval.report.text import style_of
from poseval.report.text_table import between, number
from poseval.results.values import Value

if TYPE_CHECKING:
    from poseval.diagnosis.diagnose import Diagnosis
    from poseval.poses.aligned import Aligned
    from poseval.poses.images import FrameImages
    from poseval.results.report import Report
    from poseval.scoring.evaluation import Evaluation

# Sorts a table by the clicked column: by the cells' data-sort numbers where they have them, else by text.
SCRIPT = """
for (const table of document.querySelectorAll("table.sortable")) {
  table.querySelectorAll("th button").forEach((button, column) => {
    button.addEventListener("click", () => {
      const head = button.closest("th"), body = table.tBodies[0];
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const key = row => row.cells[column].dataset.sort ?? row.cells[column].textContent;
      const compare = (a, b) => {
        const x = key(a), y = key(b), n = Number(x) - Number(y);
        return (Number.isNaN(n) ? x.localeCompare(y) : n) * (up ? 1 : -1);
      };
      body.append(...[...body.rows].sort(compare));
    });
  });
}
"""

MOST_ROWS = 2000  # rows of one table; a browser sorts that at once


@dataclass(frozen=True)
class Cell:
    """A table cell; `sort` is the number to sort by, None sorts by text."""

    text: str
    sort: float | None = None


@dataclass(frozen=True)
class HtmlTable:
    """A sortable table."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def to_html(
    report: Report,
    evaluation: Evaluation,
    diagnosis: Diagnosis | None = None,
    aligned: Aligned | None = None,
    images: FrameImages | None = None,
) -> str:
    """The whole page. `aligned` and a diagnosis allow the worst frames to be drawn, over `images`."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, finalize=_clean)
    template = environment.from_string(files("poseval.report").joinpath("page.html.j2").read_text("utf-8"))
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    drawn = figures(evaluation, report, diagnosis)
    return template.render(
        title=f"{report.benchmark}: poseval report",
        report=report,
        numbers=_numbers(report),
        interval_notes=notes(report),
        tables=_tables(report),
        findings=_findings(diagnosis),
        figures=[
            {"name": name, "data": base64.b64encode(figure_bytes(figure)).decode()}
            for name, figure in drawn.items()
        ],
        frames=[{"svg": Markup(svg), "text": text} for svg, text in _frames(diagnosis, aligned, images)],
        diagnosis_text=diagnosis.to_text() if diagnosis else "",
        script=Markup(SCRIPT),
        script_hash=digest,
    )


def _clean(value: object) -> object:
    """Texts from files without control characters and without halves of characters."""
    if type(value) is not str:  # what is Markup was made here
        return value
    return "\n".join(shown(line, limit=len(line) + 1) for line in value.split("\n"))


def _numbers(report: Report) -> list[dict[str, str]]:
    style = style_of(report)
    out = []
    joints = {row.joint for row in report.values if row.joint}
    headline = [item for item in report.summary.items() if item[0].rpartition("/")[2] not in joints]
    for key, value in headline[:24]:
        interval, unit = report.interval(key), report.unit_of(key)
        ends = ""
        if interval is not None:
            low, high = style.number(interval.low, unit), style.number(interval.high, unit)
            ends = f"{100 * interval.level:g} %: {low} to {high}"
        out.append({"key": shown(key), "value": style.number(value, unit), "interval": ends})
    return out


def _tables(report: Report) -> list[HtmlTable]:
    joints = [row for row in report.values if row.joint and not row.slice and math.isnan(row.threshold)]
    slices = [row for row in report.values if row.slice and not row.joint and math.isnan(row.threshold)]
    counts = _counts(report.values)
    out = []
    for title, rows, label in (("Per joint", joints, "joint"), ("Per sequence and slice", slices, "slice")):
        if rows:
            out.append(_pivot(title, rows, label, report, counts))
    every = [row for row in report.values if row not in joints and row not in slices][:MOST_ROWS]
    body = tuple(
        (
            Cell(shown(row.statistic)),
            Cell(shown(row.metric)),
            Cell("" if math.isnan(row.threshold) else f"{row.threshold:g}", _sort(row.threshold)),
            Cell(number(row.value, ".0f" if row.statistic in counts else ".4f"), _sort(row.value)),
            Cell(str(row.n), float(row.n)),
            Cell(shown(row.why)),
        )
        for row in every
    )
    out.append(HtmlTable("All values", ("statistic", "metric", "threshold", "value", "n", "why"), body))
    return out


def _sort(value: float) -> float:
    return -1e300 if math.isnan(value) else value


def _counts(rows: Iterable[Value]) -> set[str]:
    """The statistics that count something: whole numbers in every row, some above 1."""
    found: dict[str, list[float]] = {}
    for row in rows:
        if not math.isnan(row.value):
            found.setdefault(row.statistic, []).append(row.value)
    return {name for name, values in found.items() if all(map(_is_whole, values)) and max(values) > 1}


def _is_whole(value: float) -> bool:
    return float(value).is_integer()


def _pivot(title: str, rows: Sequence[Value], label: str, report: Report, counts: set[str]) -> HtmlTable:
    """One row per joint or slice, one column per statistic, intervals behind the numbers that have one."""
    names = list(dict.fromkeys(row.statistic for row in rows))
    found: dict[str, dict[str, Value]] = {}
    for row in rows:
        found.setdefault(getattr(row, label), {}).setdefault(row.statistic, row)
    body = []
    for name, cells in list(found.items())[:MOST_ROWS]:
        line = [Cell(shown(name))]
        for statistic in names:
            value = cells[statistic].value if statistic in cells else math.nan
            text = number(value, ".0f" if statistic in counts else ".4f")
            interval = report.interval(f"{statistic}/{name}")
            if interval is not None:
                text += " " + between(interval.low, interval.high)
            line.append(Cell(text, _sort(value)))
        body.append(tuple(line))
    return HtmlTable(title, (label, *names), tuple(body))


def _findings(diagnosis: Diagnosis | None) -> list[str]:
    if diagnosis is None:
        return []
    from poseval.diagnosis.findings import findings

    return findings(diagnosis)


def _frames(
    diagnosis: Diagnosis | None, aligned: Aligned | None, images: FrameImages | None
) -> list[tuple[str, str]]:
    if diagnosis is None or aligned is None:
        return []
    place = {str(key): row for row, key in enumerate(np.asarray(aligned.truth.frames.key))}
    out = []
    for worst in diagnosis.worst[:20]:
        text = (
            f"{shown(worst.frame)}: {number_of(worst.joints, 'wrong joint')}, "
            f"{number_of(worst.missed, 'miss', 'misses')}, {number_of(worst.background, 'false positive')}"
        )
        out.append((frame_svg(aligned, place[worst.frame], images), text))
    return out
