"""What a score asks and says before and after its tallies, of a set as a whole and of its pieces alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from poseval.benchmarks.alignment import on_frames_of, with_sizes_of
from poseval.benchmarks.base import Benchmark, Part
from poseval.benchmarks.rule_sets import RuleSet, renamed
from poseval.checks.preconditions import require_possible
from poseval.checks.rescoring import Rescoring
from poseval.metrics.base import Metric, Need
from poseval.poses import Notice, PoseSet
from poseval.poses.joint_mapping import map_joints
from poseval.poses.transforms import transformed
from poseval.results.report import Input
from poseval.scoring.evaluation import Evaluation, TalliedPart, signature_of
from poseval.scoring.groups import groups_of
from poseval.scoring.reading import by_hand, recognised
from poseval.scoring.task import Task


class Matched(NamedTuple):
    """Ground truth and predictions on the same frames and joints, by the parts of a benchmark."""

    parts: list[Part]
    notices: list[Notice]  # about bringing them together
    rescoring: Rescoring


@dataclass(frozen=True, eq=False)
class Plan:
    """A task, and what its ground truth makes of it: the benchmark and its rules."""

    task: Task
    benchmark: Benchmark
    rules: RuleSet
    truth: PoseSet

    def chosen(self, rules: RuleSet) -> tuple[Metric, ...]:
        """The metrics that were asked for, under a rule set."""
        return by_hand(self.benchmark, self.truth, self.task, rules)

    def matched(self, truth: PoseSet, predictions: PoseSet) -> Matched:
        """Predictions and the ground truth, or some frames of it, on the same frames and joints.

        Raises:
            InputError: the two do not belong together, or lack what the metrics need.
            UsageError: P112 when OKS has no sigmas.
        """
        found = self.benchmark
        parts, notices = found.prepare(
            truth, predictions, self.rules, self.chosen(self.rules), self.task.per_joint
        )
        counted = found.counted_for([metric for part in parts for metric in part.metrics])
        for part in parts:
            require_possible(part)
        again = Rescoring(
            counted, self.rules, truth, predictions, self.chosen, self.task.per_joint, tuple(notices)
        )
        return Matched(parts, notices, again)

    def told(
        self, read: Sequence[Notice], checks: Sequence[Notice], parts: Sequence[Part]
    ) -> tuple[Notice, ...]:
        """Everything to be said, in one order: of the task, what was `read`, and what was found by checks."""
        task, guessed = self.task, renamed(self.task.rules)
        if task.benchmark is None:
            guessed.append(Notice("N100", recognised(self.benchmark, self.truth)))
        said = [*guessed, *self.truth.origin.notices, *read, *checks]
        used = any(Need.SIGMAS in metric.needs for part in parts for metric in part.metrics)
        if task.sigmas is not None and not used:
            said.append(Notice("N916", "--sigmas was given, but no metric of this benchmark uses sigmas"))
        return tuple(said)

    def deviating(self, changes: Sequence[str]) -> tuple[str, ...]:
        """Why the numbers are not comparable with the official ones; `changes` are of the predictions."""
        found = [*self.benchmark.deviations(self.rules, self.truth), *changes]
        chosen = self.chosen(self.rules)
        if chosen:
            found.append(f"metrics chosen by hand: {', '.join(map(str, chosen))}")
        return tuple(found)

    def evaluation(
        self,
        parts: Sequence[Part],
        tallied: tuple[TalliedPart, ...],
        said: Sequence[Notice],
        deviations: tuple[str, ...],
        inputs: tuple[Input, Input],
        timings: Mapping[str, float],
    ) -> Evaluation:
        """The tallies of `parts` with all that belongs to them; to what was `said` the metrics add theirs."""
        more = [n for part in tallied for metric, rows in part.tallies.items() for n in metric.notices(rows)]
        return Evaluation(
            self.benchmark,
            self.rules,
            tallied,
            signature_of(self.benchmark, self.rules, self.truth, parts, self.task.transform),
            (*said, *more),
            deviations,
            inputs,
            dict(timings),
            by_hand=bool(self.task.metrics),
            groups=groups_of(parts[0].aligned.truth, self.benchmark.unit),
        )


def brought_together(truth: PoseSet, predictions: PoseSet, task: Task) -> tuple[PoseSet, list[str]]:
    """Predictions on the true joints where asked for, and on the true frames where a way was named."""
    deviations = []
    rules = task.joint_rules
    other = predictions.skeleton.joints != truth.skeleton.joints
    if rules.asked and (other or rules.file is not None):
        predictions, made = map_joints(
            predictions, truth.skeleton, file=rules.file, near=rules.near, derive=rules.derive
        )
        deviations.append(f"joints of the predictions were mapped: {made}")
    if task.align_by is not None:
        predictions, notices = on_frames_of(truth, predictions, task.align_by)
        predictions = predictions.with_notices(notices)
    if task.transform:
        predictions = transformed(with_sizes_of(truth, predictions), task.transform)
        words = " and ".join(step.sentence for step in task.transform)
        deviations.append(f"coordinates of the predictions were changed: {words}")
    return predictions, deviations
