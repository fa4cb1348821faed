"""Pairs of people and predictions in frames with several people, so that single-person metrics apply."""

from __future__ import annotations

import enum
from dataclasses import replace

import numpy as np

from poseval.kernels.tracking import assign
from poseval.metrics.joint_error import distance
from poseval.poses import Bools, Floats, Frames, Ints, People, PoseSet
from poseval.poses.aligned import Aligned


class Pairing(enum.Enum):
    """Which prediction is measured against a person of the ground truth."""

    ALONE = "alone"  # the only one of the frame; several people are refused
    MATCHED = "matched"  # the one that the assignment of the frame gives


def paired(aligned: Aligned, pairing: Pairing) -> Aligned:
    """The sets as metrics of single people want them: a frame for each person of the ground truth.

    MATCHED: in each frame true and predicted people are paired one to one so that the sum of their likeness
    is greatest. Likeness is the mean over the person's labelled joints of max(0, 1 - d / L), 0 for a joint
    that is not predicted; d is the distance, L the longer diagonal of the two boxes around their joints. Of
    bodies without extent (a single joint) it is 1 / (1 + d). Pairs of likeness 0 are none. Neither scores,
    sigmas nor categories take part.
    """
    if pairing is Pairing.ALONE:
        return aligned
    truth, people = aligned.truth, aligned.predictions.people
    row = partners(aligned)
    frames = truth.frames.take(truth.people.frame)
    found = np.flatnonzero(row >= 0)
    moved = people.take(row[found]).with_columns(frame=found)
    alone = truth.people.with_columns(frame=np.arange(len(truth)))
    return Aligned(_of(truth, frames, alone), _of(aligned.predictions, frames, moved))


def _of(poses: PoseSet, frames: Frames, people: People) -> PoseSet:
    return replace(poses, frames=frames, people=people, ignore=type(poses.ignore)())


def partners(aligned: Aligned) -> Ints:
    """Row [N] of the prediction that is paired with each person of the ground truth; -1 for none."""
    truth, found = aligned.truth, aligned.predictions
    out = np.full(len(truth), -1, dtype=np.int64)
    starts = truth.frame_start().tolist(), found.frame_start().tolist()
    mine, theirs = _Bodies.of(truth.people), _Bodies.of(found.people)
    for frame in range(len(truth.frames)):
        rows = slice(starts[0][frame], starts[0][frame + 1])
        others = slice(starts[1][frame], starts[1][frame + 1])
        if rows.start == rows.stop or others.start == others.stop:
            continue
        like = likeness(mine.take(rows), theirs.take(others))
        column = assign(1.0 - like)
        place = np.flatnonzero(column >= 0)
        kept = place[like[place, column[place]] > 0]
        out[rows.start + kept] = others.start + column[kept]
    return out


class _Bodies:
    """Joints, which of them are there, and the diagonal of the box around them."""

    def __init__(self, xy: Floats, there: Bools, diagonal: Floats) -> None:
        self.xy, self.there, self.diagonal = xy, there, diagonal

    @staticmethod
    def of(people: People) -> _Bodies:
        there = (people.seen > 0) & np.isfinite(people.xy).all(axis=2)
        low = np.where(there[..., None], people.xy, np.inf).min(axis=1, initial=np.inf)
        high = np.where(there[..., None], people.xy, -np.inf).max(axis=1, initial=-np.inf)
        some = there.any(axis=1, keepdims=True)
        diagonal = distance(np.where(some, high, 0.0), np.where(some, low, 0.0))
        return _Bodies(people.xy, there, diagonal)

    def take(self, rows: slice) -> _Bodies:
        return _Bodies(self.xy[rows], self.there[rows], self.diagonal[rows])


def likeness(truth: _Bodies, found: _Bodies) -> Floats:
    """Likeness [T, P] of every person of a frame and every prediction, 0 to 1."""
    both = truth.there[:, None] & found.there[None]
    apart = distance(
        np.where(both[..., None], truth.xy[:, None], 0.0), np.where(both[..., None], found.xy, 0.0)
    )
    longest = np.maximum(truth.diagonal[:, None], found.diagonal[None])[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        near = np.where(longest > 0, np.fmax(0.0, 1.0 - apart / longest), 1.0 / (1.0 + apart))
    count = truth.there.sum(axis=1)[:, None]
    total = np.where(both, near, 0.0).sum(axis=2)
    out: Floats = np.divide(total, count, out=np.zeros(total.shape), where=count > 0)
    return out
