"""Ultralytics' validator with the official number beside its own.

    from ultralytics import YOLO
    from poseval.integrations.ultralytics import validator

    results = YOLO("best.pt").val(data="people.yaml", validator=validator(truth="gt.json"))

Each validation stores its report in the attribute `report` of the class, and Ultralytics prints its own
numbers as usual. Predictions are those that Ultralytics scores, in pixels of the original images, called by
the names of their files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from ultralytics.models.yolo.pose import PoseValidator

from poseval.integrations.pose_metric import PoseMetric
from poseval.results.report import Report
from poseval.scoring.reading import PathOrPoses


def validator(truth: PathOrPoses, benchmark: str = "coco-keypoints", **asked: Any) -> type[Any]:
    """A class for `YOLO.val(validator=...)` and for trainers.

    Args:
        truth: the ground truth of the images that are validated, such as a COCO file. Its areas, crowds and
            images without people count; labels of YOLO have none of these.
        benchmark: whose rules score the predictions.
        asked: keywords of `poseval.score`.

    Raises:
        UsageError, InputError: as `poseval.PoseMetric`.
    """
    made = PoseMetric(benchmark, truth=truth, **asked)

    class Validator(PoseValidator):  # type: ignore[misc,unused-ignore]  # no base where ultralytics is absent
        """Ultralytics' PoseValidator, which also gathers predictions for poseval."""

        metric = made
        report: Report | None = None  # of the last validation

        def init_metrics(self, model: Any) -> None:
            """Begin a validation."""
            super().init_metrics(model)
            made.reset()

        def update_metrics(self, preds: list[dict[str, Any]], batch: dict[str, Any]) -> None:
            """Add a batch to Ultralytics' numbers and to ours."""
            super().update_metrics(preds, batch)
            for at, found in enumerate(preds):
                image = self._prepare_batch(at, batch)
                scaled = self.scale_preds(self._prepare_pred(found), image)
                points = scaled["kpts"] if "kpts" in scaled else scaled["keypoints"]
                if len(points):
                    made.update(_batch(points, scaled, Path(image["im_file"]).name))

        def get_stats(self) -> dict[str, Any]:
            """Ultralytics' numbers; the report is kept beside them."""
            stats: dict[str, Any] = super().get_stats()
            Validator.report = made.compute()
            return stats

    return Validator


def _batch(points: Any, scaled: dict[str, Any], name: str) -> dict[str, Any]:
    """One image's predictions as `PoseMetric` takes them."""
    points = np.asarray(points.detach().cpu(), dtype=np.float64)
    frame = [name] * len(points)
    columns = {"keypoints": points, "score": scaled["conf"], "box": scaled["bboxes"], "frame": frame}
    return columns | ({"third": "score"} if points.shape[2] == 3 else {})
