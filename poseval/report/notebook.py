"""Results in a notebook: short HTML in the colours of the page, light or dark.

Every text is escaped, because names of files, frames and systems are untrusted.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poseval.errors import UsageError, number_of, shown, unknown_name
from poseval.poses import PoseSet
from poseval.report.text import style_of, table_cells
from poseval.report.text_table import number
from poseval.results.units import PERCENT, NumberStyle

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from poseval.diagnosis.diagnose import Diagnosis
    from poseval.poses.aligned import Aligned
    from poseval.results.report import Report
    from poseval.scoring.evaluation import Evaluation
    from poseval.statistics.comparison import Comparison

MOST_ROWS = 20
CELL = "padding:.15em .6em;text-align:{side};border:0;border-bottom:1px solid rgba(128,128,128,.35)"


def _text(value: object, limit: int = 120) -> str:
    return html.escape(shown(value, limit))


def _table(rows: Sequence[Sequence[object]], left: int = 1) -> str:
    """Rows of cells, the first of them the header; the first `left` columns are words."""
    out = []
    for at, row in enumerate(rows[: MOST_ROWS + 1]):
        tag = "td" if at else "th"
        sides = ("left" if place < left else "right" for place in range(len(row)))
        cells = [
            f'<{tag} style="{CELL.format(side=side)}">{_text(cell)}</{tag}>'
            for side, cell in zip(sides, row, strict=True)
        ]
        out.append(f"<tr>{''.join(cells)}</tr>")
    style = "border-collapse:collapse;background:transparent;color:inherit"
    more = len(rows) - 1 - MOST_ROWS
    rest = _line(f"and {number_of(more, 'row')} more") if more > 0 else ""
    return f'<table style="{style}">{"".join(out)}</table>{rest}'


def _line(text: str, strong: bool = False) -> str:
    weight = "font-weight:600" if strong else "opacity:.75;font-size:90%"
    return f'<div style="{weight}">{_text(text, 400)}</div>'


def _whole(*parts: str) -> str:
    return f'<div style="color:inherit;font-size:90%">{"".join(parts)}</div>'


def report(value: Report) -> str:
    """The summary table, the notices and the signature."""
    style = style_of(value, PERCENT)
    units = style.caption(value.unit_of(key) for key in value.summary)
    head = f"{value.benchmark} ({value.rules} rules), {units}"
    said = [*value.deviations, *(str(notice) for notice in value.notices)]
    lines = [_line(text) for text in said[:5]]
    if len(said) > 5:
        lines.append(_line(f"and {number_of(len(said) - 5, 'notice')} more"))
    return _whole(_line(head, True), _table(table_cells(value, style)), *lines, _line(str(value.signature)))


def comparison(value: Comparison) -> str:
    """Each difference with its interval and its verdict."""
    style = NumberStyle(value.shown_as)
    head = ["", "first", "second", "difference", f"{100 * value.level:g} % interval", "adjusted p", ""]
    rows = [
        [
            found.key,
            style.number(found.value_first, found.unit),
            style.number(found.value_second, found.unit),
            style.number(found.difference, found.unit, sign=True),
            style.between(found.low, found.high, found.unit, sign=True),
            number(found.p_adjusted),
            found.verdict(value.alpha),
        ]
        for found in value.differences
    ]
    units = f"{number_of(value.units, 'unit')} ({value.cluster})"
    caption = style.caption(found.unit for found in value.differences)
    title = f"{' and '.join(value.systems)} on the same {units}, {caption}"
    return _whole(_line(title, True), _table([head, *rows]))


def diagnosis(value: Diagnosis) -> str:
    """The findings, one sentence each, and the worst frames."""
    from poseval.diagnosis.findings import findings

    rows = [["frame", "wrong joints", "misses", "false positives"]]
    rows += [[one.frame, *map(str, (one.joints, one.missed, one.background))] for one in value.worst[:5]]
    lines = [_line(text) for text in findings(value)]
    return _whole(_line("What failed", True), *lines, _table(rows) if value.worst else "")


def pose_set(value: PoseSet) -> str:
    """The contents of the set, column by column."""
    from poseval.poses.held import held_in

    rows = [["column", "holds"], *held_in(value)]
    return _whole(_line(repr(value), True), _table(rows, left=2))


@dataclass(frozen=True)
class DrawnFrames:
    """Frames as drawings: ground truth in green, predictions dashed in orange. A notebook shows them."""

    frames: tuple[str, ...]
    html: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"Drawings of {', '.join(shown(name, 40) for name in self.frames)}"

    def __len__(self) -> int:
        return len(self.frames)


def worst(behind: Any, count: int, images: Path | None) -> DrawnFrames:
    """The frames with the most errors, the worst first, over their images where these are given.

    Raises:
        UsageError: P106 no frame has an error, P114 no such folder, P840 no image of a frame in it, P863 a
            report that was read.
    """
    from poseval.diagnosis.worst import ranked_frames
    from poseval.poses.images import images_of
    from poseval.report.overlay import frame_svg

    aligned = behind_of(behind)[1]
    found = None if images is None else images_of(aligned.truth.frames, images)
    parts = []
    ranked = ranked_frames(aligned, count)
    for row, one in ranked:
        said = (
            f"{shown(one.frame, 60)}: {number_of(one.joints, 'wrong joint')}, "
            f"{number_of(one.missed, 'miss', 'misses')}, {number_of(one.background, 'false positive')}"
        )
        style = "display:inline-block;width:320px;margin:.4em;vertical-align:top"
        parts.append(f'<div style="{style}">{frame_svg(aligned, row, found)}{_line(said)}</div>')
    return DrawnFrames(tuple(str(one.frame) for _, one in ranked), _whole(*parts))


def plot(behind: Any, name: str) -> Figure:
    """One figure of a run, by its name.

    Raises:
        UsageError: P102 a name that this run has no figure of, P863 a report that was read.
    """
    from poseval.diagnosis.diagnose import diagnose_if_possible
    from poseval.report.plots import figures

    evaluation, aligned = behind_of(behind)
    own = evaluation.report()
    found: Mapping[str, Figure] = figures(evaluation, own)
    if name not in found:
        corrected = evaluation.rules.name == "corrected"
        found = figures(evaluation, own, diagnose_if_possible(aligned, corrected))
    if name not in found:
        raise unknown_name("P102", "figure", name, found)
    return found[name]


def behind_of(
    behind: Any, hint: str = "score again, or use poseval.plot(predictions, gt=...)"
) -> tuple[Evaluation, Aligned]:
    """The evaluation and the people behind a report; `hint` says what else one can do.

    Raises:
        UsageError: P863 a report that was read.
    """
    if behind is None:
        raise UsageError(
            "P863",
            where="report",
            what="was read or copied, so it holds numbers and no people",
            wanted="the report that poseval.score(...) returned",
            hint=hint,
        )
    evaluation, aligned = behind
    return evaluation, aligned
