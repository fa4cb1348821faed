"""One test per quirk of PoseTrack and of TrackEval; docs/quirks.md has a paragraph for each."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval.errors import MismatchError, ValueRangeError
from poseval.metrics.hota import RADIUS
from poseval.poses import Frames, IgnoreRegions, People, PoseSet
from poseval.results.report import Report
from poseval.scoring.score import score
from poseval.skeletons import get_skeleton
from tests.benchmarks.test_boxes import test_vehicles_are_distractors_in_mot20

DOCS = Path(__file__).resolve().parents[2] / "docs"
SKELETON = get_skeleton("posetrack15_poseval")
FAR = 900.0


def pose_set(frames: int, *people: tuple[int, int, float], joints: Any = None, **columns: Any) -> PoseSet:
    """People as (frame, track, x of all joints) of one sequence; heads of 30 pixels; all joints present."""
    rows = len(people)
    xy = np.stack([np.full((15, 2), [x, 50.0]) for *_, x in people]) if rows else np.zeros((0, 15, 2))
    seen = np.full((rows, 15), 2, dtype=np.int8)
    if joints is not None:
        seen[:] = np.where(joints, 2, 0)
        xy = xy * (seen > 0)[..., None]
    extra = columns.pop("extra", {})
    given = {"joint_score": np.full((rows, 15), 0.5), "head": np.full(rows, 30.0), **columns}
    return PoseSet(
        SKELETON,
        Frames(
            key=np.asarray([str(f) for f in range(frames)]),
            labelled=np.ones(frames, dtype=bool),
            sequences=("v",),
        ),
        People(
            xy=xy,
            frame=np.array([frame for frame, *_ in people], dtype=np.int64),
            seen=seen,
            track=np.array([track for _, track, _ in people], dtype=np.int64),
            extra=extra,
            **given,
        ),
    )


def run(truth: PoseSet, predictions: PoseSet, rules: str, *metrics: str) -> Report:
    found = replace(predictions, frames=truth.frames)
    return score(truth, found, "posetrack18", rules=rules, metrics=metrics, per_joint=True)


def walk(frames: int, x: float = 100.0, track: int = 1) -> list[tuple[int, int, float]]:
    return [(frame, track, x) for frame in range(frames)]


def test_p01_motp_of_a_pair_of_neighbours() -> None:
    truth = pose_set(3, *[row for f in range(3) for row in ((f, 1, 100.0), (f, 2, 109.0))])
    old = run(truth, truth, "posetrack-2017").summary["MOTP"]
    new = run(truth, truth, "posetrack-2020").summary["MOTP"]
    assert old == 1
    assert new == pytest.approx(1 - 0.3)  # each object has one wrong neighbour at 0.3 heads


def test_p02_the_last_frame() -> None:
    truth = pose_set(3, *walk(3))
    wrong = pose_set(3, (0, 1, 100.0), (1, 1, 100.0), (2, 7, FAR))
    assert run(truth, wrong, "posetrack-2017").summary["MOTA"] == 1
    assert run(truth, wrong, "corrected").summary["MOTA"] == pytest.approx(1 - 2 / 3)
    single = run(pose_set(1, (0, 1, 100.0)), pose_set(1, (0, 1, 100.0)), "posetrack-2017").summary
    assert math.isnan(single["MOTA"])


def test_p03_nobody_predicted() -> None:
    truth = pose_set(3, *[row for f in range(3) for row in ((f, 1, 100.0), (f, 2, 300.0))])
    assert run(truth, pose_set(3), "posetrack-2017").summary["MOTA"] == -1
    assert run(truth, pose_set(3), "corrected").summary["MOTA"] == 0


def test_p04_labelled_frames_without_people() -> None:
    truth, found = pose_set(3, *walk(2)), pose_set(3, *walk(2), (2, 9, FAR))
    assert run(truth, found, "posetrack-2017").summary["AP"] == 1
    assert run(truth, found, "corrected", "joint_ap").values.get("precision") == pytest.approx(2 / 3)


NO_NOSE = np.arange(15) != SKELETON.index("nose")


def test_p05_motp_of_a_joint_that_nobody_labels() -> None:
    truth = pose_set(3, *walk(3), joints=NO_NOSE)
    assert run(truth, truth, "posetrack-2017").summary["MOTP"] == pytest.approx(14 / 15)
    assert run(truth, truth, "corrected").summary["MOTP"] == 1


def test_p06_ties() -> None:
    truth = pose_set(2, *walk(2))
    one = pose_set(2, (0, 1, 100.0), (0, 5, FAR), (1, 1, 100.0))
    other = pose_set(2, (0, 1, 100.0), (1, 1, 100.0), (1, 5, FAR))
    assert (
        run(truth, one, "posetrack-2017").summary["AP"] != run(truth, other, "posetrack-2017").summary["AP"]
    )
    together = [run(truth, found, "corrected").summary["AP"] for found in (one, other)]
    assert together == pytest.approx([2 / 3, 2 / 3])
    report = run(truth, one, "posetrack-2017")
    assert report.values.get("AP_low") == pytest.approx(2 / 3)
    assert report.values.get("AP_high") == 1
    assert any(notice.code == "N433" for notice in report.notices)


def test_p08_frames_without_predictions() -> None:
    truth, found = pose_set(3, *walk(3)), pose_set(3, (0, 1, 100.0), (2, 1, 100.0))
    mended = run(truth, found, "corrected").summary["DetA"]
    assert mended == pytest.approx(2 / 3)
    assert run(truth, found, "posetrack21").summary["DetA"] == pytest.approx(2 / 5)


def test_p10_whole_numbers() -> None:
    truth = pose_set(2, *walk(2))
    found = pose_set(
        2,
        *((0, 1, 100.0), (1, 1, 100.0), (1, 5, FAR)),
        joint_score=np.array([[0.9], [0.8], [0.7]]) * np.ones(15),
        extra={"whole": np.array([True, False, False])},
    )
    assert run(truth, found, "corrected").summary["AP"] == 1
    assert run(truth, found, "posetrack21").summary["AP"] == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_p14_heads_of_size_zero() -> None:
    truth = pose_set(2, *walk(2), head=np.zeros(2))
    report = run(truth, pose_set(2, *walk(2)), "posetrack-2017")
    assert report.summary["AP"] == 0
    assert any(notice.code == "N486" for notice in report.notices)
    with pytest.raises(ValueRangeError) as caught:
        run(truth, truth, "corrected")
    assert caught.value.code == "P304"


@pytest.mark.parametrize("rules", ["posetrack-2017", "posetrack21", "corrected"])
def test_p18_another_order_of_images(rules: str) -> None:
    truth = pose_set(3, (0, 1, 100.0), (1, 1, 300.0), (2, 1, 500.0))
    turned = pose_set(3, (0, 1, 500.0), (1, 1, 300.0), (2, 1, 100.0))
    turned = replace(turned, frames=replace(turned.frames, key=np.asarray(["2", "1", "0"])))
    report = score(truth, turned, "posetrack18", rules=rules)
    assert report.summary["AP"] == 1
    assert any(notice.code == "N482" for notice in report.notices)


def test_p21_joints_beyond_the_edge() -> None:
    truth = pose_set(3, *walk(3, x=-5.0))
    assert run(truth, truth, "posetrack21").summary["AP"] == 0
    assert run(truth, truth, "corrected").summary["AP"] == 1


def test_p22_labelled_frames_by_the_flag() -> None:
    truth, found = pose_set(3, *walk(3)), pose_set(3, (0, 1, 100.0), (1, 1, 100.0), (2, 1, FAR))
    unlabelled = replace(truth.frames, labelled=np.array([True, True, False]))
    truth = replace(truth, frames=unlabelled)
    assert run(truth, found, "posetrack21").summary["AP"] == 1
    assert run(truth, found, "corrected").summary["AP"] < 1


def test_p23_groups_with_an_undefined_joint() -> None:
    truth, found = pose_set(3, *walk(3), joints=NO_NOSE), pose_set(3, *walk(3))
    assert math.isnan(run(truth, found, "posetrack-2017").summary["AP/head"])
    assert run(truth, found, "corrected").summary["AP/head"] == 1


def test_p24_a_joint_that_nobody_labels_or_predicts() -> None:
    truth = pose_set(3, *walk(3), joints=NO_NOSE)
    assert run(truth, truth, "posetrack-2017").summary["AP"] == pytest.approx(14 / 15)
    assert run(truth, pose_set(3, *walk(3)), "posetrack-2017").summary["AP"] == 1
    assert run(truth, truth, "corrected").summary["AP"] == 1


def test_p25_a_joint_that_nobody_labels_in_the_kit() -> None:
    truth = pose_set(3, *walk(3), joints=NO_NOSE)
    for found in (truth, pose_set(3, *walk(3))):
        assert run(truth, found, "posetrack21").summary["AP"] == pytest.approx(14 / 15)


def test_p26_totals_of_hota() -> None:
    one = np.arange(15) == SKELETON.index("nose")
    truth = pose_set(4, *walk(4), joints=np.ones((4, 1)) * (one | (np.arange(4)[:, None] < 1)))
    found = replace(truth, people=truth.people.with_columns(track=np.array([1, 1, 2, 2])))
    pooled = run(truth, found, "corrected").summary["AssA"]
    assert pooled == pytest.approx((4 * 0.5 + 14 * 1.0) / 18)
    assert run(truth, found, "posetrack21").summary["AssA"] == pytest.approx((0.5 + 14 * 1.0) / 15)


def test_p27_repeated_ids_in_the_truth() -> None:
    truth = pose_set(3, (0, 1, 100.0), (0, 1, 300.0), (1, 1, 100.0), (2, 1, 100.0))
    found = pose_set(3, *walk(3))
    report = run(truth, found, "posetrack-2017")
    assert report.values.get("misses") == 15
    assert any(notice.code == "N487" for notice in report.notices)
    for rules in ("posetrack21", "corrected"):
        with pytest.raises(MismatchError) as caught:
            run(truth, found, rules)
        assert caught.value.code == "P405"


def test_p28_people_without_joints() -> None:
    truth = pose_set(3, *[row for f in range(3) for row in ((f, 1, 100.0), (f, 2, 300.0))])
    found = pose_set(
        3, (0, 7, 0.0), *[(1, 1, 100.0), (1, 2, 300.0)], joints=np.array([[0], [1], [1]]) * np.ones(15)
    )
    assert run(truth, found, "posetrack-2017").values.get("misses") == 2 * 15  # no dummy in frame 0
    corner = IgnoreRegions(
        np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]]), np.array([0, 3]), np.zeros(1, dtype=np.int64)
    )
    regional = replace(truth, ignore=corner)
    assert run(regional, found, "posetrack-2017").values.get("misses") == 15  # the dummy's one miss


def test_p29_undefined_hota() -> None:
    truth = pose_set(3, *walk(3), joints=NO_NOSE)
    assert run(truth, truth, "posetrack21").summary["HOTA/nose"] == 0
    assert math.isnan(run(truth, truth, "corrected").summary["HOTA/nose"])


def test_p30_fragments_across_videos() -> None:
    person = {"extra": {"person_id": np.zeros(4, dtype=np.int64)}}
    truth = pose_set(4, *walk(4), **person)
    frames = replace(truth.frames, sequence=np.array([0, 0, 1, 1]), sequences=("a", "b"))
    truth = replace(truth, frames=frames)
    across = [row.value for row in run(truth, truth, "posetrack21").values if row.statistic == "FragA"]
    within = [row.value for row in run(truth, truth, "corrected").values if row.statistic == "FragA"]
    assert 0.5 in within
    assert 0.5 not in across


def test_p31_the_plain_assignment() -> None:
    """A stray detection nearer than the track takes its place in the last frame."""
    size = RADIUS * 30
    truth = pose_set(10, *walk(10))
    found = pose_set(10, *walk(10, x=100 + 0.3 * size), (9, 7, 100 + 0.23 * size))
    aligned = 14 / 19 * math.sqrt(10 / 11)
    assert run(truth, found, "corrected").summary["HOTA"] == pytest.approx(aligned)
    for rules in ("posetrack-2017", "posetrack-2020", "posetrack21"):
        assert run(truth, found, rules).summary["HOTA"] == pytest.approx(0.6107, abs=5e-5)


@pytest.mark.parametrize("rules", ["posetrack-2017", "posetrack21", "corrected"])
def test_whole_poses_are_aligned_under_every_rule_set(rules: str) -> None:
    """Ten of fifteen joints right in ten frames, and a stray with twelve in the last."""
    right = np.arange(15)[None, :] < np.array([10] * 10 + [12])[:, None]
    truth, found = pose_set(10, *walk(10)), pose_set(10, *walk(10), (9, 7, 100.0), joints=right)
    hota = run(truth, found, rules, "hota(similarity=pckh)").summary["HOTA"]
    assert hota == pytest.approx(13 / 19 * math.sqrt(10 / 11))


def test_p32_ties_of_the_assignment() -> None:
    """One prediction lies between two people, another by the first alone: who is first decides."""
    people = [(0, 1, 100.0), (0, 2, 120.0)]
    found = [(0, 5, 110.0), (0, 6, 92.0)]
    rules_of = {"corrected": 1, "posetrack-2017": 2, "posetrack21": 2}
    for rules, count in rules_of.items():
        seen = {
            run(pose_set(1, *truth), pose_set(1, *guess), rules).summary["AP"]
            for truth in (people, people[::-1])
            for guess in (found, found[::-1])
        }
        assert len(seen) == count, rules


def test_t01_a_match_is_remembered_for_one_frame() -> None:
    """Tracks 5, 9 (far), then 5 and 6 near: MOT16 takes the nearer one of the two, which is a switch."""
    truth = pose_set(3, *walk(3))
    found = pose_set(3, (0, 5, 100.0), (1, 9, FAR), (2, 5, 106.0), (2, 6, 100.0))
    assert run(truth, found, "trackeval").values.get("switches") == 15
    assert run(truth, found, "corrected").values.get("switches") == 0


def test_t02_nothing_to_divide_by() -> None:
    truth, found = pose_set(3, *walk(3), joints=NO_NOSE), pose_set(3, *walk(3))
    report = run(truth, found, "trackeval")
    nose = {name: report.summary[f"{name}/nose"] for name in ("MOTA", "MOTP", "IDF1", "HOTA")}
    assert nose == {"MOTA": -3, "MOTP": 0, "IDF1": 0, "HOTA": 0}
    assert math.isnan(run(truth, found, "corrected").summary["MOTA/nose"])


def test_t03_predictions_on_distractors(tmp_path: Path) -> None:
    (tmp_path / "gt.txt").write_text("1,1,1,1,10,10,1,1,1\n1,2,51,1,10,10,1,7,1\n")
    (tmp_path / "found.txt").write_text("1,5,1,1,10,10,1,-1,-1,-1\n1,6,51,1,10,10,1,-1,-1,-1\n")
    paths = tmp_path / "gt.txt", tmp_path / "found.txt"
    alone, together = (score(*paths, "motchallenge", rules=rules).values for rules in ("mot16", "mot15"))
    assert (alone.get("objects"), together.get("objects")) == (1, 2)
    assert alone.get("false_positives") == 0


test_t04_vehicles_are_distractors_in_mot20 = test_vehicles_are_distractors_in_mot20


def test_every_quirk_has_a_paragraph_and_every_paragraph_a_test() -> None:
    text = (DOCS / "quirks.md").read_text("utf-8")
    written = set(re.findall(r"^### ([PT]\d\d): ", text, re.MULTILINE))
    tested = {name[5:8].upper() for name in globals() if re.match(r"test_[pt]\d\d_", name)}
    assert written == tested
