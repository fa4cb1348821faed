"""A metric of MMEngine, which MMPose finds by its name in a config.

    custom_imports = dict(imports=["poseval.integrations.mmengine"])
    val_evaluator = dict(type="PosevalMetric", benchmark="coco-keypoints", ann_file="annotations.json")

MMEngine gathers the samples of all processes and drops those that a sampler repeats. People are ranked as
MMPose ranks them; see `poseval.from_mmpose`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mmengine.evaluator import BaseMetric
from mmengine.logging import MessageHub
from mmengine.registry import METRICS

from poseval.datasets.objects.mmpose import from_mmpose
from poseval.errors import UsageError
from poseval.errors.calls import from_python
from poseval.integrations.pose_metric import PoseMetric as Accumulated
from poseval.poses import PoseSet
from poseval.results.report import Report
from poseval.scoring.reading import PathOrPoses, read_truth
from poseval.scoring.score import score

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from poseval.scoring.task import Asked

KEPT = ("img_id", "img_path", "ori_shape")
INSTANCES = ("keypoints", "keypoint_scores", "bboxes", "bbox_scores")


@METRICS.register_module(name="PosevalMetric")
class PoseMetric(BaseMetric):  # type: ignore[misc,unused-ignore]  # no base where MMEngine is absent
    """A benchmark's score of what an MMPose model predicts; `report` is that of the last evaluation.

    Args:
        benchmark: name of a benchmark.
        ann_file: all ground truth as a path, a pose set or records. Without it, the annotation file that the
            data set announced, as MMPose's data sets do.
        collect_device: `cpu` or `gpu`, where MMEngine gathers results.
        prefix: stands before the names of numbers.
        asked: keywords of `poseval.score`.

    Raises:
        UsageError, InputError: as `poseval.score`.
    """

    default_prefix = "poseval"
    report: Report | None = None

    @from_python
    def __init__(
        self,
        benchmark: str,
        ann_file: PathOrPoses | None = None,
        collect_device: str = "cpu",
        prefix: str | None = None,
        **asked: Unpack[Asked],
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        made = Accumulated(benchmark, truth=ann_file, **asked)  # refuses what it does not know
        self.task, self._truth = made.task, made.truth

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Keep what is scored of a batch, and neither images nor heat maps."""
        self.results.extend(_kept(sample) for sample in data_samples)

    @from_python
    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """The summary over the samples of all processes.

        Raises:
            UsageError: P179 samples without predictions, P875 no ground truth.
            InputError: what the benchmark lacks.
        """
        found = from_mmpose(results, skeleton=self.task.skeleton)
        self.report = score(self.truth(), found, task=self.task)
        return dict(self.report.summary)

    def truth(self) -> PoseSet:
        """The ground truth, read when it is first needed.

        Raises:
            UsageError: P875 no ground truth.
        """
        if self._truth is None:
            name = (self.dataset_meta or {}).get("dataset_name", "")
            path = MessageHub.get_current_instance().get_info(f"{name}_ann_file", None)
            if path is None:
                raise UsageError(
                    "P875",
                    where="ann_file",
                    what="is missing, and the data set announced no annotation file",
                    wanted="the ground truth of the data set",
                    hint='pass ann_file="annotations.json"',
                )
            self._truth = read_truth(path, self.task)
        return self._truth


def _kept(sample: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: sample[name] for name in KEPT if name in sample}
    for side in ("pred_instances", "gt_instances"):
        held = sample.get(side)
        if held is not None:
            names = INSTANCES if side == "pred_instances" else ("bbox_scores",)
            kept[side] = {name: held[name] for name in names if name in held}
    return kept
