"""Bring predictions onto the truth's frames and joints, or say why they do not belong together."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from poseval.errors import MismatchError, shown
from poseval.pairs import Aligned
from poseval.poses import Array, Frames, Ints, Notice, PoseSet


def align(truth: PoseSet, predictions: PoseSet) -> tuple[Aligned, list[Notice]]:
    """Truth and predictions over one frames table and one joint order.

    Frames are tried by key, then by file name, then by file stem; the first way on which every frame with
    predictions finds exactly one frame of the truth is taken, and said aloud when it is not the key.

    Raises:
        MismatchError: P402 frames that the truth does not have, P403 ambiguous names, P404 other joints.
    """
    notices: list[Notice] = []
    if predictions.skeleton.joints != truth.skeleton.joints:
        predictions = _on_joints_of(predictions, truth)
        notices.append(Notice("N401", "joints of the predictions were put into the truth's order by name"))
    if predictions.frames is truth.frames:
        return Aligned(truth, predictions), notices
    if np.array_equal(predictions.frames.key, truth.frames.key):
        return Aligned(truth, replace(predictions, frames=truth.frames)), notices
    place, how = _place(truth.frames, predictions)
    if how != "key":
        notices.append(Notice("N402", f"frames were paired by {how}, because keys differ"))
    people = predictions.people.with_columns(frame=np.zeros(len(predictions), dtype=np.int64))
    target = place[predictions.people.frame]
    order = np.argsort(target, kind="stable")
    people = people.take(order).with_columns(frame=target[order])
    regions = type(predictions.ignore)()
    moved = PoseSet(
        predictions.skeleton, truth.frames, people, regions, predictions.origin, predictions.categories
    )
    return Aligned(truth, moved), notices


def _names(frames: Frames, how: str) -> Array:
    if how == "key":
        return frames.key
    if how == "file name":
        return frames.path
    return np.asarray([os.path.splitext(os.path.basename(path))[0] for path in frames.path], dtype=np.str_)


def _place(frames: Frames, predictions: PoseSet) -> tuple[Ints, str]:
    """Row of each predicted frame in the truth (-1: none, and nobody predicted there), and by what."""
    used = np.unique(predictions.people.frame)
    missing: list[str] = []
    for how in ("key", "file name", "file stem"):
        theirs, ours = _names(predictions.frames, how), _names(frames, how)
        where = {name: row for row, name in enumerate(ours) if name}
        place = np.asarray([where.get(name, -1) for name in theirs], dtype=np.int64)
        absent = used[place[used] < 0]
        if not len(absent) and len(used):
            named = [name for name in ours if name]
            hit = place[place >= 0]
            if len(set(named)) < len(named) or len(np.unique(hit)) < len(hit):
                raise MismatchError(
                    "P403",
                    where=f"{shown(predictions.origin.name)}: frames",
                    what=f"are ambiguous by {how}: a name occurs twice",
                    wanted="one frame per name",
                )
            return place, how
        if how == "key":
            missing = [str(name) for name in theirs[absent]]
    if not len(used):
        return np.full(len(predictions.frames), -1, dtype=np.int64), "key"
    overlap = 1 - len(missing) / len(used)
    raise MismatchError(
        "P402",
        where=f"{shown(predictions.origin.name)}: frames",
        what=f"{len(missing)} of {len(used)} frames with predictions are not in the truth (first: "
        f"{', '.join(shown(name, 40) for name in missing[:5])})",
        wanted="frames of the ground truth",
        hint=f"only {overlap:.0%} of the frames overlap: predictions of another split?",
    )


def _on_joints_of(predictions: PoseSet, truth: PoseSet) -> PoseSet:
    """Predictions with their joints in the truth's order, when both name the same joints.

    Raises:
        MismatchError: P404 with both skeletons named.
    """
    mine, wanted = predictions.skeleton, truth.skeleton
    if set(mine.joints) != set(wanted.joints):
        lacking = [name for name in wanted.joints if name not in mine.joints]
        raise MismatchError(
            "P404",
            where=f"{shown(predictions.origin.name)}: joints",
            what=f"follow skeleton {mine.name} ({len(mine)} joints); the truth follows {wanted.name} "
            f"({len(wanted)} joints), and {len(lacking)} of its joints are absent "
            f"(first: {', '.join(lacking[:4])})",
            wanted="the same joints",
            hint="map them with `poseval convert --joints`, or name the skeleton with --skeleton",
        )
    order = np.asarray(mine.indices(wanted.joints))
    people = predictions.people
    people = people.with_columns(
        xy=people.xy[:, order], seen=people.seen[:, order], joint_score=people.joint_score[:, order]
    )
    return replace(predictions, skeleton=wanted, people=people)
