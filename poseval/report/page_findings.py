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
    """The findings; the benchmark's own number stands before their AP where it is another."""
    if diagnosis is None:
        return []
    lines = findings(diagnosis, style)
    own = report.primary if report.primary.rpartition("/")[2] == AP else AP
    ap = style.number(mean_ap(diagnosis.ranges[0].gains.cumulative[0]))
    if not lines or (own in report.summary and style.number(report.summary[own]) == ap):
        return lines
    key = own if own in report.summary else report.primary
    main = diagnosis.ranges[0]
    everyone = sum(group.people for group in diagnosis.everyone)
    small = key == own and diagnosis.scale is Scale.AREA and main.people < everyone
    value = style.number(report.summary[key], report.unit_of(key))
    whose = report.benchmark + (", smaller people included" if small else "")
    text = (
        f"{shown(key)} is {value} by the rules of {whose}; what errors cost is given below in "
        "another number, AP by OKS"
    )
    opening, *rest = lines
    return [opening, text, *rest]
