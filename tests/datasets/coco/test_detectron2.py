"""Detectron2's own coordinates: half a pixel on the keypoints, none on the boxes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from poseval import datasets
from poseval.datasets import ReadOptions, Role, Source, WriteOptions
from tests.datasets.test_same_score import truth_and_predictions


def test_half_a_pixel_is_taken_off_and_put_back(tmp_path: Path) -> None:
    truth, predictions = truth_and_predictions()
    both = {}
    for name in ("coco", "detectron2"):
        path = tmp_path / f"{name}.json"
        datasets.get_format(name).write(predictions, path, WriteOptions(Role.PREDICTIONS, truth=truth))
        both[name] = json.loads(path.read_text())
    points = {name: np.reshape(records[0]["keypoints"], (-1, 3)) for name, records in both.items()}
    np.testing.assert_allclose(points["detectron2"][:, :2] - points["coco"][:, :2], 0.5, rtol=1e-12)
    assert both["detectron2"][0].get("bbox") == both["coco"][0].get("bbox")
    back = datasets.read(tmp_path / "detectron2.json", ReadOptions(Role.PREDICTIONS, truth), "detectron2")
    np.testing.assert_allclose(back.people.xy, predictions.people.xy, rtol=1e-12)
    assert "N506" in [notice.code for notice in back.origin.notices]


def test_the_half_pixel_is_never_guessed(tmp_path: Path) -> None:
    truth, predictions = truth_and_predictions()
    options = WriteOptions(Role.PREDICTIONS, truth=truth)
    datasets.get_format("detectron2").write(predictions, tmp_path / "a.json", options)
    assert datasets.recognise(Source(tmp_path / "a.json"), Role.PREDICTIONS) == "coco"
