"""`compute_metrics` for the `Trainer` of Hugging Face `transformers`.

    from poseval.integrations.transformers import compute_metrics

    trainer = Trainer(..., compute_metrics=compute_metrics("coco-keypoints", as_people))

`as_people` turns what the model and the data give into two batches as `poseval.PoseMetric.update` takes them:
heat maps, offsets and labels differ from model to model. With `batch_eval_metrics=True` the trainer calls it
batch by batch, so that no heat maps are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from poseval.errors import wrong_type
from poseval.errors.calls import from_python
from poseval.integrations.pose_metric import PoseMetric, two_of
from poseval.results.report import Report


class compute_metrics:  # a function to its callers, named as the trainer's argument
    """What a trainer calls with an `EvalPrediction`; `report` is that of the last evaluation.

    Args:
        benchmark: name of a benchmark.
        as_people: from an `EvalPrediction` to predictions and target.
        asked: keywords of `poseval.PoseMetric`.
    """

    @from_python
    def __init__(self, benchmark: str, as_people: Callable[[Any], tuple[Any, Any]], **asked: Any) -> None:
        if not callable(as_people):
            raise wrong_type("as_people", as_people, "a function from an EvalPrediction to two batches")
        self.metric = PoseMetric(benchmark, **asked)
        self.as_people = as_people
        self.report: Report | None = None

    def __call__(self, prediction: Any, compute_result: bool = True) -> dict[str, float]:
        """The summary as numbers, after the last batch; nothing after the others."""
        self.metric.update(*two_of(self.as_people(prediction)))
        if not compute_result:
            return {}
        try:
            self.report = self.metric.compute()
        finally:
            self.metric.reset()
        return dict(self.report.summary)
