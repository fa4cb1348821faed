"""Rule sets under the names that they had in earlier versions."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from poseval.decisions.entries import entry_of
from poseval.decisions.gate import gate
from poseval.decisions.leaderboard import build
from poseval.results.former_names import RULE_SETS
from poseval.results.report import Report
from poseval.results.signature import Signature, check_comparable
from poseval.scoring.evaluation import Evaluation
from poseval.scoring.run_columns import CHECKSUMS
from poseval.scoring.saved_runs import archived, load, save
from poseval.scoring.score import evaluate
from tests.benchmarks.test_posetrack_quirks import pose_set, walk

BOTH = pytest.mark.parametrize(("former", "current"), RULE_SETS.items())


def of_walk(rules: str) -> Evaluation:
    truth = pose_set(4, *walk(4))
    found = replace(pose_set(4, *walk(3)), frames=truth.frames)
    return evaluate(truth, found, "posetrack18", rules=rules)


def as_before(path: Path, former: str, current: str) -> Path:
    """The saved run or report at a path as an earlier version wrote it."""
    old = path.with_name("old" + path.suffix)
    if not zipfile.is_zipfile(path):
        old.write_text(path.read_text().replace(current, former))
        return old
    with zipfile.ZipFile(path) as new:
        members = {name: new.read(name) for name in new.namelist() if name != CHECKSUMS}
    members["run.json"] = members["run.json"].replace(current.encode(), former.encode())
    old.write_bytes(archived(members))
    return old


@BOTH
def test_a_former_name_scores_alike_and_is_noticed(former: str, current: str) -> None:
    old, new = of_walk(former), of_walk(current)
    assert old.signature == new.signature
    assert old.signature["rules"] == current
    assert old.report().rules == current
    assert old.summary() == new.summary()
    assert [notice.code for notice in old.notices if notice.code == "N900"] == ["N900"]
    assert not [notice for notice in new.notices if notice.code == "N900"]


@BOTH
def test_a_baseline_of_an_earlier_version_still_gates(tmp_path: Path, former: str, current: str) -> None:
    run = of_walk(current)
    save(run, tmp_path / "run.poseval")
    old = as_before(tmp_path / "run.poseval", former, current)
    with zipfile.ZipFile(old) as archive:
        assert former.encode() in archive.read(archive.infolist()[0])  # the file does carry the former name
    assert gate(run, load(old)).passed


@BOTH
def test_a_report_of_an_earlier_version_ranks_beside_a_new_one(
    tmp_path: Path, former: str, current: str
) -> None:
    report = of_walk(current).report()
    (tmp_path / "new.json").write_text(report.to_json())
    old = as_before(tmp_path / "new.json", former, current)
    assert json.loads(old.read_text())["rules"] == former
    board = build([entry_of(tmp_path / "new.json"), entry_of(old)])
    assert (board.rules, len(board.rows)) == (current, 2)
    assert Report.from_json(old.read_text()).to_json() == report.to_json()


@BOTH
def test_signatures_are_equal_under_both_names(former: str, current: str) -> None:
    old, new = (Signature.parse(f"joint_ap()|bench:posetrack18|rules:{name}") for name in (former, current))
    assert old == new
    check_comparable(old, new, ("old", "new"))
