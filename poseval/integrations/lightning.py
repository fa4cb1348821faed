"""A callback of Lightning: the official number of every validation and test, where checkpoints can watch it.

    from poseval.integrations.lightning import PoseScore

    scores = PoseScore("coco-keypoints", as_people)
    trainer = Trainer(callbacks=[scores, ModelCheckpoint(monitor="val/AP", mode="max")])
    trainer.fit(...)
    scores.report.to_text()

`as_people` turns what `validation_step` returned and its batch into predictions and target, as
`poseval.PoseMetric.update` takes them. Over several processes each has the report of all of them; a frame
that a sampler repeats counts once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if find_spec("lightning") or not find_spec("pytorch_lightning"):
    from lightning.pytorch import Callback
else:  # the same library under its older name
    from pytorch_lightning import Callback

from poseval.errors import wrong_type
from poseval.errors.calls import from_python
from poseval.integrations.pose_metric import PoseMetric, two_of
from poseval.results.renderers import drawn
from poseval.results.report import Report

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from poseval.scoring.reading import PathOrPoses
    from poseval.scoring.task import Asked


class PoseScore(Callback):  # type: ignore[misc,unused-ignore]  # no base where Lightning is absent
    """Scores each validation and test with a benchmark's rules.

    The numbers of the summary are logged as `val/KEY` and `test/KEY` to whatever loggers the trainer has.

    Args:
        benchmark: name of a benchmark.
        as_people: called with what the module's step returned and with its batch; gives predictions and
            target, or predictions alone where `truth` is given.
        truth: all ground truth as a path, a pose set or records.
        log_to: a tracker, or several, that get the page and the figures of the last validation when training
            ends, and of each test, as `Report.log_to` takes them.
        asked: keywords of `poseval.PoseMetric`, such as `rules`, `skeleton` or `repeated`.

    Raises:
        UsageError, InputError: as `poseval.PoseMetric`.
    """

    report: Report | None = None  # of the last validation or test

    @from_python
    def __init__(
        self,
        benchmark: str,
        as_people: Callable[[Any, Any], Any],
        *,
        truth: PathOrPoses | None = None,
        log_to: Any = (),
        **asked: Unpack[Asked],
    ) -> None:
        if not callable(as_people):
            raise wrong_type(
                "as_people", as_people, "a function from a step's result and its batch to people"
            )
        self.metric = PoseMetric(benchmark, truth=truth, **asked)
        self.as_people = as_people
        self.log_to: tuple[Any, ...] = drawn("report trackers", log_to)

    def _start(self, *_: Any) -> None:
        self.metric.reset()

    def _batch(self, trainer: Any, module: Any, outputs: Any, batch: Any, *_: Any) -> None:
        people = self.as_people(outputs, batch)
        both = self.metric.truth is None
        self.metric.update(*(two_of(people) if both else (people,)))

    def _end(self, trainer: Any, module: Any, stage: str) -> None:
        if trainer.sanity_checking:
            return
        self.report = self.metric.compute(sync=trainer.world_size > 1)
        numbers = {f"{stage}/{key}": value for key, value in self.report.summary.items()}
        module.log_dict({key: value for key, value in numbers.items() if math.isfinite(value)})

    on_validation_epoch_start = on_test_epoch_start = _start
    on_validation_batch_end = on_test_batch_end = _batch

    def on_validation_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Score the validation."""
        self._end(trainer, pl_module, "val")

    def on_test_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Score the test, and log its page."""
        self._end(trainer, pl_module, "test")
        self._log(trainer, "test")

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        """Log the page of the last validation."""
        self._log(trainer, "val")

    def _log(self, trainer: Any, stage: str) -> None:
        if self.report is not None and self.log_to and trainer.is_global_zero:
            self.report.log_to(*self.log_to, step=trainer.global_step, prefix=f"poseval/{stage}")
