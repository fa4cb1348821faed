"""PoseTrack golden cases: counts are exact, ratios agree to 1e-12."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from poseval.errors import PosevalError
from poseval.metrics.base import Metric, Tally
from poseval.metrics.clear_mot import ClearMot
from poseval.metrics.hota import STATISTICS, Frames, Hota, ratios
from poseval.metrics.joint_ap import JointAp, Ties
from poseval.metrics.joint_rows import Empty
from poseval.metrics.reid_hota import ReidHota
from poseval.results.values import Values
from poseval.skeletons import get_skeleton
from tests.golden.posetrack_cases import CASES, ORDER_21, cases_with, evaluation, expected, numbers, output
from tests.shared import whole_module_needs

whole_module_needs("golden/posetrack")

JOINTS = get_skeleton("posetrack15_poseval").joints
NOT_PAIRED_BY_POSITION = {"invalid_images_reversed"}  # P18: see test_reversed_images below
TOLERANCE = 1e-12
GROUPS = ("head", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
COUNTS = {
    "misses": "num_misses",
    "switches": "num_switches",
    "false_positives": "num_false_positives",
    "objects": "num_objects",
    "detections": "num_detections",
}


def usable(*keys: str) -> list[str]:
    return [case for case in cases_with("poseval", *keys) if case not in NOT_PAIRED_BY_POSITION]


def found(case: str, rules: str, kind: type[Metric]) -> tuple[Tally, Values]:
    for part in evaluation(case, rules).parts:
        for metric, tally in part.tallies.items():
            if isinstance(metric, kind):
                return tally, metric.reduce(tally)
    raise AssertionError(f"no {kind.__name__} in {case}")


def per_joint(values: Values, statistic: str, mean: bool = True) -> np.ndarray:
    """15 joints in the order of poseval, and the total; in percent."""
    rows = {row.joint: row.value for row in values if row.statistic == statistic and not row.slice}
    column = [rows[joint] for joint in JOINTS]
    return 100 * np.array([*column, rows[""]] if mean else column)


def test_there_are_cases() -> None:
    assert len(usable("ap")) > 25
    assert len(usable("mot")) > 25


@pytest.mark.parametrize("case", usable("ap"))
def test_pose_ap(case: str) -> None:
    wanted = output(case)["ap"]
    tally, values = found(case, "posetrack-2017", JointAp)
    assert tally.sum("labelled").tolist() == wanted["n_gt_joints"]
    joint = tally.column("joint")
    assert np.bincount(joint, minlength=15).tolist() == wanted["n_pred_joints"]
    assert np.bincount(joint[tally.column("hit")], minlength=15).tolist() == wanted["n_true_positive"]
    for statistic, key in (("precision", "pre"), ("recall", "rec")):
        ours = per_joint(values, statistic)
        np.testing.assert_allclose(ours, numbers(wanted[key]), rtol=TOLERANCE, atol=TOLERANCE)
    ours, theirs = per_joint(values, "AP"), numbers(wanted["ap"])
    tied = np.array([*wanted["score_ties"], sum(wanted["score_ties"])]) > 0
    assert _ties(tally) == wanted["score_ties"]
    np.testing.assert_allclose(ours[~tied], theirs[~tied], rtol=TOLERANCE, atol=TOLERANCE)
    if not tied.any():
        groups = [100 * values.get("AP", name) for name in (*GROUPS, "")]
        table = numbers(wanted["table_Head_Shou_Elb_Wri_Hip_Knee_Ankl_Total"])
        np.testing.assert_allclose(groups, table, rtol=TOLERANCE)
        return
    low, high = per_joint(values, "AP_low"), per_joint(values, "AP_high")
    for numbers_in_range in (ours[tied], theirs[tied]):
        assert (numbers_in_range >= low[tied] - 100 * TOLERANCE).all()
        assert (numbers_in_range <= high[tied] + 100 * TOLERANCE).all()


TIED = [case for case in usable("ap") if any(output(case)["ap"]["score_ties"])] if CASES else []


@pytest.mark.parametrize("case", TIED)
def test_official_order_of_ties(case: str) -> None:
    """The record is of NumPy 1.26.4 on a machine where that sorts as its forerunners did."""
    tally, _ = found(case, "posetrack-2017", JointAp)
    metric = replace(JointAp(per_joint=True, empty=Empty.POSEVAL), ties=Ties.OFFICIAL)
    theirs = numbers(output(case)["ap"]["ap"])
    np.testing.assert_allclose(per_joint(metric.reduce(tally), "AP"), theirs, rtol=TOLERANCE, atol=TOLERANCE)


def _ties(tally: Tally) -> list[int]:
    """Scores of each joint that another row has too, counted as poseval's record does."""
    joint, score = tally.column("joint"), tally.column("score")
    return [int((joint == j).sum() - len(np.unique(score[joint == j]))) for j in range(15)]


