"""The findings of a diagnosis on a page that also shows the benchmark's numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poseval.diagnosis.error_types import Scale
from poseval.diagnosis.findings import findings
from poseval.diagnosis.gains import mean_ap
from poseval.errors import shown

if TYPE_CHECKING:
    from poseval.diagnosis.diagnose import Diagnosis
    from poseval.results.report import Report
    from poseval.results.units import NumberStyle

AP = "AP"


def page_findings(diagnosis: Diagnosis | None, report: Report, style: NumberStyle) -> list[str]:
    """The findings, and how their AP goes with the benchmark's own number where it is another."""
    if diagnosis is None:
        return []
    lines = findings(diagnosis, style)
    own = report.primary if report.primary.rpartition("/")[2] == AP else AP
    ap = style.number(mean_ap(diagnosis.ranges[0].gains.cumulative[0]))
    if not lines or (own in report.summary and style.number(report.summary[own]) == ap):
        return lines
    if own not in report.summary:
        key = report.primary
        value = style.number(report.summary[key], report.unit_of(key))
        text = f"{report.benchmark} has no AP by OKS; its own number is {shown(key)}, {value}"
    else:
        main = diagnosis.ranges[0]
        small = diagnosis.scale is Scale.AREA and main.people < sum(
            group.people for group in diagnosis.everyone
        )
        why = "counts the smaller people, too" if small else "is measured by other rules"
        text = f"the {shown(own)} of {report.benchmark}, {style.number(report.summary[own])}, {why}"
    return [lines[0], text, *lines[1:]]
