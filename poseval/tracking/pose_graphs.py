"""Poses as LightTrack's graph network reads them: pairs for training, and the matcher that uses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from poseval.errors import UsageError
from poseval.poses import Bools, Floats, Ints, PoseSet
from poseval.skeletons import Skeleton, get_skeleton
from poseval.tracking.bodies import Bodies
from poseval.tracking.lighttrack import from_corner

if TYPE_CHECKING:
    from poseval.models.networks.sgcn import SGCN

ORDER = "posetrack15_poseval"  # the order of the network's joints: right ankle to head top
LEAST_AREA = 100.0  # square pixels; smaller people are left out of the pairs
HARD_OVERLAP = 0.2  # IoU from which on two people of one frame are a hard negative pair
LEAST_JOINTS = 8  # of 15; below, a pose says little


def graph_joints(skeleton: Skeleton) -> Ints:
    """Columns [15] of a skeleton that hold the network's joints.

    Raises:
        UsageError: P165 when the skeleton lacks some of them.
    """
    wanted = get_skeleton(ORDER).joints
    lacking = [joint for joint in wanted if joint not in skeleton.joints]
    if lacking:
        raise UsageError(
            "P165",
            where=f"skeleton {skeleton.name}",
            what=f"lacks joints of the graph network: {', '.join(lacking)}",
            wanted=f"the joints of {ORDER}",
            hint="use lighttrack(matching=oks)",
        )
    return np.array(skeleton.indices(wanted), dtype=np.int64)


def graphs(bodies: Bodies, columns: Ints) -> Floats:
    """Joints [n, 15, 2] as seen from the corner of the grown box, in whole pixels; unseen ones at 0."""
    corner = np.trunc(from_corner(bodies))[:, columns]
    return np.where(bodies.seen[:, columns, None], corner, 0.0)


@dataclass(frozen=True, eq=False)
class PosePairs:
    """P pairs of poses, each of the same person or of two people."""

    first: Floats  # [P, 15, 2]
    second: Floats  # [P, 15, 2]
    same: Bools  # [P] one person in neighbouring frames
    hard: Bools  # [P] same without overlap of the boxes, or different with much

    def __len__(self) -> int:
        return len(self.same)


def pose_pairs(truth: PoseSet) -> PosePairs:
    """All pairs that tracks give: one person in neighbouring frames, different people of one frame.

    Neighbouring frames follow each other in the sequence as it is annotated. People of less than 100 square
    pixels or 8 of the 15 joints are left out.

    Raises:
        UsageError: P165 when the skeleton lacks joints, P166 when the ground truth has no tracks.
    """
    columns = graph_joints(truth.skeleton)
    if not (truth.people.track >= 0).any():
        raise UsageError(
            "P166",
            where=truth.origin.name,
            what="has no tracks, from which training pairs are made",
            wanted="a tracked ground truth",
        )
    bodies, placed = Bodies.of(truth.people)
    good = placed & (truth.people.track >= 0) & (bodies.area >= LEAST_AREA)
    good &= bodies.seen[:, columns].sum(axis=1) >= LEAST_JOINTS
    rows = np.flatnonzero(good)
    place = _order_in_sequence(truth)[truth.people.frame[rows]]
    sequence = truth.frames.sequence[truth.people.frame[rows]]
    one, other = _same(sequence, place, truth.people.track[rows])
    apart, two = _different(truth.people.frame[rows], truth.people.track[rows])
    left, right = rows[np.concatenate([one, apart])], rows[np.concatenate([other, two])]
    same = np.arange(len(left)) < len(one)
    overlap = _overlap(bodies.box[left], bodies.box[right])
    hard = np.where(same, overlap == 0, overlap >= HARD_OVERLAP)
    poses = graphs(bodies, columns)
    return PosePairs(poses[left], poses[right], same, hard)


def _order_in_sequence(truth: PoseSet) -> Ints:
    """Rank [F] of each frame within its sequence."""
    frames = truth.frames
    order = np.lexsort((frames.number, frames.sequence))
    rank = np.empty(len(frames), dtype=np.int64)
    _, first, count = np.unique(frames.sequence[order], return_index=True, return_counts=True)
    rank[order] = np.arange(len(frames)) - np.repeat(first, count)
    return rank


def _same(sequence: Ints, place: Ints, track: Ints) -> tuple[Ints, Ints]:
    order = np.lexsort((place, track, sequence))
    one, other = order[:-1], order[1:]
    follow = (sequence[one] == sequence[other]) & (track[one] == track[other])
    follow &= place[other] - place[one] == 1
    return one[follow], other[follow]


def _different(frame: Ints, track: Ints) -> tuple[Ints, Ints]:
    parts = []
    start = np.searchsorted(frame, np.unique(frame))
    for first, last in zip(start, np.append(start[1:], len(frame)), strict=True):
        one, other = np.triu_indices(int(last - first), 1)
        parts.append(np.stack([one + first, other + first]))
    pairs = np.concatenate(parts, axis=1) if parts else np.zeros((2, 0), dtype=np.int64)
    apart = track[pairs[0]] != track[pairs[1]]
    return pairs[0, apart], pairs[1, apart]


def _overlap(a: Floats, b: Floats) -> Floats:
    """IoU [P] of boxes [P, 4] pair by pair."""
    low, high = np.maximum(a[:, :2], b[:, :2]), np.minimum(a[:, 2:], b[:, 2:])
    inter = np.maximum(high - low, 0.0).prod(axis=1)
    union = (a[:, 2:] - a[:, :2]).prod(axis=1) + (b[:, 2:] - b[:, :2]).prod(axis=1) - inter
    return np.asarray(inter / np.maximum(union, np.finfo(np.float64).tiny))


class GraphMatcher:
    """Distances of poses by the graph network, for `lighttrack(matching=sgcn)`.

    Raises:
        UsageError: P165 when the skeleton lacks joints of the network.
    """

    def __init__(self, skeleton: Skeleton, model: SGCN) -> None:
        self._columns = graph_joints(skeleton)
        self._model = model

    def __call__(self, now: Bodies, before: Bodies) -> Floats:
        """Distances [n, m]."""
        from poseval.models.networks.sgcn import pose_distance

        return pose_distance(self._model, graphs(now, self._columns), graphs(before, self._columns))
