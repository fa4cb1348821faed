"""The HTML report: one static file that works without a network, in light and dark mode.

All text is escaped by the template engine, and what scripts draw passes `to_script`. The
Content-Security-Policy admits one script, by its hash. Images are embedded.
"""

from __future__ import annotations

import base64
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from poseval.errors import shown
from poseval.report.captions import caption, meaning
from poseval.report.explorer.scripts import environment, script_hash, source, to_script
from poseval.report.html_tables import metric_tables
from poseval.report.interval_notes import notes
from poseval.report.page_findings import page_findings
from poseval.report.plots import figure_bytes, figures
from poseval.report.slice_plot import slice_figures
from poseval.report.text import style_of
from poseval.results.units import PERCENT, NumberStyle

if TYPE_CHECKING:
    from poseval.diagnosis.diagnose import Diagnosis
    from poseval.poses.aligned import Aligned
    from poseval.poses.images import FrameImages
    from poseval.results.report import Report
    from poseval.scoring.evaluation import Evaluation

MOST_NUMBERS = 24  # cards


def to_html(
    report: Report,
    evaluation: Evaluation,
    diagnosis: Diagnosis | None = None,
    aligned: Aligned | None = None,
    images: FrameImages | None = None,
    unit: str = PERCENT,
) -> str:
    """The whole page. `aligned` and a diagnosis allow the worst frames to be drawn, over `images`."""
    from markupsafe import Markup

    style = style_of(report, unit)
    numbers = _numbers(report, style)
    frames, by = _frames(diagnosis, aligned, images, report.rules == "corrected")
    script = "\n".join([source("draw.js"), source("zoom.js"), _own("report.js")])
    return (
        environment()
        .from_string(_own("page.html.j2"))
        .render(
            title=f"{report.benchmark}: poseval report",
            report=report,
            caption=style.caption(report.unit_of(key) for key in report.summary),
            numbers=numbers[:MOST_NUMBERS],
            more=len(numbers) - MOST_NUMBERS,
            interval_notes=notes(report),
            metrics=metric_tables(report, style),
            findings=page_findings(diagnosis, report, style),
            figures=_figures(evaluation, report, diagnosis, unit),
            frames=Markup(to_script(frames)),
            frames_by=by,
            diagnosis_text=diagnosis.to_text(unit) if diagnosis else "",
            legend=Markup(source("legend.html.j2")),
            styles=Markup(source("page.css") + source("drawing.css") + _own("report.css")),
            script=Markup(script),
            script_hash=script_hash(f"\n{script}\n"),
        )
    )


def _own(name: str) -> str:
    return files("poseval.report").joinpath(name).read_text("utf-8")


def _numbers(report: Report, style: NumberStyle) -> list[dict[str, Any]]:
    """Cards: the numbers of the summary without those of joints and slices."""
    joints = {row.joint for row in report.values if row.joint}
    apart = {key for table in report.tables for _, keys in table.rows for key in keys}
    keys = [key for key in report.summary if key.rpartition("/")[2] not in joints and key not in apart]
    kind = report.primary.rpartition("/")[2]
    # Of several parts, the deciding number of each comes before all others.
    keys.sort(key=lambda key: (key != report.primary, key.rpartition("/")[2] != kind))
    out = []
    for key in keys:
        interval, unit = report.interval(key), report.unit_of(key)
        better = report.better.get(key, "")
        texts = [meaning(key), f"{better} is better" if better else ""]
        ends = ""
        if interval is not None:
            low, high = style.number(interval.low, unit), style.number(interval.high, unit)
            ends = f"{100 * interval.level:g} %: {low} to {high}"
        out.append(
            {
                "key": shown(key),
                "value": style.number(report.summary[key], unit),
                "interval": ends,
                "meaning": "; ".join(filter(None, texts)),
                "primary": key == report.primary,
            }
        )
    return out


def _figures(
    evaluation: Evaluation, report: Report, diagnosis: Diagnosis | None, unit: str
) -> list[dict[str, Any]]:
    from markupsafe import Markup

    out = []
    drawn = figures(evaluation, report, diagnosis, unit) | slice_figures({"": evaluation}, unit)
    for name, figure in drawn.items():
        title, text = caption(name)
        data = Markup(base64.b64encode(figure_bytes(figure)).decode())  # of our making, and long
        out.append({"title": title, "caption": text, "data": data})
    return out


def _frames(
    diagnosis: Diagnosis | None, aligned: Aligned | None, images: FrameImages | None, corrected: bool
) -> tuple[dict[str, Any], str]:
    """What is drawn of the worst frames, and words about the scale where it had to be made."""
    if aligned is None:
        return {"frames": []}, ""
    from poseval.diagnosis.worst import diagnose_by_boxes
    from poseval.report.worst_frames import worst_frames

    by = ""
    if diagnosis is None:
        diagnosis, by = diagnose_by_boxes(aligned, corrected=corrected)
    return worst_frames(diagnosis, aligned, images, corrected), by
