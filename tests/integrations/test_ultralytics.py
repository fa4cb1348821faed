"""Ultralytics' validation of a small network made here, with our number beside its own."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poseval.errors import UsageError
from poseval.synth import scene_set
from tests.integrations.loaders import pycocotools_ap, yolo_set

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


def options(folder: Path) -> dict[str, Any]:
    """What validation and training are given: small, on the processor, without downloads."""
    data = next((folder / "set").glob("*.y*ml"))
    fixed = {"imgsz": 320, "batch": 4, "plots": False, "workers": 0, "device": "cpu"}
    return {**fixed, "data": str(data), "project": str(folder)}


class Writer:
    """A tracker that keeps what it is given."""

    __module__ = "tensorboardX.writer"

    def __init__(self, folder: Path) -> None:
        self.logdir = str(folder)
        self.scalars: list[tuple[str, float, int]] = []
        self.figures: list[str] = []

    def add_scalar(self, name: str, value: float, step: int) -> None:
        self.scalars.append((name, value, step))

    def add_figure(self, name: str, figure: Any, step: int) -> None:
        self.figures.append(name)

    def add_text(self, name: str, text: str, step: int) -> None: ...

    def flush(self) -> None: ...


def test_the_number_beside_its_own_is_that_of_pycocotools(folder: Path) -> None:
    from ultralytics import YOLO

    from poseval.integrations.ultralytics import validator

    kind = near(validator(truth=folder / "gt.json"))
    theirs = YOLO("yolo11n-pose.yaml").val(validator=kind, verbose=False, **options(folder))
    report = kind.report
    assert 0.1 < report.summary["AP"] < 1
    assert report.summary["AP"] == pytest.approx(
        pycocotools_ap(folder, TRUTH, kind.metric.sets()[1]), abs=1e-12
    )
    assert theirs.pose.map != report.summary["AP"], "Ultralytics takes 0.53 of the box for the area"


@pytest.mark.slow
def test_training_has_the_number_of_every_epoch(folder: Path) -> None:
    """A network that is made here is trained on synthetic people, and finds some of them."""
    from ultralytics import YOLO

    from poseval.integrations.ultralytics import PoseScore

    writer = Writer(folder / "log")
    scores = PoseScore(truth=folder / "gt.json", log_to=[writer])
    model = YOLO("yolo11n-pose.yaml")
    scores.add_to(model)
    torch.manual_seed(0)
    model.train(epochs=1, pretrained=False, amp=False, verbose=False, conf=1e-9, **options(folder))
    assert len(scores.reports) == 2, "the epoch, and the best weights"
    for report in scores.reports:
        assert report.summary["AP"] >= 0
    predictions = scores.metric.sets()[1]
    assert len(predictions), "of a network of an epoch, with little confidence"
    assert scores.report is not None
    assert scores.report.summary["AP"] == pytest.approx(pycocotools_ap(folder, TRUTH, predictions), abs=1e-12)
    epochs = [(value, step) for name, value, step in writer.scalars if name == "poseval/AP"]
    assert epochs[0] == (scores.reports[0].summary["AP"], 0)
    assert "poseval/precision_recall" in writer.figures
    assert list((folder / "log").rglob("report_*.html"))
    (table,) = folder.rglob("results.csv")
    (row,) = csv.DictReader(table.open())
    assert float(row["poseval/AP"]) == pytest.approx(scores.reports[0].summary["AP"], abs=1e-4)


def test_what_is_no_model_is_refused(folder: Path) -> None:
    from poseval.integrations.ultralytics import PoseScore

    with pytest.raises(UsageError, match="YOLO"):
        PoseScore(truth=folder / "gt.json").add_to("yolo11n-pose.yaml")
    with pytest.raises(UsageError, match="benchmark"):
        PoseScore(folder / "gt.json", "coco-keypoint")
