"""The flow-based tracker of Simple Baselines: joints carried along by optical flow find their people again.

Xiao et al. 2018, section 3, describe it without code. What they leave open is a named parameter here:
`pose_overlap`, `floor`, `queue`, `recent_first`, `decay`, `least_joints`, `all_joints` and
`detections_first`.
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
from poseval.tracking.base import UNTRACKED, Added, FrameInput, Resources, Tracker, TrackerConfig, nothing
from poseval.tracking.bodies import Bodies, clip, extent, grow
from poseval.tracking.similarity import box_iou, oks, sigmas_of, suppress_boxes


class Similarity(enum.Enum):
    """How people are compared; the paper's names are S_Bbox, S_Pose, S_Flow and S_Multi-Flow."""

    BOX = "box"  # IoU with the box in the last frame
    POSE = "pose"  # OKS with the pose in the last frame
    FLOW = "flow"  # OKS with that pose moved by the flow
    MULTI_FLOW = "multi_flow"  # the best of the poses in the queue, each moved frame by frame to this one


@dataclass(frozen=True)
class FlowTracker(TrackerConfig):
    """Propagates joints by optical flow, matches greedily by one of four `similarity` measures.

    Detections need `detection_score` (the paper's 0.5 is for scores of boxes; those of poses are lower);
    joints below `joint_score` are neither compared (unless `all_joints`) nor propagated. With `propagate` the
    people of the last frame are moved by the flow; the extent of their joints, grown by `grow`, is a further
    box of this frame unless another box overlaps it by more than `overlap`. A pose model, when there is one,
    looks into these boxes; without one the moved joints stand, their scores times `decay`. A propagated
    person needs `least_joints` joints of `joint_score`, and goes when its pose is more than `pose_overlap`
    alike (OKS) to a detection's; 1 switches that off.

    With `detections_first` a detection is never displaced by a propagated box and chooses its track before
    one; otherwise both compete by score, all boxes suppress each other as the paper has it, and a detection
    that loses is untracked. Pairs need a similarity of `floor`. `queue` is L_Q, the number of past frames
    that `multi_flow` compares with; an identity lives as long as a pose of it is in the queue. With
    `recent_first` identities seen in the last frame are given away before those seen earlier, so that a name
    that a double detection left behind does not come back while its person's own name is there.
    """

    similarity: Similarity = Similarity.MULTI_FLOW
    propagate: bool = True
    detection_score: float = 0.2
    joint_score: float = 0.4
    grow: float = 0.15
    overlap: float = 0.5
    pose_overlap: float = 0.5
    floor: float = 0.2
    queue: int = 10
    recent_first: bool = True
    decay: float = 0.7
    least_joints: int = 3
    all_joints: bool = False
    detections_first: bool = True

    name: ClassVar[str] = "flow"
    summary: ClassVar[str] = "joints propagated by optical flow, greedy by box, pose or flow similarity"
    source: ClassVar[str] = "Xiao et al. 2018, section 3"
    threshold: ClassVar[str] = "detection_score"

    def __post_init__(self) -> None:
        self._bounded(
            detection_score=(-np.inf, np.inf),
            joint_score=(-np.inf, np.inf),
            grow=(0.0, 10.0),
            overlap=(0.0, 1.0),
            pose_overlap=(0.0, 1.0),
            floor=(0.0, 1.0),
            queue=(1, 1000),
            decay=(0.0, 1.0),
            least_joints=(1, np.inf),
        )

    @property
    def needs_sigmas(self) -> bool:
        """Whether the tracker compares poses."""
        return self.similarity is not Similarity.BOX or (self.propagate and self.pose_overlap < 1)

    @property
    def needs_flow(self) -> bool:
        """Whether propagation or the similarity reads the flow."""
        return self.propagate or self.similarity in (Similarity.FLOW, Similarity.MULTI_FLOW)

    def tracker(self, skeleton: Skeleton, resources: Resources | None = None) -> Tracker:
        """A tracker for one sequence.

        Raises:
            UsageError: P163 without a source of flow where one is needed.
        """
        resources = resources or Resources()
        if self.needs_flow and resources.flow is None:
            raise UsageError(
                "P163",
                where="tracker flow",
                what="needs optical flow",
                wanted="a source of flow",
                hint="pass --images FOLDER or --flow FOLDER, or use flow(similarity=pose,propagate=false)",
            )
        return _Runner(skeleton, self, resources)


