"""Single-person benchmarks from the files to the table: notices, refusals, rule_sets, halves and subsets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

import poseval
from poseval.benchmarks import TABLE, get_benchmark
from poseval.errors import MismatchError, ValueRangeError
from poseval.poses import Frames, People, PoseSet
from poseval.report.text import layout_of
from poseval.results.report import Report
from tests.datasets.mat_files import gt_valid
from tests.metrics.single import pair_up
from tests.shared import shared_path

MPII = poseval.get_skeleton("mpii16")


def mpii(count: int = 40, noise: float = 4.0, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One-based truth and predictions [N, 16, 2] of a figure without symmetry, and head boxes."""
    rng = np.random.default_rng(seed)
    figure = rng.uniform(0, 300, (16, 2))
    truth = figure + rng.uniform(50, 200, (count, 1, 2)) + rng.normal(0, 5, (count, 16, 2))
    predicted = truth + rng.normal(0, noise, truth.shape)
    return truth, predicted, np.tile([[10.0, 10.0], [40.0, 50.0]], (count, 1, 1))


def score(folder: Path, truth: Any, predicted: Any, heads: Any, **options: Any) -> Report:
    gt = gt_valid(folder / "gt_valid.mat", truth, np.zeros((len(truth), 16)), heads)
    savemat(folder / "pred.mat", {"preds": predicted})
    return poseval.score(gt, folder / "pred.mat", "mpii-val", **options)


def notices(report: Report) -> dict[str, str]:
    return {notice.code: notice.text for notice in report.notices}


def test_honest_predictions_arouse_no_suspicion(tmp_path: Path) -> None:
    found = notices(score(tmp_path, *mpii()))
    assert set(found) == {"N440"}


def test_left_and_right_exchanged_is_told_with_both_numbers(tmp_path: Path) -> None:
    truth, predicted, heads = mpii()
    honest = score(tmp_path, truth, predicted, heads).summary["PCKh@0.5"]
    report = score(tmp_path, truth, predicted[:, list(MPII.flip)], heads)
    text = notices(report)["N460"]
    before = report.summary["PCKh@0.5"]
    assert text == (
        f"left and right look exchanged; after exchanging them, "
        f'PCKh@0.5 would be {100 * honest:.1f} instead of {100 * before:.1f}; try: transform="left-right"'
    )
    assert honest > 0.9 > before


def test_joints_in_another_order_are_told(tmp_path: Path) -> None:
    truth, predicted, heads = mpii()
    order = np.roll(np.arange(16), 3)
    report = score(tmp_path, truth, predicted[:, order], heads)
    assert notices(report)["N461"].startswith("joints look reordered (column 3 looks like right_ankle, ")
    assert report.summary["PCKh@0.5"] < 0.2


def test_a_shift_of_one_pixel_is_told(tmp_path: Path) -> None:
    truth, predicted, heads = mpii(400, noise=0.5)
    heads = 5 + heads / 10  # where a pixel costs something
    report = score(tmp_path, truth, predicted - 1, heads)
    assert notices(report)["N462"].startswith("predictions lie one pixel to the left of and above")
    assert "Are they zero-based, but read as one-based?" in notices(report)["N462"]
    assert "N462" not in notices(score(tmp_path, truth, predicted, heads))


def test_a_shift_of_one_pixel_that_costs_nothing_is_not_told(tmp_path: Path) -> None:
    truth, predicted, heads = mpii(400, noise=0.5)
    report = score(tmp_path, truth, predicted - 1, heads)
    assert report.summary["PCKh@0.5"] == 1
    assert "N462" not in notices(report)


def test_too_few_people_are_not_suspected(tmp_path: Path) -> None:
    truth, predicted, heads = mpii(5)
    assert "N460" not in notices(score(tmp_path, truth, predicted[:, list(MPII.flip)], heads))


def test_a_real_exchange_is_found() -> None:
    pytest.importorskip("h5py")
    gt = shared_path("golden/mpii/_inputs/gt_valid_detections_our_format.mat")
    truth = poseval.read(gt)
    path = shared_path("golden/mpii/_inputs/preds/newell.h5.gz")
    predictions = poseval.read(path, role="predictions", truth=truth)
    assert {n.code for n in poseval.score(truth, predictions, "mpii-val").notices} == {"N440"}
    people = predictions.people
    flip = list(truth.skeleton.flip)
    swapped = replace(
        predictions, people=people.with_columns(xy=people.xy[:, flip], seen=people.seen[:, flip])
    )
    found = notices(poseval.score(truth, swapped, "mpii-val"))
    assert found["N460"].startswith(
        "left and right look exchanged; after exchanging them, PCKh@0.5 would be 88.4 instead"
    )


