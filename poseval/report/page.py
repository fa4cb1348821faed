"""Write the HTML report of a run, with its diagnosis where the data allows one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from poseval.diagnosis.diagnose import diagnose_if_possible
from poseval.files.writing import write_atomically
from poseval.report.html import to_html
from poseval.results.units import PERCENT

if TYPE_CHECKING:
    from poseval.poses.aligned import Aligned
    from poseval.poses.images import FrameImages
    from poseval.results.report import Report
    from poseval.scoring.evaluation import Evaluation


def write_page(
    path: Path,
    report: Report,
    evaluation: Evaluation,
    aligned: Aligned,
    images: FrameImages | None = None,
    unit: str = PERCENT,
) -> None:
    """Write the page to `path`. Ground truth without areas, sigmas and head sizes gets no diagnosis."""
    found = diagnose_if_possible(aligned, report.rules == "corrected")
    page = to_html(report, evaluation, found, aligned, images, unit)
    write_atomically(path, page.encode(), force=True)
