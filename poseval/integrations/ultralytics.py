"""Ultralytics with the official number beside its own, in validation and in training.

    from ultralytics import YOLO
    from poseval.integrations.ultralytics import PoseScore, validator

    results = YOLO("best.pt").val(data="people.yaml", validator=validator(truth="gt.json"))

    scores = PoseScore(truth="gt.json")
    model = YOLO("yolo11n-pose.yaml")
    scores.add_to(model)
    model.train(data="people.yaml", epochs=10)
    scores.reports                                  # one an epoch, and the last of the best weights

Each validation leaves a report, and Ultralytics prints its own numbers as usual. Predictions are those that
Ultralytics scores, in pixels of the original images, called by the names of their files.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ultralytics.models.yolo.pose import PoseValidator

from poseval.errors import wrong_type
from poseval.errors.calls import from_python
from poseval.integrations.pose_metric import PoseMetric
from poseval.results.renderers import drawn
from poseval.results.report import Report

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from poseval.scoring.reading import PathOrPoses
    from poseval.scoring.task import Asked


@from_python
def validator(truth: PathOrPoses, benchmark: str = "coco-keypoints", **asked: Unpack[Asked]) -> type[Any]:
    """A class for `YOLO.val(validator=...)`, whose `report` is that of its last validation.

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
            _gather(made, self, preds, batch)

        def get_stats(self) -> dict[str, Any]:
            """Ultralytics' numbers; the report is kept beside them."""
            stats: dict[str, Any] = super().get_stats()
            Validator.report = made.compute()
            return stats

    return Validator


class PoseScore:
    """Callbacks of an Ultralytics pose model that score each validation, in `train` and in `val`.

    Ultralytics' metrics of an epoch get the numbers of the summary as `poseval/KEY`, so that they stand in
    its `results.csv` and in its own loggers. Training over several processes does not take callbacks along.

    Args:
        truth: the ground truth of the validation images, as of `validator`.
        benchmark: whose rules score the predictions.
        log_to: a tracker, or several, that get the numbers of each epoch, and the last page and figures when
            training ends, as `Report.log_to` takes them.
        asked: keywords of `poseval.score`.

    Raises:
        UsageError, InputError: as `poseval.PoseMetric`.
    """

    @from_python
    def __init__(
        self,
        truth: PathOrPoses,
        benchmark: str = "coco-keypoints",
        *,
        log_to: Any = (),
        **asked: Unpack[Asked],
    ) -> None:
        self.metric = PoseMetric(benchmark, truth=truth, **asked)
        self.log_to: tuple[Any, ...] = drawn("report trackers", log_to)
        self.reports: list[Report] = []  # one a validation
        self._logged = -1  # the last epoch whose numbers were logged

    @property
    def report(self) -> Report | None:
        """The report of the last validation."""
        return self.reports[-1] if self.reports else None

    @from_python
    def add_to(self, model: Any) -> None:
        """Add the callbacks to a `YOLO`, before `train` or `val`.

        Raises:
            UsageError: P101 another object.
        """
        if not hasattr(model, "add_callback"):
            raise wrong_type("model", model, "a YOLO of ultralytics")
        model.add_callback("on_val_start", self._on_val_start)
        model.add_callback("on_val_end", self._on_val_end)
        model.add_callback("on_fit_epoch_end", self._on_fit_epoch_end)
        model.add_callback("on_train_end", self._on_train_end)

    def _on_val_start(self, running: Any) -> None:
        """Gather what the validator scores: callbacks are not handed predictions."""
        self.metric.reset()
        update: Callable[..., None] = running.update_metrics
        stats: Callable[[], dict[str, Any]] = running.get_stats

        def update_metrics(preds: list[dict[str, Any]], batch: dict[str, Any]) -> None:
            update(preds, batch)
            _gather(self.metric, running, preds, batch)

        def get_stats() -> dict[str, Any]:
            found = stats()
            report = self.metric.compute()
            self.reports.append(report)
            return {**found, **{f"poseval/{key}": value for key, value in report.summary.items()}}

        running.update_metrics, running.get_stats = update_metrics, get_stats

    def _on_val_end(self, running: Any) -> None:
        """Leave the validator as it was: training uses it again."""
        del running.update_metrics, running.get_stats

    def _on_fit_epoch_end(self, trainer: Any) -> None:
        if self.report is not None and self.log_to and trainer.epoch != self._logged:
            self._logged = trainer.epoch
            self.report.log_to(*self.log_to, step=trainer.epoch, pages=False)

    def _on_train_end(self, trainer: Any) -> None:
        if self.report is not None and self.log_to:
            self.report.log_to(*self.log_to, step=trainer.epoch)


def _gather(metric: PoseMetric, running: Any, preds: list[dict[str, Any]], batch: dict[str, Any]) -> None:
    """Add the predictions of a batch, in pixels of the original images."""
    for at, found in enumerate(preds):
        image = running._prepare_batch(at, batch)
        scaled = running.scale_preds(running._prepare_pred(found), image)
        points = scaled["kpts"] if "kpts" in scaled else scaled["keypoints"]
        if len(points):
            metric.update(_columns(points, scaled, Path(image["im_file"]).name))


def _columns(points: Any, scaled: dict[str, Any], name: str) -> dict[str, Any]:
    """One image's predictions as `PoseMetric` takes them."""
    points = np.asarray(points.detach().cpu(), dtype=np.float64)
    frame = [name] * len(points)
    columns = {"keypoints": points, "score": scaled["conf"], "box": scaled["bboxes"], "frame": frame}
    return columns | ({"third": "score"} if points.shape[2] == 3 else {})