def test_nobody_predicted_is_zero_with_a_notice() -> None:
    scene = pair_up(np.zeros((3, 16, 2)), np.zeros((3, 16, 2)), head=[5.0] * 3)
    empty = replace(scene.predictions, people=scene.predictions.people.take(np.zeros(0, dtype=np.int64)))
    report = poseval.score(scene.truth, empty, "mpii-val")
    assert report.summary["PCKh@0.5"] == 0.0
    assert "no predictions at all" in notices(report)["N423"]


def test_one_joint_alone_scores_what_it_is() -> None:
    given = np.zeros((3, 16))
    given[:, 9] = 2
    scene = pair_up(np.zeros((3, 16, 2)), np.zeros((3, 16, 2)), head=[5.0] * 3, given=given)
    report = poseval.score(scene.truth, scene.predictions, "mpii-val")
    assert report.summary["PCKh@0.5"] == pytest.approx(1 / 14)
    assert report.summary["PCKh@0.5/knee"] == 0.0


def test_missing_people_are_refused_and_counted_by_sequence() -> None:
    frames = Frames(np.array(["a/1", "a/2", "b/1"]), sequence=np.array([0, 0, 1]), sequences=("a", "b"))
    skeleton = poseval.get_skeleton("penn_action13")
    box = np.tile([0.0, 0, 9, 9], (3, 1))
    truth = PoseSet(skeleton, frames, People(np.zeros((3, 13, 2)), np.arange(3), box=box))
    predictions = PoseSet(skeleton, frames, People(np.zeros((1, 13, 2)), np.array([1])))
    with pytest.raises(
        MismatchError, match=r"2 of 3 annotated people .*\(first: a/1, b/1\); by sequence: a 1, b 1"
    ) as e:
        poseval.score(truth, predictions, "penn-action")
    assert e.value.code == "P413"


def test_a_zero_head_is_refused_but_under_mmposes_rules(tmp_path: Path) -> None:
    truth, predicted, heads = mpii()
    heads[7] = 5.0
    for rule_set in ("reference", "hrnet", "pytorch-pose", "corrected"):
        with pytest.raises(ValueRangeError, match=r"gt_valid\.mat: 7: has a scale of 0 pixels") as caught:
            score(tmp_path, truth, predicted, heads, rules=rule_set)
        assert caught.value.code == "P304"
    assert score(tmp_path, truth, predicted, heads, rules="mmpose").summary["PCKh@0.5"] > 0.9


@pytest.mark.parametrize(
    ("benchmark", "skeleton"),
    [
        ("300w", "wflw98"),
        ("jhmdb", "mpii16"),
        ("mpii-val", "lsp14"),
        ("mpii-multi", "coco17"),
        ("flic", "lsp14"),
    ],
)
def test_the_truth_of_another_benchmark_is_refused(benchmark: str, skeleton: str) -> None:
    joints = len(poseval.get_skeleton(skeleton))
    xy = np.random.default_rng(0).uniform(20, 90, (3, joints, 2))
    scene = pair_up(xy, xy, skeleton, head=[5.0] * 3)
    with pytest.raises(
        MismatchError, match=f"follow skeleton {skeleton} .*benchmark {benchmark} has"
    ) as caught:
        poseval.score(scene.truth, scene.predictions, benchmark)
    assert caught.value.code == "P404"


def test_joints_of_ones_own_are_a_deviation() -> None:
    from poseval.skeletons import skeleton_from_names

    own = skeleton_from_names(("left_eye", "right_eye", "mouth"))
    xy = np.random.default_rng(0).uniform(20, 90, (3, 3, 2))
    people = People(xy, np.arange(3))
    poses = PoseSet(own, Frames(np.array(["a", "b", "c"])), people)
    report = poseval.score(poses, poses, "300w", metrics=["nme(by=landmark_diag)"])
    assert report.summary["NME"] == 0.0
    assert f"the ground truth follows skeleton {own.name}, not ibug68" in report.deviations


def test_a_set_of_another_size_is_not_comparable(tmp_path: Path) -> None:
    report = score(tmp_path, *mpii())
    assert report.deviations == (
        "the ground truth has 40 people; published numbers are for 2,958 (the validation set)",
    )


def test_keys_and_table(tmp_path: Path) -> None:
    report = score(tmp_path, *mpii())
    kinds = ["head", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "upper_body"]
    assert list(report.summary) == [
        "PCKh@0.5",
        "PCKh@0.1",
        "AUC",
        "AUC_mean",
        *(f"PCKh@0.5/{k}" for k in kinds),
    ]
    header = report.to_text().splitlines()[2].split()
    assert header == ["Head", "Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle", "Mean", "UBody", "AUC"]
    joints = score(tmp_path, *mpii(), per_joint=True)
    assert joints.summary["PCKh@0.5/left_wrist"] > 0.5
    assert joints.signature["metric"] == report.signature["metric"]


