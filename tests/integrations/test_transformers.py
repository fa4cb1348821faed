"""`compute_metrics` as a Trainer calls it: once with everything, or batch by batch."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import poseval
from poseval.errors import UsageError
from poseval.integrations.transformers import compute_metrics
from tests.integrations.loaders import arrays, batches

FOUND, TRUTH = arrays(1)


def evaluations() -> Any:
    """The real class where it is installed."""
    try:
        from transformers import EvalPrediction
    except ImportError:
        return SimpleNamespace
    return EvalPrediction


def as_people(prediction: Any) -> tuple[Any, Any]:
    return prediction.predictions, prediction.label_ids


def alone() -> poseval.Report:
    metric = poseval.PoseMetric("coco-keypoints")
    metric.update(FOUND, TRUTH)
    return metric.compute()


def test_everything_at_once_or_batch_by_batch() -> None:
    made = compute_metrics("coco-keypoints", as_people)
    whole = made(evaluations()(predictions=FOUND, label_ids=TRUTH))
    assert whole["AP"] == alone().summary["AP"]
    loader = list(batches(FOUND, TRUTH, TRUTH["frames"], 9))
    for _ in range(2):  # the next epoch starts anew
        for number, (found, truth) in enumerate(loader, 1):
            given = evaluations()(predictions=found, label_ids=truth)
            answer = made(given, compute_result=number == len(loader))
            assert (answer == {}) == (number < len(loader))
        assert answer["AP"] == whole["AP"]
        assert made.report.to_json(timings=False) == alone().to_json(timings=False)


def test_what_is_not_two_sides_is_refused() -> None:
    made = compute_metrics("coco-keypoints", lambda prediction: prediction.predictions)
    with pytest.raises(UsageError, match="return predictions, target"):
        made(SimpleNamespace(predictions=FOUND, label_ids=TRUTH))


def test_what_is_refused_is_refused_before_the_epoch() -> None:
    for wrong in (("coco-keypoint", as_people), ("coco-keypoints", None)):
        with pytest.raises(UsageError):
            compute_metrics(*wrong)
