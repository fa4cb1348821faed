"""Predictions of a whole video against some labelled frames: one rule for every format and benchmark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import poseval
from poseval.datasets import Role, WriteOptions, get_format
from poseval.errors import MismatchError
from poseval.poses import Frames, PoseSet
from poseval.poses.frame_names import of_whole_video
from poseval.synth import scene_set

FRAMES = 30
LABELLED = [number for number in range(FRAMES) if number % 3]  # two of three, the rest lies among them


def video(first: int = 1) -> PoseSet:
    """Two people with tracks in each of 30 frames that are numbered from `first`."""
    made = scene_set(4, FRAMES, 2, "posetrack17slots", video=True)
    made = replace(made, people=made.people.with_columns(category=np.ones(len(made), dtype=np.int64)))
    names = np.asarray([f"walk/{number:06d}.jpg" for number in range(first, first + FRAMES)])
    keys = np.asarray([str(number) for number in range(first, first + FRAMES)])
    one = np.zeros(FRAMES, dtype=np.int64)
    size = np.full((FRAMES, 2), (640.0, 480.0))
    table = Frames(keys, one, np.arange(FRAMES), size, path=names, sequences=("walk",))
    return replace(made, frames=table)


def of_frames(poses: PoseSet, rows: list[int]) -> PoseSet:
    return poses.take_frames(np.asarray(rows))


def predicted(poses: PoseSet) -> PoseSet:
    return replace(poses, people=poses.people.with_columns(score=np.linspace(0.1, 0.9, len(poses))))


def scored(folder: Path, form: str, rows: list[int]) -> dict[str, int]:
    """Notices of the whole video's predictions in a format, against the labelled rows alone, with counts."""
    name = "posetrack18" if form == "posetrack18" else "coco"
    truth, found = folder / ("gt" if form == "posetrack18" else "gt.json"), folder / "dt.json"
    labelled, every = of_frames(video(), rows), predicted(video())
    get_format(name).write(labelled, truth, WriteOptions(Role.TRUTH))
    found = found.with_suffix("") if form in ("posetrack18", "yolo") else found
    get_format(form).write(every, found, WriteOptions(Role.PREDICTIONS, truth=video()))
    benchmark = "posetrack18" if form == "posetrack18" else "custom"
    report = poseval.score(truth, found, benchmark, predictions_format=form)
    return {notice.code: notice.count for notice in report.notices}


@pytest.mark.parametrize("form", ["coco", "yolo", "alphapose", "posetrack18"])
@pytest.mark.parametrize("rows", [LABELLED, [3, 10, 12]], ids=["two of three", "three"])
def test_every_format_leaves_out_what_nobody_labelled(form: str, rows: list[int], tmp_path: Path) -> None:
    assert "N940" in scored(tmp_path, form, rows)


@pytest.mark.parametrize(("form", "code"), [("coco", "P402"), ("posetrack18", "P482")])
def test_the_last_frame_too_many_is_refused_as_official_programs_do(
    form: str, code: str, tmp_path: Path
) -> None:
    with pytest.raises(MismatchError) as caught:
        scored(tmp_path, form, list(range(FRAMES - 1)))
    assert caught.value.code == code


def test_a_stray_id_among_those_of_photographs_is_no_frame_of_a_video() -> None:
    own = np.arange(100) * 117
    row = np.r_[np.arange(100), -1]
    stray = np.r_[own, 5000]
    assert not of_whole_video(row, np.arange(100), own, stray, exact=True)
    assert of_whole_video(row, np.arange(100), own // 117, np.r_[own // 117, 50], exact=True)
    assert of_whole_video(row, np.arange(100), own, stray, exact=False)


def test_one_image_of_two_is_no_video() -> None:
    assert not of_whole_video(np.array([0, -1]), np.array([0]), np.array([1]), np.array([1, 99]), exact=True)
