"""What benchmarks of single people and faces share: one prediction per person, and halves of a set."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from poseval import skeletons
from poseval.benchmarks.alignment import align
from poseval.benchmarks.base import Benchmark, Part, PartValues
from poseval.benchmarks.rule_sets import RuleSet
from poseval.errors import MismatchError, shown
from poseval.metrics.base import Metric
from poseval.poses import Floats, Notice, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.values import Value
from poseval.skeletons import Skeleton, get_skeleton
from poseval.skeletons.sticks import is_stick_skeleton, stick_skeleton, sticks_of

# Kinds of joints and sticks that summaries show, in the papers' order.
KINDS = ("head", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "torso", "upper_leg", "lower_leg",
         "upper_arm", "lower_arm", "upper_body")  # fmt: skip


class SinglePerson(Benchmark):
    """One annotated person per frame, one prediction for each."""

    sizes: ClassVar[Mapping[int, str]] = {}  # people in a whole set -> what it is; other sizes are told
    also: ClassVar[tuple[str, ...]] = ()  # further skeletons of the benchmark's truth
    kinds_of: ClassVar[tuple[str, ...]] = ()  # statistics whose kinds of joints the summary shows

    def prepare(
        self,
        truth: PoseSet,
        predictions: PoseSet,
        rules: RuleSet,
        metrics: Sequence[Metric] = (),
        per_joint: bool = False,
    ) -> tuple[list[Part], list[Notice]]:
        """Align, and take the test half where there is one.

        Raises:
            MismatchError: P404 the truth of another benchmark, P413 people without a prediction, P402 to P412
                sets that do not belong together.
        """
        require_skeleton(truth, self.name, (str(self.skeleton), *self.also))
        if is_stick_skeleton(predictions.skeleton) and not is_stick_skeleton(truth.skeleton):
            truth = to_sticks(truth)
        aligned, notices = align(truth, predictions)
        aligned, halved = _test_half(aligned)
        notices += halved
        _require_predictions(aligned)
        chosen = tuple(metrics) or self.metrics(rules, aligned.truth, per_joint)
        return [Part("", aligned, chosen, self.slices(aligned.truth))], notices

    def summary(self, values: PartValues, rules: RuleSet) -> dict[str, float]:
        """Headlines, then the kinds of joints (`PCKh@0.5/head`), and joints where asked."""
        out = super().summary(values, rules)
        for per_metric in values.values():
            for metric, rows in per_metric.items():
                whole = [row for row in rows if not row.slice and math.isnan(row.threshold)]
                for statistic in self.kinds_of:
                    out.update(_kinds(whole, statistic, bool(getattr(metric, "per_joint", False))))
        return out

    def deviations(self, rules: RuleSet, truth: PoseSet, predictions: PoseSet) -> list[str]:
        """Says when the set is not one of the published size."""
        out = super().deviations(rules, truth, predictions)
        if not _fits(truth.skeleton, (str(self.skeleton), *self.also)):
            out.append(f"the truth follows skeleton {truth.skeleton.name}, not {self.skeleton}")
        count = len(truth)
        test = truth.frames.extra.get("test")
        if test is not None and test.any():
            count = int(test[truth.people.frame].sum())
        if self.sizes and count not in self.sizes and len(truth) not in self.sizes:
            told = ", ".join(f"{size:,} ({name})" for size, name in self.sizes.items())
            out.append(f"the truth holds {count:,} people; published numbers are on {told}")
        return out


def require_skeleton(truth: PoseSet, benchmark: str, wanted: Sequence[str]) -> None:
    """Refuse the truth of another benchmark; joints that the user defines are told as a deviation.

    Raises:
        MismatchError: P404 with both skeletons named.
    """
    mine = truth.skeleton
    if _fits(mine, wanted) or not any(_fits(mine, [name]) for name in skeletons.names()):
        return
    raise MismatchError(
        "P404",
        where=f"{shown(truth.origin.name)}: joints",
        what=f"follow skeleton {shown(mine.name)} ({len(mine)} joints); benchmark {benchmark} is of "
        f"{' or '.join(wanted)}",
        wanted="a truth of this benchmark",
        hint="leave --benchmark out: it is guessed from the truth",
    )


def _fits(skeleton: Skeleton, wanted: Sequence[str]) -> bool:
    return any(set(skeleton.joints) == set(get_skeleton(name).joints) for name in wanted)


def to_sticks(poses: PoseSet) -> PoseSet:
    """The two ends of every stick of a truth as a pose set of its own."""
    people, skeleton = poses.people, poses.skeleton
    ends: list[Floats] = []
    known = []
    for stick in sticks_of(skeleton):
        for end in (stick.a, stick.b):
            index = list(skeleton.indices(end))
            ends.append(people.xy[:, index].mean(axis=1))
            known.append(people.seen[:, index].min(axis=1))
    columns = people.with_columns(xy=np.stack(ends, axis=1), seen=np.stack(known, axis=1), joint_score=None)
    return replace(poses, skeleton=stick_skeleton(skeleton), people=columns)


def _test_half(aligned: Aligned) -> tuple[Aligned, list[Notice]]:
    """The frames marked as test, when predictions are on those alone."""
    test = aligned.truth.frames.extra.get("test")
    if test is None or test.all() or not test.any():
        return aligned, []
    if not test[aligned.predictions.people.frame].all():
        text = f"{int((~test).sum())} of {len(test)} frames are not of the test half, and are scored as well"
        return aligned, [Notice("N463", text)]
    rows = np.flatnonzero(test)
    truth = aligned.truth.take_frames(rows)
    predictions = replace(aligned.predictions.take_frames(rows), frames=truth.frames)
    text = f"the test half is scored: {len(rows)} of {len(test)} frames"
    return Aligned(truth, predictions), [Notice("N464", text)]


def _require_predictions(aligned: Aligned) -> None:
    """Every annotated person needs a prediction; none at all is scored as what it is.

    Raises:
        MismatchError: P413 with the first people that have none, and counts per sequence where there are any.
    """
    truth, predictions = aligned.truth, aligned.predictions
    if not len(predictions):
        return
    there = np.zeros(len(truth.frames), dtype=np.bool_)
    there[predictions.people.frame] = True
    wanted = np.zeros(len(truth.frames), dtype=np.bool_)
    wanted[truth.people.frame] = (truth.people.seen > 0).any(axis=1)
    lost = np.flatnonzero(wanted & ~there)
    if not len(lost):
        return
    keys = ", ".join(shown(key, 40) for key in truth.frames.key[lost[:5]])
    names = truth.frames.sequences
    per_sequence = ""
    if len(names) > 1:
        count = np.bincount(truth.frames.sequence[lost], minlength=len(names))
        told = [f"{shown(names[i], 40)} {count[i]}" for i in np.flatnonzero(count)[:5]]
        per_sequence = f"; by sequence: {', '.join(told)}"
    raise MismatchError(
        "P413",
        where=shown(predictions.origin.name),
        what=f"{len(lost)} of {int(wanted.sum())} annotated people have no prediction "
        f"(first: {keys}){per_sequence}",
        wanted="one for every person",
        hint="give NaN (or empty cells) for a person that your model did not find: it counts as wrong",
    )


def _kinds(rows: Sequence[Value], statistic: str, per_joint: bool) -> dict[str, float]:
    """Rows of one statistic by kind of joint, and by joint."""
    found = {row.joint: row.value for row in rows if row.statistic == statistic and row.joint}
    names = [kind for kind in KINDS if kind in found]
    if per_joint:
        names += [joint for joint in found if joint not in names]
    return {f"{statistic}/{name}": found[name] for name in names}
