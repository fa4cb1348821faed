"""`--per-joint` and `--ci` print what was asked for, whatever the metric."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import poseval
from poseval import metrics
from poseval.cli import invoke
from poseval.metrics.base import Metric, Need
from poseval.poses import PoseSet
from poseval.report.latex import to_latex
from poseval.results.report import Report
from poseval.scoring.score import evaluate
from poseval.statistics.intervals import with_intervals
from tests.properties.worlds import World, crowds, world_for
from tests.report.test_latex import sound, table_of

JOINTED = [
    metric.with_joints()
    for metric in metrics.registered()
    if getattr(metric.with_joints(), "per_joint", False)
]


def scored(metric: Metric) -> Report:
    world = world_for(metric, 3)
    # Benchmark custom follows whole poses, which have no joints.
    name = f"{metric.name}(similarity=joint)" if hasattr(metric, "similarity") else metric.name
    evaluation = evaluate(world.truth, world.predictions, "custom", metrics=[name], per_joint=True)
    return with_intervals(evaluation.report(), evaluation)


def test_most_metrics_have_joints() -> None:
    assert {metric.name for metric in JOINTED} >= {"epe", "auc", "nme", "pck", "pdj", "pcp", "oks_ap", "hota"}


@pytest.mark.parametrize(
    "metric", [m for m in JOINTED if m.name != "reid_hota"], ids=lambda metric: metric.name
)
def test_joints_of_a_metric_by_name_are_shown_with_intervals(metric: Metric) -> None:
    if metric.name == "nme":
        pytest.skip("benchmark custom has no normaliser; the next test has faces")
    report = scored(metric)
    (table,) = [table for table in report.tables if table.title == "joint"]
    joints = {row.joint for row in report.values if row.joint and math.isnan(row.threshold)}
    assert {label for label, _ in table.rows} <= joints
    keys = [key for _, keys in table.rows for key in keys if key]
    assert all(key in report.summary for key in keys)
    assert any(key in report.intervals for key in keys)  # with its ends, or why there are none
    text = report.to_text()
    assert all(label in text for label, _ in table.rows)


def test_landmarks_of_faces_are_shown_where_asked() -> None:
    world = world_for(metrics.parse("nme"), 3)
    both = (world.truth, world.predictions)
    asked = poseval.score(*both, "300w", metrics=["nme(by=outer_eye)"], per_joint=True)
    assert len(asked.tables[0].rows) == len(world.truth.skeleton)
    assert not poseval.score(*both, "300w", metrics=["nme(by=outer_eye)"]).tables


def test_the_signature_does_not_change() -> None:
    world = world_for(metrics.parse("epe"), 3)
    plain, joints = (
        poseval.score(world.truth, world.predictions, "custom", metrics=["epe"], per_joint=asked)
        for asked in (False, True)
    )
    assert plain.signature == joints.signature
    assert joints.summary["EPE"] == plain.summary["EPE"]


def test_a_single_number_with_an_interval_keeps_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = world_for(metrics.parse("auc"), 3)
    paths = [str(tmp_path / name) for name in ("gt.npz", "dt.npz")]
    poseval.write(world.truth, paths[0], "native")
    poseval.write(world.predictions, paths[1], "native", role="predictions")
    arguments = ["--benchmark", "custom", "--metric", "auc", "--ci", "95", "--per-joint", "-q"]
    assert invoke(["score", paths[1], "--gt", paths[0], *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("AUC ") and "[" in line for line in lines)
    assert any(line.startswith("right_ankle ") and "[" in line for line in lines)


# The columns of the papers


def cut_to(world: World, name: str) -> tuple[PoseSet, PoseSet]:
    kind = poseval.get_skeleton(name)

    def cut(poses: PoseSet) -> PoseSet:
        columns = {c: getattr(poses.people, c)[:, : len(kind)] for c in ("xy", "seen", "joint_score")}
        return PoseSet(kind, world.truth.frames, poses.people.with_columns(**columns))

    return cut(world.truth), cut(world.predictions)


SUB = r"{}$_{{\mathrm{{{}}}}}$"
COCO = ["AP", SUB.format("AP", 50), SUB.format("AP", 75), SUB.format("AP", "M"), SUB.format("AP", "L"), "AR"]


@pytest.mark.parametrize(
    ("benchmark", "columns"),
    [
        ("coco-keypoints", COCO),
        ("mpii-val", ["Head", "Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle", "Mean"]),
        ("posetrack18", ["Head", "Shou", "Elb", "Wri", "Hip", "Knee", "Ankl", "Total"]),
        ("300w", ["NME"]),
    ],
)
def test_latex_has_the_columns_of_the_papers(benchmark: str, columns: list[str]) -> None:
    if benchmark in ("mpii-val", "300w"):
        world = world_for(metrics.parse("nme" if benchmark == "300w" else "pck"), 3)
        assert Need.ALONE in metrics.parse("pck").needs
        sides = world.truth, world.predictions
    else:
        sides = cut_to(crowds(3), "coco17" if benchmark == "coco-keypoints" else "posetrack15_poseval")
    text = to_latex(poseval.score(*sides, benchmark))
    sound(text)
    header, *_ = table_of(text)
    assert header[1 : 1 + len(columns)] == columns
