"""Small scenes of people moving, with the truth of who is who."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from poseval.poses import Array, Bools, Floats, Frames, Ints, People, PoseSet
from poseval.skeletons import Skeleton, get_skeleton
from poseval.tracking import Bodies, FrameInput, Tracker
from poseval.tracking.bodies import extent
from poseval.tracking.flo_files import HEADER, MAGIC
from poseval.tracking.flow import PointFlow

COCO = get_skeleton("coco17")
FIGURE = np.array(
    [
        (0, -80), (5, -85), (-5, -85), (10, -82), (-10, -82), (20, -60), (-20, -60), (26, -30), (-26, -30),
        (30, -2), (-30, -2), (12, 0), (-12, 0), (13, 40), (-13, 40), (14, 80), (-14, 80),
    ],
    dtype=np.float64,
)  # fmt: skip
SIZE = (1280.0, 720.0)


def write_flo(path: Path, field: Array) -> None:
    """A field [H, W, 2] as a `.flo` file."""
    height, width = field.shape[:2]
    path.write_bytes(HEADER.pack(MAGIC, width, height) + np.ascontiguousarray(field, dtype="<f4").tobytes())


@dataclass
class Clip:
    """`xy` [T, P, K, 2] of P people over T frames; `shown` [T, P] says whom the detector finds."""

    xy: Floats
    shown: Bools
    score: Floats
    skeleton: Skeleton = field(default_factory=lambda: COCO)

    @property
    def frames(self) -> int:
        return len(self.xy)

    def order(self, t: int) -> Ints:
        """People in the order of the rows of frame t, different in each frame."""
        there = np.flatnonzero(self.shown[t])
        return np.random.default_rng(t).permutation(there)

    def bodies(self, t: int) -> Bodies:
        rows = self.order(t)
        xy = self.xy[t, rows]
        seen = np.ones(xy.shape[:2], dtype=np.bool_)
        return Bodies(xy, seen, np.full(xy.shape[:2], 0.9), self.score[t, rows], extent(xy, seen))

    def frame(self, t: int) -> FrameInput:
        return FrameInput(self.bodies(t), number=t, key=f"{t:06d}.jpg", size=SIZE)

    def pose_set(self) -> PoseSet:
        rows = [self.order(t) for t in range(self.frames)]
        frame = np.repeat(np.arange(self.frames), [len(r) for r in rows])
        xy = np.concatenate([self.xy[t, r] for t, r in enumerate(rows)])
        people = People(
            xy=xy,
            frame=frame,
            joint_score=np.full(xy.shape[:2], 0.9),
            score=np.concatenate([self.score[t, r] for t, r in enumerate(rows)]),
            extra={"who": np.concatenate(rows)},
        )
        keys = np.array([f"{t:06d}.jpg" for t in range(self.frames)])
        return PoseSet(self.skeleton, Frames(keys, size=np.full((self.frames, 2), SIZE)), people)

    def run(self, tracker: Tracker) -> list[dict[int, int]]:
        """Person -> identity in each frame."""
        out = []
        for t in range(self.frames):
            identity = tracker.step(self.frame(t))
            out.append(dict(zip(self.order(t).tolist(), identity.tolist(), strict=True)))
        return out


def clip(centres: Array, scale: float = 1.0) -> Clip:
    """People of the same figure whose centres [T, P, 2] are given, all found with score 0.9."""
    centres = np.asarray(centres, dtype=np.float64)
    xy = centres[:, :, None, :] + scale * FIGURE
    return Clip(xy, np.ones(xy.shape[:2], dtype=np.bool_), np.full(xy.shape[:2], 0.9))


def walkers(frames: int = 20, people: int = 4, step: float = 6.0, gap: float = 150.0) -> Clip:
    """People side by side who walk to the right."""
    t = np.arange(frames)[:, None]
    x = 100 + gap * np.arange(people)[None, :] + step * t
    return clip(np.stack([x, np.full_like(x, 300.0)], axis=2))


def crossing(frames: int = 31, speed: float = 10.0) -> Clip:
    """Two people who walk through each other, one slightly nearer to the camera."""
    t = np.arange(frames) - frames // 2
    left = np.stack([600 + speed * t, np.full(frames, 300.0)], axis=1)
    right = np.stack([600 - speed * t, np.full(frames, 330.0)], axis=1)
    return clip(np.stack([left, right], axis=1))


def true_flow(scene: Clip) -> PointFlow:
    """The scene's own motion: a point goes where the nearest joint within 30 pixels goes, else it stays."""

    def move(points: Floats, before: FrameInput, now: FrameInput) -> Floats:
        joints = scene.xy[before.number].reshape(-1, 2)
        targets = scene.xy[now.number].reshape(-1, 2)
        far = np.linalg.norm(points[:, None] - joints[None], axis=2)
        near = far.argmin(axis=1)
        step = (targets - joints)[near]
        return points + np.where(far[np.arange(len(points)), near][:, None] < 30, step, 0.0)

    return PointFlow(move)


def switches(seen: list[dict[int, int]]) -> int:
    """How often a person's identity differs from the last one it had."""
    last: dict[int, int] = {}
    count = 0
    for frame in seen:
        for person, identity in frame.items():
            if identity < 0:
                continue
            count += last.get(person, identity) != identity
            last[person] = identity
    return count


def named(seen: list[dict[int, int]]) -> int:
    """Rows that have an identity."""
    return sum(identity >= 0 for frame in seen for identity in frame.values())
