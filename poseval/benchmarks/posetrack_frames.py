"""Which frames, people and joints of a PoseTrack set are evaluated, under each rule set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from poseval.benchmarks.rule_sets import RuleSet
from poseval.errors import Faults, number_of, shown
from poseval.kernels.tracking import points_in_regions
from poseval.poses import Bools, Notice, PoseSet
from poseval.poses.aligned import Aligned


def evaluated_frames(truth: PoseSet, rules: RuleSet) -> Bools:
    """Which frames [F] are evaluated.

    Quirk P04: those whose ground truth lists a person, labelled or not. Quirk P22: those labelled. Otherwise
    either.
    """
    listed = np.bincount(truth.people.frame, minlength=len(truth.frames)) > 0
    if rules.keeps("P04"):
        return listed
    if rules.keeps("P22"):
        return truth.frames.labelled
    return truth.frames.labelled | listed


def evaluated(aligned: Aligned, rules: RuleSet) -> tuple[Aligned, list[Notice]]:
    """The frames, people and joints that count: frames chosen, regions ignored, empty people left out.

    Raises:
        ValueRangeError: P304 for a head of size 0, unless quirk P14 is kept.
        MismatchError: P405 for a track id twice in a frame of the ground truth, unless quirk P27 is kept.
    """
    notices: list[Notice] = []
    frames = np.flatnonzero(evaluated_frames(aligned.truth, rules))
    truth, predictions = aligned.truth.take_frames(frames), aligned.predictions.take_frames(frames)
    truth, predictions = _listed(truth), _listed(predictions)
    if rules.keeps("P10"):
        predictions = _truncated_scores(predictions)
    if rules.keeps("P21"):
        truth, predictions = _positive(truth), _positive(predictions)
    _check_heads(truth, rules, notices)
    _check_tracks(truth, rules, notices)
    outside = truth.ignore
    for_both = np.zeros(len(truth.frames), dtype=np.bool_)
    for_both[outside.frame] = True
    truth = _without_ignored(truth, truth, for_both, rules)
    predictions = _without_ignored(predictions, truth, for_both, rules)
    if not rules.keeps("P32"):
        truth, predictions = _in_order_of_content(truth), _in_order_of_content(predictions)
    return Aligned(truth, replace(predictions, frames=truth.frames)), notices


def _listed(poses: PoseSet) -> PoseSet:
    """Without the people that have no list of points at all."""
    listed = poses.people.extra.get("listed")
    if listed is None or listed.all():
        return poses
    return replace(poses, people=poses.people.take(np.flatnonzero(listed)))


def _positive(poses: PoseSet) -> PoseSet:
    """Quirk P21: a joint exists when both coordinates are above 0, whatever its visibility."""
    xy = poses.people.xy
    seen = np.where((xy > 0).all(axis=2), 2, 0).astype(np.int8)
    return replace(poses, people=poses.people.with_columns(seen=seen))


def _in_order_of_content(poses: PoseSet) -> PoseSet:
    """The people of each frame by mean joint score, then by the sums of x and of y, then by all that is left.

    Joints that do not count (in ignore regions) take no part. No order of the file can then break a tie.

    Quirk P32: the programs give ties of the assignment to the person that stands first in the file.
    """
    people = poses.people
    if not len(people):
        return poses
    known = ~np.isnan(people.joint_score) & (people.seen > 0)
    score = np.where(known, people.joint_score, 0.0)
    mean = np.divide(score.sum(axis=1), known.sum(axis=1), out=np.zeros(len(people)), where=known.any(axis=1))
    places = np.where((people.seen > 0)[..., None], people.xy, 0.0).reshape(len(people), -1)
    first = (places[:, 1::2].sum(axis=1), places[:, 0::2].sum(axis=1), -mean, people.frame)
    order = np.lexsort(first)
    if bool(np.all([np.diff(column[order]) == 0 for column in first], axis=0).any()):
        rest = np.concatenate(
            (places, people.seen, score, people.head[:, None], people.track[:, None]), axis=1
        )
        order = np.lexsort((*rest.T, *first))
    return replace(poses, people=people.take(order))


def _truncated_scores(poses: PoseSet) -> PoseSet:
    """Quirk P10: frames written in integers only hold their scores in integers, too."""
    whole = poses.people.extra.get("whole")
    if whole is None or not whole.any():
        return poses
    score = poses.people.joint_score
    cut = np.where(whole[:, None], np.trunc(score), score)
    return replace(poses, people=poses.people.with_columns(joint_score=cut))


def _check_heads(truth: PoseSet, rules: RuleSet, notices: list[Notice]) -> None:
    empty = np.flatnonzero((truth.people.head == 0) & truth.people.is_labelled)
    if not len(empty):
        return
    if rules.keeps("P14"):
        text = (
            f"{number_of(len(empty), 'true person', 'true people')} with a head box of size 0 cannot be "
            "matched (quirk P14)"
        )
        notices.append(Notice("N486", text, len(empty)))
        return
    faults = Faults()
    for row in empty.tolist():
        key = shown(truth.frames.key[truth.people.frame[row]], 60)
        faults.add(
            "P304",
            where=f"{shown(truth.origin.name)}: frame {key}, track {truth.people.track[row]}",
            what="has a head box of size 0",
            wanted="a head size above 0, the unit of distances",
        )
    faults.raise_if_any()


def _check_tracks(truth: PoseSet, rules: RuleSet, notices: list[Notice]) -> None:
    frame, track = truth.people.frame, truth.people.track
    order = np.lexsort((track, frame))
    same = (np.diff(frame[order]) == 0) & (np.diff(track[order]) == 0) & (track[order][1:] >= 0)
    rows = order[1:][same]
    if not len(rows):
        return
    if rules.keeps("P27"):
        text = (
            f"{number_of(len(rows), 'true person', 'true people')} with the track id of another one in the "
            "frame; all are counted (quirk P27)"
        )
        notices.append(Notice("N487", text, len(rows)))
        return
    faults = Faults()
    for row in rows.tolist():
        faults.add(
            "P405",
            where=f"{shown(truth.origin.name)}: frame {shown(truth.frames.key[frame[row]], 60)}",
            what=f"has track id {track[row]} twice",
            wanted="one person per track id in a frame",
        )
    faults.raise_if_any()


def _without_ignored(poses: PoseSet, truth: PoseSet, regional: Bools, rules: RuleSet) -> PoseSet:
    """Without joints strictly inside the ground truth's ignore regions, and without people that have no
    joint.

    Quirk P28: people without a joint are left out on frames with ignore regions only; elsewhere they stay and
    show that the frame is not empty.
    """
    people, ignore = poses.people, truth.ignore
    seen = people.seen
    if len(ignore):
        joints = people.xy.shape[1]
        points, frame = people.xy.reshape(-1, 2), np.repeat(people.frame, joints)
        inside = points_in_regions(points, frame, ignore.vertices, ignore.start, ignore.frame)
        seen = np.where(inside.reshape(-1, joints), 0, seen).astype(np.int8)
    empty = ~(seen > 0).any(axis=1)
    if rules.keeps("P28"):
        empty &= regional[people.frame]
    kept = people.with_columns(seen=seen)
    if empty.any():
        kept = kept.take(np.flatnonzero(~empty))
    return replace(poses, people=kept)