@dataclass(frozen=True, eq=False)
class _Past:
    """People of an earlier frame, and where the flow has carried their joints since."""

    bodies: Bodies
    identity: Ints  # [n]
    moved: Floats  # [n, K, 2]


class _Runner(Tracker):
    """Runs `FlowTracker`."""

    def __init__(self, skeleton: Skeleton, config: FlowTracker, resources: Resources) -> None:
        super().__init__(skeleton)
        self.config = config
        self._flow = resources.flow
        self._pose = resources.pose
        self._sigmas = sigmas_of(skeleton) if config.needs_sigmas else np.zeros(0)
        self._length = config.queue if config.similarity is Similarity.MULTI_FLOW else 1
        self._queue: list[_Past] = []  # newest first
        self._before: FrameInput | None = None

    def step(self, frame: FrameInput) -> Ints:
        """Identity of each row; people who were propagated into the frame lie in `added`."""
        self._carry(frame)
        rows = np.flatnonzero(frame.bodies.score >= self.config.detection_score)
        more = self._propagated(frame) if self.config.propagate else Bodies.empty(len(self.skeleton))
        rows, more = self._unite(frame, rows, more)
        bodies = Bodies.join([frame.bodies.take(rows), more])
        named = self._name(bodies, len(rows))
        identity = np.full(len(frame.bodies), UNTRACKED, dtype=np.int64)
        identity[rows] = named[: len(rows)]
        self.added = Added(more, named[len(rows) :]) if len(more) else nothing(len(self.skeleton))
        self._queue.insert(0, _Past(bodies, named, bodies.xy))
        del self._queue[self._length :]
        self._before = frame
        return identity

    def _carry(self, frame: FrameInput) -> None:
        """Move the joints of everyone in the queue from the last frame to this one."""
        if not self.config.needs_flow or self._before is None or self._flow is None:
            return
        points = np.concatenate([past.moved.reshape(-1, 2) for past in self._queue])
        moved = self._flow.move(points, self._before, frame)
        cuts = np.cumsum([past.moved[..., 0].size for past in self._queue])[:-1]
        parts = np.split(moved, cuts)
        self._queue = [
            _Past(past.bodies, past.identity, part.reshape(past.moved.shape))
            for past, part in zip(self._queue, parts, strict=True)
        ]

    def _propagated(self, frame: FrameInput) -> Bodies:
        """People of the last frame, moved; those with too few joints left are out of sight."""
        if not self._queue:
            return Bodies.empty(len(self.skeleton))
        last = self._queue[0]
        bodies, moved = last.bodies, last.moved
        usable = bodies.seen & (bodies.joint_score >= self.config.joint_score)
        if frame.size is not None:
            usable &= (moved.min(axis=2) >= 0) & (moved[..., 0] < frame.size[0])
            usable &= moved[..., 1] < frame.size[1]
        score = np.where(usable, bodies.joint_score * (1.0 if self._pose else self.config.decay), 0.0)
        box = clip(grow(extent(moved, usable), self.config.grow), frame.size)
        return self._worthy(Bodies(moved, usable, score, _mean(score, usable), box))

    def _worthy(self, bodies: Bodies) -> Bodies:
        """Those with enough joints of enough score and a box that is left in the image."""
        sure = bodies.seen & (bodies.joint_score >= self.config.joint_score)
        sides = (bodies.box[:, 2:] - bodies.box[:, :2]).min(axis=1)
        return bodies.take((sure.sum(axis=1) >= self.config.least_joints) & (sides > 0))

    def _unite(self, frame: FrameInput, rows: Ints, more: Bodies) -> tuple[Ints, Bodies]:
        """Detections and propagated people that do not lie on each other; the latter posed anew."""
        if not len(more) and self.config.detections_first:
            return rows, more
        found = frame.bodies.take(rows)
        if self.config.detections_first:
            covered = box_iou(more.box, found.box, pixel=1.0).max(axis=1, initial=0.0)
            more = more.take(covered <= self.config.overlap)
            more = more.take(np.sort(suppress_boxes(more.box, more.score, self.config.overlap)))
        else:
            both = Bodies.join([found, more])
            kept = np.sort(suppress_boxes(both.box, both.score, self.config.overlap))
            rows = rows[kept[kept < len(rows)]]
            more = more.take(kept[kept >= len(found)] - len(found))
        if self._pose is not None and len(more):
            xy, score = self._pose(frame, more.box)
            more = self._worthy(Bodies(xy, score > 0, score, score.mean(axis=1), more.box))
        if self.config.pose_overlap < 1 and len(more):
            posed = frame.bodies.take(rows)
            alike = self._oks(more, posed, posed.xy).max(axis=1, initial=0.0)
            more = more.take(alike <= self.config.pose_overlap)
        return rows, more

    def _name(self, bodies: Bodies, found: int) -> Ints:
        """Identities [n]: those of the most similar tracks, new ones for the rest."""
        names, ages, alike = self._similarity(bodies)
        match = np.full(len(bodies), NOBODY, dtype=np.int64)
        turns = [slice(0, found), slice(found, None)] if self.config.detections_first else [slice(None)]
        for rows in turns:
            for age in np.unique(ages):
                second = greedy(np.where(ages == age, alike[rows], 0.0), self.config.floor)
                match[rows] = np.where(match[rows] == NOBODY, second, match[rows])
                alike[match != NOBODY] = 0.0
                alike[:, match[match != NOBODY]] = 0.0
        identity = np.append(names, UNTRACKED)[match]
        new = np.flatnonzero(match == NOBODY)
        identity[new] = self.fresh(len(new))
        return identity

    def _similarity(self, bodies: Bodies) -> tuple[Ints, Ints, Floats]:
        """Identities [m] in the queue, newest first, whose turn is when [m], and likeness [n, m] to them."""
        if not self._queue:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros((len(bodies), 0))
        last = self._queue[0]
        if self.config.similarity is Similarity.BOX:
            return last.identity, 0 * last.identity, box_iou(bodies.box, last.bodies.box)
        if self.config.similarity is Similarity.POSE:
            return last.identity, 0 * last.identity, self._oks(bodies, last.bodies, last.bodies.xy)
        past = Bodies.join([past.bodies for past in self._queue])
        alike = self._oks(bodies, past, np.concatenate([past.moved for past in self._queue]))
        identity = np.concatenate([past.identity for past in self._queue])
        _, first, place = np.unique(identity, return_index=True, return_inverse=True)
        best = np.zeros((len(first), len(bodies)))
        np.maximum.at(best, place, alike.T)
        order = np.argsort(first)  # a tie goes to the newest frame, not to the smallest number
        age = np.repeat(np.arange(len(self._queue)), [len(past.identity) for past in self._queue])
        turn = age[first[order]] * self.config.recent_first
        return identity[first[order]], turn, best[order].T

    def _oks(self, now: Bodies, then: Bodies, moved: Floats) -> Floats:
        return oks(now.xy, moved, now.area, then.area, self._sigmas, self._use(now), self._use(then))

    def _use(self, bodies: Bodies) -> Bools:
        if self.config.all_joints:
            return bodies.seen
        return bodies.seen & (bodies.joint_score >= self.config.joint_score)


def _mean(score: Floats, use: Bools) -> Floats:
    mean: Floats = score.sum(axis=1) / np.maximum(use.sum(axis=1), 1)
    return mean
