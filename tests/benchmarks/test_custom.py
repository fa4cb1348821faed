"""Benchmark `custom` scores any skeleton, says what it chose, and agrees with plain loops."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import poseval
from poseval.benchmarks import recognise
from poseval.errors import PosevalError, UsageError
from poseval.metrics import parse
from poseval.poses import Frames, People, PoseSet
from poseval.skeletons import Skeleton, get_skeleton
from tests.benchmarks.custom_sets import ONE, as_lists, made
from tests.oracles import own_skeletons as oracle


@pytest.mark.parametrize("seed", range(12))
def test_every_number_is_that_of_plain_loops(seed: int) -> None:
    truth, predictions = made(seed)
    report = poseval.score(truth, predictions)
    assert report.benchmark == "custom"
    mine, theirs = as_lists(truth), as_lists(predictions)
    joints = [item for a, b in zip(mine, theirs, strict=True) for item in oracle.errors(a, b)]
    known = [error for error, _ in joints if error is not None]
    near = {"rel": 1e-12}
    assert report.summary["EPE"] == pytest.approx(sum(known) / len(known), **near)
    assert report.summary["found"] == len(known) / len(joints) < 1
    for number in (50, 75, 90, 95):
        assert report.summary[f"EPE_p{number}"] == pytest.approx(oracle.percentile(known, number), **near)
    scaled = [(error, side) for error, side in joints if side > 0]
    for at in (0.05, 0.1, 0.2):
        right = sum(error is not None and error / side <= at for error, side in scaled)
        assert report.summary[f"PCK@{at}"] == right / len(scaled)
    scores: list[list[tuple[float, oracle.Pose]]] = [[] for _ in mine]
    for frame, score, pose in zip(
        predictions.people.frame.tolist(),
        predictions.people.score.tolist(),
        [pose for poses in theirs for pose in poses],
        strict=True,
    ):
        scores[frame].append((score, pose))
    wanted = oracle.average_precision(list(zip(mine, scores, strict=True)), [0.1] * 4)
    assert report.summary["AP"] == pytest.approx(wanted, abs=1e-12)
    assert 0.1 < wanted < 1


def test_a_weight_is_as_many_copies() -> None:
    truth, predictions = made(3)
    metric = parse("epe(people=matched,percentiles=50/90)")
    from poseval.benchmarks.alignment import align
    from poseval.metrics.base import Tally

    tally = metric.tally(align(truth, predictions)[0])
    weight = np.array([0, 2, 1, 0, 3, 1, 1, 0])
    parts = [at for at, times in enumerate(weight) for _ in range(times)]
    whole = Tally.concat([metric.tally(align(truth.take_frames(np.array([at])), one)[0]) for at in parts
                          for one in [predictions.take_frames(np.array([at]))]])  # fmt: skip
    a = {row.statistic + row.joint: row.value for row in metric.reduce(tally, weight)}
    b = {row.statistic + row.joint: row.value for row in metric.reduce(whole)}
    assert a == pytest.approx(b, rel=1e-12)


def test_it_names_its_choices_and_what_to_give_for_others() -> None:
    truth, predictions = made()
    report = poseval.score(truth, predictions)
    (told,) = [n.text for n in report.notices if n.code == "N912"]
    assert "the extent of the labelled joints" in told
    assert "0.1 for every joint (sigmas=... gives" in told
    advice = "pck(norm=joints,between=(left_ear,right_ear))"
    assert f'metrics="{advice}"' in told
    assert "N914" in [n.code for n in report.notices]
    own = poseval.score(truth, predictions, metrics=advice)
    assert next(iter(own.summary)) == "PCK@0.05"
    given = poseval.score(truth, predictions, sigmas=0.03)
    assert given.summary["AP"] < report.summary["AP"]
    assert given.summary["EPE"] == report.summary["EPE"]
    assert "Sigmas: those that the file or sigmas=... gives. " in next(
        n.text for n in given.notices if n.code == "N912"
    )
    assert "sigma=" not in str(given.signature)
    assert report.deviations == ("benchmark custom is no published benchmark; compare runs of one signature",)


def test_areas_of_the_file_are_taken_where_everyone_has_one() -> None:
    truth, predictions = made()
    area = np.full(len(truth), 900.0)
    with_areas = replace(truth, people=truth.people.with_columns(area=area))
    report = poseval.score(with_areas, predictions)
    assert "area=extent" not in str(report.signature)
    assert "those of the file" in next(n.text for n in report.notices if n.code == "N912")
    area[3] = np.nan
    some = replace(truth, people=truth.people.with_columns(area=area))
    assert poseval.score(some, predictions).summary["AP"] == poseval.score(truth, predictions).summary["AP"]


def test_tracks_are_scored_by_the_same_oks() -> None:
    truth, predictions = made(1, tracks=True)
    report = poseval.score(truth, predictions)
    assert {"MOTA", "IDF1", "HOTA"} <= report.summary.keys()
    assert "clear_mot(similarity=oks,at=0.5,area=extent,sigma=0.1)" in str(report.signature)
    mine, theirs = as_lists(truth), as_lists(predictions)
    alike = [
        [[oracle.oks(a, b, [0.1] * 4) if all(oracle.size(a)) else 0.0 for b in found] for a in people]
        for people, found in zip(mine, theirs, strict=True)
    ]
    lonely = sum(max(row, default=0.0) < 0.5 for frame in alike for row in frame)
    assert next(r.value for r in report.values if r.statistic == "misses") >= lonely > 0
    same = replace(truth, people=truth.people.with_columns(score=np.ones(len(truth))))
    perfect = poseval.score(truth, same).summary
    assert perfect["MOTA"] == perfect["IDF1"] == perfect["HOTA"] == 1
    plain = replace(predictions, people=predictions.people.with_columns(track=None))
    without = poseval.score(truth, plain)
    assert "MOTA" not in without.summary
    assert "N913" in [n.code for n in without.notices]
    assert without.summary["AP"] == report.summary["AP"]


def test_intervals_resample_frames_and_sequences_where_tracks_are_scored() -> None:
    from poseval.scoring.score import evaluate

    truth, predictions = made(1)
    assert len(evaluate(truth, predictions).unit_keys) == len(truth.frames)
    tracked = evaluate(*made(1, tracks=True))
    assert tracked.unit_keys.tolist() == ["video"]
    assert [
        str(k) for k in evaluate(*made(1, tracks=True), metrics="oks_ap").unit_keys
    ] == truth.frames.key.tolist()
    ones = np.ones((2, 1), dtype=np.int64)
    drawn, whole = tracked.summaries(ones)[0], tracked.summary()
    assert drawn.keys() == whole.keys()
    assert all(drawn[key].value == pytest.approx(whole[key], nan_ok=True) for key in whole)


def test_it_always_runs() -> None:
    """No scores, a single joint, joints in a line, nobody predicted, nobody labelled in some frames."""
    truth, predictions = made(2)
    bare = replace(predictions, people=predictions.people.with_columns(score=None))
    assert "N911" in [n.code for n in poseval.score(truth, bare).notices]
    one = made(2, ONE)
    report = poseval.score(*one)
    assert math.isnan(report.summary["AP"])
    assert report.why("AP")
    assert report.summary["EPE"] > 0
    nobody = replace(predictions, people=predictions.people.take(np.zeros(len(predictions), dtype=bool)))
    assert poseval.score(truth, nobody).summary["found"] == 0
    flat = truth.people.xy.copy()
    flat[:3, :, 1] = 50.0
    line = poseval.score(replace(truth, people=truth.people.with_columns(xy=flat)), predictions)
    assert "3 of 16 people have joints in one point or line" in next(
        n.text for n in line.notices if n.code == "N914"
    )


def test_a_single_joint_is_paired_by_nearness() -> None:
    truth, predictions = made(5, ONE)
    report = poseval.score(truth, predictions)
    joints = [
        item
        for a, b in zip(as_lists(truth), as_lists(predictions), strict=True)
        for item in oracle.errors(a, b)
    ]
    known = [error for error, _ in joints if error is not None]
    assert report.summary["EPE"] == pytest.approx(sum(known) / len(known), rel=1e-12)


@pytest.mark.parametrize(
    ("metric", "code", "advice"),
    [
        ("oks_ap", "P410", 'metrics="oks_ap(area=extent,id_zero=yes)"'),
        ("oks_ap(area=box)", "P410", 'metrics="oks_ap(area=extent,id_zero=yes)"'),
        ("clear_mot(similarity=oks)", "P410", 'metrics="clear_mot(similarity=oks,at=0.5,area=extent)"'),
        ("hota(similarity=oks,area=box)", "P410", 'metrics="hota(similarity=oks,area=extent)"'),
        ("clear_mot", "P410", 'metrics="clear_mot(similarity=oks,at=0.5,area=extent,sigma=0.1)"'),
        ("joint_ap", "P410", 'benchmark="custom"'),
        ("epe", "P411", "people=matched in epe and pck"),
        ("pck(norm=pixels,at=5)", "P411", "people=matched in epe and pck"),
        ("pck(people=matched)", "P410", "norm=longest_side"),
    ],
)
def test_what_lacks_an_input_says_what_to_add_and_that_works(metric: str, code: str, advice: str) -> None:
    truth, predictions = made(1, tracks=True)
    asked: dict[str, Any] = {} if "sigma=" in advice else {"sigmas": 0.1}
    with pytest.raises(PosevalError) as caught:
        poseval.score(truth, predictions, "oks", metrics=metric, **asked)
    assert caught.value.code == code
    assert advice in str(caught.value)
    if advice.startswith("metrics="):
        better = advice.removeprefix("metrics=").strip('"')
        assert poseval.score(truth, predictions, "oks", metrics=better, **asked).summary
    elif code == "P411":
        assert poseval.score(truth, predictions, "oks", metrics=metric.rstrip(")").replace("epe", "epe(")
                             .replace("at=5", "at=5,") + "people=matched)").summary  # fmt: skip
    else:
        assert poseval.score(truth, predictions, "custom").summary


def test_oks_without_sigmas_names_the_ways_out() -> None:
    truth, predictions = made()
    with pytest.raises(UsageError, match="P112") as caught:
        poseval.score(truth, predictions, "oks", metrics="oks_ap(area=extent)")
    assert "sigmas=0.05" in str(caught.value)
    assert 'benchmark="custom"' in str(caught.value)


def test_the_distance_of_two_joints_is_a_scale() -> None:
    truth, predictions = made(4)
    report = poseval.score(
        truth, predictions, metrics="pck(norm=joints,between=(left_ear,right_ear),at=0.2/1)"
    )
    right, total = [0, 0], 0
    for mine, theirs in zip(as_lists(truth), as_lists(predictions), strict=True):
        matched = oracle.pairs(mine, theirs)
        for row, pose in enumerate(mine):
            left, other = pose[1], pose[2]
            if left is None or other is None:
                continue
            scale = math.dist(left, other)
            for joint, point in enumerate(pose):
                if point is None:
                    continue
                total += 1
                guess = theirs[matched[row]][joint] if row in matched else None
                for place, at in enumerate((0.2, 1.0)):
                    right[place] += guess is not None and math.dist(point, guess) / scale <= at
    assert [report.summary["PCK@0.2"], report.summary["PCK@1"]] == [count / total for count in right]
    assert any("without a scale" in row.why for row in report.values)
    with pytest.raises(UsageError, match="P111"):
        poseval.score(truth, predictions, metrics="pck(norm=joints,between=(left_ear,wing))")


def test_recognition() -> None:
    truth, _ = made()
    assert recognise(truth).name == "custom"
    nobody = replace(truth, people=truth.people.with_columns(seen=np.zeros((len(truth), 4))))
    with pytest.raises(UsageError, match="P126"):
        recognise(nobody)


@pytest.mark.parametrize("lacking", ["sigmas", "area", ""])
def test_a_coco_file_is_plain_oks_only_with_what_oks_needs(lacking: str, tmp_path: Any) -> None:
    from poseval.datasets import Role, WriteOptions, get_format

    truth, _ = made()
    named = ("snout", "left_ear", "right_ear", "tail_base")
    skeleton = Skeleton("x", named, (0, 2, 1, 3))
    shape = (len(truth), len(skeleton))
    xy = np.random.default_rng(0).uniform(10, 90, (*shape, 2))
    area = None if lacking == "area" else np.full(len(truth), 900.0)
    people = People(
        xy, truth.people.frame, seen=np.full(shape, 2), area=area, source_id=np.arange(1, shape[0] + 1)
    )
    keys = np.asarray([str(at) for at in range(1, len(truth.frames) + 1)])
    whole = PoseSet(
        skeleton, Frames(keys, path=truth.frames.key, size=np.full((len(keys), 2), 500.0)), people
    )
    get_format("coco").write(whole, tmp_path / "gt.json", WriteOptions(Role.TRUTH))
    read = poseval.read(tmp_path / "gt.json", optional=["area"])
    if lacking != "sigmas":  # of joints that are those of no benchmark
        read = replace(read, skeleton=replace(read.skeleton, sigmas=(0.05,) * 4))
    if lacking == "area":  # the writer makes areas of its own
        read = replace(read, people=read.people.with_columns(area=None))
    assert recognise(read).name == ("custom" if lacking else "oks")


def test_one_video_with_tracks_is_one_unit_everywhere(tmp_path: Any) -> None:
    from poseval.scoring import saved_runs
    from poseval.scoring.score import evaluate

    paths = []
    for seed in (1, 2):
        truth, predictions = made(1, tracks=True)
        noise = np.random.default_rng(seed).normal(0, seed, predictions.people.xy.shape)
        moved = predictions.people.with_columns(xy=predictions.people.xy + noise)
        paths.append(tmp_path / f"{seed}.poseval")
        saved_runs.save(evaluate(truth, replace(predictions, people=moved)), paths[-1])
    board = poseval.leaderboard(paths)
    assert "one sequence says nothing about others" in board.to_text()
    with pytest.raises(UsageError, match="P140") as caught:
        poseval.compare(*paths)
    assert 'metrics="oks_ap"' in str(caught.value)


def test_a_cross_check_leaves_matched_people_out(tmp_path: Any) -> None:
    from poseval.compat.crosscheck import crosscheck
    from poseval.datasets import Role, WriteOptions, get_format

    truth, predictions = made(1, tracks=True)
    get_format("deeplabcut").write(truth, tmp_path / "gt.csv", WriteOptions(Role.TRUTH))
    scored = predictions.people.with_columns(joint_score=np.where(predictions.people.seen > 0, 0.5, np.nan))
    dt = tmp_path / "dt.csv"
    get_format("deeplabcut").write(replace(predictions, people=scored), dt, WriteOptions(Role.PREDICTIONS))
    found = crosscheck(tmp_path / "gt.csv", dt)
    assert found.differences
    assert all(abs(row.ours - row.theirs) <= 1e-9 for row in found.differences)
    assert sum("no other program pairs people" in text for text in found.unchecked) == 2


def test_oks_by_extent_is_that_of_pycocotools(tmp_path: Any) -> None:
    """The areas and the sigma of the metric, written into the records that pycocotools reads."""
    from poseval.compat.crosscheck import crosscheck
    from poseval.datasets import Role, WriteOptions, get_format

    truth, predictions = made(4)
    size = np.full((len(truth.frames), 2), 600.0)
    keys = np.asarray([str(at + 1) for at in range(len(truth.frames))])
    frames = Frames(keys, size=size, path=truth.frames.key)
    ids = truth.people.with_columns(source_id=np.arange(1, len(truth) + 1))
    sets = (replace(truth, frames=frames, people=ids), replace(predictions, frames=frames))
    get_format("coco").write(sets[0], tmp_path / "gt.json", WriteOptions(Role.TRUTH))
    get_format("coco").write(sets[1], tmp_path / "dt.json", WriteOptions(Role.PREDICTIONS, truth=sets[0]))
    found = crosscheck(tmp_path / "gt.json", tmp_path / "dt.json", metrics="oks_ap(area=extent,sigma=0.1)")
    numbers = {row.name: (row.ours, row.theirs) for row in found.differences}
    assert 0.05 < numbers["AP"][0] < 1
    assert all(ours == theirs or math.isnan(ours) for ours, theirs in numbers.values())


def test_the_joints_of_a_benchmark_in_other_files_are_said() -> None:
    one = made(0, get_skeleton("coco17"))
    (told,) = [notice.text for notice in poseval.score(*one).notices if notice.code == "N100"]
    assert "benchmark custom" in told
    assert "coco-keypoints" in told
    assert told.endswith("name one with benchmark=...")
    (told,) = [notice.text for notice in poseval.score(*made()).notices if notice.code == "N100"]
    assert "name one" not in told


def test_people_of_one_labelled_joint_are_no_part_of_pck() -> None:
    truth, predictions = made(6)
    seen = truth.people.seen.copy()
    seen[:4, 1:] = 0
    few = replace(truth, people=truth.people.with_columns(seen=seen))
    report = poseval.score(few, predictions)
    joints = [
        item
        for a, b in zip(as_lists(few), as_lists(predictions), strict=True)
        for item in oracle.errors(a, b)
    ]
    scaled = [(error, side) for error, side in joints if side > 0]
    assert len(scaled) == len(joints) - 4
    right = sum(error is not None and error / side <= 0.1 for error, side in scaled)
    assert report.summary["PCK@0.1"] == right / len(scaled)
    assert any("4 people without a scale, not scored" in row.why for row in report.values)
    alone = parse("pck(norm=longest_side,people=matched)")
    with pytest.raises(PosevalError, match="P304"):
        poseval.score(few, predictions, metrics=alone)


def test_a_track_twice_in_a_frame_leaves_tracking_out() -> None:
    truth, predictions = made(1, tracks=True)
    twice = np.zeros(len(predictions), dtype=np.int64)
    report = poseval.score(truth, replace(predictions, people=predictions.people.with_columns(track=twice)))
    assert "MOTA" not in report.summary
    assert "N913" in [notice.code for notice in report.notices]


def test_a_body_in_a_line_is_tracked_where_it_is_hit_exactly() -> None:
    truth, _ = made(1, tracks=True)
    xy = truth.people.xy.copy()
    xy[:, :, 1] = 40.0
    people = truth.people.with_columns(xy=xy, score=np.ones(len(truth)))
    flat = replace(truth, people=people)
    report = poseval.score(flat, flat)
    assert report.summary["MOTA"] == report.summary["HOTA"] == 1
    assert math.isnan(report.summary["AP"])
