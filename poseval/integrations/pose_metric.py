"""PoseMetric: the official number in a training loop, updated batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from poseval.benchmarks import get_benchmark
from poseval.benchmarks.base import Benchmark
from poseval.datasets.base import ReadOptions, Role
from poseval.datasets.objects.taken import is_in_memory, taken
from poseval.errors import UsageError, number_of, shown, unknown_name, wrong_type
from poseval.errors.calls import from_python
from poseval.integrations import packed
from poseval.integrations.arrays import Arrays, arrays_of
from poseval.integrations.batch import Batch, Side, require_form, whole
from poseval.poses import Notice, PoseSet
from poseval.results.report import Report
from poseval.scoring.evaluation import Evaluation
from poseval.scoring.reading import OPTIONAL, PathOrPoses, read_truth
from poseval.scoring.score import evaluate, score
from poseval.scoring.task import Asked, Task

if TYPE_CHECKING:
    from typing_extensions import Unpack

REFUSE, ONCE = "refuse", "once"


def _exchanged(predictions: Any, target: Any) -> bool:
    """Whether only the target has what predictions have."""
    sides = (predictions, target)
    if not all(isinstance(side, Mapping) and "keypoints" in side for side in sides):
        return False
    scored = [any(side.get(name) is not None for name in ("score", "joint_score")) for side in sides]
    return scored == [False, True]


def two_of(people: Any) -> tuple[Any, Any]:
    """Predictions and target, as a function of the caller gives them.

    Raises:
        UsageError: P101 something else.
    """
    if not isinstance(people, (tuple, list)) or len(people) != 2:
        hint = "return predictions, target"
        raise wrong_type("what as_people returned", people, "predictions and target, in a tuple", hint)
    return people[0], people[1]


class PoseMetric:
    """A benchmark's score of predictions that come in batches.

    ::

        metric = poseval.PoseMetric("coco-keypoints")
        for images, target in loader:
            metric.update(
                {"keypoints": xy, "score": score, "frame": frame},  # [N, K, 2], [N], [N]
                {"keypoints": xyv, "third": "visibility", "area": area, "frame": frame, "frames": images},
            )
        print(metric.compute().summary["AP"])

    The sides of a batch are dictionaries of the arguments of `poseval.from_arrays`, pose sets, or records
    (COCO). `frames` lists the images of the batch, by default those of its people. The report equals that of
    `poseval.score` on all frames together, bit for bit and with the same signature, in any order of batches.
    People of one frame come in one update and keep their order, which decides between ties.

    With the whole ground truth as `truth`, updates take only predictions, and the signature is that of this
    file. The metric keeps the columns of the people, about 0.6 kB for a person of 17 joints, and no images.

    Args:
        benchmark: name of a benchmark, or a `Benchmark`.
        truth: all ground truth as a path, a pose set or records.
        repeated: what to do with a frame that comes a second time: `refuse` it, or count it `once`.
        asked: keywords of `poseval.score`: `rules`, `metrics`, `skeleton`, `sigmas`, `per_joint`, ...

    Raises:
        UsageError: unknown names, as `poseval.score`.
        InputError: what is wrong with the `truth`.
    """

    @from_python
    def __init__(
        self,
        benchmark: str | Benchmark,
        *,
        truth: PathOrPoses | None = None,
        repeated: str = REFUSE,
        **asked: Unpack[Asked],
    ) -> None:
        if not isinstance(benchmark, (str, Benchmark)):
            raise wrong_type("benchmark", benchmark, "the name of a benchmark")
        if not isinstance(repeated, str) or repeated not in (REFUSE, ONCE):
            raise unknown_name("P102", "repeated", repeated, (REFUSE, ONCE))
        self.task = Task.of(None, benchmark, **asked)
        found = get_benchmark(benchmark) if isinstance(benchmark, str) else benchmark
        self.task.rules_of(found)  # unknown names are refused before any epoch
        self.repeated = repeated
        self.truth = None if truth is None else read_truth(truth, self.task)
        self.asked: Mapping[str, Any] = {"benchmark": benchmark, "repeated": repeated, **asked}
        self.reset()

    def reset(self) -> None:
        """Forget all batches."""
        self.batches: list[Batch] = []
        self.frames: dict[Any, None] = {}
        self.numbered = 0  # people whose frames were not given, and are their numbers
        self.again = 0  # frames that came more than once
        self._like: dict[str, Side] = {}  # side -> the first that says what all have in common

    def __len__(self) -> int:
        """Number of frames so far."""
        return len(self.frames)

    def __repr__(self) -> str:
        return f"PoseMetric({self.asked['benchmark']!r}, {number_of(len(self), 'frame')})"

    @from_python
    def update(self, predictions: Any, target: Any = None) -> None:
        """Add the predictions and the ground truth of some frames; a batch that is refused changes nothing.

        Raises:
            UsageError: P851 another shape, P854 predictions on a frame that the target does not list, P855
                other columns than before, P856 the target first, P858 unknown columns or another kind of
                batch, P859 a frame for the second time.
            InputError: what is wrong with the numbers.
        """
        if self.truth is None and target is None:
            raise UsageError(
                "P858", where="target", what="is missing", wanted="the ground truth of the batch"
            )
        if self.truth is not None and target is not None:
            wanted = "predictions alone, because the ground truth was given to PoseMetric"
            raise UsageError("P858", where="target", what="is given", wanted=wanted)
        if _exchanged(predictions, target):
            raise UsageError(
                "P856",
                where="batch",
                what="looks exchanged: the target has scores, and the predictions have none",
                wanted="predictions first, then the target",
                hint="name them: update(predictions=..., target=...)",
            )
        truth = None if target is None else self._side("target", Role.TRUTH, target, None)
        found = self._side("predictions", Role.PREDICTIONS, predictions, truth)
        batch = Batch.of(found, truth)
        numbered = isinstance(found, Arrays) and not (
            isinstance(predictions, Mapping) and "frame" in predictions
        )
        self._add(batch, self.repeated)
        self.numbered += len(found.frame) if isinstance(found, Arrays) and numbered else 0

    def _side(self, name: str, role: Role, value: Any, truth: Side | None) -> Side:
        """A side of a batch as arrays or as a pose set."""
        known = truth if isinstance(truth, PoseSet) else self.truth
        records = is_in_memory(value) and not (isinstance(value, Mapping) and "keypoints" in value)
        if isinstance(value, (list, tuple)) and not value:
            records = isinstance(truth, PoseSet)
        if not records:
            return arrays_of(name, value, self.numbered)
        options = ReadOptions(role, known, self.task.skeleton, self.task.rules, OPTIONAL, self.task.limits)
        found = taken(value, options, name)
        if self.truth is not None and found.frames is self.truth.frames:  # as results, which list no images
            found = found.take_frames(np.unique(found.people.frame))
        return found

    def _add(self, batch: Batch, repeated: str) -> None:
        """Keep the frames of a batch that did not come before.

        Raises:
            UsageError: P855, P858 a batch of another form, P859 a frame again where that is refused.
        """
        for name, side in batch.sides().items():
            if name in self._like:
                require_form(name, self._like[name], side)
        again = [frame for frame in batch.frames if frame in self.frames]
        if again and repeated == REFUSE:
            raise UsageError(
                "P859",
                where=f"frame {shown(again[0], 60)}",
                what=f"comes again ({number_of(len(again), 'such frame')} in this batch)",
                wanted="each frame once",
                hint='PoseMetric(..., repeated="once") is for samplers that repeat; reset() starts anew',
            )
        self.again += len(again)
        kept = batch.without(set(again)) if again else batch
        self._like = batch.sides() | self._like
        self.batches.append(kept)
        self.frames.update(dict.fromkeys(kept.frames))

    @from_python
    def merge(self, other: PoseMetric) -> None:
        """Add the batches of another metric, for example from another process. A frame of both counts once.

        Raises:
            UsageError: P855, P858 batches of another form, P860 other settings, or people without frames in
                both.
        """
        if not isinstance(other, PoseMetric):
            raise wrong_type("other", other, "a PoseMetric")
        packed.require_same_settings(self._settings(strict=False), other._settings(strict=False))
        if self.numbered and other.numbered:
            raise UsageError(
                "P860",
                where="frames",
                what="were not given, so both metrics number their frames from 0",
                wanted="the frame of each person",
                hint='update with dictionaries: {"keypoints": ..., "frame": ...}',
            )
        for name, side in other._like.items():
            if name in self._like:
                require_form(name, self._like[name], side)
        for batch in other.batches:
            self._add(batch, ONCE)
        self.numbered += other.numbered
        self.again += other.again

    @from_python
    def compute(self, sync: bool = False) -> Report:
        """The report of all frames so far; with `sync` also those of other `torch.distributed` ranks.

        With `sync` every rank has to call it and gets the same report. A frame on several ranks, as from a
        sampler that pads, counts once.

        Raises:
            UsageError: P858 before any update, P860 ranks with other settings.
            InputError: what the benchmark lacks.
        """
        return score(*self.sets(sync), task=self.task)

    @from_python
    def evaluate(self, sync: bool = False) -> Evaluation:
        """The evaluation of all frames so far, for `compare` and `gate`; `sync` as in `compute`."""
        return evaluate(*self.sets(sync), task=self.task)

    @from_python
    def sets(self, sync: bool = False) -> tuple[PoseSet, PoseSet]:
        """Ground truth and predictions of all frames so far, as two pose sets; `sync` as in `compute`."""
        if sync:
            from poseval.integrations.distributed import of_all_ranks

            return self.merged(of_all_ranks(self)).sets()
        if not self.batches and self.truth is None:
            raise UsageError("P858", where="compute", what="comes before any update", wanted="an update")
        truth, predictions = self._sets()
        if self.again:
            text = f"{number_of(self.again, 'frame')} came more than once, and counted once"
            predictions = predictions.with_notices([Notice("N596", text, self.again)])
        return truth, predictions

    def _settings(self, strict: bool = True) -> dict[str, Any]:
        return packed.settings_of(self.asked, self.truth, strict)

    def merged(self, parts: Iterable[PoseMetric]) -> PoseMetric:
        """A metric with the batches of several metrics and the settings of this one, which is not changed."""
        out = copy(self)
        out.reset()
        for part in parts:
            out.merge(part)
        return out

    def _sets(self) -> tuple[PoseSet, PoseSet]:
        frames, skeleton = list(self.frames), self.task.skeleton
        points = [side.columns["keypoints"] for side in self._like.values() if isinstance(side, Arrays)]
        joints = len(skeleton) if skeleton is not None else points[0].shape[1] if points else 17
        truth = self.truth
        if truth is None:
            truth = whole([batch.truth for batch in self.batches], frames, skeleton, joints)
        if not self.batches:
            return truth, whole([arrays_of("predictions", [], 0)], [], truth.skeleton, len(truth.skeleton))
        own = truth.skeleton if len(truth.skeleton) == joints else skeleton
        return truth, whole([batch.predictions for batch in self.batches], frames, own, joints)

    @from_python
    def to_bytes(self) -> bytes:
        """Pack settings and batches as bytes, without pickle; `from_bytes` reads them.

        Raises:
            UsageError: P861 settings that have no plain form, such as a user-defined benchmark.
        """
        return packed.to_bytes(packed.State(self._settings(), self.batches, self.numbered, self.again))

    @staticmethod
    @from_python
    def from_bytes(data: bytes, *, truth: PathOrPoses | None = None) -> PoseMetric:
        """Read the metric that `to_bytes` wrote; a metric that was made with `truth` needs it again.

        Raises:
            UsageError: P861 other bytes, or another ground truth.
        """
        state = packed.from_bytes(data)
        asked = dict(state.settings)
        digest = asked.pop(packed.TRUTH, None)
        metric = PoseMetric(truth=truth, **asked)
        if metric._settings(strict=False).get(packed.TRUTH) != digest:
            raise UsageError(
                "P861",
                where="ground truth",
                what="is another one than the metric was made with" if truth is not None else "is missing",
                wanted="the one that the metric was made with" if digest else "none, as the metric was made",
            )
        for batch in state.batches:
            metric._add(batch, metric.repeated)
        metric.numbered, metric.again = state.numbered, state.again
        return metric
