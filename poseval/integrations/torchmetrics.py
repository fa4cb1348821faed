"""PoseMetric as a metric of torchmetrics: states that move, gather and reset as torchmetrics does it.

    from poseval.integrations.torchmetrics import PoseMetric

    metric = PoseMetric("coco-keypoints")
    metric.update(predictions, target)     # as poseval.PoseMetric takes them
    metric.compute()["AP"]                 # float64 tensors by the keys of the summary
    metric.report().to_text()              # the whole report

The state is a list of byte tensors, one per batch. torchmetrics joins and gathers it over the processes of a
distributed run, also of uneven ones. A frame that comes more than once counts once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from poseval.errors.calls import from_python
from poseval.integrations.pose_metric import PoseMetric as Accumulated
from poseval.results.report import Report

HEADER = 8  # bytes before each batch that hold its length


class PoseMetric(Metric):  # type: ignore[misc,unused-ignore]  # no base where torchmetrics is absent
    """A benchmark's score; arguments as of `poseval.PoseMetric`, and those of `torchmetrics.Metric`.

    Args:
        benchmark: name of a benchmark.
        asked: keywords of `poseval.score` such as `rules`, `metrics`, `skeleton` or `per_joint`.
        options: keywords of `torchmetrics.Metric`, such as `dist_sync_on_step`.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    batches: list[Tensor]

    @from_python
    def __init__(self, benchmark: str, *, options: dict[str, Any] | None = None, **asked: Any) -> None:
        super().__init__(**(options or {}))
        self.asked = {"benchmark": benchmark, **asked}
        Accumulated(**self.asked)  # refuses what it does not know
        self.add_state("batches", default=[], dist_reduce_fx="cat")

    def update(self, predictions: Any, target: Any) -> None:
        """Add a batch; arguments as of `poseval.PoseMetric.update`.

        Raises:
            UsageError, InputError: as `poseval.PoseMetric.update`; earlier batches are kept.
        """
        batch = Accumulated(**self.asked)
        batch.update(predictions, target)
        data = batch.to_bytes()
        framed = np.frombuffer(len(data).to_bytes(HEADER, "little") + data, dtype=np.uint8)
        self.batches.append(torch.from_numpy(framed.copy()).to(self.device))

    def compute(self) -> dict[str, Tensor]:
        """The summary as float64 tensors.

        Raises:
            UsageError: P858 before any update.
            InputError: what the benchmark lacks.
        """
        summary = self._report().summary
        return {
            key: torch.tensor(value, dtype=torch.float64, device=self.device)
            for key, value in summary.items()
        }

    def report(self) -> Report:
        """The report of all processes: every one of them has to call it."""
        with self.sync_context(dist_sync_fn=self.dist_sync_fn, should_sync=self._to_sync):
            return self._report()

    def _report(self) -> Report:
        whole = Accumulated(**self.asked)
        held = dim_zero_cat(self.batches) if len(self.batches) else torch.zeros(0, dtype=torch.uint8)
        data = held.cpu().numpy().tobytes()
        start = 0
        while start < len(data):
            end = start + HEADER + int.from_bytes(data[start : start + HEADER], "little")
            whole.merge(Accumulated.from_bytes(data[start + HEADER : end]))
            start = end
        return whole.compute()

    def set_dtype(self, dst_type: str | torch.dtype) -> PoseMetric:
        """Return the metric unchanged, because its state is bytes."""
        return self

    def _sync_dist(self, *arguments: Any, **keywords: Any) -> None:
        if not len(self.batches):  # torchmetrics would send an empty tensor of floats
            self.batches = [torch.zeros(0, dtype=torch.uint8, device=self.device)]
        super()._sync_dist(*arguments, **keywords)
