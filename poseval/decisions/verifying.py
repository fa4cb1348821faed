"""Entries with predictions are scored again, and their numbers must agree."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from poseval.decisions.entries import Entry, Refused, reason
from poseval.errors import PosevalError, shown
from poseval.results.report import Input, Report
from poseval.scoring.evaluation import Evaluation

SAME = 1e-9  # numbers of one version and another may differ in the last digits
ScoreLike = Callable[[str, Report], Evaluation]  # scores predictions as a report says


def verified(entry: Entry, folder: Path, score: ScoreLike) -> Entry | Refused:
    """The entry, marked as confirmed by scoring again, or as not checked if it has no predictions.

    Predictions are found where the report says, or by their name beside it (`folder`); their digest must be
    the one in the report. An entry with other numbers is refused.
    """
    if entry.verified:
        return entry
    given = [item for item in entry.report.inputs if item.role == "predictions"]
    path = next((place for item in given if (place := _found(item.path, folder))), None)
    if path is None:
        return replace(entry, verified="no: its predictions are not here")
    try:
        again = score(path, entry.report)
    except PosevalError as error:
        return replace(entry, verified=f"no: {reason(error)}")
    if _digests(again.inputs) != _digests(entry.report.inputs):
        return replace(entry, verified="no: its predictions are other files than those here")
    report = again.report()
    others = report.signature.explain(entry.report.signature, {"poseval"})
    if others:
        return replace(entry, verified=f"no: it was made otherwise ({'; '.join(others)})")
    missing = next((key for key in entry.report.summary if key not in report.summary), None)
    if missing is not None:
        hint = "; give its --slice FILE.csv" if "=" in missing else ""
        return replace(
            entry, verified=f"no: {shown(missing)} is of other options than those given here{hint}"
        )
    for key, said in entry.report.summary.items():
        if _differ(said, report.summary[key]):
            why = f"says {shown(key)} {said:.6g}, and its predictions give {report.summary[key]:.6g}"
            return Refused(entry.name, why)
    return replace(entry, verified="yes", run=again)


def _found(path: str, folder: Path) -> str | None:
    """Where predictions are: at their path, or by their name beside the report."""
    places = (path, os.fspath(folder / Path(path).name))
    return next((place for place in places if path and os.path.exists(place)), None)


def _digests(inputs: Iterable[Input]) -> set[str]:
    return {item.sha256 for item in inputs if item.role == "predictions"}


def _differ(said: float, found: float) -> bool:
    if math.isnan(said) or math.isnan(found):
        return math.isnan(said) != math.isnan(found)
    return abs(said - found) > SAME * max(1.0, abs(found))
