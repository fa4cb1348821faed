"""Ultralytics' validation of a small network made here, with our number beside its own."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import poseval
from poseval.synth import scene_set
from tests.integrations.loaders import yolo_set

pytest.importorskip("ultralytics", reason="needs ultralytics: in an environment of its own")
torch = pytest.importorskip("torch", reason="needs PyTorch")
TRUTH = scene_set(seed=3, images=8, people=2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    yolo_set(tmp_path, TRUTH)
    return tmp_path


def near(kind: Any) -> Any:
    """The validator with predictions near the labels, because a network of an epoch finds nobody."""

    class Near(kind):  # type: ignore[misc]
        def preprocess(self, batch: Any) -> Any:
            self.batch = super().preprocess(batch)
            return self.batch

        def postprocess(self, preds: Any) -> list[dict[str, Any]]:
            out = []
            rng = np.random.default_rng(len(self.batch["im_file"]))
            for at in range(len(self.batch["im_file"])):
                one = self._prepare_batch(at, self.batch)
                points = one["keypoints"].clone().double()
                points[..., :2] += torch.tensor(rng.normal(0, 1.5, points[..., :2].shape))
                points[..., 2] = 0.9
                score = torch.tensor(np.sort(rng.uniform(0.1, 1, len(points)))[::-1].copy())
                out.append({"bboxes": one["bboxes"], "conf": score, "cls": one["cls"], "keypoints": points})
            return out

    return Near


def pycocotools(folder: Path, predictions: poseval.PoseSet) -> float:
    coco = pytest.importorskip("pycocotools.coco", reason="needs pycocotools")
    evaluation = pytest.importorskip("pycocotools.cocoeval", reason="needs pycocotools")
    poseval.write(predictions, folder / "dt.json", "coco", role="predictions", truth=TRUTH, force=True)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = coco.COCO(str(folder / "gt.json"))
        run = evaluation.COCOeval(truth, truth.loadRes(str(folder / "dt.json")), "keypoints")
        run.evaluate()
        run.accumulate()
        run.summarize()
    return float(run.stats[0])


def test_the_number_beside_its_own_is_that_of_pycocotools(folder: Path) -> None:
    from ultralytics import YOLO

    from poseval.integrations.ultralytics import validator

    kind = near(validator(truth=folder / "gt.json"))
    data = next((folder / "set").glob("*.y*ml"))
    options = {
        "imgsz": 320,
        "batch": 4,
        "plots": False,
        "workers": 0,
        "device": "cpu",
        "project": str(folder),
    }
    theirs = YOLO("yolo11n-pose.yaml").val(data=str(data), validator=kind, verbose=False, **options)
    report = kind.report
    assert 0.1 < report.summary["AP"] < 1
    assert report.summary["AP"] == pytest.approx(pycocotools(folder, kind.metric.sets()[1]), abs=1e-12)
    assert theirs.pose.map != report.summary["AP"], "Ultralytics takes 0.53 of the box for the area"
