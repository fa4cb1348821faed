"""LightTrack: detections in key frames, boxes inferred from the last keypoints in between.

Ning et al. 2019; reference program Guanghan/lighttrack (a980585),
`process_posetrack18_with_lighttrack_MSRA152.py`. Where that program lets two detections take one identity
this one does not, unless `shared_identity` asks for the fault.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from poseval.errors import UsageError
from poseval.poses import Bools, Floats, Ints
from poseval.skeletons import Skeleton
from poseval.tracking.assignment import NOBODY, greedy
from poseval.tracking.base import (
    UNTRACKED,
    Added,
    FrameInput,
    Matcher,
    Resources,
    Tracker,
    TrackerConfig,
    nothing,
)
from poseval.tracking.bodies import Bodies
from poseval.tracking.similarity import box_iou, oks, sigmas_of

OUTSIDE_SCORES = (0.0, 3.0)  # joint scores that mark a joint as absent; 3 stands in annotations
LARGEST_SIDE = 2000  # pixels; the reference program gives up on larger inferred boxes
LOSS_JOINTS = 4  # the best so many joints decide whether a person is lost


class PoseMatching(enum.Enum):
    """How people are matched whose boxes do not overlap."""

    OKS = "oks"  # keypoint similarity of the poses, each seen from the corner of its box
    SGCN = "sgcn"  # distance of the embeddings of the siamese graph network
    DISTANCE = "distance"  # mean distance of the joints, each pose scaled to the box of its extent
    NONE = "none"  # not at all


@dataclass(frozen=True)
class LightTrack(TrackerConfig):
    """Online top-down tracking with detections in every `interval`-th frame.

    In a key frame rows of `detection_score` take, by their boxes grown by `grow`, the identity of the last
    frame's box that overlaps most, if by more than `overlap`; the others that of the person whose pose is
    alike by `matching`: a keypoint similarity of `pose_floor`, a network distance of `pose_distance` at
    most, or a mean distance of the joints of `joint_distance` sides of their boxes at most. Between key
    frames a person is looked for in the box of its last joints, grown likewise: by the pose model, or without
    one among the rows of the frame. Someone whose four best joints score below `lost_score` on average is
    lost, and the frame becomes a key frame. Only the last frame is remembered.

    `shared_identity` reproduces the reference program's fault: each row chooses by itself, and in the second
    step takes the first person that fits, so that two rows may get one identity.
    """

    interval: int = 2
    detection_score: float = 0.4
    grow: float = 0.2
    overlap: float = 0.3
    matching: PoseMatching = PoseMatching.OKS
    pose_floor: float = 0.3
    pose_distance: float = 1.0
    joint_distance: float = 0.2
    lost_score: float = 0.6
    shared_identity: bool = False

    name: ClassVar[str] = "lighttrack"
    summary: ClassVar[str] = "key frames, boxes from the last keypoints in between, pose matching"
    source: ClassVar[str] = "Ning et al. 2019; Guanghan/lighttrack a980585"
    replaces: ClassVar[bool] = True
    threshold: ClassVar[str] = "detection_score"

    def __post_init__(self) -> None:
        self._bounded(
            interval=(1, np.inf),
            detection_score=(-np.inf, np.inf),
            grow=(0.0, 10.0),
            overlap=(0.0, 1.0),
            pose_floor=(0.0, 1.0),
            pose_distance=(0.0, np.inf),
            joint_distance=(0.0, np.inf),
            lost_score=(-np.inf, np.inf),
        )

    def tracker(self, skeleton: Skeleton, resources: Resources | None = None) -> Tracker:
        """A tracker for one sequence.

        Raises:
            UsageError: P163 when the network is asked for and `resources` has no matcher.
        """
        return _Runner(skeleton, self, resources or Resources())


class _Runner(Tracker):
    """Runs `LightTrack`."""

    def __init__(self, skeleton: Skeleton, config: LightTrack, resources: Resources) -> None:
        super().__init__(skeleton)
        self.config = config
        self._pose = resources.pose
        self._matcher = self._chosen(resources)
        self._index = 0
        self._forced = False
        self._last = nothing(len(skeleton))  # people of the last frame; their boxes are the grown ones

    def _chosen(self, resources: Resources) -> Matcher:
        """Distances of which at most `_limit` means one person."""
        if self.config.matching is PoseMatching.OKS:
            self._limit = 1 - self.config.pose_floor
            return _OksMatcher(sigmas_of(self.skeleton))
        if self.config.matching is PoseMatching.DISTANCE:
            self._limit = self.config.joint_distance
            return joint_distance
        if self.config.matching is PoseMatching.NONE:
            self._limit = -1.0
            return lambda now, before: np.zeros((len(now), len(before)))
        self._limit = self.config.pose_distance
        if resources.matcher is None:
            raise UsageError(
                "P163",
                where="tracker lighttrack: matching=sgcn",
                what="needs the weights of the graph network",
                wanted="weights",
                hint="pass --sgcn FILE, or use matching=oks",
            )
        return resources.matcher

    def follow(self, frame: FrameInput) -> bool:
        """Find everyone without detections, by the pose model; False when a key frame is due."""
        followed = None if self._key_frame_due() or self._pose is None else self._look(frame)
        self._forced = followed is None
        if followed is None:
            return False
        self._advance(followed)
        self.added = followed
        return True

    def step(self, frame: FrameInput) -> Ints:
        """Identity of each row; with a pose model, people followed between key frames lie in `added`."""
        identity = np.full(len(frame.bodies), UNTRACKED, dtype=np.int64)
        self.added = nothing(len(self.skeleton))
        if not self._key_frame_due():
            if self._pose is not None and self.follow(frame):
                return identity
            if self._pose is None and self._pick(frame, identity):
                return identity
        self._key_frame(frame, identity)
        return identity

    def _key_frame_due(self) -> bool:
        return self._forced or is_key_frame(self._index, self.config.interval) or not len(self._last.identity)

    def _advance(self, people: Added) -> None:
        self._last = people
        self._index += 1
        self._forced = False

    def _look(self, frame: FrameInput) -> Added | None:
        """Everyone of the last frame, posed in the box of the last joints; None when someone is lost."""
        box, fit = inferred_boxes(self._last.bodies, self.config.grow)
        if self._pose is None or not fit.all():
            return None
        xy, score = self._pose(frame, box)
        if lost(score, self.config.lost_score).any():
            return None
        bodies = Bodies(xy, score > 0, score, score.mean(axis=1), box)
        return Added(bodies, self._last.identity)

    def _pick(self, frame: FrameInput, identity: Ints) -> bool:
        """Without a pose model the row that covers an inferred box best stands for the pose in it."""
        box, fit = inferred_boxes(self._last.bodies, self.config.grow)
        rows = np.flatnonzero(frame.bodies.score >= self.config.detection_score)
        found = frame.bodies.take(rows)
        match = greedy(box_iou(box, found.box, pixel=1.0), self.config.overlap)
        if not fit.all() or (match == NOBODY).any():
            return False
        bodies = found.take(match)
        if lost(bodies.joint_score, self.config.lost_score).any():
            return False
        identity[rows[match]] = self._last.identity
        self._advance(Added(self._grown(bodies), self._last.identity))
        return True

    def _grown(self, bodies: Bodies) -> Bodies:
        box = whole_pixel_grow(bodies.box, self.config.grow)
        return Bodies(bodies.xy, bodies.seen, bodies.joint_score, bodies.score, box)

    def _key_frame(self, frame: FrameInput, identity: Ints) -> None:
        rows = np.flatnonzero(frame.bodies.score >= self.config.detection_score)
        found = self._grown(frame.bodies.take(rows))
        last = self._last.bodies
        alike = box_iou(found.box, last.box, pixel=1.0)
        distance = self._matcher(found, last) if len(found) and len(last) else np.zeros(alike.shape)
        match = (self._each_alone if self.config.shared_identity else self._one_to_one)(alike, distance)
        named = np.append(self._last.identity, UNTRACKED)[match]
        new = np.flatnonzero(match == NOBODY)
        named[new] = self.fresh(len(new))
        identity[rows] = named
        self._advance(Added(found, named))

    def _one_to_one(self, alike: Floats, distance: Floats) -> Ints:
        """Overlap first, best pair first; then the nearest poses among those left."""
        match = greedy(np.where(alike > self.config.overlap, alike, 0.0), 0.0)
        left = distance <= self._limit
        left[match != NOBODY] = False
        left[:, match[match != NOBODY]] = False
        second = greedy(np.where(left, 1 / (1 + distance), 0.0), 0.0)
        return np.where(match != NOBODY, match, second)

    def _each_alone(self, alike: Floats, distance: Floats) -> Ints:
        """The reference program: every row for itself, poses by the first person near enough."""
        match = overlapping(alike, self.config.overlap)
        rows, columns = np.nonzero((distance <= self._limit) & (match == NOBODY)[:, None])
        match[rows[::-1]] = columns[::-1]  # the first column of a row writes last
        return match


class _OksMatcher:
    """1 - OKS of poses as seen from the corner of the box of their joints."""

    def __init__(self, sigmas: Floats) -> None:
        self._sigmas = sigmas

    def __call__(self, now: Bodies, before: Bodies) -> Floats:
        """Distances [n, m]."""
        seen = (from_corner(now), from_corner(before))
        alike: Floats = oks(*seen, now.area, before.area, self._sigmas, now.seen, before.seen)
        return 1 - alike


def is_key_frame(index: int, interval: int) -> bool:
    """Whether the frame of this index has detections: every `interval`-th, from the first."""
    return index % interval == 0


def present(bodies: Bodies) -> Bools:
    """Whether each joint [n, K] counts for the box of its person."""
    return bodies.seen & ~np.isin(bodies.joint_score, OUTSIDE_SCORES)


def inferred_boxes(bodies: Bodies, share: float) -> tuple[Floats, Bools]:
    """Boxes [n, 4] around the joints, grown in whole pixels, and which [n] are fit for use.

    Unfit is the box of a person without joints, or one whose side exceeds 2000 pixels or is none.
    """
    use = present(bodies)
    low = np.where(use[:, :, None], bodies.xy, np.inf).min(axis=1, initial=np.inf)
    high = np.where(use[:, :, None], bodies.xy, -np.inf).max(axis=1, initial=-np.inf)
    some = np.isfinite(low[:, 0])
    box = np.where(some[:, None], np.concatenate([low, high], axis=1), 0.0)
    box = whole_pixel_grow(box, share)
    sides = box[:, 2:] - box[:, :2]
    fit = some & (sides.min(axis=1, initial=np.inf) > 0) & (sides.max(axis=1, initial=0.0) <= LARGEST_SIDE)
    return box, fit


def whole_pixel_grow(box: Floats, share: float) -> Floats:
    """Boxes [n, 4] grown by half a fraction of each side at each end.

    Margins are whole pixels, and so are the sides: the distance of the ends, both cut towards 0.
    """
    margin = np.trunc(0.5 * share * (box[:, 2:] - box[:, :2]))
    low, high = box[:, :2] - margin, box[:, 2:] + margin
    return np.concatenate([low, low + np.trunc(high) - np.trunc(low)], axis=1)


def lost(joint_score: Floats, limit: float) -> Bools:
    """Whether the mean of the four best joint scores [n, K] of each person lies below a limit."""
    best = np.sort(joint_score, axis=1)[:, -LOSS_JOINTS:]
    gone: Bools = best.mean(axis=1) < limit
    return gone


def overlapping(alike: Floats, limit: float) -> Ints:
    """Column [n] of the largest overlap of each row if it exceeds a limit; columns may repeat."""
    match = np.full(len(alike), NOBODY, dtype=np.int64)
    if alike.shape[1]:
        best = alike.argmax(axis=1)
        over = alike[np.arange(len(alike)), best] > limit
        match[over] = best[over]
    return match


def from_corner(bodies: Bodies) -> Floats:
    """Joints [n, K, 2] as seen from the corner of the box of their extent, grown by 20 %."""
    box, _ = inferred_boxes(bodies, 0.2)
    return bodies.xy - box[:, None, :2]


def joint_distance(now: Bodies, before: Bodies) -> Floats:
    """Mean distances [n, m] of the joints that both show, in sides of their boxes; infinite without any."""
    first, second = (_in_box(bodies) for bodies in (now, before))
    both = now.seen[:, None] & before.seen[None]
    apart = np.linalg.norm(first[:, None] - second[None], axis=3)
    count = both.sum(axis=2)
    total = np.where(both, apart, 0.0).sum(axis=2)
    return np.where(count > 0, total / np.maximum(count, 1), np.inf)


def _in_box(bodies: Bodies) -> Floats:
    """Joints [n, K, 2] in 0..1 of the box of their extent."""
    box, _ = inferred_boxes(bodies, 0.0)
    sides = np.maximum(box[:, 2:] - box[:, :2], 1.0)
    scaled: Floats = (bodies.xy - box[:, None, :2]) / sides[:, None]
    return scaled
