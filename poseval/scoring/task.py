"""Task: all options of a score, as one value that is made once and handed on."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from poseval.benchmarks.base import Benchmark
from poseval.benchmarks.rule_sets import RuleSet, choose, with_ties
from poseval.errors import shown, unknown_name, wrong_type
from poseval.limits import DEFAULT, Limits
from poseval.metrics import MetricRequest
from poseval.metrics.base import Metric
from poseval.metrics.person_groups import ATTRIBUTES
from poseval.poses import PoseSet
from poseval.poses.joint_mapping import JointRules
from poseval.poses.transforms import Transform
from poseval.scoring.keywords import BY_NAMES, PLAIN
from poseval.skeletons import Skeleton, SkeletonLike
from poseval.skeletons.sigmas import Given, sigmas_on

if TYPE_CHECKING:
    from poseval.scoring.evaluation import Evaluation


class Asked(TypedDict, total=False):
    """The keywords of a task besides its benchmark, in the forms in which users write them."""

    rules: str
    ties: str | None
    skeleton: SkeletonLike | None
    sigmas: str | os.PathLike[str] | Sequence[float] | Mapping[str, float] | float | None
    joints: str | os.PathLike[str] | None
    near: bool
    derive: bool
    align_by: str | None
    transform: str | Transform | Sequence[str | Transform]
    truth_format: str | None
    predictions_format: str | None
    category: str | None
    metrics: str | Metric | Sequence[str | Metric]
    per_joint: bool
    slices: str | Sequence[str]
    limits: Limits | Sequence[str]


@dataclass(frozen=True)
class Task:
    """How ground truth and predictions are read and scored.

    Without a `benchmark` it is recognised from the ground truth. `metrics` replace the benchmark's own; for
    metrics given by name, the rule set determines the parameters that are not given. `ties` is the order of
    equal joint scores in PoseTrack's AP: `later_first`, or `official`, which is that of NumPy before 1.25.
    `skeleton` gives joint names to files without them, and is refused if it contradicts a file. `sigmas` are
    those of the ground truth's own joints: a list in their order, a mapping by name, or one number for all.
    `joints` maps predictions of another skeleton: `names` (by equal names) or a TOML file; `near` allows
    similar joints and `derive` computes missing ones. `align_by` says how frames are paired (key, file name,
    stem, base name, path end, spelling, number). `transform` are changes of the predictions' coordinates:
    `xy`, `left-right`, `flip=y`, `normalised`, `scale=K`, `offset=X,Y`, `boxes=corners`. The formats are
    recognised unless named.
    `category` is the class to score if a file has several. `slices` are groups that are also reported
    separately: of people (`size`, `crowding`, `visible-joints`, `occlusion`, `truncation`, `category`), of
    frames (`sequence`, a column), or from a csv file that assigns either to groups.

    The constructor also takes names and texts instead of values: `metrics=["pck(at=0.2)"]`,
    `skeleton="coco17"`, `limits=["people=10000000"]`.

    Raises:
        UsageError: P101 another type, P102 an unknown transform or order of ties, P113 an unknown skeleton,
            P115 sigmas that cannot be read, P121 to P123 invalid metrics, P183 invalid limits.
    """

    benchmark: str | Benchmark | None = None
    rules: str = "reference"
    skeleton: Skeleton | None = None
    sigmas: Given | None = None
    joints: str | Path | None = None
    near: bool = False
    derive: bool = False
    align_by: str | None = None
    transform: tuple[Transform, ...] = ()
    truth_format: str | None = None
    predictions_format: str | None = None
    category: str | None = None
    metrics: tuple[Metric | MetricRequest, ...] = ()
    per_joint: bool = False
    slices: tuple[str, ...] = ()
    limits: Limits = DEFAULT
    ties: str | None = None

    def __post_init__(self) -> None:
        for name, plain in PLAIN.items():
            object.__setattr__(self, name, plain(name, getattr(self, name)))

    @staticmethod
    def of(task: Task | None = None, benchmark: str | Benchmark | None = None, **asked: Any) -> Task:
        """A task from the keywords of `Asked`; those that are given replace what `task` says.

        Raises:
            UsageError: P189 an unknown keyword, and as for the constructor.
        """
        if not isinstance(task, Task | None):
            raise wrong_type("task", task, "a Task")
        known = [f.name for f in fields(Task)]
        wrong = [name for name in asked if name not in known]
        if wrong:
            raise unknown_name("P189", "keyword", wrong[0], known)
        if benchmark is not None:
            asked["benchmark"] = benchmark
        return replace(task or Task(), **asked)

    def rules_of(self, benchmark: Benchmark) -> RuleSet:
        """The rule set of a benchmark that was asked for.

        Raises:
            UsageError: P124 a name that the benchmark does not have, P127 an order of ties without effect.
        """
        return with_ties(choose(self.rules, benchmark.rule_sets), self.ties, benchmark.rule_sets)

    @property
    def joint_rules(self) -> JointRules:
        """How predictions of another skeleton are mapped."""
        file = self.joints if isinstance(self.joints, Path) else None
        return JointRules(file=file, near=self.near, derive=self.derive, names=self.joints == BY_NAMES)

    def like(self, run: Evaluation) -> Task:
        """This task, with the benchmark, rules, metrics and slices of a run for those it does not set.

        Slices by a csv file cannot be made again without the file.
        """
        own = tuple(metric for part in run.parts for metric in part.tallies) if run.by_hand else ()
        return replace(
            self,
            benchmark=self.benchmark or run.benchmark.name,
            rules=run.rules.name if self.rules == "reference" else self.rules,
            ties=self.ties or _ties_of(run),
            metrics=self.metrics or own,
            slices=self.slices or _remade(run),
        )

    def with_sigmas_on(self, truth: PoseSet) -> PoseSet:
        """Ground truth with the sigmas that were asked for.

        Raises:
            UsageError: P115 for another number of sigmas than joints, or names of other joints.
        """
        if self.sigmas is None:
            return truth
        skeleton = sigmas_on(self.sigmas, truth.skeleton, shown(truth.origin.name))
        return replace(truth, skeleton=skeleton)


def _ties_of(run: Evaluation) -> str | None:
    """The order of ties that a run was asked for, which its rule set does not name."""
    from poseval.metrics.joint_ap import Ties

    asked = any(metric.has(ties=Ties.OFFICIAL) for part in run.parts for metric in part.tallies)
    return Ties.OFFICIAL.value if asked and not run.by_hand else None


def _remade(run: Evaluation) -> tuple[str, ...]:
    """The slices of a run that its ground truth alone makes."""
    labels = dict.fromkeys(name.partition("=")[0] for name in run.slices if "=" in name)
    return tuple(label for label in labels if label in ATTRIBUTES or label in run.groups)
