"""Legal and suspicious: each named fact is told where it is so, and not where it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import poseval
from poseval import checks
from poseval.benchmarks import get_benchmark
from poseval.benchmarks.base import Part
from poseval.checks.rescoring import Rescoring
from poseval.datasets import Role
from poseval.metrics.oks_ap import OksAp
from poseval.poses import Notice, PoseSet
from poseval.poses.aligned import Aligned
from tests.datasets.test_same_score import truth_and_predictions

T, P = Role.TRUTH, Role.PREDICTIONS


def with_people(poses: PoseSet, **columns: Any) -> PoseSet:
    return replace(poses, people=poses.people.with_columns(**columns))


def rescoring(truth: PoseSet, predictions: PoseSet) -> Rescoring:
    benchmark = get_benchmark("coco-keypoints")
    return Rescoring(benchmark, benchmark.rule_sets[0], truth, predictions, lambda rules: ())


def told(poses: PoseSet, role: Role, truth: PoseSet | None = None) -> dict[str, Notice]:
    found = checks.examine_set(poses, role)
    if truth is not None:
        found = checks.examine_pair(Part("", Aligned(truth, poses), (OksAp(),)), rescoring(truth, poses))
    return {notice.code: notice for notice in found}


def on_truth() -> tuple[PoseSet, PoseSet]:
    """Truth, and good predictions over the very frames of it."""
    truth, predictions = truth_and_predictions()
    near = truth.people.xy + 0.5
    return truth, with_people(replace(predictions, frames=truth.frames), xy=near)


def test_a_ground_truth_is_examined_once_for_all_submissions(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, _ = on_truth()
    area = replace(truth, people=truth.people.with_columns(area=np.ones(len(truth))))
    first = checks.examine_set(area, T, paired=True)
    assert [notice.code for notice in first] == ["N416"]
    monkeypatch.setattr(checks, "_ask", lambda *_: pytest.fail("asked again"))
    assert checks.examine_set(area, T, paired=True) == first
    monkeypatch.undo()
    assert checks.examine_set(truth, T, paired=True) == []


def test_sound_sets_are_healthy() -> None:
    truth, predictions = on_truth()
    assert told(truth, T) == {}
    assert told(predictions, P, truth) == {}


@pytest.mark.parametrize("area", [1.0, 0.25])
def test_all_areas_are_one_or_less(area: float) -> None:
    truth, _ = truth_and_predictions()
    areas = np.full(len(truth), area)
    found = told(with_people(truth, area=areas), T)
    assert found["N416"].count == len(truth)
    assert "cannot be square pixels" in found["N416"].text
    areas[:] = 40_000.0
    assert "N416" not in told(with_people(truth, area=areas), T)


def test_all_scores_are_equal() -> None:
    _, predictions = truth_and_predictions()
    score = np.full(len(predictions), 0.75)
    found = told(with_people(predictions, score=score), P)
    assert "all 36 scores are 0.75" in found["N420"].text
    score[0] = 0.5
    assert "N420" not in told(with_people(predictions, score=score), P)


def test_a_track_that_two_people_of_a_frame_have() -> None:
    _, predictions = truth_and_predictions()
    assert "N550" not in told(predictions, P)
    track = predictions.people.track.copy()
    track[1] = track[0]
    assert told(with_people(predictions, track=track), P)["N550"].count == 1
    assert "N550" not in told(with_people(predictions, track=np.full(len(predictions), -1)), P)
    assert "N550" not in told(with_people(predictions, track=track), T)


@pytest.mark.parametrize(("beyond", "is_told"), [(1, False), (3, True)])
def test_boxes_outside_their_images(beyond: int, is_told: bool) -> None:
    truth, _ = truth_and_predictions()
    box = truth.people.box.copy()
    box[:beyond, 2] = 700.0  # images are 640 wide; one box in 36 may reach over
    found = told(with_people(truth, box=box), T)
    assert ("N521" in found) is is_told
    if is_told:
        assert found["N521"].text.endswith("3 of 36 boxes reach beyond their images")


@pytest.mark.parametrize(("share", "is_told"), [(0.1, False), (0.38, True)])
def test_the_share_of_joints_outside_their_images(share: float, is_told: bool) -> None:
    truth, _ = truth_and_predictions()
    xy = truth.people.xy.copy()
    flat = xy.reshape(-1, 2)
    count = round(share * len(flat))
    flat[:count] += 640.0
    found = told(with_people(truth, xy=xy), T)
    assert ("N421" in found) is is_told
    if is_told:
        assert "38%" in found["N421"].text


def test_copies() -> None:
    _, predictions = truth_and_predictions()
    xy = predictions.people.xy.copy()
    xy[1] = xy[0]  # of the same frame
    found = told(with_people(predictions, xy=xy), P)
    assert found["N419"].count == 1
    xy = predictions.people.xy.copy()
    xy[3] = xy[0]  # of another frame: no copy
    assert "N419" not in told(with_people(predictions, xy=xy), P)


def test_what_copies_cost() -> None:
    truth, predictions = on_truth()
    people = predictions.people
    twice = people.take(np.repeat(np.arange(len(people)), 2))
    report = poseval.score(truth, replace(predictions, people=twice), "coco-keypoints")
    cost = next(notice.text for notice in report.notices if notice.code == "N419")
    right = poseval.score(truth, predictions, "coco-keypoints").summary["AP"]
    assert f"without them AP would be {100 * right:.1f} instead of {100 * report.summary['AP']:.1f}" in cost


def test_left_and_right_exchanged() -> None:
    truth, predictions = on_truth()
    flip = np.asarray(truth.skeleton.flip)
    found = told(with_people(predictions, xy=predictions.people.xy[:, flip]), P, truth)
    assert "left and right look exchanged" in found["N460"].text
    some = predictions.people.xy.copy()
    some[:9] = some[:9][:, flip]  # a quarter may be seen from behind
    assert "N460" not in told(with_people(predictions, xy=some), P, truth)


@pytest.mark.parametrize(
    ("counts", "is_told"), [(lambda n: n, False), (lambda n: n - 1, True), (lambda n: n * 0, True)]
)
def test_num_keypoints_that_contradicts_the_flags(counts: Callable[[Any], Any], is_told: bool) -> None:
    truth, _ = truth_and_predictions()
    labelled = (truth.people.seen > 0).sum(axis=1)
    people = replace(truth.people, extra={**truth.people.extra, "num_keypoints": counts(labelled)})
    found = told(replace(truth, people=people), T)
    assert ("N415" in found) is is_told
    if is_told:
        assert found["N415"].count == len(truth)


@pytest.mark.parametrize("form", ["corners", "centre"])
@pytest.mark.parametrize("role", [T, P])
def test_boxes_in_another_form(form: str, role: Role) -> None:
    truth, predictions = on_truth()
    box = truth.people.box
    sides = box[:, 2:] - box[:, :2]
    first, second = (box[:, :2], box[:, 2:]) if form == "corners" else (box[:, :2] + sides / 2, sides)
    read = np.concatenate([first, first + second], axis=1)  # as x, y, width, height
    wrong = with_people(truth if role is T else predictions, box=read)
    assert f"--transform boxes={form}" in told(wrong, role)["N925"].text
    assert f"--transform boxes={form}" in told(*pair_with(wrong, role))["N925"].text
    assert "N925" not in told(truth, T)
    assert "N925" not in told(predictions, P, truth)


def pair_with(wrong: PoseSet, role: Role) -> tuple[PoseSet, Role, PoseSet]:
    truth, predictions = on_truth()
    if role is T:
        return replace(predictions, frames=wrong.frames), P, wrong
    return wrong, P, replace(truth, frames=wrong.frames)


def test_what_boxes_in_another_form_cost() -> None:
    truth, predictions = on_truth()
    sides = truth.people.box[:, 2:]
    wrong = with_people(
        truth, box=np.concatenate([truth.people.box[:, :2], truth.people.box[:, :2] + sides], axis=1)
    )
    near = with_people(predictions, xy=predictions.people.xy + 8.0)
    report = poseval.score(wrong, near, "coco-keypoints", metrics="oks_ap(area=box)")
    cost = next(notice.text for notice in report.notices if notice.code == "N925")
    right = poseval.score(truth, near, "coco-keypoints", metrics="oks_ap(area=box)").summary["AP"]
    assert f"AP would be {100 * right:.1f} instead of {100 * report.summary['AP']:.1f}" in cost
