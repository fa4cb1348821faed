"""Task: everything that is asked of two files, as one value that is made once and handed down."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from poseval import metrics as metric_table
from poseval.benchmarks.base import Benchmark
from poseval.errors import UsageError, shown
from poseval.limits import DEFAULT, Limits
from poseval.metrics.base import Metric
from poseval.poses import PoseSet
from poseval.poses.joint_mapping import JointRules
from poseval.skeletons import Skeleton, load_skeleton

if TYPE_CHECKING:
    from poseval.scoring.evaluation import Evaluation


class Asked(TypedDict, total=False):
    """The keywords that make a task beside its benchmark, in the forms that are convenient to write."""

    rules: str
    skeleton: str | Skeleton | None
    sigmas: str | os.PathLike[str] | Sequence[float] | None
    joints: str | os.PathLike[str] | JointRules
    align_by: str | None
    truth_format: str | None
    predictions_format: str | None
    metrics: Sequence[str | Metric]
    per_joint: bool
    slices: Sequence[str]
    limits: Limits


@dataclass(frozen=True)
class Task:
    """What is asked of ground truth and predictions.

    `benchmark` None is recognised from the ground truth. `metrics` replace the benchmark's own. `skeleton`
    names the joints of files that do not, `sigmas` are one number for each joint of the ground truth.
    `joints` says how predictions of another skeleton are mapped, `align_by` how frames are paired (key, file
    name, stem, number). The formats are recognised unless named. `slices` name groups of frames that are
    reported apart, too: `sequence`, or a csv file of frames and their groups.
    """

    benchmark: str | Benchmark | None = None
    rules: str = "reference"
    skeleton: Skeleton | None = None
    sigmas: tuple[float, ...] | None = None
    joints: JointRules = field(default_factory=JointRules)
    align_by: str | None = None
    truth_format: str | None = None
    predictions_format: str | None = None
    metrics: tuple[Metric, ...] = ()
    per_joint: bool = False
    slices: tuple[str, ...] = ()
    limits: Limits = DEFAULT

    @staticmethod
    def of(task: Task | None = None, **asked: Any) -> Task:
        """A task from the keywords of `Asked` and `benchmark`; those that are given replace what `task` says.

        Raises:
            UsageError: P129 an unknown keyword, P113 an unknown skeleton, P115 sigmas that cannot be read,
                P121 to P123 metrics that cannot be.
        """
        known = {f.name for f in fields(Task)}
        wrong = [name for name in asked if name not in known]
        if wrong:
            near = get_close_matches(wrong[0], known, 1)
            raise UsageError(
                "P129",
                where=f"keyword {shown(wrong[0])!r}",
                what="is not known",
                wanted=f"one of {', '.join(f.name for f in fields(Task))}",
                hint=f"did you mean {near[0]}?" if near else None,
            )
        return replace(task or Task(), **{name: _PLAIN.get(name, _as_it_is)(v) for name, v in asked.items()})

    def like(self, run: Evaluation) -> Task:
        """This task with the benchmark, rules and metrics of a run where nothing else was asked for."""
        own = tuple(metric for part in run.parts for metric in part.tallies) if run.by_hand else ()
        return replace(
            self,
            benchmark=self.benchmark or run.benchmark.name,
            rules=run.rules.name if self.rules == "reference" else self.rules,
            metrics=self.metrics or own,
        )

    def with_sigmas_on(self, truth: PoseSet) -> PoseSet:
        """Ground truth under the sigmas that were asked for.

        Raises:
            UsageError: P115 for another number of sigmas than joints.
        """
        if self.sigmas is None:
            return truth
        if len(self.sigmas) != len(truth.skeleton):
            raise UsageError(
                "P115",
                where="sigmas",
                what=f"are {len(self.sigmas)} numbers",
                wanted=f"one for each of the {len(truth.skeleton)} joints of {shown(truth.origin.name)}",
            )
        return replace(truth, skeleton=truth.skeleton.with_sigmas(self.sigmas))


def read_sigmas(path: str | os.PathLike[str]) -> tuple[float, ...]:
    """Numbers from a JSON list, or separated by white space or commas.

    Raises:
        UsageError: P115 when the file holds something else.
    """
    try:
        text = Path(path).read_text("utf-8").strip().strip("[]").replace(",", " ")
        return tuple(float(word) for word in text.split())
    except (OSError, ValueError) as error:
        raise UsageError(
            "P115",
            where=shown(os.fspath(path)),
            what=f"cannot be read as sigmas ({shown(error)})",
            wanted="one number per joint",
        ) from error


def _as_it_is(value: Any) -> Any:
    return value


def _joints(value: str | os.PathLike[str] | JointRules) -> JointRules:
    if isinstance(value, JointRules):
        return value
    return JointRules(names=True) if value == "names" else JointRules(file=Path(value))


def _sigmas(value: str | os.PathLike[str] | Sequence[float] | None) -> tuple[float, ...] | None:
    if value is None:
        return None
    return read_sigmas(value) if isinstance(value, (str, os.PathLike)) else tuple(map(float, value))


# keyword -> how its convenient forms become the field
_PLAIN: dict[str, Any] = {
    "skeleton": lambda value: load_skeleton(value) if isinstance(value, str) else value,
    "sigmas": _sigmas,
    "joints": _joints,
    "metrics": lambda value: tuple(metric_table.parse(m) if isinstance(m, str) else m for m in value),
    "slices": tuple,
}