def test_the_table_holds_every_number_of_metrics_chosen_by_hand(tmp_path: Path) -> None:
    chosen = ["pck(norm=head,at=0.5/0.3)", "epe", "pcp", "pcp(ends=loose)"]
    report = score(tmp_path, *mpii(), metrics=chosen)
    lines = {line.split()[0] for line in report.to_text().splitlines() if line}
    assert {"PCKh@0.5", "PCKh@0.3", "EPE", "PCP", "pcp(at=0.5,ends=loose)/PCP"} <= set(report.summary)
    tables = (layout_of(report), *report.tables)
    assert set(report.summary) <= {key for table in tables for _, keys in table.rows for key in keys}
    assert {label for table in tables for label, _ in table.rows} <= lines


def test_distances_are_pixels_in_tables_of_percent() -> None:
    truth = np.random.default_rng(2).uniform(20, 90, (4, 68, 2))
    faces = pair_up(truth, truth + np.array([3.0, 4.0]), "ibug68")
    table = poseval.score(faces.truth, faces.predictions, "300w", metrics=["nme", "epe"]).to_text()
    assert table.splitlines()[3].split()[-1] == "5.00"
    truth = truth[:, :15]
    video = pair_up(truth, truth + np.array([3.0, 4.0]), "jhmdb15", box=np.tile([0.0, 0, 99, 99], (4, 1)))
    report = poseval.score(video.truth, video.predictions, "jhmdb")
    rows = {line.split()[0]: line.split()[1:] for line in report.to_text().splitlines() if line}
    assert rows["EPE"] == ["5.0"]
    assert rows["PCK@0.05"] == ["0.0"]
    assert len(rows["tPCK@0.2"]) == 8


def test_the_test_half_is_taken_when_predictions_are_on_it_alone(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    joints = rng.uniform(10, 90, (3, 14, 2000))
    savemat(tmp_path / "lsp-PC.mat", {"joints": joints})
    savemat(tmp_path / "pred.mat", {"pred": joints[:2, :, 1000:]})
    report = poseval.score(tmp_path / "lsp-PC.mat", tmp_path / "pred.mat")
    assert report.benchmark == "lsp"
    assert report.summary["PCK@0.2"] == report.summary["PCP"] == report.summary["PDJ@0.2"] == 1.0
    assert notices(report)["N464"] == "the test half is scored: 1000 of 2000 frames"
    savemat(tmp_path / "pred.mat", {"pred": joints[:2]})
    assert "N463" in notices(poseval.score(tmp_path / "lsp-PC.mat", tmp_path / "pred.mat"))


def test_jhmdbs_number_is_the_mean_of_its_splits() -> None:
    rng = np.random.default_rng(1)
    truth = rng.uniform(20, 90, (6, 15, 2))
    scene = pair_up(
        truth, truth + rng.normal(0, 12, truth.shape), "jhmdb15", box=np.tile([0.0, 0, 99, 99], (6, 1))
    )
    splits = {f"split{n}": np.arange(6) % 3 == n - 1 for n in (1, 2, 3)}
    frames = replace(scene.truth.frames, extra=splits)
    gt, dt = (replace(side, frames=frames) for side in (scene.truth, scene.predictions))
    summary = poseval.score(gt, dt, "jhmdb").summary
    for key in ("PCK@0.2", "tPCK@0.2", "PCK@0.2/wrist", "EPE"):
        parts = [summary[f"split{n}/{key}"] for n in (1, 2, 3)]
        assert summary[key] == pytest.approx(np.mean(parts))
    assert len({summary[f"split{n}/EPE"] for n in (1, 2, 3)}) == 3


def test_wflws_subsets() -> None:
    truth = np.random.default_rng(2).uniform(0, 90, (4, 98, 2))
    marks = {"pose": np.array([True, False, False, True]), "blur": np.zeros(4, dtype=bool)}
    scene = pair_up(truth, truth + 1, "wflw98", extra=marks)
    summary = poseval.score(scene.truth, scene.predictions, "wflw").summary
    assert {key.split("/")[0] for key in summary if "/" in key} == {"pose"}
    rows = poseval.score(scene.truth, scene.predictions, "wflw").values.where(statistic="NME", joint="")
    assert {row.slice: row.n for row in rows} == {"": 4, "pose": 2}


@pytest.mark.parametrize("name", [n for n, place in TABLE.items() if place.split(":")[0].endswith(
    (".mpii", ".mpii_release", ".lsp", ".video", ".faces"))])  # fmt: skip
def test_every_rule_set_of_every_benchmark_has_metrics_that_read_back(name: str) -> None:
    benchmark = get_benchmark(name)
    skeleton = poseval.get_skeleton(benchmark.skeletons[0])
    people = People(np.zeros((1, len(skeleton), 2)), np.zeros(1, dtype=np.int64), box=[[0.0, 0, 1, 1]])
    truth = PoseSet(skeleton, Frames(np.array(["a"])), people)
    from poseval.metrics import parse

    for rule_set in benchmark.rule_sets:
        for metric in benchmark.metrics(rule_set, truth, False):
            assert parse(str(metric)) == metric
