"""The committed cases of single people: MPII, LSP and JHMDB, by the rules of five programs.

Shares are of few people, so that agreement to the tolerance of a case means the same count of right joints.
Looser where a program is: the areas of the kits come from an adaptive quadrature of a broken line, which
misses the exact area by up to two millionths of it, and mmpose keeps the shares behind its "@0.1" as float32.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

import poseval
from poseval.results.report import Report
from tests.golden.committed import Case, cases
from tests.golden.make import single_files

CASES = cases("mpii", 19)
QUADRATURE, FLOAT32 = 2e-6, 1e-7
ROWS = {
    "Head": "head",
    "Shoulder": "shoulder",
    "Elbow": "elbow",
    "Wrist": "wrist",
    "Hip": "hip",
    "Knee": "knee",
}
ROWS |= {"Ankle": "ankle"}
JHMDB_ROWS = {"Head": "head", "Sho": "shoulder", "Elb": "elbow", "Wri": "wrist", "Hip": "hip", "Knee": "knee"}
JHMDB_ROWS |= {"Ank": "ankle"}
KIT_JOINTS = ("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle", "right_wrist")
KIT_JOINTS += ("right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist", "upper_neck")
KIT_JOINTS += ("head_top",)
# eval_pose's tables, in its order
LSP_JOINTS = ("ankle", "knee", "hip", "wrist", "elbow", "shoulder", "head")
LSP_STICKS = ("lower_leg", "upper_leg", "lower_arm", "upper_arm", "head", "torso")


def of(program: str) -> list[Case]:
    """Cases that a program judged."""
    return [case for case in CASES if program in case.expected]


def report_of(case: Case, into: Path, rules: str = "reference") -> Report:
    kind, ask = case.expected["kind"], case.expected["ask"]
    if kind == "jhmdb":
        return poseval.score(case.truth, case.predictions, **ask)
    write = single_files.write_mpii if kind == "mpii" else single_files.write_lsp
    return poseval.score(*write(case.folder, into), **ask, rules=rules, per_joint=kind == "mpii")


def same(case: Case, found: float, wanted: float | None, scale: float = 100) -> bool:
    """Equal to the tolerance of the case, or both undefined."""
    if wanted is None:
        return math.isnan(found)
    return found * scale == pytest.approx(wanted, abs=scale * case.expected["tolerance"])


def joint(report: Report, statistic: str, name: str) -> Any:
    (row,) = [row for row in report.values if (row.statistic, row.joint) == (statistic, name)]
    return row


@pytest.mark.parametrize("case", of("kit"), ids=str)
def test_the_kit_of_mpii(case: Case, tmp_path: Path) -> None:
    wanted, report = case.expected["kit"], report_of(case, tmp_path, "official-kit")
    for threshold, column in wanted["columns"].items():
        for name, value in zip(KIT_JOINTS, column, strict=False):
            row = joint(report, f"PCKh@{threshold}", name)
            assert same(case, row.value, value), (threshold, name)
        assert same(case, report.summary[f"PCKh@{threshold}"], column[15])
    assert same(case, report.summary["PCKh@0.5/upper_body"], wanted["columns"]["0.5"][14])
    curve = [row.value for row in report.values if row.statistic == "PCKh"]
    assert len(curve) == 51
    assert all(same(case, found, value) for found, value in zip(curve, wanted["curve"], strict=True))
    assert same(case, report.summary["AUC"], wanted["trapezoid"])
    assert report.summary["AUC"] * 100 == pytest.approx(wanted["auc"], rel=QUADRATURE, abs=1e-9)


@pytest.mark.parametrize("case", of("hrnet"), ids=str)
def test_hrnet(case: Case, tmp_path: Path) -> None:
    wanted, report = case.expected["hrnet"], report_of(case, tmp_path, "hrnet")
    for row, name in ROWS.items():
        assert same(case, report.summary[f"PCKh@0.5/{name}"], wanted[row]), row
    assert same(case, report.summary["PCKh@0.5"], wanted["Mean"])
    assert same(case, report.summary["PCKh@0.1"], wanted["Mean@0.1"])


@pytest.mark.parametrize("case", [case for case in of("mmpose") if case.expected["kind"] == "mpii"], ids=str)
def test_mmpose(case: Case, tmp_path: Path) -> None:
    wanted, report = case.expected["mmpose"], report_of(case, tmp_path, "mmpose")
    for row, name in ROWS.items():
        assert same(case, report.summary[f"PCKh@0.5/{name}"], wanted[f"{row} PCK"]), row
    assert same(case, report.summary["PCKh@0.5"], wanted["PCK"])
    assert report.summary["PCKh@0.1"] * 100 == pytest.approx(wanted["PCK@0.1"], rel=FLOAT32)


@pytest.mark.parametrize("case", of("pytorch_pose"), ids=str)
def test_pytorch_pose(case: Case, tmp_path: Path) -> None:
    wanted, report = case.expected["pytorch_pose"], report_of(case, tmp_path, "pytorch-pose")
    for row, name in ROWS.items():
        assert same(case, report.summary[f"PCKh@0.5/{name}"], wanted[row]), row
    assert same(case, report.summary["PCKh@0.5"], wanted["Mean"])


@pytest.mark.parametrize("case", of("kit"), ids=str)
def test_counts_are_whole(case: Case, tmp_path: Path) -> None:
    """The kit's share of each joint is a count of people: ours is the same, of as many that are annotated."""
    truth, _ = single_files.arrays(case.folder)
    report = report_of(case, tmp_path, "official-kit")
    order = poseval.get_skeleton("mpii16").joints
    for name, value in zip(KIT_JOINTS, case.expected["kit"]["columns"]["0.5"], strict=False):
        annotated = int((truth["missing"][:, order.index(name)] == 0).sum())
        row = joint(report, "PCKh@0.5", name)
        assert row.n == annotated
        if annotated:
            assert round(row.value * annotated) == round(value * annotated / 100)


