"""Entries that are scored again: what confirms them, what refuses them, and what leaves them open."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from poseval.decisions.entries import Entry, Refused
from poseval.decisions.verifying import _differ, verified
from poseval.errors import UsageError
from poseval.results.report import Input, Report
from poseval.scoring.evaluation import Evaluation
from tests import toy

TRUTH = Input("truth", "gt.json", "aa", 1)
PREDICTIONS = Input("predictions", "sub.json", "bb", 2)
RUN = replace(toy.run(1.0, 0, toy.truth(6)), inputs=(TRUTH, PREDICTIONS))
REPORT = RUN.report()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the predictions beside the report."""
    (tmp_path / "sub.json").write_text("[]")
    return tmp_path


def again(run: Evaluation, asked: list[str] | None = None) -> Callable[[str, Report], Evaluation]:
    """Scoring that gives a run, and notes where predictions were."""

    def score(path: str, report: Report) -> Evaluation:
        if asked is not None:
            asked.append(path)
        return run

    return score


def said(report: Report, folder: Path, run: Evaluation = RUN) -> str:
    found = verified(Entry("a", report), folder, again(run))
    assert isinstance(found, Entry)
    assert (found.run is run) is (found.verified == "yes")
    return found.verified


def test_predictions_that_give_the_same_numbers_confirm_an_entry(folder: Path) -> None:
    assert said(REPORT, folder) == "yes"
    older = replace(REPORT, signature=REPORT.signature.with_pair("poseval", "0.1"))
    assert said(older, folder) == "yes"
    fewer = replace(REPORT, summary={"hit_rate": REPORT.summary["hit_rate"]})
    assert said(fewer, folder) == "yes"


def test_predictions_are_found_at_their_path_or_by_their_name_beside_the_report(
    folder: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "far" / "sub.json"
    elsewhere.parent.mkdir()
    asked: list[str] = []
    report = replace(REPORT, inputs=(TRUTH, replace(PREDICTIONS, path=str(elsewhere))))
    verified(Entry("a", report), folder, again(RUN, asked))
    elsewhere.write_text("[]")
    verified(Entry("a", report), folder, again(RUN, asked))
    assert asked == [str(folder / "sub.json"), str(elsewhere)]


@pytest.mark.parametrize("inputs", [(), (TRUTH,), (TRUTH, replace(PREDICTIONS, path=""))])
def test_without_its_predictions_an_entry_stays_open(folder: Path, inputs: tuple[Input, ...]) -> None:
    (folder / "gt.json").write_text("{}")  # is there, and is no prediction
    assert said(replace(REPORT, inputs=inputs), folder) == "no: its predictions are not here"


def test_an_entry_that_was_scored_here_is_not_scored_again(folder: Path) -> None:
    entry = Entry("a", REPORT, verified="scored here")
    asked: list[str] = []
    assert verified(entry, folder, again(RUN, asked)) is entry
    assert asked == []


def test_what_keeps_an_entry_from_being_confirmed_is_said(folder: Path) -> None:
    def fails(path: str, report: Report) -> Evaluation:
        raise UsageError("P114", where=path, what="does not exist")

    found = verified(Entry("a", REPORT), folder, fails)
    assert isinstance(found, Entry)
    assert found.verified == "no: does not exist [P114]"
    other = replace(RUN, inputs=(TRUTH, replace(PREDICTIONS, sha256="cc")))
    assert said(REPORT, folder, other) == "no: its predictions are other files than those here"
    truth = replace(RUN, inputs=(replace(TRUTH, sha256="cc"), PREDICTIONS))
    assert said(REPORT, folder, truth) == "yes"  # the ground truth stands in the signature
    renamed = replace(RUN, signature=RUN.signature.with_pair("bench", "other"))
    assert said(REPORT, folder, renamed) == "no: it was made otherwise (the benchmark: other / toy)"
    for key, hint in (("AP", ""), ("camera=left/AP", "; give its --slice FILE.csv")):
        more = replace(REPORT, summary={**REPORT.summary, key: 0.5})
        assert said(more, folder) == f"no: {key} is of other options than those given here{hint}"


def test_another_number_is_refused(folder: Path) -> None:
    forged = replace(REPORT, summary={**REPORT.summary, "hit_rate": 0.987654321})
    found = verified(Entry("a", forged), folder, again(RUN))
    given = REPORT.summary["hit_rate"]
    assert found == Refused("a", f"says hit_rate 0.987654, and its predictions give {given:.6g}")


@pytest.mark.parametrize(
    ("claimed", "found", "differ"),
    [
        (0.0, 1.0, True),
        (1.0, 0.0, True),
        (0.3, -0.3, True),
        (1e-9, 0.0, False),
        (1.1e-9, 0.0, True),
        (0.5 + 0.9e-9, 0.5, False),
        (0.5 + 1.1e-9, 0.5, True),
        (2e6 + 1e-3, 2e6, False),  # a billionth of the number
        (2e6 + 3e-3, 2e6, True),
        (-2e6 - 1e-3, -2e6, False),
        (math.nan, math.nan, False),
        (math.nan, 1.0, True),
        (1.0, math.nan, True),
    ],
)
def test_numbers_agree_to_a_billionth(claimed: float, found: float, differ: bool) -> None:
    assert _differ(claimed, found) is differ
