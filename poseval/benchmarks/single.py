"""What benchmarks of single people share: test halves, refused sets, and kinds of joints in summaries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from poseval.benchmarks.alignment import align, on_labelled
from poseval.benchmarks.base import Pair, Scored, enter, headlines
from poseval.benchmarks.rule_sets import RuleSet
from poseval.errors import MismatchError, shown
from poseval.poses import Floats, Notice, PoseSet
from poseval.poses.aligned import Aligned
from poseval.results.values import Number, Summary
from poseval.skeletons.sticks import is_stick_skeleton, stick_skeleton, sticks_of

# Kinds of joints and sticks that summaries show, in the papers' order.
KINDS = ("head", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "torso", "upper_leg", "lower_leg",
         "upper_arm", "lower_arm", "upper_body")  # fmt: skip


def one_each(truth: PoseSet, predictions: PoseSet, rules: RuleSet) -> Pair:
    """One annotated person per frame and one prediction for each; the test half where there is one.

    Raises:
        MismatchError: P413 people without a prediction, P402 to P412 sets that do not belong together.
    """
    if is_stick_skeleton(predictions.skeleton) and not is_stick_skeleton(truth.skeleton):
        truth = to_sticks(truth)
    aligned, notices = align(truth, predictions)
    aligned, unlabelled = on_labelled(aligned)
    aligned, halved = _test_half(aligned)
    _require_predictions(aligned)
    return aligned, [*notices, *unlabelled, *halved]


def with_kinds(scored: Sequence[Scored], rules: RuleSet, *, of: Sequence[str]) -> Summary:
    """Headlines, then the kinds of joints of some statistics (`PCKh@0.5/head`), and joints where asked."""
    out = headlines(scored, rules)
    for item in scored:
        numbers = kinds(item, of)
        enter(out, item, [n._replace(slice=item.slice) for n in numbers] if item.slice else numbers)
    return out


def kinds(item: Scored, of: Sequence[str]) -> list[Number]:
    """Some statistics by kind of joint, and by joint where the metric was asked for joints."""
    out = []
    for statistic in of:
        rows = {
            row.joint: row
            for row in item.values
            if row.statistic == statistic and row.joint and not row.slice and math.isnan(row.threshold)
        }
        names = [kind for kind in KINDS if kind in rows]
        if getattr(item.metric, "per_joint", False):
            names += [joint for joint in rows if joint not in names]
        out += [item.metric.number(rows[name]) for name in names]
    return out


def to_sticks(poses: PoseSet) -> PoseSet:
    """The two ends of every stick of ground truth as a pose set of its own."""
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
        text = f"{int((~test).sum())} of {len(test)} frames are not in the test half, but are scored as well"
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
    wanted[truth.people.frame] = truth.people.is_labelled
    lost = np.flatnonzero(wanted & ~there)
    if not len(lost):
        return
    keys = ", ".join(shown(key, 40) for key in truth.frames.key[lost[:5]])
    names = truth.frames.sequences
    per_sequence = ""
    if len(names) > 1:
        count = np.bincount(truth.frames.sequence[lost], minlength=len(names))
        first = [f"{shown(names[i], 40)} {count[i]}" for i in np.flatnonzero(count)[:5]]
        per_sequence = f"; by sequence: {', '.join(first)}"
    raise MismatchError(
        "P413",
        where=shown(predictions.origin.name),
        what=f"{len(lost)} of {int(wanted.sum())} annotated people have no prediction "
        f"(first: {keys}){per_sequence}",
        wanted="a prediction for every person",
        hint="for a person that was not found give empty cells in a CSV file, zeros in COCO results, "
        "NaN in an array; it counts as wrong",
    )
