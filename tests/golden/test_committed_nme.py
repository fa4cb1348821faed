"""The committed cases of face landmarks: NME, failure rates and areas by the rules of six programs.

Counts are exact: a failure rate of few images is a count. mmpose and 3DDFA keep errors as float32, each
rounded by up to 2**-24 of itself: their numbers are good to 2**-22. STAR rounds rates to four digits and
areas to six.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

import poseval
from poseval.errors import PosevalError
from poseval.results.report import Report
from tests.golden.committed import Case, cases
from tests.golden.make import face_files

CASES = cases("nme", 15)
FLOAT32 = 2**-22
STAR_DIGITS = {"FR": 0.5e-4, "AUC": 0.5e-6}
# The normaliser of each benchmark, as a metric with the thresholds that the program was asked for
BY = {"aflw19": "face_size"}


def of(program: str) -> list[Case]:
    """Cases that a program judged and poseval scores."""
    return [case for case in CASES if program in case.expected and "answer" not in case.expected]


def report_of(case: Case, rules: str = "reference", metrics: list[str] | None = None) -> Report:
    ask = case.expected["ask"]
    more = {} if metrics is None else {"metrics": metrics}
    return poseval.score(case.truth, case.predictions, **ask, rules=rules, **more)


def close(case: Case, value: float) -> Any:
    return pytest.approx(value, abs=case.expected["tolerance"], rel=0)


def errors(case: Case, **more: Any) -> list[float]:
    """Error of each image."""
    run = poseval.evaluate(case.truth, case.predictions, **case.expected["ask"], **more)
    (tally,) = run.parts[0].tallies.values()
    return [float(error) for error in tally.column("error")]


@pytest.mark.parametrize("case", of("hrnet_face"), ids=str)
def test_hrnet(case: Case) -> None:
    wanted, report = case.expected["hrnet_face"], report_of(case, "hrnet")
    found = errors(case, rules="hrnet")
    assert len(found) == len(wanted["per_image"])
    for mine, theirs in zip(found, wanted["per_image"], strict=True):
        assert not math.isfinite(mine) if theirs is None else mine == close(case, theirs)
    if case.expected.get("undefined"):
        assert math.isnan(report.summary["NME"])
        return
    for key, value in wanted.items():
        if key != "per_image":
            assert report.summary[key] == close(case, value), key


@pytest.mark.parametrize("case", of("pipnet"), ids=str)
def test_pipnet(case: Case) -> None:
    by = BY.get(case.expected["ask"]["benchmark"], "outer_eye")
    asked = report_of(case, metrics=[f"nme(by={by},at=0.05/0.07/0.08/0.1,grid=pipnet)"]).summary
    own = report_of(case, "pipnet").summary
    wanted = dict(case.expected["pipnet"])
    for mine, theirs in zip(errors(case), wanted.pop("per_image"), strict=True):
        assert not math.isfinite(mine) if theirs is None else mine == close(case, theirs)
    for key, value in wanted.items():
        assert asked[key] == close(case, value), key
        if key in own:
            assert own[key] == close(case, value), key


@pytest.mark.parametrize("case", of("sbr"), ids=str)
def test_sbr(case: Case) -> None:
    summary = report_of(case, metrics=["nme(by=outer_eye,at=0.07/0.08,grid=sbr)"]).summary
    for key, value in case.expected["sbr"].items():
        assert summary[key] == close(case, value), key
    own = report_of(case, "sbr").summary
    assert own["AUC@0.08"] == close(case, case.expected["sbr"]["AUC@0.08"])


@pytest.mark.parametrize("case", of("star"), ids=str)
def test_star(case: Case) -> None:
    wanted, metrics = case.expected["star"], case.expected["metrics"]
    summary = report_of(case, metrics=metrics).summary
    assert errors(case, metrics=metrics) == [close(case, value) for value in wanted["per_image"]]
    assert summary["NME"] == close(case, wanted["NME"])
    for key in wanted.keys() - {"per_image", "NME"}:
        kind = key.partition("@")[0]
        assert summary[key] == pytest.approx(wanted[key], abs=STAR_DIGITS[kind], rel=0), key


@pytest.mark.parametrize("case", of("mmpose"), ids=str)
def test_mmpose(case: Case) -> None:
    report = report_of(case, "mmpose")
    assert report.summary["NME"] == pytest.approx(case.expected["mmpose"]["NME"], rel=FLOAT32)


@pytest.mark.parametrize("case", of("3ddfa"), ids=str)
def test_3ddfa(case: Case, tmp_path: Path) -> None:
    wanted = case.expected["3ddfa"]
    truth, found = face_files.write_3ddfa(case.folder, tmp_path)
    report = poseval.score(truth, found, **case.expected["ask"], rules="3ddfa")
    yaw = face_files.truth_of(case.folder)["yaw"]
    rows = [row for row in report.values if row.statistic == "NME" and row.slice]
    edges = [int((abs(yaw) <= 30).sum()), int((abs(yaw) <= 60).sum()), len(yaw)]
    assert [row.n for row in rows] == [edges[0], edges[1] - edges[0], edges[2] - edges[1]]
    assert [row.value * 100 for row in rows] == pytest.approx(wanted["bins"], rel=FLOAT32)
    assert report.summary["NME"] * 100 == pytest.approx(wanted["mean"], rel=FLOAT32)


@pytest.mark.parametrize("case", of("3ddfa_aflw"), ids=str)
def test_3ddfa_on_aflw(case: Case, tmp_path: Path) -> None:
    """Predictions of 21 points, and of the 68 that its program takes them from."""
    wanted = case.expected["3ddfa_aflw"]
    truth, *found = face_files.write_pifa(case.folder, tmp_path)
    for predictions, derive in zip(found, (False, True), strict=True):
        report = poseval.score(truth, predictions, "aflw-pifa", rules="3ddfa", derive=derive)
        bins = [report.summary[f"{name}/NME"] * 100 for name in ("yaw<=30", "yaw30-60", "yaw>60")]
        assert bins == pytest.approx(wanted["bins"], rel=2 * FLOAT32)
        assert report.summary["NME"] * 100 == pytest.approx(wanted["mean"], rel=2 * FLOAT32)


@pytest.mark.parametrize("case", [case for case in CASES if "answer" in case.expected], ids=str)
def test_what_the_programs_divide_by_zero_for_is_refused(case: Case) -> None:
    assert None in case.expected["hrnet_face"]["per_image"]
    with pytest.raises(PosevalError) as caught:
        report_of(case)
    assert caught.value.code == case.expected["answer"]
