"""Predictions under ids of another numbering of the same images are told apart from bad predictions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval.datasets import Role, WriteOptions, get_format
from poseval.poses import Ints, PoseSet
from poseval.scoring.score import score
from poseval.synth import perturb, scene_set
from tests.checks.test_coordinate_frame import BENCHMARKS, people


def elsewhere(poses: PoseSet, place: Ints) -> PoseSet:
    """Everybody in the frame `place[f]` instead of f (-1: left out)."""
    new = place[poses.people.frame]
    order = np.argsort(new, kind="stable")
    order = order[new[order] >= 0]
    people = poses.people.with_columns(frame=np.zeros(len(poses), dtype=np.int64)).take(order)
    return replace(poses, people=people.with_columns(frame=new[order]))


def told(truth: PoseSet, predictions: PoseSet, name: str) -> list[str]:
    report = score(truth, predictions, name)
    return [notice.text for notice in report.notices if notice.code == "N553"]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_shuffled_images(name: str) -> None:
    truth, predictions = people(name)
    place = np.random.default_rng(5).permutation(len(truth.frames))
    (text,) = told(truth, elsewhere(predictions, place), name)
    assert "people that were looked for" in text
    assert "try: write the ids or file names of this ground truth's images" in text
    assert not told(truth, predictions, name)


@pytest.mark.parametrize("by", [1, -3])
def test_a_shift_of_all_ids_is_told_with_the_number_without_it(by: int) -> None:
    truth, predictions = people("coco-keypoints")
    place = np.arange(len(truth.frames)) + by
    place[(place < 0) | (place >= len(place))] = -1
    (text,) = told(truth, elsewhere(predictions, place), "coco-keypoints")
    kept = elsewhere(predictions, np.where(place < 0, -1, np.arange(len(place))))
    wanted = 100 * score(truth, kept, "coco-keypoints").summary["AP"]
    places, way = ("3 places", "later") if by < 0 else ("one place", "earlier")
    assert f"each {places} {way} in the order of images, AP would be {wanted:.1f} instead of" in text


@pytest.mark.parametrize(
    "faults",
    [
        {"jitter": 3.0, "gross": 0.4, "missed_people": 0.5, "missed_joints": 0.5, "false_positives": 2.0},
        {"missed_people": 0.9, "false_positives": 1.0},
    ],
    ids=["bad", "misses"],
)
def test_bad_predictions_are_not_those_of_other_images(faults: dict[str, float]) -> None:
    for seed in range(4):
        truth = scene_set(30 + seed, 40, 3)
        predictions = replace(perturb(truth, seed, **faults), frames=truth.frames)
        assert not told(truth, predictions, "coco-keypoints")


def test_the_advice_for_coco_files_is_followed(tmp_path: Path) -> None:
    """Ids of another list of the same images; then the names of the files instead."""
    truth, predictions = people("coco-keypoints")
    names = np.asarray([f"{letter}.jpg" for letter in "qwertzuiopasdfghjkly"])
    frames = replace(truth.frames, path=names, extra={})
    truth, predictions = replace(truth, frames=frames), replace(predictions, frames=frames)
    gt, dt = tmp_path / "gt.json", tmp_path / "dt.json"
    get_format("coco").write(truth, gt, WriteOptions(Role.TRUTH))
    get_format("coco").write(predictions, dt, WriteOptions(Role.PREDICTIONS, truth=truth))
    right = poseval.score(gt, dt).summary
    images = json.loads(gt.read_text())["images"]
    ids = {image["id"]: image["file_name"] for image in images}
    other = dict(zip(sorted(ids, key=ids.__getitem__), sorted(ids), strict=True))
    rows: list[dict[str, Any]] = json.loads(dt.read_text())
    dt.write_text(json.dumps([{**row, "image_id": other[row["image_id"]]} for row in rows]))
    wrong = poseval.score(gt, dt)
    assert "N553" in {notice.code for notice in wrong.notices}
    assert wrong.summary["AP"] < 0.1
    dt.write_text(json.dumps([{**row, "image_id": ids[row["image_id"]]} for row in rows]))
    assert poseval.score(gt, dt).summary == right