@pytest.mark.parametrize("case", of("eval_pose"), ids=str)
def test_eval_pose(case: Case, tmp_path: Path) -> None:
    wanted, report = case.expected["eval_pose"], report_of(case, tmp_path)
    for name, value in zip((*LSP_JOINTS, ""), wanted["pck"], strict=True):
        assert same(case, report.summary[f"PCK@0.2/{name}" if name else "PCK@0.2"], value), name
    for name, value in zip((*LSP_STICKS, ""), wanted["pcp"], strict=True):
        assert same(case, report.summary[f"PCP/{name}" if name else "PCP"], value), name
    for threshold, values in wanted["pdj"].items():
        for name, value in zip(LSP_JOINTS, values, strict=True):
            assert same(case, joint(report, f"PDJ@{threshold}", name).value, value, 1), (threshold, name)
    assert report.summary["AUC"] * 100 == pytest.approx(wanted["auc"], rel=QUADRATURE, abs=1e-9)


@pytest.mark.parametrize("case", [case for case in CASES if case.expected["kind"] == "jhmdb"], ids=str)
def test_jhmdb(case: Case, tmp_path: Path) -> None:
    report = report_of(case, tmp_path)
    box, torso = ({row[1:3]: row.value for row in report.values if f"norm={norm}" in row.metric}
                  for norm in ("bbox", "torso"))  # fmt: skip
    for threshold, wanted in case.expected["mmpose"].items():
        for found, name in ((box, "PCK"), (torso, "tPCK")):
            for row, kind in JHMDB_ROWS.items():
                value = wanted[f"{row} {name}"]
                assert same(case, found[f"PCK@{threshold}", kind], value, 1), (threshold, row)
            assert same(case, found[f"PCK@{threshold}", ""], wanted[name], 1), threshold


@pytest.mark.parametrize("case", of("kit_of_groups"), ids=str)
def test_groups_of_people(case: Case, tmp_path: Path) -> None:
    wanted = case.expected["kit_of_groups"]
    files = single_files.write_multi(case.folder, tmp_path)
    report = poseval.score(*files, **case.expected["ask"], per_joint=True)
    for name, value in zip(KIT_JOINTS, wanted["ap"], strict=True):
        assert same(case, joint(report, "AP", name).value, value), name
    assert same(case, report.summary["AP"], wanted["mean"])