@pytest.mark.parametrize("case", [case for case in CASES if "ap_under_tie_orders" in expected(case)])
def test_orders_of_ties(case: str) -> None:
    orders = expected(case)["ap_under_tie_orders"]
    _, reference = found(case, "posetrack-2017", JointAp)
    _, corrected = found(case, "corrected", JointAp)
    stated = next(orders[key] for key in orders if key.startswith("stable_argsort_reversed"))
    worst = next(orders[key] for key in orders if key.startswith("pessimistic"))
    best = next(orders[key] for key in orders if key.startswith("optimistic"))
    for values, statistic, wanted in (
        (reference, "AP", stated),
        (reference, "AP_low", worst),
        (reference, "AP_high", best),
        (corrected, "AP", worst),
    ):
        ours = per_joint(values, statistic)
        np.testing.assert_allclose(ours, numbers(wanted), rtol=TOLERANCE, atol=TOLERANCE)


def check_counts(counts: dict[str, np.ndarray], wanted: list[dict[str, Any]], rules: str) -> None:
    for column, key in COUNTS.items():
        assert counts[column].tolist() == [row[key] for row in wanted], column
    matched = [row["sumD_MATCH"] + row["sumD_SWITCH"] for row in wanted]
    other = [sum(row[f"sumD_{k}"] for k in ("RAW", "ASCEND", "TRANSFER", "MIGRATE")) for row in wanted]
    np.testing.assert_allclose(counts["matched_distance"], matched, rtol=TOLERANCE, atol=TOLERANCE)
    np.testing.assert_allclose(counts["other_distance"], other, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("case", usable("mot"))
@pytest.mark.parametrize("rules", ["posetrack-2017", "posetrack-2020"])
def test_clear_mot(case: str, rules: str) -> None:
    wanted = output(case)["mot"]
    tally, values = found(case, rules, ClearMot)
    columns = tally.tables["sequences"].columns
    check_counts({name: tally.sum(name) for name in columns}, wanted["counts_per_joint"], rules)
    for index, sequence in enumerate(tally.keys):
        single = output(case)["mot_per_sequence"][str(sequence)]
        check_counts({name: columns[name][index] for name in columns}, single["counts_per_joint"], rules)
    motp = "motp_match_switch_only" if rules == "posetrack-2017" else "motp"
    for statistic, key in (("MOTA", "mota"), ("MOTP", motp), ("precision", "pre"), ("recall", "rec")):
        ours = per_joint(values, statistic)
        np.testing.assert_allclose(ours, numbers(wanted[key]), rtol=TOLERANCE, atol=TOLERANCE)


HOTA_FIELDS = ("HOTA_TP", "HOTA_FN", "HOTA_FP")


def in_our_order(rows: list[list[float]]) -> np.ndarray:
    """[A, 16] in PoseTrack21's joint order -> [15, A] in ours."""
    table = np.array(rows, dtype=np.float64)
    return table[:, [ORDER_21.index(joint) for joint in JOINTS]].T


def check_hota(metric: Hota, tally: Tally, wanted: dict[str, Any]) -> None:
    weight = np.ones(tally.units, dtype=np.int64)
    units = {name: tally.per_unit(name) for name in tally.tables["sequences"].columns}
    sums = metric.sums(units, weight)
    for name, key in (("matched", "HOTA_TP"), ("missed", "HOTA_FN"), ("false", "HOTA_FP")):
        np.testing.assert_array_equal(sums[name], in_our_order(wanted[key]), err_msg=key)
    numbers, total = ratios(sums, metric.empty), metric.totals(units, weight)
    for name in STATISTICS:
        np.testing.assert_allclose(
            numbers[name], in_our_order(wanted[name]), rtol=TOLERANCE, atol=TOLERANCE, err_msg=name
        )
        last = np.array(wanted[name])[:, 15]
        np.testing.assert_allclose(total[name], last, rtol=TOLERANCE, atol=TOLERANCE, err_msg=name)


def hota_of(case: str, metric: Hota | None = None) -> tuple[Hota, Tally]:
    for part in evaluation(case, "posetrack21").parts:
        for found_metric, tally in part.tallies.items():
            if isinstance(found_metric, Hota):
                return metric or found_metric, tally
    raise AssertionError(case)


@pytest.mark.parametrize("case", cases_with("posetrack21", "hota_combined"))
def test_hota_of_posetrack21(case: str) -> None:
    check_hota(*hota_of(case), output(case, "posetrack21")["hota_combined"])


@pytest.mark.parametrize("case", cases_with("posetrack21_frame_count_fix_NOT_OFFICIAL", "hota_combined"))
def test_hota_with_frames_counted_alone(case: str) -> None:
    """The kit with quirk P08 mended, which nobody published: our parameter does the same."""
    metric, _ = hota_of(case)
    wanted = output(case, "posetrack21_frame_count_fix_NOT_OFFICIAL")["hota_combined"]
    check_hota(*hota_of(case, replace(metric, frames=Frames.OWN)), wanted)


@pytest.mark.parametrize("case", cases_with("posetrack21", "posemap_combined"))
def test_pose_map_of_posetrack21(case: str) -> None:
    wanted = output(case, "posetrack21")["posemap_combined"]
    _, values = found(case, "posetrack21", JointAp)
    tied = {row.statistic for row in values} >= {"AP_low"}
    for key, group in zip(
        ("Head", "Shou", "Elb", "Wri", "Hip", "Knee", "Ankl", "Total"), (*GROUPS, ""), strict=True
    ):
        for statistic, table in (("precision", "precision"), ("recall", "recall"), ("AP", "map")):
            ours, theirs = 100 * values.get(statistic, group), wanted[table][key]
            if statistic == "AP" and tied:
                low, high = 100 * values.get("AP_low", group), 100 * values.get("AP_high", group)
                assert low - 1e-10 <= min(ours, theirs)
                assert max(ours, theirs) <= high + 1e-10
            else:
                assert ours == pytest.approx(theirs, rel=TOLERANCE, abs=TOLERANCE), (statistic, key)


@pytest.mark.parametrize("case", cases_with("posetrack21_reid", "reid_hota_combined"))
def test_reid_hota_of_posetrack21(case: str) -> None:
    wanted = output(case, "posetrack21_reid")["reid_hota_combined"]
    tallies = evaluation(case, "posetrack21").parts[0].tallies
    metric, tally = next((m, t) for m, t in tallies.items() if isinstance(m, ReidHota))
    sums = metric.sums(tally)
    for name, key in (("matched", "HOTA_TP"), ("missed", "HOTA_FN"), ("false", "HOTA_FP")):
        np.testing.assert_array_equal(sums[name], in_our_order(wanted[key]), err_msg=key)
    numbers = ratios(sums, metric.empty)
    values = metric.reduce(tally)
    for name in STATISTICS:
        np.testing.assert_allclose(
            numbers[name], in_our_order(wanted[name]), rtol=TOLERANCE, atol=TOLERANCE, err_msg=name
        )
        assert values.get(name) == pytest.approx(np.mean(np.array(wanted[name])[:, 15]), rel=TOLERANCE)


def test_reid_hota_is_in_the_summary() -> None:
    summary = evaluation("s15_pt21_reid", "posetrack21").report().summary
    assert summary["reid/HOTA"] == pytest.approx(0.29101219806440737, rel=TOLERANCE)


REFUSED = {
    "invalid_dup_track_id": "P405",
    "invalid_fewer_frames": "P481",
    "invalid_gt_no_head_box": "P410",
    "invalid_missing_file": "P271",
    "invalid_no_track_id": "P410",
    "invalid_short_keypoints": "P204",
}


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_files_are_refused(case: str) -> None:
    with pytest.raises(PosevalError) as caught:
        evaluation(case, "posetrack-2017", "posetrack18")
    assert caught.value.code == REFUSED[case]


@pytest.mark.parametrize(
    "case",
    [
        "invalid_keypoint_name_neck",
        "invalid_no_categories",
        "invalid_track_id_too_big",
        "invalid_images_reversed",
    ],
)
def test_what_the_program_refuses_or_mispairs_gets_the_right_number(case: str) -> None:
    """The files differ from a sound one by what poseval stumbles over: the number is the sound one's."""
    values = evaluation(case, "posetrack-2017").report().summary
    assert 100 * values["AP"] == pytest.approx(84.90113054586739, rel=TOLERANCE)
